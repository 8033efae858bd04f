"""Exporting the amounts to collect of a seller under a régie, each draft once."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.billing.collecting import COLLECTED, amounts
from totem.billing.models import CollectionExport, Draft
from totem.billing.queries import drafts_of, seller_of, vat_status
from totem.core import journal
from totem.core.canonical import canonical
from totem.hubs.models import Hub


@transaction.atomic
def export_amounts(*, hub: Hub, tokens: Collection[str], by: int, now: datetime) -> CollectionExport:
    """The lines of these drafts as they were shown (`AmountsOfDraft.token`), kept for ever; the drafts are final then.

    Raises ValidationError where a draft was changed, exported or deleted since, or cannot be collected.
    """
    seller = seller_of(hub)
    status = vat_status(seller, now.astimezone(hub.zone).date()) if seller else None
    if seller is None or status is None or not seller.is_regie:
        raise ValidationError(_("Only a public operator under a régie exports amounts to collect."))
    wanted = {int(number) for number in (token.partition(":")[0] for token in tokens) if number.isdecimal()}
    drafts = drafts_of(hub).filter(pk__in=wanted, kind__in=COLLECTED).order_by("pk").select_for_update(of=["self"])
    found = [amounts(draft, status) for draft in drafts]
    if not found:
        raise ValidationError(_("Tick what is to be exported."))
    if {one.token for one in found} != set(tokens):
        raise ValidationError(_("Something was changed or exported since this page was shown: look at it again."))
    if problem := next((one.problem for one in found if one.problem), ""):
        raise ValidationError(problem)
    rows = [row for one in found for row in one.rows]
    export = CollectionExport.objects.create(
        seller=seller, hub=hub, exported_at=now, exported_by=by, content=canonical(rows).decode()
    )
    ids = [one.draft.pk for one in found]
    Draft.objects.filter(pk__in=ids).update(collected_in=export)
    journal.record("billing.amounts_exported", export, actor_id=by, scope=hub, facts={"drafts": ids})
    return export
