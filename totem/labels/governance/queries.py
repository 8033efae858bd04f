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
from totem.labels.judging.facts import BodyFact, SeatFact, State
from totem.labels.judging.legal import OF_GENERAL_INTEREST, PUBLIC, legal_state
from totem.labels.models import ActorClass, Appointment, Board, Body, FundingLine, Seat
from totem.labels.wording import NOTES, amount_words

NOTHING, FIFTEEN, WHOLE = Decimal(0), Decimal(15), Decimal(100)


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
    """A part of a whole; `share` from 0 to 1, None where there is no whole."""

    part: Decimal
    whole: Decimal

    @property
    def share(self) -> float | None:
        return float(self.part / self.whole) if self.whole else None


@dataclass(frozen=True)
class ClassLine:
    """What the members of one class weigh in a body. `capital` is None where none is known."""

    actor_class: str
    seats: Weight
    votes: Weight
    capital: Weight | None

    @property
    def label(self) -> str:
        return str(ActorClass(self.actor_class).label)


@dataclass(frozen=True)
class BodyComposition:
    """The seats in force by class, heaviest first, and their sums. `capital` is None where none is known."""

    lines: tuple[ClassLine, ...]
    seats: int
    votes: Decimal
    capital: Decimal | None

    @property
    def capital_is_whole(self) -> bool:
        return self.capital is None or self.capital == WHOLE


def composition(seats: Sequence[Seat]) -> BodyComposition:
    """What these seats weigh by class, in number and in share."""
    by_class: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_class[seat.actor_class].append(seat)
    shares = [seat.capital_share for seat in seats if seat.capital_share is not None]
    votes, capital = _sum(seat.votes for seat in seats), _sum(shares) if shares else None
    lines = [_line(name, rows, len(seats), votes, capital) for name, rows in by_class.items()]
    lines.sort(key=lambda line: (-line.votes.part, -line.seats.part, line.label))
    return BodyComposition(tuple(lines), len(seats), votes, capital)


def _line(name: str, rows: Sequence[Seat], seats: int, votes: Decimal, capital: Decimal | None) -> ClassLine:
    owned = _sum(seat.capital_share or NOTHING for seat in rows)
    return ClassLine(
        name,
        Weight(Decimal(len(rows)), Decimal(seats)),
        Weight(_sum(seat.votes for seat in rows), votes),
        None if capital is None else Weight(owned, capital),
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


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


def legality(body: Body, seats: Sequence[Seat]) -> Legality | None:
    """The rules of the body's form, checked on these seats; None where no rule of the form is known here."""
    fact = BodyFact(
        body.pk,
        body.kind,
        body.name,
        body.legal_form,
        body.has_capital,
        seats=tuple(
            SeatFact(seat.actor_class, seat.role, seat.votes, seat.capital_share, seat.organisation_id)
            for seat in seats
        ),
    )
    rules = {"gip": _gip, "sem": _sem}.get(body.legal_form)
    if rules is None:
        return None
    state, _word = legal_state(fact)
    checked = tuple(rules(fact))
    return Legality(state, checked, either=body.legal_form == "gip" and len(checked) > 1)


def _gip(body: BodyFact) -> list[LegalRule]:
    asked = _("Public bodies, and private ones with a public-service task, have more than half of the votes.")
    rules = [_more_than_half(body, OF_GENERAL_INTEREST, "votes", asked, LAW_GIP)]
    if body.has_capital:
        asked = _("Public bodies, and private ones with a public-service task, have more than half of the capital.")
        rules.append(_more_than_half(body, OF_GENERAL_INTEREST, "capital", asked, LAW_GIP))
    return rules


def _sem(body: BodyFact) -> list[LegalRule]:
    local = frozenset({"local_authority"})
    return [
        _more_than_half(body, local, "capital", _("Local authorities have more than half of the capital."), LAW_SEM),
        _more_than_half(body, local, "votes", _("Local authorities have more than half of the votes."), LAW_SEM),
        _others(body, local),
        _private(body),
    ]


def _more_than_half(body: BodyFact, classes: frozenset[str], of: str, asked: str, article: Text) -> LegalRule:
    if not body.seats:
        return LegalRule(State.UNKNOWN, asked, str(NOTES["no_seats"]), article)
    if of == "capital":
        ours, others = _capital(body, classes)
        return _capital_rule(ours, others, asked, article)
    whole = _sum(seat.votes for seat in body.seats)
    part = _sum(seat.votes for seat in body.seats if seat.actor_class in classes)
    if not whole:
        return LegalRule(State.UNKNOWN, asked, str(NOTES["no_votes"]), article)
    # The share is cut, not rounded, so that it never looks like more than it is.
    share = amount_words(Decimal(int(1000 * Fraction(part) / Fraction(whole))) / 10, "%")
    said = {"part": wording.number(part), "whole": wording.number(whole), "share": share}
    have, gap = _("They have %(part)s of %(whole)s votes: %(share)s.") % said, whole / 2 - part
    if gap < 0:
        return LegalRule(State.MET, asked, have, article)
    missing = _("More than %(gap)s of the votes are missing.") % {"gap": wording.number(gap)}
    return LegalRule(State.NOT_MET, asked, f"{have} {missing if gap else _exactly_half()}", article)


def _exactly_half() -> str:
    return _("It is exactly half: it has to be more.")


def _capital(body: BodyFact, classes: frozenset[str]) -> tuple[Decimal, Decimal]:
    """The declared shares (%) of the capital: of these classes, and of the others. The rest may be anybody's."""
    told = [(seat.actor_class in classes, seat.capital or NOTHING) for seat in body.seats]
    return _sum(share for ours, share in told if ours), _sum(share for ours, share in told if not ours)


def _capital_rule(ours: Decimal, others: Decimal, asked: str, article: Text) -> LegalRule:
    have = _("They have %(share)s of the capital.") % {"share": amount_words(ours, "%")}
    if ours > WHOLE / 2:
        return LegalRule(State.MET, asked, have, article)
    if others < WHOLE / 2:
        return LegalRule(State.UNKNOWN, asked, f"{have} {_not_told(ours + others)}", article)
    gap = WHOLE / 2 - ours
    missing = _("More than %(gap)s of the capital is missing.") % {"gap": amount_words(gap, "%")}
    return LegalRule(State.NOT_MET, asked, f"{have} {missing if gap else _exactly_half()}", article)


def _not_told(told: Decimal) -> str:
    return _("%(rest)s is not recorded, and decides.") % {"rest": amount_words(WHOLE - told, "%")}


def _others(body: BodyFact, local: frozenset[str]) -> LegalRule:
    asked = _("Those who are not local authorities have at least 15% of the capital.")
    if not body.seats:
        return LegalRule(State.UNKNOWN, asked, str(NOTES["no_seats"]), LAW_SEM_OTHERS)
    ours, others = _capital(body, local)
    have = _("They have %(share)s of the capital.") % {"share": amount_words(others, "%")}
    if others >= FIFTEEN:
        return LegalRule(State.MET, asked, have, LAW_SEM_OTHERS)
    if WHOLE - ours >= FIFTEEN:
        return LegalRule(State.UNKNOWN, asked, f"{have} {_not_told(ours + others)}", LAW_SEM_OTHERS)
    missing = _("%(gap)s of the capital is missing.") % {"gap": amount_words(FIFTEEN - others, "%")}
    return LegalRule(State.NOT_MET, asked, f"{have} {missing}", LAW_SEM_OTHERS)


def _private(body: BodyFact) -> LegalRule:
    asked = _("At least one shareholder is a private person.")
    if not body.seats:
        return LegalRule(State.UNKNOWN, asked, str(NOTES["no_seats"]), LAW_SEM)
    private = sum(seat.actor_class not in PUBLIC for seat in body.seats)
    if private:
        return LegalRule(State.MET, asked, _("Private members: %(number)s.") % {"number": private}, LAW_SEM)
    told = _sum(seat.capital or NOTHING for seat in body.seats)
    if told < WHOLE:
        return LegalRule(State.UNKNOWN, asked, _not_told(told), LAW_SEM)
    return LegalRule(State.NOT_MET, asked, _("There is none: one is missing."), LAW_SEM)


# -- Money ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Total:
    """The sum of some funding lines and its share of all, from 0 to 1."""

    label: str
    weight: Weight


def totals(lines: Sequence[FundingLine], word: Callable[[FundingLine], str]) -> list[Total]:
    """The sums of the lines by the word of each, the largest first."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[word(line)] += line.amount
    whole = _sum(sums.values())
    return [
        Total(label, Weight(part, whole)) for label, part in sorted(sums.items(), key=lambda one: (-one[1], one[0]))
    ]
