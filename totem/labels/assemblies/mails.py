"""Mails to the voters of a general assembly: its notice, and that it is cancelled."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from totem.core import mail
from totem.hubs.mails import sender_of
from totem.labels.assemblies.queries import convocation_key
from totem.labels.models import Assembly, Voter


def write_to(voter: Voter, assembly: Assembly) -> None:
    """Queue the notice once; of an assembly that is cancelled, that it is, to who had the notice."""
    cancelled = assembly.cancelled_at is not None
    key = convocation_key(assembly, voter)
    mail.queue(
        key=f"{key}:cancelled" if cancelled else key,
        to=voter.person.email,
        language=voter.person.language,
        template=f"labels/mail/{'assembly_cancelled' if cancelled else 'convocation'}",
        sender=sender_of(assembly.hub),
        context={
            "assembly": assembly,
            "hub": assembly.hub.name,
            "voter": voter,
            "documents": [document.name for document in assembly.documents.all()],
            "action_url": settings.SITE_URL + reverse("labels:my_assembly", args=[voter.pk]),
            "action_label": _("Read the notice") if cancelled else _("Read the notice, give a proxy"),
        },
    )


def write_to_all(assembly_id: int) -> None:
    """Write to each voter; the key of each mail keeps it to once, so that a job that was killed begins again."""
    assembly = Assembly.objects.select_related("hub").prefetch_related("documents").get(pk=assembly_id)
    for voter in assembly.voters.filter(person__erased_at=None).select_related("person", "organisation"):
        write_to(voter, assembly)
