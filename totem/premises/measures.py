"""Figures about a place (`territories.places.Place`) from its public buildings: m², agreements, networks."""

from collections.abc import Callable
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from totem.core.measures import Combine, CountedUnit, Figure, Text, Unit, measure
from totem.core.periods import Period
from totem.premises.figures import FIGURES
from totem.premises.queries import PremisesRows, buildings_inside
from totem.territories.places import Place
from totem.territories.subjects import PLACE


def _on_last_day(compute: Callable[[PremisesRows, date], Figure]) -> Callable[[Place, Period], Figure]:
    """The figure on the last day of a period, as the registry asks for it."""

    def computed(place: Place, period: Period) -> Figure:
        last = timezone.localdate(period.ends_at - timedelta.resolution)
        return compute(buildings_inside(place), last)

    return computed


def _register(name: str, *, label: Text, unit: Unit, method: Text, combine: Combine = Combine.SUM) -> None:
    measure(name, subject=PLACE, label=label, unit=unit, method=method, combine=combine)(_on_last_day(FIGURES[name]))


_register(
    "usable_area",
    label=_("Usable area delivered"),
    unit="m²",
    method=_(
        "Sum of the usable m² of the phases delivered by that day, in the buildings of the place. What is planned or "
        "under way is not in it. A building without a position, in a commune that the limits cut, may or may not be."
    ),
)
_register(
    "usable_area_planned",
    label=_("Usable area planned"),
    unit="m²",
    method=_("Sum of the usable m² of the phases planned or under way on that day, as plans are known today."),
)
_register(
    "monthly_area_share",
    label=_("Share of the area let by the month"),
    unit="%",
    method=_(
        "m² of the lots let for a month at most with a notice of a month at most, of the m² of all lots of delivered "
        "buildings."
    ),
    combine=Combine.RATIO,
)
_register(
    "monthly_agreements",
    label=_("Lots let by the month"),
    unit=CountedUnit(_("lot"), _("lots")),
    method=_(
        "Lots of delivered buildings let for a month at most with a notice of a month at most. The "
        "agreements that hubs sign are another figure."
    ),
)
_register(
    "fixed_speed_everywhere",
    label=_("Fixed network, in every building"),
    unit="Mbit/s",
    method=_(
        "The lowest, over the delivered buildings, of the best fixed offer in force. A building of which no offer is "
        "known may have none."
    ),
    combine=Combine.ALL,
)
_register(
    "mobile_generation_everywhere",
    label=_("Mobile network, in every building"),
    unit=_("G"),
    method=_(
        "The lowest, over the delivered buildings, of the newest generation of mobile network that covers at least "
        "95 % of the building."
    ),
    combine=Combine.ALL,
)
