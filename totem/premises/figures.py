"""Figures of buildings: pure functions of their rows, so that an evaluation is computed again from what it froze."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from totem.core.measures import Figure
from totem.premises.queries import NOTHING, BuildingRow, LotRow, PremisesRows


def premises_figures(rows: PremisesRows, on: date) -> dict[str, Figure]:
    """Every measure of `premises.measures`, by its name, on that day."""
    return {name: compute(rows, on) for name, compute in FIGURES.items()}


def usable_area(rows: PremisesRows, on: date) -> Figure:
    """m² delivered by that day. Without any building not known; 0 where some are declared and none is delivered."""
    return _sum(rows, lambda building: building.delivered_m2(on))


def usable_area_planned(rows: PremisesRows, on: date) -> Figure:
    """m² planned or under way on that day, as plans are known today; not delivered, whatever their date."""
    return _sum(rows, lambda building: building.coming_m2(on))


def monthly_agreements(rows: PremisesRows, on: date) -> Figure:
    """How many lots of delivered buildings are let by the month, with a notice of a month at most."""
    return _sum(rows, lambda building: Decimal(sum(lot.monthly for lot in _lots(building, on))))


def monthly_area_share(rows: PremisesRows, on: date) -> Figure:
    """The share (%) of the lots' m², in delivered buildings, that is let by the month.

    Not known while a building that may be inside has lots.
    """
    if any(_lots(building, on) for building in rows.undecided):
        return Figure(None)
    lots = [lot for building in rows.inside for lot in _lots(building, on)]
    monthly = sum((lot.usable_m2 for lot in lots if lot.monthly), NOTHING)
    whole = sum((lot.usable_m2 for lot in lots), NOTHING)
    return Figure.ratio(monthly, whole) if whole else Figure(None)


def fixed_speed_everywhere(rows: PremisesRows, on: date) -> Figure:
    """Mbit/s that every delivered building can have: the lowest of their best fixed offers."""
    return _everywhere(rows, on, lambda building: building.best_fixed(on))


def mobile_generation_everywhere(rows: PremisesRows, on: date) -> Figure:
    """The mobile generation that covers every delivered building; 0 where one is covered by none."""
    return _everywhere(rows, on, lambda building: building.best_generation(on))


FIGURES: dict[str, Callable[[PremisesRows, date], Figure]] = {
    "usable_area": usable_area,
    "usable_area_planned": usable_area_planned,
    "monthly_area_share": monthly_area_share,
    "monthly_agreements": monthly_agreements,
    "fixed_speed_everywhere": fixed_speed_everywhere,
    "mobile_generation_everywhere": mobile_generation_everywhere,
}


def _lots(building: BuildingRow, on: date) -> tuple[LotRow, ...]:
    return building.lots if building.stands(on) else ()


def _sum(rows: PremisesRows, of: Callable[[BuildingRow], Decimal]) -> Figure:
    """The sum over the buildings inside, up to the sum with the undecided ones."""
    if not rows:
        return Figure(None)
    sure = sum(map(of, rows.inside), NOTHING)
    return Figure.between(sure, sure + sum(map(of, rows.undecided), NOTHING))


def _everywhere(rows: PremisesRows, on: date, best: Callable[[BuildingRow], Decimal | None]) -> Figure:
    """The minimum over the buildings of their best value.

    A building of which nothing is known may be the worst: the figure is then an interval from 0. Not known without a
    building that is surely inside.
    """
    inside = [best(building) for building in rows.inside if building.stands(on)]
    every = inside + [best(building) for building in rows.undecided if building.stands(on)]
    if not inside or all(known is None for known in every):
        return Figure(None)
    low = min(NOTHING if known is None else known for known in every)
    return Figure.between(low, min((known for known in inside if known is not None), default=None))


class ForecastArea(NamedTuple):
    """m² planned for delivery on a day."""

    on: date
    m2: Decimal


def forecast_of(rows: PremisesRows, on: date) -> list[ForecastArea]:
    """Planned deliveries from that day on, by date: when a threshold would be met if plans hold.

    Phases whose date has passed are left out, as are buildings that may be outside.
    """
    coming: dict[date, Decimal] = {}
    for phase in (phase for building in rows.inside for phase in building.phases):
        day = phase.coming(on)
        if day is not None and day >= on:
            coming[day] = coming.get(day, NOTHING) + phase.usable_m2
    return [ForecastArea(day, coming[day]) for day in sorted(coming)]
