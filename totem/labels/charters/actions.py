"""Publishing a version of a charter."""

import datetime

from django.db import transaction

from totem.accounts.models import User
from totem.core import journal
from totem.core.canonical import canonical, digest
from totem.labels.charters.format import Charter
from totem.labels.models import CharterVersion


class CharterChanged(Exception):
    """This version is published already, with another content: give the new one a new version."""


@transaction.atomic
def publish_charter(*, text: str, charter: Charter, by: User | None, now: datetime.datetime) -> CharterVersion:
    """The version of a checked charter, published; one that is there with the same content is given back.

    `text` is the file it was read from. Raises CharterChanged.
    """
    content = canonical(charter).decode()
    version, created = CharterVersion.objects.get_or_create(
        slug=charter.slug,
        version=charter.version,
        defaults={
            "valid_from": charter.valid_from,
            "valid_until": charter.valid_until,
            "content": content,
            "file": text,
            "sha256": digest(content),
            "published_at": now,
            "published_by": by,
        },
    )
    if version.content != content:
        raise CharterChanged(f"{charter.slug} {charter.version}")
    if created:
        facts = {"slug": version.slug, "version": version.version, "sha256": version.sha256}
        journal.record("labels.charter_published", version, actor_id=by.pk if by else None, facts=facts)
    return version
