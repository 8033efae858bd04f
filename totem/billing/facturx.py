"""The terms of EN 16931 (BT-…) of a document's frozen content, from which the drawing process writes Factur-X.

Keys are those of the PyPI package `factur-x`. Sources: EN 16931-1, Factur-X 1.09, the French rules BR-FR.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from totem.billing.content import nature
from totem.billing.models import CustomerKind, DocumentKind
from totem.billing.wording import OUTSIDE_SCOPE

PROFILE = "urn:cen.eu:en16931:2017"
TYPE_CODES = {
    DocumentKind.INVOICE: "380",
    DocumentKind.REVERSAL: "380",
    DocumentKind.CREDIT_NOTE: "381",
    DocumentKind.CORRECTED: "384",
    DocumentKind.DEPOSIT: "386",
}
SIREN_SCHEME, FRENCH_ADDRESS_SCHEME, MAIL_SCHEME = "0002", "0225", "EM"
TRANSFER, NOT_DEFINED = "30", "1"
"""Means of payment (BT-81, UNTDID 4461)."""


OF_CONSUMERS = {
    "PMT": "Sans indemnité forfaitaire : client particulier",
    "PMD": "Sans pénalités de retard : client particulier",
}
OF_CREDIT_NOTES = {"PMT": "Sans indemnité forfaitaire : avoir", "PMD": "Sans pénalités de retard : avoir"}
"""The notes that BR-FR-05 asks of every file, where there is nothing to say."""


def is_electronic(content: Mapping[str, Any]) -> bool:
    """Whether the document carries an XML: not a quote, nor for a consumer without an electronic address."""
    buyer = content["buyer"]
    return content["kind"] in TYPE_CODES and (buyer["kind"] != CustomerKind.CONSUMER or bool(buyer["email"]))


def terms(content: Mapping[str, Any]) -> dict[str, Any]:
    """The business terms of a frozen invoice or credit note, as JSON's types."""
    cited = [content["about"]] if content["about"] else []
    if content["kind"] != DocumentKind.CORRECTED:  # which cites what it replaces alone (BR-FR-CO-04)
        cited = [*content["deposits"], *cited]
    found = {
        "BT-1": content["reference"],
        "BT-2": content["issued_on"],
        "BT-3": TYPE_CODES[content["kind"]],
        "BT-5": content["currency"],
        "BT-9": content["due_on"],
        "BT-10": content["buyer"]["service_code"],
        "BT-12": content["commitment"],
        "BT-13": content["purchase_order"],
        "BT-20": content["notes"].get("PMD", ""),
        "BT-23": f"{nature(content)}{4 if content['deposits'] else 1}",
        "BT-24": PROFILE,
        "BT-81": TRANSFER if content["seller"]["iban"] else NOT_DEFINED,
        "BT-84": content["seller"]["iban"],
        "BT-86": content["seller"]["bic"] if content["seller"]["iban"] else "",
        "BT-106": content["net"],
        "BT-109": content["net"],
        "BT-110": content["vat"],
        "BT-112": str(Decimal(content["net"]) + Decimal(content["vat"])),
        "BT-113": content["deducted"] if Decimal(content["deducted"]) else "",
        "BT-114": content["rounding"] if Decimal(content["rounding"]) else "",
        "BT-115": content["due"],
        "BG-1": _notes(content),
        "BG-3": [{"BT-25": one["reference"], "BT-26": one["issued_on"]} for one in cited if one["kind"] in TYPE_CODES],
        "BG-4": _without_vat_number(content, _seller(content["seller"])),
        "BG-7": _without_vat_number(content, _buyer(content["buyer"])),
        "BG-23": [_rate(rate) for rate in content["rates"]],
        "BG-25": [_line(number, line) for number, line in enumerate(content["lines"], 1)],
        **_period(content),
    }
    return {term: value for term, value in found.items() if value not in ("", None, [])}


def _notes(content: Mapping[str, Any]) -> list[dict[str, str]]:
    is_consumer = content["buyer"]["kind"] == CustomerKind.CONSUMER
    coded = {
        **(OF_CONSUMERS if is_consumer else {}),
        **(OF_CREDIT_NOTES if content["kind"] == DocumentKind.CREDIT_NOTE else {}),
        **content["notes"],
        "BAR": "B2C" if is_consumer else "B2B",
    }
    plain = [{"BT-22": content["note"]}] if content["note"] else []
    return [*({"BT-21": code, "BT-22": text} for code, text in coded.items()), *plain]


def _period(content: Mapping[str, Any]) -> dict[str, str]:
    """The first and the last day of what is invoiced; without days, the day of issue as that of supply (BT-72)."""
    starts = [line["starts_on"] for line in content["lines"] if line["starts_on"]]
    if not starts:
        return {"BT-72": content["issued_on"]}
    last = max(line["ends_on"] for line in content["lines"] if line["ends_on"])
    return {"BT-72": last, "BT-73": min(starts), "BT-74": last}  # `factur-x` writes no valid file without BT-72


def _seller(seller: Mapping[str, str]) -> dict[str, Any]:
    details = [seller["legal_form"], seller["registration"], seller["rna"] and f"RNA {seller['rna']}"]
    if seller["share_capital"]:
        details.append(f"capital {seller['share_capital']} EUR")
    return _filled(
        {
            **_address(seller),
            "name": seller["name"],
            "legal_identifier": seller["siren"],
            "legal_identifier_schemeid": SIREN_SCHEME,
            "vat_identifier": seller["vat_number"],
            "tax_identifier": "" if seller["vat_number"] else seller["siren"],
            "legal_info": ", ".join(filter(None, details)),
            "einvoicing_addr": seller["electronic_address"],
            "einvoicing_addr_schemeid": FRENCH_ADDRESS_SCHEME,
        }
    )


def _buyer(buyer: Mapping[str, str]) -> dict[str, Any]:
    is_consumer = buyer["kind"] == CustomerKind.CONSUMER
    address = buyer["email"] if is_consumer else buyer["electronic_address"]
    return _filled(
        {
            **_address(buyer),
            "name": buyer["name"],
            "identifiers": {"0009": buyer["siret"]} if buyer["siret"] else "",
            "legal_identifier": buyer["siren"],
            "legal_identifier_schemeid": SIREN_SCHEME if buyer["siren"] else "",
            "vat_identifier": buyer["vat_number"],
            "einvoicing_addr": address,
            "einvoicing_addr_schemeid": (MAIL_SCHEME if is_consumer else FRENCH_ADDRESS_SCHEME) if address else "",
        }
    )


def _without_vat_number(content: Mapping[str, Any], party: dict[str, Any]) -> dict[str, Any]:
    """Nobody has a VAT number in what is outside the scope of VAT (BR-O-02)."""
    if any(rate["exemption"] == OUTSIDE_SCOPE for rate in content["rates"]):
        return {name: value for name, value in party.items() if name not in {"vat_identifier", "tax_identifier"}}
    return party


def _address(party: Mapping[str, str]) -> dict[str, str]:
    return {"addr_l1": party["street"], "postcode": party["postcode"], "city": party["city"], "country_code": "FR"}


def _filled(party: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in party.items() if value != ""}


def _category(rated: Mapping[str, str]) -> str:
    """The VAT category (BT-118, BT-151): exempt, outside the scope, standard, or zero."""
    if rated["exemption"]:
        return "O" if rated["exemption"] == OUTSIDE_SCOPE else "E"
    return "S" if Decimal(rated["vat_rate"]) else "Z"


def _rate(rate: Mapping[str, str]) -> dict[str, str]:
    exempt = {"BT-120": rate["text"], "BT-121": rate["exemption"]} if rate["exemption"] else {}
    return {
        "BT-116": rate["net"],
        "BT-117": rate["vat"],
        "BT-118": _category(rate),
        **({} if _category(rate) == "O" else {"BT-119": rate["vat_rate"]}),
        **exempt,
    }


def _line(number: int, line: Mapping[str, Any]) -> dict[str, Any]:
    price = abs(Decimal(line["net"]) / Decimal(line["quantity"]))
    found = {
        "BT-126": str(number),
        "BT-129": line["quantity"],
        "BT-130": line["unit"],
        "BT-131": line["net"],
        "BT-134": line["starts_on"],
        "BT-135": line["ends_on"],
        "BT-146": f"{price:.4f}",
        "BT-151": _category(line),
        "BT-152": None if _category(line) == "O" else line["vat_rate"],  # BR-O-05
        "BT-153": line["label"],
    }
    return {term: value for term, value in found.items() if value is not None}
