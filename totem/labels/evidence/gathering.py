"""Reading everything that is known of one subject or of many, in a number of queries that depends on neither.

What a workspace sees is its own and what is published; the public (no workspace) sees what is published.
"""

import datetime
from collections.abc import Sequence

from django.utils import timezone

from totem.labels.charters.format import Charter
from totem.labels.evidence.figures import read_figures
from totem.labels.evidence.people import People
from totem.labels.figures import figures_of, midnight_after
from totem.labels.judging.facts import RULES, Bounds, Facts, JudgementFact
from totem.labels.models import Board, CharterVersion, Judgement
from totem.labels.subjects import Subject
from totem.territories.models import Workspace


def gather(
    charter: Charter,
    subjects: Sequence[Subject],
    day: datetime.date,
    *,
    workspace: Workspace | None,
    board: Board | None = None,
    version: CharterVersion | None = None,
) -> list[Facts]:
    """What is known of each subject on that day, for this charter, as a workspace sees it.

    The judgements are those of the board on that version of the charter; to the public, what its workspace chose and
    published counts before what others publish.
    """
    figures = figures_of(charter)
    known = read_figures(figures, subjects, day, workspace, holder=board.workspace if board else None)
    people = People(charter, subjects, day, workspace)
    judgements = _judgements(board, version, day)
    return [
        Facts(
            subject.key,
            subject.name,
            day,
            figures=known[subject.key],
            organisations=people.organisations_of(subject),
            roles=tuple(people.roles[subject.key]),
            bodies=tuple(people.bodies[subject.key]),
            appointments=tuple(people.appointments[subject.key]),
            funding=people.funding_of(subject),
            judgements=judgements,
            bounds=_bounds(subject),
            rules=RULES,
            ended_roles=tuple(people.ended_roles[subject.key]),
            ended=tuple(sorted(people.ended[subject.key])),
        )
        for subject in subjects
    ]


def _bounds(subject: Subject) -> Bounds | None:
    place = subject.place
    if subject.hub is not None:
        return None
    return Bounds(bool(place.communes or place.polygon), place.polygon is not None, place.area_km2)


def _judgements(board: Board | None, version: CharterVersion | None, day: datetime.date) -> dict[str, JudgementFact]:
    """The last judgement of each requirement by that day: nobody judged before they did."""
    if board is None or version is None:
        return {}
    made = Judgement.objects.filter(board=board, charter_version=version, made_at__lt=midnight_after(day))
    rows = made.order_by("requirement", "-pk")
    return {
        row.requirement: JudgementFact(
            row.pk,
            row.verdict == Judgement.Verdict.MET,
            timezone.localdate(row.made_at),
            row.reason,
            applies=row.verdict != Judgement.Verdict.NOT_APPLICABLE,
        )
        for row in rows.distinct("requirement")
    }
