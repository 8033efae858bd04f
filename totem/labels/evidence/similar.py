"""The mean of similar territories, beside a figure that Totem computes.

Similar are the groupings of communes (EPCI) whose population lies between half and twice that of the territory and that
share no commune with it, the nearest ten. What counts of each is what is computed or published; with fewer than three
values nothing is said.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import F, Sum
from django.db.models.functions import Abs

from totem.labels.evidence.figures import read_figures
from totem.labels.figures import FigureDefinition
from totem.labels.subjects import Subject, epci_subjects
from totem.territories.models import Commune, Epci

MOST, FEWEST = 10, 3


@dataclass(frozen=True)
class SimilarMean:
    """The mean of a figure over so many similar territories; `on` is the day of the oldest value."""

    value: Decimal
    number: int
    on: datetime.date


def similar_to(subject: Subject) -> list[Subject]:
    """The similar groupings of communes, the nearest in population first; none for a hub. Three queries."""
    codes = subject.place.communes
    if subject.hub is not None or not codes:
        return []
    population = Commune.objects.filter(pk__in=codes).aggregate(sum=Sum("population"))["sum"]
    if not population:
        return []
    near = Epci.objects.filter(population__range=(population // 2, population * 2)).exclude(communes__in=list(codes))
    found = near.order_by(Abs(F("population") - population), "code").values_list("code", flat=True)[:MOST]
    order = {code: n for n, code in enumerate(found)}
    return sorted(epci_subjects(order), key=lambda one: order[one.key.partition(":")[2]]) if order else []


def means_of(
    figures: Mapping[str, FigureDefinition], similar: Sequence[Subject], day: datetime.date
) -> dict[str, SimilarMean]:
    """The mean of each computed figure over these territories, by name."""
    computed = {name: one for name, one in figures.items() if one.measure is not None}
    if len(similar) < FEWEST or not computed:
        return {}
    known = read_figures(computed, similar, day, None).values()
    found = {}
    for name in computed:
        values = [
            (one.value, one.on) for of in known if (one := of[name]).is_known and one.value is not None and one.on
        ]
        if len(values) >= FEWEST:
            mean = sum((value for value, _on in values), Decimal(0)) / len(values)
            step = Decimal(1) if abs(mean) >= 10 else Decimal("0.1")
            rounded = mean.quantize(step, ROUND_HALF_UP)
            found[name] = SimilarMean(rounded, len(values), min(on for _value, on in values))
    return found
