"""The plans that hubs usually offer, to begin from: each is the initial values of the form of a plan.

`price` is in euros with VAT, what is included in hours, days and events; a hub changes all of it.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from totem.memberships.models import ContractKind, PlanKind

MONTHLY, ONCE = PlanKind.AGREEMENT, PlanKind.PASS


@dataclass(frozen=True)
class StartingPoint:
    """`values` are by the name of the field."""

    name: str | Promise
    kind: PlanKind
    values: dict[str, Any] = field(default_factory=dict)


STARTING_POINTS = {
    "monthly": StartingPoint(_("Another one by the month"), MONTHLY),
    "full-month": StartingPoint(_("Full month"), MONTHLY, {"price": 180, "room": 10}),
    "part-month": StartingPoint(_("Part-time month"), MONTHLY, {"price": 100, "day": 10}),
    "fixed-desk": StartingPoint(_("Fixed desk"), MONTHLY, {"price": 250, "room": 10, "deposit": 250}),
    "incubated": StartingPoint(
        _("Incubated"), MONTHLY,
        {"price": 0, "is_incubation": True, "market_value": 150, "contract": ContractKind.HOSTING},
    ),
    "student": StartingPoint(_("Student month"), MONTHLY, {"price": 60}),
    "corporate": StartingPoint(_("Corporate month"), MONTHLY, {"price": 300, "room": 20}),
    "sponsor": StartingPoint(_("Sponsor"), MONTHLY, {"price": 100, "price_year": 1200, "event": 1}),
    "locker": StartingPoint(_("Locker"), MONTHLY, {"price": 10}),
    "mail-address": StartingPoint(_("Mail address"), MONTHLY, {"price": 30, "is_domiciliation": True}),
    "once": StartingPoint(_("Another one sold once"), ONCE),
    "trial": StartingPoint(_("Free trial day"), ONCE, {"price": 0, "day": 1, "valid_days": 30}),
    "half-day": StartingPoint(_("Half-day"), ONCE, {"price": 10, "day": "0.5", "valid_days": 90}),
    "day": StartingPoint(_("Day"), ONCE, {"price": 15, "day": 1, "valid_days": 90}),
    "ten-days": StartingPoint(_("Ten-ticket book"), ONCE, {"price": 120, "day": 10, "valid_days": 365}),
    "room-hours": StartingPoint(_("Hour of meeting room"), ONCE, {"price": 25, "room": 1, "valid_days": 90}),
    "machine-hours": StartingPoint(_("Hours of machine"), ONCE, {"price": 50, "machine": 5, "valid_days": 365}),
}  # fmt: skip
