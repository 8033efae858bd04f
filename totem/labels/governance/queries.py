"""What the governance of a board comes to: who weighs how much in a body, the law of its form, money added up."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Max, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import wording
from totem.core.measures import Text
from totem.labels.charters.format import BodyRequirement
from totem.labels.charters.wording import amount_words, share_shown
from totem.labels.judging.evaluations import NoCharter, charter_of, version_for
from totem.labels.judging.facts import BodyFact, SeatFact, State
from totem.labels.judging.legal import FIFTEEN, NOTHING, WHOLE, LegalCheck, legal_checks, legal_state
from totem.labels.judging.wording import NOTES
from totem.labels.models import ActorClass, Appointment, Board, Body, FundingLine, Seat, SeatRole

# -- Reading ----------------------------------------------------------------------------------------------------------


def about(board: Board) -> Q:
    """Rows about what the board is about."""
    return Q(hub=board.hub_id) if board.hub_id else Q(perimeter=board.perimeter_id)


def bodies_of(board: Board, day: datetime.date) -> QuerySet[Body]:
    """The bodies that the workspace sees, with their seats and, as `last`, the day of their last meeting by `day`."""
    held = Max("meetings__held_on", filter=Q(meetings__held_on__lte=day))
    rows = Body.objects.visible_to_workspace(board.workspace).filter(about(board)).annotate(last=held)
    return rows.select_related("workspace", "organisation", "document__workspace").prefetch_related(
        Prefetch("seats", Seat.objects.select_related("organisation"))
    )


def appointments_of(board: Board) -> QuerySet[Appointment]:
    """The appointments that the workspace sees, the last ones first."""
    rows = Appointment.objects.visible_to_workspace(board.workspace).filter(about(board))
    return rows.select_related("workspace", "company", "appointed_by", "document__workspace")


def funding_of(board: Board) -> QuerySet[FundingLine]:
    """The funding lines that the workspace sees, those that end last first."""
    rows = (
        FundingLine.objects.visible_to_workspace(board.workspace)
        .filter(about(board))
        .order_by("-ends_on", "level", "pk")
    )
    return rows.select_related("workspace", "funder", "document__workspace")


def in_force(row: Body | Appointment | Seat, day: datetime.date) -> bool:
    """Whether it holds on that day: from `since`, until the day before `until`."""
    return (row.since is None or row.since <= day) and (row.until is None or day < row.until)


# -- What a body is made of -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """A part of a whole; `share` in words, empty where there is no whole."""

    part: Decimal
    whole: Decimal

    @property
    def share(self) -> str:
        return amount_words(share_shown(100 * Fraction(self.part) / Fraction(self.whole)), "%") if self.whole else ""


@dataclass(frozen=True)
class ClassLine:
    """What the members of one class weigh in a body. `capital` (%) is None where none is known of the body."""

    actor_class: str
    seats: Weight
    votes: Weight
    capital: Decimal | None

    @property
    def label(self) -> str:
        return str(ActorClass(self.actor_class).label)


@dataclass(frozen=True)
class BodyComposition:
    """The seats in force by class, heaviest first, and their sums. `capital` (%) is None where none is known.

    `observers` are the seats that count in no share.
    """

    lines: tuple[ClassLine, ...]
    seats: int
    votes: Decimal
    capital: Decimal | None
    observers: int

    @property
    def capital_is_whole(self) -> bool:
        return self.capital is None or self.capital == WHOLE


def composition(seats: Sequence[Seat], *, observers: bool = False) -> BodyComposition:
    """What these seats weigh by class; `observers`: theirs count too, as `bodies_with_observers` says."""
    counted = [seat for seat in seats if observers or seat.role != SeatRole.OBSERVER]
    votes, capital = _sum(seat.votes for seat in counted), _capital(seats)
    lines = []
    for name in {seat.actor_class for seat in seats}:
        rows = [seat for seat in counted if seat.actor_class == name]
        owned = None if capital is None else _capital(seat for seat in seats if seat.actor_class == name) or NOTHING
        if rows or owned:
            weights = (
                Weight(Decimal(len(rows)), Decimal(len(counted))),
                Weight(_sum(seat.votes for seat in rows), votes),
            )
            lines.append(ClassLine(name, *weights, owned))
    lines.sort(key=lambda line: (-line.votes.part, -line.seats.part, line.label))
    return BodyComposition(tuple(lines), len(counted), votes, capital, len(seats) - len(counted))


def _capital(seats: Iterable[Seat]) -> Decimal | None:
    shares = [seat.capital_share for seat in seats if seat.capital_share is not None]
    return _sum(shares) if shares else None


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


def bodies_with_observers(board: Board, day: datetime.date) -> frozenset[str]:
    """The kinds of bodies in which the charter of the board counts the seats of observers in a share."""
    try:
        charter = charter_of(version_for(board.charter, day))
    except NoCharter:
        return frozenset()
    asked = (one for one in charter.requirements() if isinstance(one, BodyRequirement))
    return frozenset(one.body for one in asked if any(seats.observers for seats in one.seats))


# -- The law of its form ----------------------------------------------------------------------------------------------

LAW_GIP = gettext_lazy("law 2011-525 of 17 May 2011, article 103")
LAW_SEM = gettext_lazy("code général des collectivités territoriales, article L1522-1")
LAW_SEM_OTHERS = gettext_lazy("code général des collectivités territoriales, article L1522-2")


@dataclass(frozen=True)
class LegalRule:
    """A rule that the law sets to a form: whether it is held, what is missing, and where it is written."""

    state: State
    asked: str
    found: str
    article: Text


@dataclass(frozen=True)
class Legality:
    """Whether the seats hold the rules of the body's form; `either`: one of them is enough."""

    state: State
    rules: tuple[LegalRule, ...]
    either: bool = False


# Of each rule of `judging.legal`: what it asks, and where it is written.
LEGAL_RULES: dict[str, tuple[Text, Text]] = {
    "gip_votes": (
        gettext_lazy("Public bodies, and private ones with a public-service task, have more than half of the votes."),
        LAW_GIP,
    ),
    "gip_capital": (
        gettext_lazy("Public bodies, and private ones with a public-service task, have more than half of the capital."),
        LAW_GIP,
    ),
    "sem_capital": (gettext_lazy("Local authorities have more than half of the capital."), LAW_SEM),
    "sem_votes": (gettext_lazy("Local authorities have more than half of the votes."), LAW_SEM),
    "sem_others": (
        gettext_lazy("Those who are not local authorities have at least 15% of the capital."),
        LAW_SEM_OTHERS,
    ),
    "sem_private": (gettext_lazy("At least one shareholder is a private person."), LAW_SEM),
}


EXACTLY_HALF = gettext_lazy("It is exactly half: it has to be more.")


def legality(body: Body, seats: Sequence[Seat]) -> Legality | None:
    """The rules of the body's form, checked on these seats; None where no rule of the form is known here."""
    facts = tuple(
        SeatFact(seat.actor_class, seat.role, seat.votes, seat.capital_share, seat.organisation_id) for seat in seats
    )
    fact = BodyFact(body.pk, body.kind, body.name, body.legal_form, body.has_capital, seats=facts)
    checks = legal_checks(fact)
    if not checks:
        return None
    rules = tuple(
        LegalRule(check.state, str(asked), _found(check) if facts else str(NOTES["no_seats"]), article)
        for check in checks
        for asked, article in (LEGAL_RULES[check.rule],)
    )
    return Legality(legal_state(fact)[0], rules, either=body.legal_form == "gip" and len(rules) > 1)


def _found(check: LegalCheck) -> str:
    """What the seats have of a rule, and what is missing or not recorded."""
    if check.rule == "sem_private":
        have = _("Private members: %(number)s.") % {"number": int(check.part)} if check.part else ""
        missing = _("There is none: one is missing.")
    elif check.rule.endswith("_votes"):
        have, missing = _votes_found(check)
    else:
        have = _("They have %(share)s of the capital.") % {"share": amount_words(check.part, "%")}
        others = check.rule == "sem_others"
        gap = {"gap": amount_words((FIFTEEN if others else WHOLE / 2) - check.part, "%")}
        words = _("%(gap)s of the capital is missing.") if others else _("More than %(gap)s of the capital is missing.")
        missing = words % gap if others or check.part != WHOLE / 2 else str(EXACTLY_HALF)
    if check.state is State.MET:
        return have
    if check.state is State.UNKNOWN and check.whole:
        missing = _("%(rest)s is not recorded, and decides.") % {"rest": amount_words(check.rest, "%")}
    return f"{have} {missing}".strip()


def _votes_found(check: LegalCheck) -> tuple[str, str]:
    if not check.whole:
        return "", str(NOTES["no_votes"])
    share = Weight(check.part, check.whole).share
    said = {"part": wording.number(check.part), "whole": wording.number(check.whole), "share": share}
    gap = check.whole / 2 - check.part
    missing = _("More than %(gap)s of the votes are missing.") % {"gap": wording.number(gap)} if gap else EXACTLY_HALF
    return _("They have %(part)s of %(whole)s votes: %(share)s.") % said, str(missing)


# -- Money ------------------------------------------------------------------------------------------------------------


def totals(lines: Sequence[FundingLine], word: Callable[[FundingLine], str]) -> list[tuple[str, Weight]]:
    """The sums of the lines by the word of each, the largest first."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[word(line)] += line.amount
    whole = _sum(sums.values())
    return [(label, Weight(part, whole)) for label, part in sorted(sums.items(), key=lambda one: (-one[1], one[0]))]
