"""The approval and the files of domiciled companies of a hub of the demonstration."""

import hashlib
from datetime import datetime

from totem.core.files import CheckedFile
from totem.core.periods import DAY, months_before
from totem.memberships.demonstration.people import HubStory
from totem.memberships.domiciliation.actions import (
    add_document,
    record_check,
    record_collection,
    save_approval,
    save_file,
)
from totem.memberships.models import Agreement, DomiciliationFile
from totem.spaces.models import Space

PAPERS = {"identity": "identite.pdf", "address": "domicile.pdf", "registration": "kbis.pdf"}
BLANK = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%"
)


def approve(story: HubStory) -> None:
    """The approval of the sheet, since two years ago, for six years."""
    row = story.sheet.get("approval")
    if row:
        first = months_before(story.today.replace(day=1), 24)
        save_approval(
            hub=story.hub,
            by=story.by,
            ground="approved",
            starts_on=first,
            ends_on=months_before(first, -72) - DAY,
            **row,
        )


def complete_file(story: HubStory, agreement: Agreement, now: datetime, **facts: str) -> None:
    """All papers, all facts and a check, so that the contract can be signed."""
    today = now.astimezone(story.hub.zone).date()
    room = (
        Space.objects.filter(hub=story.hub, kind="meeting_room").first() or Space.objects.filter(hub=story.hub).first()
    )
    save_file(
        agreement=agreement, by=story.by, seen=agreement.domiciliation.updated_at.isoformat(), accounts_here=True,
        room=room, mandate_on=today, **facts,
    )  # fmt: skip
    file = DomiciliationFile.objects.select_related("agreement__hub").get(agreement=agreement)
    for kind, name in PAPERS.items():
        content = BLANK + f"{file.pk} {kind}".encode()
        upload = CheckedFile(name, "application/pdf", len(content), hashlib.sha256(content).hexdigest(), content)
        add_document(file=file, kind=kind, upload=upload, dated_on=today - DAY, by=story.by, now=now)
    record_check(file=file, checked_on=today, result="clear", by=story.by, now=now)


def collect_mail(story: HubStory, agreement: Agreement, now: datetime) -> None:
    """The company takes its mail that day."""
    file = DomiciliationFile.objects.select_related("agreement__hub").get(agreement=agreement)
    record_collection(file=file, collected_on=now.astimezone(story.hub.zone).date(), by=story.by, now=now)
