"""Changes that the customer of an agreement asks for; the team accepts or refuses them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.memberships import mails
from totem.memberships.actions import changes
from totem.memberships.actions.agreements import ChosenTerms, PlanFullError, locked, record
from totem.memberships.models import Agreement, ChangeRequest


@transaction.atomic
def ask_for_change(*, asked: ChangeRequest, by: User, now: datetime) -> ChangeRequest:
    """Note what the customer asks for, in place of what they asked before. Raises what carrying it out would."""
    row = locked(asked.agreement)
    if asked.starts_on < now.astimezone(row.hub.zone).date():
        raise ValidationError({"starts_on": _("This day is past.")})
    try:
        with transaction.atomic():  # tried, so that nothing is asked for that could not be done today
            _carry_out(asked, by, now)
            transaction.set_rollback(True)
    except PlanFullError as error:  # whose words are for the team
        text = _("All places of this plan are held at that time: choose another day, or wait for one on the offers.")
        raise ValidationError({"price": text}) from error
    ChangeRequest.objects.filter(agreement=row).delete()
    asked.save(force_insert=True)
    record("change_asked", row, by.pk, plan=asked.plan_id, starts_on=str(asked.starts_on))
    return asked


@transaction.atomic
def accept(*, agreement: Agreement, by: User, now: datetime) -> None:
    """Do what was asked for and mail it. Raises ValidationError where it cannot be done any more."""
    asked = _waiting(agreement)
    _carry_out(asked, by, now)
    mails.tell_change(asked, accepted=True)
    asked.delete()


@transaction.atomic
def refuse(*, agreement: Agreement, reason: str, by: User, now: datetime) -> None:  # noqa: ARG001 - as every action of the page
    """Refuse what was asked for and mail why. Raises ValidationError where nothing waits."""
    asked = _waiting(agreement)
    record("change_refused", agreement, by.pk)
    mails.tell_change(asked, accepted=False, reason=reason.strip())
    asked.delete()


@transaction.atomic
def take_back(*, agreement: Agreement, by: User) -> None:
    """The customer no longer asks for it. Raises ValidationError where nothing waits."""
    _waiting(agreement).delete()
    record("change_request_withdrawn", agreement, by.pk)


def _waiting(agreement: Agreement) -> ChangeRequest:
    row = locked(agreement)
    found = ChangeRequest.objects.select_related("plan").filter(agreement=row).first()
    if found is None:
        raise ValidationError(_("This was answered, or taken back, in the meantime."))
    found.agreement = row
    return found


def _carry_out(asked: ChangeRequest, by: User, now: datetime) -> None:
    if asked.plan is None:
        changes.pause(agreement=asked.agreement, starts_on=asked.starts_on, ends_on=asked.ends_on, by=by, now=now)
    else:
        chosen = ChosenTerms(asked.plan, asked.group, asked.months, asked.starts_on)
        changes.change_terms(agreement=asked.agreement, chosen=chosen, by=by, now=now)
