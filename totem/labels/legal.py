"""The rules that the law sets to the vehicles a charter may ask for."""

from decimal import Decimal

from totem.labels.facts import BodyFact, State

PUBLIC = frozenset({"local_authority", "state", "public_body"})
# A private body with a public-service task counts with them in a GIP.
OF_GENERAL_INTEREST = PUBLIC | {"public_service"}


def legal_state(body: BodyFact) -> tuple[State, str]:
    """Whether the body's seats hold the rules of its form, and the word that says which one they break.

    GIP: public bodies, and private ones with a public-service task, have more than half of the capital or of the votes
    (law 2011-525, art. 103). SEM: local authorities have more than half of the capital and of the votes, the others at
    least 15 % of the capital, one of them private (CGCT, art. L1522-1 and L1522-2). Other forms: no rule is known here.
    """
    if not body.legal_form:
        return State.UNKNOWN, "form"
    if body.legal_form == "gip":
        return _gip(body)
    if body.legal_form == "sem":
        return _sem(body)
    return State.MET, ""


def _gip(body: BodyFact) -> tuple[State, str]:
    votes = _half(body, OF_GENERAL_INTEREST, "votes")
    capital = _half(body, OF_GENERAL_INTEREST, "capital") if body.has_capital else False
    if votes or capital:
        return State.MET, ""
    return (State.UNKNOWN, "no_seats") if None in {votes, capital} else (State.NOT_MET, "gip_half")


def _sem(body: BodyFact) -> tuple[State, str]:
    local = frozenset({"local_authority"})
    votes, capital = _half(body, local, "votes"), _half(body, local, "capital")
    if votes is False or capital is False:
        return State.NOT_MET, "sem_half"
    if votes is None or capital is None:
        return State.UNKNOWN, "no_capital" if body.seats else "no_seats"
    others = sum((seat.capital or Decimal(0) for seat in body.seats if seat.actor_class not in local), Decimal(0))
    whole = sum((seat.capital or Decimal(0) for seat in body.seats), Decimal(0))
    if 100 * others < 15 * whole:
        return State.NOT_MET, "sem_others"
    if all(seat.actor_class in PUBLIC for seat in body.seats):
        return State.NOT_MET, "sem_private"
    return State.MET, ""


def _half(body: BodyFact, classes: frozenset[str], of: str) -> bool | None:
    """Whether these classes have more than half; None where that is not told."""
    values = [(seat.actor_class in classes, getattr(seat, of)) for seat in body.seats]
    if not values or any(value is None for _ours, value in values):
        return None
    whole = sum((value for _ours, value in values), Decimal(0))
    return 2 * sum((value for ours, value in values if ours), Decimal(0)) > whole if whole else None
