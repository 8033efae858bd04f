"""When a company may take its address at a hub: raises ValidationError with what is missing."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from totem.core.wording import date_with_year
from totem.hubs.models import Hub
from totem.memberships.domiciliation import queries
from totem.memberships.models import Agreement


def check_approved(hub: Hub, day: date) -> None:
    """Raises ValidationError at `starts_on` without an approval that holds on that day (L123-11-3)."""
    if queries.approval_on(hub, day) is None:
        text = _("On %(day)s this hub has no approval of the prefect to take companies’ addresses (domiciliation).")
        raise ValidationError({"starts_on": text % {"day": date_with_year(day)}})


def check_may_sign(agreement: Agreement, day: date) -> None:
    """Raises ValidationError where the agreement gives an address and the file lacks what has to be known before.

    Who the customer and its beneficial owner are is checked before the relation begins; else it does not begin (CMF,
    art. L561-5 and L561-8).
    """
    row = queries.addressed(agreement.hub).filter(pk=agreement.pk).first()
    if row is None:
        return
    first = next(one.starts_on for one in row.terms.all() if one.plan.is_domiciliation)
    if queries.approval_on(agreement.hub, first) is None:
        raise ValidationError(_("No approval of the prefect holds on its first day: nobody may sign this contract."))
    if lacking := [one.text for one in queries.missing(row, day) if one.blocks]:
        text = _("Before anybody signs, the file of domiciliation needs: %(papers)s.")
        raise ValidationError(text % {"papers": ", ".join(lacking)})
