"""What a customer is told in writing of its de minimis aid, as a PDF in French."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.billing.models import Customer, Seller
from totem.billing.queries import seller_of
from totem.core import wording
from totem.core.rendering import document_pdf
from totem.memberships.aid.queries import AidTotal, MonthOfAid, aid_in_hub, month_end, standing_of, three_years_until
from totem.memberships.contracts import parties_shown
from totem.memberships.models import AgreementState, AidAttestation
from totem.memberships.periods import Days

REGULATION = gettext_lazy(
    "Commission Regulation (EU) 2023/2831 of 13 December 2023 on the application of Articles 107 and 108 of the Treaty "
    "on the Functioning of the European Union to de minimis aid (OJ L, 2023/2831, 15.12.2023)"
)
ARTICLES = (
    (
        gettext_lazy("What this aid is"),
        gettext_lazy(
            "The place in the incubator, free or below the market price, is de minimis aid granted under "
            "%(regulation)s. It is a benefit in kind: nothing is paid."
        ),
    ),
    (
        gettext_lazy("How it is counted"),
        gettext_lazy(
            "Its gross grant equivalent is the market price of the place without VAT, by the day, less what is paid "
            "for it. Each month is granted on its first day."
        ),
    ),
    (
        gettext_lazy("What the beneficiary has to know"),
        gettext_lazy(
            "The de minimis aid of a single undertaking is at most 300,000 € over any period of three years, of all "
            "who grant it. Declare this aid where another body asks for it, and keep this attestation."
        ),
    ),
)


@dataclass(frozen=True)
class AttestationContent:
    """What an attestation says, in euros: the months of aid, and the total of the three years that end with them."""

    number: int
    issued_on: date
    days: Days
    months: list[MonthOfAid]
    total: AidTotal

    @property
    def amount(self) -> Decimal:
        return sum((one.aid for one in self.months), Decimal(0))


def attestation_content(customer: Customer, days: Days, now: datetime) -> AttestationContent:
    """What the next attestation says of these days, at most until the end of this month, which is granted.

    Raises ValidationError where there is nothing to say.
    """
    today = now.astimezone(customer.hub.zone).date()
    if days.last > month_end(today):
        raise ValidationError({"ends_on": _("This day is still to come.")})
    if days.first < three_years_until(days.last).first:
        raise ValidationError({"starts_on": _("An attestation is of three years at most.")})
    last = AidAttestation.objects.filter(hub=customer.hub_id).aggregate(last=Max("number"))["last"] or 0
    standing = standing_of(customer)
    signed = replace(standing, places=[one for one in standing.places if one.state == AgreementState.ACTIVE])
    content = AttestationContent(last + 1, today, days, aid_in_hub(customer, days), signed.total(days.last))
    if not content.amount:
        raise ValidationError({"starts_on": _("No aid was granted between these days.")})
    return content


def attestation_pdf(customer: Customer, content: AttestationContent) -> bytes:
    """Its PDF. Raises ValidationError without a seller; RenderingBusy, RenderingFailed."""
    seller = seller_of(customer.hub)
    if seller is None:
        raise ValidationError(_("Say first who sells: the attestation names the legal entity that grants the aid."))
    with translation.override(settings.LANGUAGE_CODE):
        return document_pdf("memberships/contract", _shown(customer, content, seller))


def _shown(customer: Customer, content: AttestationContent, seller: Seller) -> dict[str, object]:
    day, money, days = wording.date_with_year, wording.money, content.days
    months = [(wording.month_words(one.days.first), money(one.aid)) for one in content.months if one.aid]
    facts = [
        (_("Issued on"), day(content.issued_on)),
        (_("Period"), _("from %(first)s to %(last)s") % {"first": day(days.first), "last": day(days.last)}),
        (_("Aid of the period (gross grant equivalent)"), money(content.amount)),
        (_("Total of the three years that end with it"), money(content.total.total)),
        (_("of which declared by the beneficiary"), money(content.total.declared)),
        *months,
    ]
    return {
        "lang": translation.get_language(),
        "title": _("Attestation of de minimis aid no. %(number)s") % {"number": content.number},
        "at_iso": content.issued_on.isoformat(),
        "accent": customer.hub.accent,
        "hub": customer.hub.name,
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "between": _("Who grants the aid, and who receives it"),
        "parties": parties_shown(seller, customer),
        "facts": [{"label": label, "value": value} for label, value in facts],
        "articles": [{"title": str(title), "text": str(text) % {"regulation": REGULATION}} for title, text in ARTICLES],
        "footer": f"{seller.name} · SIREN {seller.siren}",
        "page": _("Page {n} of {total}"),
    }
