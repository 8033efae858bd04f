"""The rules that the law sets to the vehicles a charter may ask for: one list, which is judged and shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from totem.labels.judging.facts import BodyFact, State

PUBLIC = frozenset({"local_authority", "state", "public_body"})
# A private body with a public-service task counts with them in a GIP.
OF_GENERAL_INTEREST = PUBLIC | {"public_service"}
LOCAL = frozenset({"local_authority"})
NOTHING, FIFTEEN, WHOLE = Decimal(0), Decimal(15), Decimal(100)


@dataclass(frozen=True)
class LegalCheck:
    """A rule of a form on the seats of a body: `part` of `whole` votes, or in % of the capital, or private members.

    `rest`: the share (%) of the capital that is not recorded, and may be anybody's.
    """

    rule: str
    state: State
    part: Decimal = NOTHING
    whole: Decimal = WHOLE
    rest: Decimal = NOTHING


def legal_checks(body: BodyFact) -> tuple[LegalCheck, ...]:
    """Each rule of the body's form, checked on its seats; empty where no rule of the form is known here.

    GIP: public bodies, and private ones with a public-service task, have more than half of the votes or, where there is
    a capital, of that (law 2011-525, art. 103). SEM: local authorities have more than half of the capital and of the
    votes, the others at least 15 % of the capital, one of them private (CGCT, art. L1522-1 and L1522-2).
    """
    match body.legal_form:
        case "gip":
            checks = _votes("gip_votes", body, OF_GENERAL_INTEREST), _capital("gip_capital", body, OF_GENERAL_INTEREST)
            return checks if body.has_capital else checks[:1]
        case "sem":
            return _capital("sem_capital", body, LOCAL), _votes("sem_votes", body, LOCAL), _others(body), _private(body)
        case _:
            return ()


def legal_state(body: BodyFact) -> tuple[State, str]:
    """Whether the body's seats hold the rules of its form, and the word that says which one they break."""
    checks = legal_checks(body)
    if not checks:
        return (State.MET, "") if body.legal_form else (State.UNKNOWN, "form")
    states = [check.state for check in checks]
    if body.legal_form == "gip":  # one is enough
        if State.MET in states:
            return State.MET, ""
        return (State.UNKNOWN, "no_seats") if State.UNKNOWN in states else (State.NOT_MET, "gip_half")
    for group, broken in ((states[:2], "sem_half"), (states[2:3], "sem_others"), (states[3:], "sem_private")):
        if State.NOT_MET in group:
            return State.NOT_MET, broken
        if State.UNKNOWN in group:
            return State.UNKNOWN, "no_capital" if body.seats else "no_seats"
    return State.MET, ""


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


def _votes(rule: str, body: BodyFact, classes: frozenset[str]) -> LegalCheck:
    """More than half of the votes."""
    whole = _sum(seat.votes for seat in body.seats)
    ours = _sum(seat.votes for seat in body.seats if seat.actor_class in classes)
    state = State.UNKNOWN if not whole else State.MET if 2 * ours > whole else State.NOT_MET
    return LegalCheck(rule, state, ours, whole)


def _shares(body: BodyFact, classes: frozenset[str]) -> tuple[Decimal, Decimal, Decimal]:
    """The declared shares (%) of the capital: of these classes and of the others; and what is not declared."""
    ours = _sum(seat.capital or NOTHING for seat in body.seats if seat.actor_class in classes)
    declared = _sum(seat.capital or NOTHING for seat in body.seats)
    return ours, declared - ours, WHOLE - declared


def _capital(rule: str, body: BodyFact, classes: frozenset[str]) -> LegalCheck:
    """More than half of the capital."""
    ours, others, rest = _shares(body, classes)
    state = State.MET if 2 * ours > WHOLE else State.NOT_MET if 2 * others >= WHOLE else State.UNKNOWN
    return LegalCheck(rule, state, ours, rest=rest)


def _others(body: BodyFact) -> LegalCheck:
    """At least 15 % of the capital for those who are not local authorities."""
    ours, others, rest = _shares(body, LOCAL)
    state = State.MET if others >= FIFTEEN else State.NOT_MET if WHOLE - ours < FIFTEEN else State.UNKNOWN
    return LegalCheck("sem_others", state, others, rest=rest)


def _private(body: BodyFact) -> LegalCheck:
    """At least one member who is private; those who are not recorded hold the rest of the capital."""
    private = sum(seat.actor_class not in PUBLIC for seat in body.seats)
    rest = _shares(body, LOCAL)[2]
    state = State.MET if private else State.UNKNOWN if rest > 0 else State.NOT_MET
    return LegalCheck("sem_private", state, Decimal(private), rest=rest)
