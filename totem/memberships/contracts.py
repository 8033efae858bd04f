"""The contract of an agreement as a PDF, and its signatures on line: in French, in the hub's colours."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from totem.accounts.models import User
from totem.billing.models import Customer, Seller
from totem.billing.queries import seller_of, vat_status
from totem.billing.wording import EXEMPTION_OF
from totem.core import wording
from totem.core.edit_conflicts import check_version, version_token
from totem.core.models import SigningRequest
from totem.core.money import vat_within
from totem.core.rendering import document_pdf
from totem.core.signatures import SignatoryTerms, ask_to_sign
from totem.memberships.actions.agreements import locked, record, require_state
from totem.memberships.aid.rules import require_grantable
from totem.memberships.domiciliation.queries import approval_on
from totem.memberships.domiciliation.rules import check_may_sign
from totem.memberships.models import Agreement, AgreementState, ContractKind
from totem.memberships.queries.agreements import source_of
from totem.memberships.queries.credits import quantity_words
from totem.memberships.signatures import CONTRACT

NATURES = {
    ContractKind.SERVICE: gettext_lazy(
        "It is a service of coworking: a place to work with services, without a lease. It gives no right to a "
        "commercial lease nor to its renewal (Code de commerce, art. L145-1)."
    ),
    ContractKind.HOSTING: gettext_lazy(
        "It is a hosting agreement: a place with support for a project, without a lease. It gives no right to a "
        "commercial lease nor to its renewal (Code de commerce, art. L145-1)."
    ),
    ContractKind.PRECARIOUS: gettext_lazy(
        "It is a precarious occupation: the place is given because of particular circumstances, said above, that do "
        "not depend on the parties’ will alone. It is no commercial lease (Code de commerce, art. L145-5-1)."
    ),
    ContractKind.PUBLIC_PROPERTY: gettext_lazy(
        "It is an occupation of public property: personal, temporary, precarious and revocable (Code général de la "
        "propriété des personnes publiques, art. L2122-1 to L2122-3)."
    ),
}
PAYMENT = gettext_lazy(
    "Each period is invoiced at its beginning. A period that is held in part is invoiced for its days, of the days "
    "that it has. A price that changes is announced in writing before, by the length of the notice at least: who does "
    "not agree leaves before it applies."
)
ENDING = gettext_lazy(
    "Either party gives notice at any time, in writing; the notice lasts %(days)s days, and its last day is the last "
    "day of the contract. Nothing is invoiced for the days after it."
)
DEPOSIT = gettext_lazy(
    "It is received before the first day, against a receipt, and given back after the last one, less what is still "
    "owed or repairs, which are invoiced apart."
)
SEAT = gettext_lazy(
    "The company has its seat here, for three months at least, renewed tacitly. It uses the place as its seat "
    "effectively and exclusively, mandates the hub to receive its mail and notices, takes that mail, and tells the hub "
    "of each change of its form, its object, its representatives and their home, and of where its accounts are kept. "
    "The hub keeps a room for it where it meets and consults its books in confidence. It tells the court registry when "
    "the domiciliation ends, and when mail is not taken for three months, and sends the tax office and the URSSAF the "
    "list of who came and left (Code de commerce, art. R123-168)."
)
TO_SIGN_WITHIN = timedelta(days=30)


def contract_pdf(agreement: Agreement) -> bytes:
    """The contract as it is to be signed. Raises ValidationError without a seller; RenderingBusy, RenderingFailed."""
    seller = seller_of(agreement.hub)
    if seller is None:
        raise ValidationError(_("Say first who sells: the contract names the legal entity."))
    with translation.override(settings.LANGUAGE_CODE):
        return document_pdf("memberships/contract", contract_shown(agreement, seller))


def send_contract(*, agreement: Agreement, by: User, now: datetime) -> SigningRequest:
    """Ask the customer, then the hub, to sign the contract on line; `by` signs for the hub.

    Raises EditConflict where it changed while the contract was drawn, ValidationError where it waits for no signature,
    or the customer has no address, and as `aid.rules.require_grantable`.
    """
    pdf = contract_pdf(agreement)
    with transaction.atomic():
        row = locked(agreement)
        check_version(row, version_token(agreement))
        require_state(row, AgreementState.TO_SIGN)
        require_grantable(row, row.terms.select_related("plan").get(), now.astimezone(row.hub.zone).date())
        check_may_sign(row, now.astimezone(row.hub.zone).date())
        person = row.customer.person or row.asked_by
        signatory = SignatoryTerms(person.name, person.email, language=person.language) if person else None
        if signatory is None and not row.customer.email:
            raise ValidationError(_("This customer has no e-mail address: note it, or have it signed on paper."))
        request = ask_to_sign(
            purpose=CONTRACT, source=source_of(row), title=title_of(row), pdf=pdf,
            signatories=[
                signatory or SignatoryTerms(row.customer.name, row.customer.email),
                SignatoryTerms(by.name, by.email, capacity=row.hub.operator.name, position=2, language=by.language),
            ],
            expires_at=now + TO_SIGN_WITHIN, actor_id=by.pk, now=now,
        )  # fmt: skip
        record("sent_to_sign", row, by.pk, sha256=request.sha256)
        return request


def title_of(agreement: Agreement) -> str:
    """« Contrat de coworking n° 12 – La Machinerie », in the language of the law."""
    with translation.override(settings.LANGUAGE_CODE):
        kind = ContractKind(agreement.terms.all()[0].plan.contract).label
        return _("%(kind)s, no. %(number)s – %(hub)s") % {
            "kind": kind, "number": agreement.pk, "hub": agreement.hub.name,
        }  # fmt: skip


# -- What the template is given ---------------------------------------------------------------------------------------


def contract_shown(agreement: Agreement, seller: Seller) -> dict[str, Any]:
    """What `memberships/documents/contract.typ` places, in the active language."""
    return {
        "lang": translation.get_language(),
        "title": title_of(agreement),
        "at_iso": agreement.starts_on.isoformat(),
        "accent": agreement.hub.accent,
        "hub": agreement.hub.name,
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "between": _("Between"),
        "parties": parties_shown(seller, agreement.customer),
        "facts": [{"label": label, "value": value} for label, value in _facts(agreement, seller) if value],
        "articles": [{"title": title, "text": text} for title, text in _articles(agreement)],
        "footer": f"{seller.name} · SIREN {seller.siren}",
        "page": _("Page {n} of {total}"),
    }


def parties_shown(seller: Seller, customer: Customer) -> list[dict[str, Any]]:
    """The two parties of a document of this room, each with its address and number."""
    return [seller_shown(seller), {"name": customer.name, "lines": _customer_lines(customer)}]


def seller_shown(seller: Seller) -> dict[str, Any]:
    """The legal entity with its address and number, as a party."""
    return {"name": seller.name, "lines": _seller_lines(seller)}


def _seller_lines(seller: Seller) -> list[str]:
    number = f"SIRET {seller.siret}" if seller.siret else f"SIREN {seller.siren}"
    return [one for one in (seller.legal_form, seller.street, f"{seller.postcode} {seller.city}", number) if one]


def _customer_lines(customer: Customer) -> list[str]:
    number = f"SIRET {customer.siret}" if customer.siret else f"SIREN {customer.siren}" if customer.siren else ""
    return [one for one in (customer.street, f"{customer.postcode} {customer.city}".strip(), number) if one]


def _facts(agreement: Agreement, seller: Seller) -> Iterator[tuple[str, str]]:
    terms = agreement.terms.all()[0]
    day = wording.date_with_year
    status = vat_status(seller, agreement.starts_on)
    exempt = terms.exemption or (status and EXEMPTION_OF.get(status))
    rate = Decimal(0) if exempt else terms.vat_rate
    vat = vat_within(terms.amount, rate)
    shown = wording.percent(rate / 100, 1 if rate % 1 else 0)
    yield pgettext("of a hub", "Plan"), terms.plan.name
    yield _("What it is"), terms.plan.description
    yield _("Included by the month"), ", ".join(str(one) for one in _included(agreement))
    yield _("Desk, office"), f"{agreement.unit.space.name}, {agreement.unit}" if agreement.unit else ""
    yield _("From"), day(agreement.starts_on)
    yield _("Until (included)"), day(agreement.ends_on) if agreement.ends_on else _("until notice is given")
    yield (
        _("Price for one %(period)s, VAT included") % {"period": terms.get_months_display()},
        wording.money(terms.amount),
    )
    if exempt:
        yield _("VAT"), _("not charged")
    else:
        yield _("Price without VAT"), _("%(net)s, and %(vat)s of VAT at %(rate)s") % {
            "net": wording.money(terms.amount - vat), "vat": wording.money(vat), "rate": shown,
        }  # fmt: skip
    yield _("Periods begin"), agreement.get_cycle_display()
    yield _("Notice"), _("%(days)s days") % {"days": agreement.notice_days}
    yield _("Security deposit"), wording.money(agreement.deposit) if agreement.deposit else _("none")


def _included(agreement: Agreement) -> Iterator[str]:
    for benefit in agreement.terms.all()[0].plan.benefits.all():
        yield f"{quantity_words(benefit.unit, benefit.quantity)} ({benefit.get_unit_display()})"


def _articles(agreement: Agreement) -> Iterator[tuple[str, str]]:
    terms = agreement.terms.all()[0]
    is_not = _("It is not the membership of the association, nor does it ask for it.")
    yield _("What this contract is"), f"{NATURES[ContractKind(terms.plan.contract)]} {is_not}"
    if terms.plan.is_domiciliation:
        approval = approval_on(agreement.hub, agreement.starts_on)
        named = _("Approval no. %(number)s, %(prefecture)s.") if approval and approval.number else "%(number)s"
        facts = {"number": approval.number, "prefecture": approval.prefecture} if approval else {"number": ""}
        yield _("Domiciliation"), f"{SEAT} {named % facts}".strip()
    yield _("Price and payment"), str(PAYMENT)
    yield _("How it ends"), str(ENDING) % {"days": agreement.notice_days}
    if agreement.deposit:
        yield _("Security deposit"), str(DEPOSIT)
