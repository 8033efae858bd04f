"""Logic in three values and over states, and comparisons that are exact."""

import operator
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from totem.labels.judging.facts import RANK, STATES, State

Number = Decimal | Fraction | int

_CONTRARY = {State.MET: State.NOT_MET, State.NOT_MET: State.NOT_APPLICABLE}
_COMPARE = {"at_least": operator.ge, "more_than": operator.gt, "at_most": operator.le, "less_than": operator.lt}
UPWARDS = frozenset({"at_least", "more_than"})


# -- States -----------------------------------------------------------------------------------------------------------


def worst(states: Iterable[State]) -> State:
    """The worst state; nothing asked is not applicable."""
    return min(states, key=RANK.__getitem__, default=State.NOT_APPLICABLE)


def nth_best(states: Iterable[State], n: int) -> State:
    """The n-th best: of a group that asks for n, as all others may be worse. Fewer than n: not met."""
    ranked = sorted((RANK[state] for state in states), reverse=True)
    return STATES[ranked[n - 1]] if n <= len(ranked) else State.NOT_MET


def implied(condition: State, state: State) -> State:
    """The state of « if the condition holds, then this »: the better of its contrary and this.

    A condition that is open is as open as its contrary; one that does not apply passes that on.
    """
    return max(_CONTRARY.get(condition, condition), state, key=RANK.__getitem__)


def state_of(passed: bool | None) -> State:
    """Met, not met, or not known."""
    return State.UNKNOWN if passed is None else State.MET if passed else State.NOT_MET


# -- Three values: None is not known ----------------------------------------------------------------------------------


def both(said: Iterable[bool | None]) -> bool | None:
    """Whether all of them hold."""
    known = set(said)
    return False if False in known else None if None in known else True


def either(said: Iterable[bool | None]) -> bool | None:
    """Whether one of them holds."""
    known = set(said)
    return True if True in known else None if None in known else False


def agreed(said: Iterable[bool | None]) -> bool | None:
    """What several say of one thing: those who know have to agree."""
    known = set(said) - {None}
    return known.pop() if len(known) == 1 else None


# -- Thresholds -------------------------------------------------------------------------------------------------------


def passes(comparator: str, value: Number, threshold: Decimal) -> bool:
    """Whether a value passes, exactly: 30 is not less than 30, 50,000 is at least 50,000."""
    # Decimals and integers are compared as they are; a fraction has to be with a fraction.
    bound: Number = Fraction(threshold) if isinstance(value, Fraction) else threshold
    return bool(_COMPARE[comparator](value, bound))


def passes_between(comparator: str, low: Number | None, high: Number | None, threshold: Decimal) -> bool | None:
    """Whether a value that lies between two bounds (None: nothing bounds it) passes; None where that is open."""
    surely, possibly = (low, high) if comparator in UPWARDS else (high, low)
    if surely is not None and passes(comparator, surely, threshold):
        return True
    if possibly is not None and not passes(comparator, possibly, threshold):
        return False
    return None


def gap_to(comparator: str, low: Number | None, high: Number | None, threshold: Decimal) -> Decimal | None:
    """How much is missing (or too much), in the unit: at most, where the value is an interval; None: no telling."""
    sign, nearest = (1, low) if comparator in UPWARDS else (-1, high)
    return None if nearest is None else decimal_of(max(sign * (Fraction(threshold) - Fraction(nearest)), Fraction(0)))


def decimal_of(value: Number) -> Decimal:
    """The number as a decimal of 28 digits, to be shown: comparisons are made before."""
    exact = Fraction(value)
    return Decimal(exact.numerator) / Decimal(exact.denominator)
