"""The PDFs of issued documents, from their frozen content: in French, and the same bytes whenever they are drawn."""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from totem.billing import facturx
from totem.billing.content import nature
from totem.billing.models import DocumentKind, IssuedDocument, IssuedFile, QuantityUnit
from totem.billing.models.drafts import COUNTED
from totem.billing.wording import OUTSIDE_SCOPE
from totem.core import wording
from totem.core.files import CheckedFile, store
from totem.core.money import to_cents
from totem.core.rendering import RenderingFailed, invoice_pdfs

TEMPLATE = "billing/invoice"
AT_ONCE = 40
"""How many PDFs one drawing process makes: Saxon costs it 1.3 s once, and each PDF about 0.1 s."""

logger = logging.getLogger(__name__)


def draw_missing(*, now: datetime) -> int:
    """Draw and keep the PDF of every issued document that has none, oldest first; how many were drawn.

    Raises RenderingFailed after the others were drawn where one cannot be, RenderingBusy where it is not our turn.
    """
    drawn = 0
    failed: list[int] = []
    while missing := list(IssuedDocument.objects.filter(file=None).exclude(pk__in=failed).order_by("pk")[:AT_ONCE]):
        for document, pdf in _drawn(missing):
            if pdf is None:
                failed.append(document.pk)
            else:
                _keep(document, pdf, now)
                drawn += 1
    if failed:
        raise RenderingFailed(f"Not drawn: {len(failed)} documents, from {failed[0]} on.")
    return drawn


def _drawn(documents: Sequence[IssuedDocument]) -> Iterator[tuple[IssuedDocument, bytes | None]]:
    """Each document with its PDF; where one makes the process fail, each is drawn alone and that one has None."""
    try:
        yield from zip(documents, pdfs([json.loads(document.content) for document in documents]), strict=True)
    except RenderingFailed:
        if len(documents) == 1:
            logger.exception("The PDF of %s could not be drawn.", documents[0])
            yield documents[0], None
            return
        for document in documents:
            yield from _drawn([document])


@transaction.atomic
def _keep(document: IssuedDocument, pdf: bytes, now: datetime) -> None:
    name = f"{document.reference}.pdf"
    stored = store(CheckedFile(name, "application/pdf", len(pdf), hashlib.sha256(pdf).hexdigest(), pdf))
    IssuedFile.objects.get_or_create(document=document, defaults={"stored": stored, "drawn_at": now})


def pdfs(contents: Sequence[dict[str, Any]]) -> list[bytes]:
    """The PDF of each frozen content, Factur-X where it is electronic. Raises RenderingBusy and RenderingFailed."""
    with translation.override(settings.LANGUAGE_CODE):
        return invoice_pdfs(
            TEMPLATE,
            [
                (document_shown(content), facturx.terms(content) if facturx.is_electronic(content) else None)
                for content in contents
            ],
        )


# -- What the template is given ---------------------------------------------------------------------------------------


def document_shown(content: dict[str, Any]) -> dict[str, Any]:
    """What `billing/documents/invoice.typ` places, and the page before issuing, in the active language."""
    seller, due = content["seller"], Decimal(content["due"])
    is_credit = content["kind"] == DocumentKind.CREDIT_NOTE
    data = {
        "lang": translation.get_language(),
        "title": f"{DocumentKind(content['kind']).label} {content['reference']}",
        "at_iso": content["issued_on"],
        "accent": content["hub"]["accent"],
        "hub": content["hub"]["name"],
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "seller": {"name": seller["name"], "lines": _seller_lines(seller)},
        "buyer": {"name": content["buyer"]["name"], "lines": _buyer_lines(content["buyer"])},
        "facts": _pairs(_facts(content)),
        "head": [_("What"), _("Quantity"), _("Unit price without VAT"), _("VAT"), _("Without VAT"), _("With VAT")],
        "numbers": [1, 2, 3, 4, 5],
        "rows": [_row(line) for line in content["lines"]],
        "totals": _pairs(_totals(content)),
        "due": {"label": _("Credited to you") if is_credit else _("To pay"), "value": wording.money(due)},
        "note": content["note"],
        "pay": [] if is_credit else _pairs(_how_to_pay(content)),
        "mentions": [*(rate["text"] for rate in content["rates"] if rate["text"]), *content["notes"].values()],
        "footer": " · ".join(filter(None, [seller["name"], seller["legal_form"], f"SIREN {seller['siren']}"])),
        "page": _("Page {n} of {total}"),
    }
    if content["kind"] == DocumentKind.QUOTE:
        data |= {"due": {"label": _("Total with VAT"), "value": wording.money(due)}, "pay": []}
        data["sign"] = _("Agreed: date, name and signature")
    if facturx.is_electronic(content):
        data["attachment"] = {"name": "factur-x.xml", "description": _("The same invoice as data (Factur-X)")}
    return data


def _pairs(rows: Iterator[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in rows if value]


def _day(text: str) -> str:
    return wording.date_with_year(date.fromisoformat(text))


def _seller_lines(seller: dict[str, str]) -> list[str]:
    capital = wording.money(Decimal(seller["share_capital"])) if seller["share_capital"] else ""
    return [
        *(
            shown
            for shown in (seller["street"], f"{seller['postcode']} {seller['city']}", seller["legal_form"])
            if shown
        ),
        *_labelled(
            {
                "SIRET": seller["siret"],
                "SIREN": "" if seller["siret"] else seller["siren"],
                _("VAT number"): seller["vat_number"],
                "RNA": seller["rna"],
                _("Commercial register"): seller["registration"],
                _("Share capital"): capital,
                _("E-mail"): seller["email"],
                _("Telephone"): seller["phone"],
            }
        ),
    ]


def _buyer_lines(buyer: dict[str, str]) -> list[str]:
    address = [buyer["street"], f"{buyer['postcode']} {buyer['city']}".strip()]
    numbers = {
        "SIREN": buyer["siren"],
        "SIRET": buyer["siret"],
        _("VAT number"): buyer["vat_number"],
        _("Service"): buyer["service_code"],
    }
    return [*filter(None, address), *_labelled(numbers)]


def _labelled(values: dict[str, str]) -> list[str]:
    return [f"{label} {value}" for label, value in values.items() if value]


def _facts(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    is_quote = content["kind"] == DocumentKind.QUOTE
    starts = [line["starts_on"] for line in content["lines"] if line["starts_on"]]
    yield _("Date"), _day(content["issued_on"])
    if content["due_on"]:
        yield _("Valid until") if is_quote else _("To pay by"), _day(content["due_on"])
    if starts:
        until = max(line["ends_on"] for line in content["lines"] if line["ends_on"])
        yield _("Supplied"), _day(until) if min(starts) == until else f"{_day(min(starts))} – {_day(until)}"
    yield _("Your purchase order"), content["purchase_order"]
    yield _("Commitment number"), content["commitment"]
    if about := content["about"]:
        label = {
            DocumentKind.CREDIT_NOTE: _("Credits"),
            DocumentKind.CORRECTED: _("Replaces"),
            DocumentKind.REVERSAL: _("Cancels"),
        }.get(content["kind"], _("After"))
        yield label, _("{document} of {day}").format(document=_named(about), day=_day(about["issued_on"]))
    natures = {"S": _("Services"), "B": _("Goods"), "M": _("Goods and services")}
    yield _("Kind of supply"), "" if is_quote else natures[nature(content)]


def _named(cited: dict[str, str]) -> str:
    return f"{DocumentKind(cited['kind']).label} {cited['reference']}"


def _row(line: dict[str, str]) -> list[str]:
    quantity = Decimal(line["quantity"])
    unit = COUNTED[QuantityUnit(line["unit"])].counted(quantity)
    each = _("{price} with VAT each").format(price=_price(Decimal(line["unit_price"])))
    return [
        line["label"] if quantity == 1 else f"{line['label']} ({each})",
        f"{wording.number(quantity)} {unit}",
        _price(Decimal(line["net"]) / quantity),
        _rate(line),
        wording.money(Decimal(line["net"])),
        wording.money(Decimal(line["gross"])),
    ]


def _rate(line: dict[str, str]) -> str:
    if line["exemption"]:
        return "–" if line["exemption"] == OUTSIDE_SCOPE else _("exempt")
    return wording.percent(Decimal(line["vat_rate"]) / 100, _decimals(line))


def _price(price: Decimal) -> str:
    """A price of one unit: of two decimals, or of four where that is not enough."""
    exact = price.quantize(Decimal("0.0001"))
    return wording.money(exact) if exact == to_cents(exact) else f"{wording.number(exact, 4)}{wording.NBSP}€"


def _decimals(rated: dict[str, str]) -> int:
    return len(rated["vat_rate"].partition(".")[2])


def _totals(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield _("Total without VAT"), wording.money(Decimal(content["net"]))
    for rate in content["rates"]:
        if not rate["exemption"]:
            label = wording.percent(Decimal(rate["vat_rate"]) / 100, _decimals(rate))
            on = wording.money(Decimal(rate["net"]))
            yield _("VAT {rate} on {net}").format(rate=label, net=on), wording.money(Decimal(rate["vat"]))
    if rounding := Decimal(content["rounding"]):
        yield _("Rounding"), wording.money(rounding)
    yield _("Total with VAT"), wording.money(Decimal(content["gross"]))
    for deposit in content["deposits"]:
        label = _("{document} of {day}").format(document=_named(deposit), day=_day(deposit["issued_on"]))
        yield label, wording.money(-Decimal(deposit["gross"]))


def _how_to_pay(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    seller = content["seller"]
    iban = seller["iban"]
    yield _("By transfer to"), " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
    yield "BIC", seller["bic"] if iban else ""
    yield _("With the reference"), content["reference"] if iban else ""
