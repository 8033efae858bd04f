"""A charter and what is known of one subject: thresholds, and the facts of organisations against them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import msgspec

from totem.labels.charters.format import Charter, CommonCompared, Compared, Unit, Where
from totem.labels.judging.facts import Facts, Finding, OrganisationFact, RoleFact, YearFact
from totem.labels.judging.logic import Number, agreed, passes_between
from totem.organisations.queries import growth, year_before

SHOWN = 12  # pieces of evidence that a finding names


@dataclass(frozen=True)
class Case:
    """What is judged: nothing else is read."""

    charter: Charter
    facts: Facts

    @cached_property
    def organisations(self) -> dict[int, OrganisationFact]:
        return {organisation.id: organisation for organisation in self.facts.organisations}

    @cached_property
    def roles(self) -> dict[int, list[RoleFact]]:
        """What each organisation does here."""
        found: defaultdict[int, list[RoleFact]] = defaultdict(list)
        for role in self.facts.roles:
            found[role.organisation].append(role)
        return found

    def bound(self, compared: Compared | CommonCompared) -> tuple[str, Decimal]:
        """How a figure is compared, and with what."""
        if compared.bound is None:
            raise ValueError("A threshold was expected.")  # `charters.parsing` lets no such file through
        comparator, value = compared.bound
        return comparator, self.charter.amount(value)

    def passes(self, where: Where, low: Number | None, high: Number | None) -> bool | None:
        """Whether a fact between two bounds passes its threshold; None where that is open."""
        comparator, threshold = self.bound(where)
        return passes_between(comparator, low, high, threshold)

    def closed_years(self, organisation: OrganisationFact) -> list[YearFact]:
        """Those that were over on the day."""
        return [year for year in organisation.years if year.closed_on <= self.facts.day]

    def in_year(self, where: Where, years: Sequence[YearFact], number: int) -> bool | None:
        """Whether a fact of one year passes, as those who declare that year agree."""
        return agreed(self.passes(where, *_of_year(where, year, years)) for year in years if year.year == number)


def _of_year(where: Where, year: YearFact, years: Sequence[YearFact]) -> tuple[Number | None, Number | None]:
    """The bounds of a fact in a year."""
    if where.fact == "staff":
        return year.staff_low, year.staff_high
    value = growth(year, year_before(year, years)) if where.fact == "growth" else getattr(year, where.fact)
    return value, value


def counted(finding: Finding, have: int, number: int, unit: Unit = "") -> Finding:
    """The finding with so many of so many."""
    gap = Decimal(number - have) if have < number else None
    bounds = {"value": Decimal(have), "comparator": "at_least", "threshold": Decimal(number)}
    return msgspec.structs.replace(finding, **bounds, unit=unit, gap=gap)
