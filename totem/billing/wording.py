"""Texts that the law asks of invoices, dated. Each holds from its day until the next one of its code.

A seller's own text (`billing.models.Wording`) goes first where it began as late or later. The texts are the law's
and stay in French. Sources: CGI ann. II art. 242 nonies A; C. com. art. L441-9, L441-10 and D441-5; from 1 September
2026 the franchise stands in the CIBS (ordonnance 2025-1247), whose exact reference is to be confirmed: a seller can
change it.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, DateField
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Seller, VatExemption, VatStatus, Wording
from totem.core.compiled_queries import CompiledQuery, QueryParameter

FRANCHISE, NONPROFIT = "VATEX-FR-FRANCHISE", "VATEX-FR-CGI261-7"
OUTSIDE_SCOPE = VatExemption.OUTSIDE_SCOPE
EXEMPTION_OF = {VatStatus.FRANCHISE: FRANCHISE, VatStatus.NONPROFIT: NONPROFIT}
"""The ground of exemption (BT-121) of every line of a seller with that status."""
RECOVERY_FEE, LATE_PENALTY, DISCOUNT, ON_DEBITS = "PMT", "PMD", "AAB", "TXD"
"""Subject codes of notes (BT-21, UNTDID 4451): BR-FR asks for the first three exactly once."""

_ALWAYS = date(1800, 1, 1)
SHIPPED: tuple[tuple[str, date, str], ...] = (
    (FRANCHISE, _ALWAYS, "TVA non applicable, art. 293 B du CGI"),
    (FRANCHISE, date(2026, 9, 1), "TVA non applicable, art. L. 223-3 du CIBS"),
    (NONPROFIT, _ALWAYS, "Exonération de TVA, art. 261, 7-1° du CGI"),
    (OUTSIDE_SCOPE, _ALWAYS, "Hors du champ d’application de la TVA"),
    ("VATEX-FR-CGI261D-2", _ALWAYS, "Exonération de TVA, art. 261 D, 2° du CGI"),
    ("VATEX-FR-CGI261-4", _ALWAYS, "Exonération de TVA, art. 261, 4-4° du CGI"),
    (RECOVERY_FEE, _ALWAYS, "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €"),
    (
        LATE_PENALTY,
        _ALWAYS,
        "Pénalités de retard : taux de la Banque centrale européenne majoré de 10 points, exigibles sans rappel",
    ),
    (DISCOUNT, _ALWAYS, "Pas d’escompte pour paiement anticipé"),
    (ON_DEBITS, _ALWAYS, "Option pour le paiement de la taxe d’après les débits"),
)
NAMES = {
    FRANCHISE: _("Small seller, exempt from VAT (franchise en base)"),
    NONPROFIT: _("Non-profit, exempt from VAT"),
    OUTSIDE_SCOPE: _("Outside the scope of VAT"),
    "VATEX-FR-CGI261D-2": _("Bare premises (CGI art. 261 D, 2°)"),
    "VATEX-FR-CGI261-4": _("Professional training (CGI art. 261, 4-4°)"),
    RECOVERY_FEE: _("Recovery fee, between professionals"),
    LATE_PENALTY: _("Late penalties, between professionals"),
    DISCOUNT: _("Early payment"),
    ON_DEBITS: _("Option for debits"),
}
"""When each text is printed, by its code."""
_OWN = CompiledQuery(
    lambda: Wording.objects.filter(
        seller=QueryParameter("seller", BigIntegerField()), starts_on__lte=QueryParameter("day", DateField())
    ).values_list("code", "starts_on", "text")
)


def texts_on(seller: Seller, day: date) -> dict[str, str]:
    """The text of each code on that day."""
    own = _OWN.rows(seller=seller.pk, day=day)
    return _latest([*(row for row in SHIPPED if row[1] <= day), *own])


def _latest(rows: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """The text of the latest row of each code; of two of one day the later in the list."""
    found: dict[str, tuple[date, str]] = {}
    for code, day, text in rows:
        if code not in found or day >= found[code][0]:
            found[code] = day, text
    return {code: text for code, (_day, text) in found.items()}
