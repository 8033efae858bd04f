"""The rules that the law sets to the vehicles a charter may ask for."""

from decimal import Decimal

from totem.labels.judging.facts import BodyFact, State

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
    others, ours = _capital(body, local)
    if others < 15:
        state = State.NOT_MET if 100 - ours < 15 else State.UNKNOWN
        return state, "sem_others" if state is State.NOT_MET else "no_capital"
    if all(seat.actor_class in PUBLIC for seat in body.seats):
        return (State.NOT_MET, "sem_private") if others + ours >= 100 else (State.UNKNOWN, "no_capital")
    return State.MET, ""


def _half(body: BodyFact, classes: frozenset[str], of: str) -> bool | None:
    """Whether these classes have more than half of the votes, or of the capital; None where that is not told."""
    if not body.seats:
        return None
    if of == "capital":  # in percent: what is not told may be anybody's
        others, ours = _capital(body, classes)
        return True if ours > 50 else False if others >= 50 else None
    whole = sum((seat.votes for seat in body.seats), Decimal(0))
    ours = sum((seat.votes for seat in body.seats if seat.actor_class in classes), Decimal(0))
    return 2 * ours > whole if whole else None


def _capital(body: BodyFact, classes: frozenset[str]) -> tuple[Decimal, Decimal]:
    """The declared shares (%) of the capital: of others than these classes, and of these."""
    told = [(seat.actor_class in classes, seat.capital or Decimal(0)) for seat in body.seats]
    others = sum((share for ours, share in told if not ours), Decimal(0))
    return others, sum((share for ours, share in told if ours), Decimal(0))
