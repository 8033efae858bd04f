"""Mails about memberships, from the hub to who pays: agreements, places that are free, credits that end."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from totem.core import mail
from totem.core.calendar_files import Party
from totem.hubs.mails import sender_of
from totem.hubs.models import Hub
from totem.memberships.models import Agreement, AgreementState, AgreementTerms, ChangeRequest, CreditLot, PlaceRequest
from totem.memberships.queries.credits import quantity_words


def _write(name: str, key: str, hub: Hub, to: str, language: str, **context: Any) -> None:
    if to:
        mail.queue(
            key=f"memberships.{name}:{key}", to=to, language=language, template=f"memberships/mail/{name}",
            sender=sender_of(hub), context={"hub": hub.name, **context},
        )  # fmt: skip


def _to_customer(name: str, key: str, agreement: Agreement, **context: Any) -> None:
    """To who pays: their account's address, or the one that the team noted."""
    person = agreement.customer.person or agreement.asked_by
    to, language = (person.email, person.language) if person else (agreement.customer.email, settings.LANGUAGE_CODE)
    if person:
        url = settings.SITE_URL + reverse("memberships:my_agreement", args=[agreement.pk])
        context |= {"action_url": url, "action_label": _("See my contract")}
    _write(name, key, agreement.hub, to, language, agreement=agreement, **context)


def tell_answer(agreement: Agreement, now: datetime) -> None:
    """Whether the hub accepts what was asked for; why not."""
    plan = agreement.terms.all()[0].plan.name
    accepted = agreement.state != AgreementState.REFUSED
    key = f"{agreement.pk}:{now.timestamp():.0f}"
    _to_customer("agreement_answered", key, agreement, plan=plan, accepted=accepted, reason=agreement.end_reason)


def tell_change(asked: ChangeRequest, *, accepted: bool, reason: str = "") -> None:
    """Whether the hub makes the change that was asked for; why not."""
    words = {"plan": asked.plan.name if asked.plan else "", "day": asked.starts_on, "reason": reason}
    _to_customer("change_answered", str(asked.pk), asked.agreement, accepted=accepted, **words)


def announce_price(terms: AgreementTerms, former: AgreementTerms) -> None:
    """Another price, from when, and until when one may leave before."""
    last = terms.starts_on
    _to_customer("price_announced", str(terms.pk), terms.agreement, terms=terms, former=former, last=last)


def confirm_notice(agreement: Agreement, now: datetime) -> None:
    """The last day."""
    _to_customer("notice_given", f"{agreement.pk}:{now.timestamp():.0f}", agreement)


def confirm_notice_taken_back(agreement: Agreement, now: datetime) -> None:
    """It goes on as before."""
    _to_customer("notice_taken_back", f"{agreement.pk}:{now.timestamp():.0f}", agreement)


def offer_place(request: PlaceRequest, day: date) -> None:
    """A place of the plan is free from that day on."""
    hub, person = request.plan.hub, request.person
    key = f"{request.pk}:{request.offered_at:%Y%m%d%H%M%S}"
    url = settings.SITE_URL + reverse("memberships:ask", args=[hub.slug, request.plan_id])
    context = {"plan": request.plan.name, "day": day, "action_url": url, "action_label": _("Take the place")}
    _write("place_offered", key, hub, person.email, person.language, **context)


def write_credits_ending(lot: CreditLot, left: int) -> None:
    """Queue the mail, once a lot, that what was bought ends soon."""
    person = lot.customer.person
    language = person.language if person else settings.LANGUAGE_CODE
    with translation.override(language):
        quantity = quantity_words(lot.unit, left)
    mail.queue(
        key=f"memberships.credits_ending:{lot.pk}",
        to=lot.customer.email,
        language=language,
        template="memberships/mail/credits_ending",
        context={"hub": lot.hub, "plan": lot.plan.name, "quantity": quantity, "unit": lot.unit, "ends_on": lot.ends_on},
        sender=Party(lot.hub.name, lot.hub.email),
    )
