"""The evaluation of a charter: `python -m benchmarks.evaluate [--size S|L]`.

The whole charter « Quartier numérique » for one territory, and for every grouping of communes of France in one run, its
figures computed for that day: seeded measurements, observations, buildings, organisations with their years. Beside it
its statements over psycopg alone, their rows fetched and thrown away. S: 130 territories, L: all of them.
"""

import random
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks import dataset
from benchmarks.bare import ask, recorded_statements
from benchmarks.report import Report, main
from benchmarks.stage import ROOT, Stage, staged

DAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
TERRITORIES = {"tiny": 8, "S": 130, "L": 1_300}
CHARTER = ROOT / "totem" / "labels" / "data" / "quartier-numerique-2013.toml"
TIMES = 15
AT_MOST = 2.0
LINEAR = 1.3  # what one territory costs among all of them, over what it costs among half of them


@dataclass(frozen=True)
class Question:
    """A charter to evaluate for some territories, as the workspace that declared their figures sees them."""

    charter: Any
    subjects: list[Any]
    workspace: Any

    def evaluate(self) -> list[Any]:
        from totem.labels.evidence.gathering import gather  # noqa: PLC0415 - the settings are chosen by the stage
        from totem.labels.judging import judge  # noqa: PLC0415

        facts = gather(self.charter, self.subjects, DAY, workspace=self.workspace)
        return [(one, judge(self.charter, one)) for one in facts]


def run(size: dataset.Size) -> Report:
    report = Report("evaluate", size.name)
    with staged(size) as stage:
        charter, subjects, workspace = _seeded(TERRITORIES[size.name])
        stage.say(f"{len(subjects)} territories seeded")
        one = Question(charter, [_governed(subjects[0], workspace)], workspace)
        times = 2 if size.is_for_tests else TIMES
        queries = {"one": _compare(report, stage, "one territory", one, times)}
        half, whole = Question(charter, subjects[::2], workspace), Question(charter, subjects, workspace)
        queries["half"] = _compare(report, stage, "half of them", half, 1 if size.is_for_tests else 5)
        queries["all"] = _compare(report, stage, "all of them", whole, 1 if size.is_for_tests else 5)
        report.figures["requirements"] = sum(1 for _ in charter.requirements())
        report.figures["territories"] = len(subjects)
        each = [
            report.figures[name]["median_ms"] / len(question.subjects)
            for name, question in (("half of them", half), ("all of them", whole))
        ]
        report.ratios["cost of one among all / among half"] = each[1] / each[0]
        report.at_most("one territory / the same rows in bare SQL", report.ratios["one territory"], AT_MOST)
        if not size.is_for_tests:
            report.at_most("cost of one among all / among half", each[1] / each[0], LINEAR)
        # Governance (bodies, offices, money) is evaluated for perimeters and hubs only.
        report.exactly("queries more for all than for half", queries["all"] - queries["half"], 0)
        report.at_most("queries for one", queries["one"], 16)
    return report


def _compare(report: Report, stage: Stage, name: str, question: Question, times: int) -> int:
    """Time the evaluation and its statements over psycopg, in turns; returns the number of statements."""
    with recorded_statements() as statements:
        question.evaluate()
    texts = [statement.sql for statement in statements]
    ours, bare = [], []
    with stage.connect() as connection:
        for _ in range(times):
            ours.append(_timed(question.evaluate))
            bare.append(_timed(lambda: _run_statements(connection, texts)))
    report.figures[name] = {"median_ms": median(ours), "queries": len(texts)}
    report.baselines[name] = {"median_ms": median(bare)}
    report.ratios[name] = median(ours) / median(bare)
    stage.say(f"{name}: {median(ours):.1f} ms, by hand {median(bare):.1f} ms, {len(texts)} statements")
    return len(texts)


def _run_statements(connection: psycopg.Connection, statements: list[str]) -> None:
    ask(connection, statements)


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


# -- The seeded charter -----------------------------------------------------------------------------------------------


def _seeded(number: int) -> tuple[Any, list[Any], Any]:
    """The charter, the territories and the workspace that declared everything about them. The same for every run."""
    from totem.labels.charters.format import Charter  # noqa: PLC0415
    from totem.labels.subjects import epci_subjects  # noqa: PLC0415
    from totem.territories.models import Epci, Workspace  # noqa: PLC0415

    from_file: Charter = _charter(CHARTER)
    codes = list(Epci.objects.filter(communes__current=True).distinct().order_by("pk").values_list("pk", flat=True))
    subjects = epci_subjects(codes[:number])
    workspace = Workspace.objects.create(name="Banc d’essai", slug="banc-d-essai")
    rng = random.Random(4)
    _measurements(from_file, subjects, rng)
    _observations(from_file, subjects, workspace, rng)
    _actors(subjects, workspace, rng)
    _buildings(subjects, workspace, rng)
    return from_file, subjects, workspace


def _governed(subject: Any, workspace: Any) -> Any:
    """A perimeter made of one territory, with a governing body, a vehicle, an office and money."""
    from django.utils import timezone  # noqa: PLC0415

    from totem.labels.models import Appointment, Body, FundingLine, Meeting, Seat  # noqa: PLC0415
    from totem.labels.subjects import perimeter_subject  # noqa: PLC0415
    from totem.organisations.models import Organisation  # noqa: PLC0415
    from totem.territories.actions import create_perimeter  # noqa: PLC0415

    perimeter = create_perimeter(
        name="Banc d’essai",
        workspace=workspace,
        public=False,
        by=None,
        now=timezone.now(),
        valid_from=date(2020, 1, 1),
        parts={"epci": [subject.place.code]},
    )
    whose = {"perimeter": perimeter, "workspace": workspace}
    members = list(Organisation.objects.filter(name__endswith="(banc d’essai)").order_by("pk")[:20])
    for kind, form in (("governing", ""), ("vehicle", "gip")):
        body = Body.objects.create(**whose, kind=kind, name=kind, legal_form=form, since=date(2020, 1, 1))
        Seat.objects.bulk_create(Seat(body=body, organisation=one, actor_class="company") for one in members)
        Meeting.objects.create(body=body, held_on=date(2026, 9, 1))
    Appointment.objects.create(
        **whose,
        office="chief_digital_officer",
        holder="Banc d’essai",
        appointed_by=members[0],
        act="Délibération",
        since=date(2020, 1, 1),
    )
    FundingLine.objects.create(
        **whose,
        level="epci",
        purpose="running",
        amount=Decimal(100_000),
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        source="Banc d’essai",
    )
    return perimeter_subject(perimeter, DAY)


def _charter(path: Path) -> Any:
    from totem.labels.charters.format import from_content  # noqa: PLC0415

    return from_content(tomllib.loads(path.read_text()))


def _measurements(charter: Any, subjects: list[Any], rng: random.Random) -> None:
    from totem.labels.figures import figures_of  # noqa: PLC0415
    from totem.labels.models import Reading  # noqa: PLC0415

    measured = [one for one in figures_of(charter).values() if one.measure is not None]
    Reading.objects.bulk_create(
        Reading(
            name=one.measure.name,
            subject=subject.key,
            period=one.period,
            day=DAY,
            value=Decimal(rng.randrange(200)),
            computed_at=NOW,
        )
        for one in measured
        for subject in subjects
    )


def _observations(charter: Any, subjects: list[Any], workspace: Any, rng: random.Random) -> None:
    from totem.labels.figures import figures_of  # noqa: PLC0415
    from totem.labels.models import Observation, ObservationVersion, Retention  # noqa: PLC0415

    declared = [one for one in figures_of(charter).values() if one.measure is None]
    rows = Observation.objects.bulk_create(
        Observation(workspace=workspace, indicator=one.name, **subject.field)
        for one in declared
        for subject in subjects
    )
    keys = [(subject.key, one.name) for one in declared for subject in subjects]
    for number in (1, 2):
        ObservationVersion.objects.bulk_create(
            ObservationVersion(
                observation=row,
                number=number,
                value=Decimal(rng.randrange(60)),
                ends_on=date(2026, 6, 30),
                source="Banc d’essai",
                mode="transit",
                confidence="medium",
                written_at=NOW,
            )
            for row in rows
        )
    Retention.objects.bulk_create(
        Retention(workspace=workspace, subject=key, indicator=name, observation=row, automatic=True, made_at=NOW)
        for row, (key, name) in zip(rows, keys, strict=True)
    )


def _actors(subjects: list[Any], workspace: Any, rng: random.Random) -> None:
    """Eight organisations in a role for each territory, with two closed years."""
    from totem.organisations.models import Organisation, Relation, RelationKind, YearFigures  # noqa: PLC0415

    kinds = [kind for kind in RelationKind if kind != RelationKind.RECIPROCAL_WITH][:8]
    organisations = Organisation.objects.bulk_create(
        Organisation(
            name=f"Société {n} (banc d’essai)",
            sort_key=f"societe {n}",
            legal_form="sas",
            kind="startup",
            commune_id=subject.place.communes[0],
        )
        for subject in subjects
        for n in range(len(kinds))
    )
    Relation.objects.bulk_create(
        Relation(
            organisation=organisation,
            kind=kinds[n % len(kinds)],
            commune_id=organisation.commune_id,
            since=date(2020, 1, 1),
            source="Banc d’essai",
            workspace=workspace,
        )
        for n, organisation in enumerate(organisations)
    )
    YearFigures.objects.bulk_create(
        YearFigures(
            organisation=organisation,
            year=year,
            closing_date=date(year, 12, 31),
            revenue=Decimal(rng.randrange(1_000_000, 9_000_000)),
            staff_low=(staff := rng.randrange(60)),
            staff_high=staff,
            international_share=Decimal(rng.randrange(90)),
            source="Banc d’essai",
            workspace=workspace,
        )
        for organisation in organisations
        for year in (2024, 2025)
    )


def _buildings(subjects: list[Any], workspace: Any, rng: random.Random) -> None:
    from django.db import transaction  # noqa: PLC0415

    from totem.premises.models import Building, Phase, PhaseRevision  # noqa: PLC0415

    buildings = Building.objects.bulk_create(
        Building(
            name="Bâtiment (banc d’essai)",
            sort_key="batiment",
            commune_id=subject.place.communes[0],
            workspace=workspace,
        )
        for subject in subjects
    )
    with transaction.atomic():  # a phase is what its newest announcement says
        phases = Phase.objects.bulk_create(
            Phase(
                building=building,
                name="Première tranche",
                state="delivered",
                usable_m2=Decimal(rng.randrange(500, 60_000)),
                delivered_on=date(2020, 1, 1),
            )
            for building in buildings
        )
        PhaseRevision.objects.bulk_create(
            PhaseRevision(
                phase=phase,
                state=phase.state,
                usable_m2=phase.usable_m2,
                delivered_on=phase.delivered_on,
                announced_on=phase.delivered_on,
                at=NOW,
            )
            for phase in phases
        )


if __name__ == "__main__":
    main("evaluate", run)
