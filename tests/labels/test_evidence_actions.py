"""Declaring, correcting, withdrawing, publishing, retaining: what is refused, what is kept, and which figure counts."""

import datetime
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.labels import (
    BoardFactory,
    CharterVersionFactory,
    ObservationFactory,
    ObservationVersionFactory,
    ReadingFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.premises import PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    EpciFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from totem.core import measures
from totem.core.measures import Combine
from totem.core.models import JournalEntry
from totem.labels.charters.format import PeriodKind
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.comparison import compare
from totem.labels.evidence.figures import read_figures
from totem.labels.figures import FigureDefinition, FigureState, KnownFigure
from totem.labels.models import Observation, ObservationVersion, Retention
from totem.labels.subjects import Subject, subject_at
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Workspace

TODAY = datetime.date(2026, 11, 1)
NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)
EPCI = "epci:248000531"
EVENTS = FigureDefinition("events_held", "Événements", "événements", "", Combine.SUM)
SIGNED = FigureDefinition("essai.signed", "Charte signée", "document", "", Combine.ANY, documents=True)
CENTRE = FigureDefinition("minutes_to_centre", "Minutes", "min", "", Combine.MAX, documents=True, travel=True)


@pytest.fixture
def place(db: None) -> Subject:
    CommuneFactory(epci=EpciFactory())
    return subject_at(EPCI)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return WorkspaceFactory()


def values(value: float | None = 156, **more: object) -> dict[str, object]:
    return {
        "value": None if value is None else Decimal(str(value)),
        "ends_on": datetime.date(2025, 12, 31),
        "source": "Rapport",
        "confidence": "high",
        **more,
    }


def declared(
    workspace: Workspace,
    place: Subject,
    value: float | None = 156,
    *,
    figured: FigureDefinition = EVENTS,
    public: bool = False,
    documents: tuple = (),
    **more: object,
) -> Observation:
    return evidence_actions.declare(
        workspace=workspace, subject=place, figured=figured, values=values(value, **more), documents=documents,
        public=public, by=None, now=NOW,
    )  # fmt: skip


def revised(row: Observation, based_on: int, value: float, **more: object) -> ObservationVersion:
    return evidence_actions.revise(
        observation=row, based_on=based_on, figured=EVENTS, values=values(value, **more), by=UserFactory(), now=NOW
    )


def retained(workspace: Workspace, row: Observation | None, reason: str = "Le plus sûr", **more: object) -> Retention:
    of = {"subject": subject_at(EPCI), "indicator": "events_held", **more}
    return evidence_actions.retain(workspace=workspace, observation=row, reason=reason, by=UserFactory(), now=NOW, **of)


def known(
    workspace: Workspace | None, place: Subject, figured: FigureDefinition = EVENTS, day: datetime.date = TODAY
) -> KnownFigure:
    return read_figures({figured.name: figured}, [place], day, workspace)[place.key][figured.name]


# -- What is refused --------------------------------------------------------------------------------------------------


class TestDeclaring:
    @pytest.mark.parametrize(
        ("figured", "said", "field"),
        [
            (EVENTS, {"value": None}, "value"),
            (EVENTS, {"value": Decimal(-5)}, "value"),
            (replace(EVENTS, unit="%"), {"value": Decimal(101)}, "value"),
            (SIGNED, {"value": Decimal(2)}, "value"),
            (EVENTS, {"unavailable": "Non compté"}, "unavailable"),
            (EVENTS, {"starts_on": datetime.date(2026, 1, 1)}, "ends_on"),
            (EVENTS, {"valid_until": datetime.date(2025, 1, 1)}, "valid_until"),
            (EVENTS, {"ends_on": datetime.date(2026, 11, 2)}, "ends_on"),
            (EVENTS, {"source_date": datetime.date(2026, 11, 2)}, "source_date"),
            (EVENTS, {"source": ""}, "source"),
            (EVENTS, {"confidence": "sure"}, "confidence"),
            (EVENTS, {"source_url": "javascript:alert(1)"}, "source_url"),
            (EVENTS, {"value": Decimal("1e16")}, "value"),
            (EVENTS, {"mode": "rocket"}, "mode"),
            (SIGNED, {"value": Decimal(1)}, "documents"),
            (CENTRE, {"mode": "car", "method": "Mesuré"}, "documents"),
            (CENTRE, {"mode": "car"}, "method"),
            (CENTRE, {"method": "Mesuré"}, "mode"),
        ],
    )
    def test_each_refusal_is_at_its_field_and_nothing_is_written(self, workspace, place, figured, said, field):
        before = JournalEntry.objects.count()
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            declared(workspace, place, figured=figured, **said)
        assert field in refused.value.message_dict
        assert not Observation.objects.exists()
        assert not Retention.objects.exists()
        assert JournalEntry.objects.count() == before

    def test_a_document_of_another_territory_is_refused(self, workspace, place):
        with pytest.raises(ValidationError) as refused:
            declared(workspace, place, documents=(DocumentFactory(public=True),))
        assert "documents" in refused.value.message_dict

    def test_a_document_that_does_not_exist_needs_none(self, workspace, place):
        assert declared(workspace, place, 0, figured=SIGNED).versions.get().value == 0

    def test_late_in_the_evening_of_today_is_today(self, workspace, place):
        # 23:30 UTC on 31 October is half past midnight of 1 November in France.
        late = datetime.datetime(2026, 10, 31, 23, 30, tzinfo=datetime.UTC)
        made = evidence_actions.declare(
            workspace=workspace, subject=place, figured=EVENTS, values=values(1, ends_on=TODAY), by=None, now=late
        )
        assert made.versions.get().ends_on == TODAY

    def test_the_only_one_is_retained_for_that_and_the_second_is_not(self, workspace, place):
        first = declared(workspace, place, 1)
        declared(workspace, place, 2)
        only = Retention.objects.get()
        assert (only.observation_id, only.automatic, only.reason) == (first.pk, True, "")

    def test_one_declared_after_the_only_one_was_withdrawn_is_retained(self, workspace, place):
        first = declared(workspace, place, 1)
        evidence_actions.withdraw(observation=first, based_on=1, by=UserFactory(), now=NOW)
        declared(workspace, place, 2)
        assert known(workspace, place).value == 2

    def test_one_declared_after_a_choice_does_not_change_the_choice(self, workspace, place):
        first = declared(workspace, place, 1)
        retained(workspace, first)
        evidence_actions.withdraw(observation=first, based_on=1, by=UserFactory(), now=NOW)
        declared(workspace, place, 2)
        assert Retention.objects.chosen().get().observation_id == first.pk

    def test_published_at_once_it_takes_its_documents_along(self, workspace, place):
        paper = DocumentFactory(workspace=workspace)
        made = declared(workspace, place, documents=(paper,), public=True)
        paper.refresh_from_db()
        assert (made.public, paper.public) == (True, True)
        assert JournalEntry.objects.get(verb="labels.observation_declared").facts["public"]


class TestCorrecting:
    def test_a_version_more_and_the_former_one_stays(self, workspace, place):
        row = declared(workspace, place, 1)
        revised(row, 1, 2)
        assert list(row.versions.values_list("number", "value")) == [(2, 2), (1, 1)]

    @pytest.mark.parametrize("based_on", [0, 1, 3])
    def test_over_a_text_one_has_not_read_is_refused_and_tells_it(self, workspace, place, based_on):
        row = declared(workspace, place, 1)
        revised(row, 1, 2)
        with pytest.raises(evidence_actions.Outdated) as refused:
            revised(row, based_on, 9)
        assert (refused.value.latest.number, refused.value.latest.value) == (2, 2)
        assert row.versions.count() == 2

    def test_what_is_wrong_is_refused(self, workspace, place):
        row = declared(workspace, place, 1)
        with pytest.raises(ValidationError), transaction.atomic():
            revised(row, 1, 2, ends_on=datetime.date(2030, 1, 1))
        assert row.versions.count() == 1

    def test_of_a_published_one_new_documents_are_published(self, workspace, place):
        row, paper = declared(workspace, place, public=True), DocumentFactory(workspace=workspace)
        evidence_actions.revise(
            observation=row, based_on=1, figured=EVENTS, values=values(2), documents=[paper], by=UserFactory(), now=NOW
        )
        paper.refresh_from_db()
        assert paper.public


class TestWithdrawing:
    def test_it_does_not_count_and_says_what_it_said(self, workspace, place):
        paper = DocumentFactory(workspace=workspace)
        row = declared(workspace, place, documents=(paper,))
        evidence_actions.withdraw(observation=row, based_on=1, by=UserFactory(), now=NOW)
        assert known(workspace, place).state is FigureState.MISSING
        last = row.versions.order_by("-number")[0]
        assert (last.number, last.withdrawn, last.value, list(last.documents.all())) == (2, True, 156, [paper])

    def test_a_text_one_has_not_read_is_not_withdrawn(self, workspace, place):
        row = declared(workspace, place)
        revised(row, 1, 2)
        with pytest.raises(evidence_actions.Outdated):
            evidence_actions.withdraw(observation=row, based_on=1, by=UserFactory(), now=NOW)

    def test_twice_is_once(self, workspace, place):
        row = declared(workspace, place)
        for based_on in (1, 1, 2):
            evidence_actions.withdraw(observation=row, based_on=based_on, by=UserFactory(), now=NOW)
        assert row.versions.count() == 2


class TestPublishing:
    def test_shown_with_its_documents_and_hidden_without_hiding_them(self, workspace, place):
        paper = DocumentFactory(workspace=workspace)
        row = declared(workspace, place, documents=(paper,))
        for public in (True, False):
            evidence_actions.publish_observation(observation=row, public=public, by=UserFactory())
            row.refresh_from_db()
            paper.refresh_from_db()
            assert (row.public, paper.public) == (public, True)  # others may have quoted the document meanwhile

    def test_a_withdrawn_one_is_not_published(self, workspace, place):
        paper = DocumentFactory(workspace=workspace)
        row = declared(workspace, place, documents=(paper,))
        evidence_actions.withdraw(observation=row, based_on=1, by=UserFactory(), now=NOW)
        with pytest.raises(ValidationError):
            evidence_actions.publish_observation(observation=row, public=True, by=UserFactory())
        paper.refresh_from_db()
        assert not paper.public

    def test_twice_is_written_once(self, workspace, place):
        row = declared(workspace, place)
        for _time in range(2):
            evidence_actions.publish_observation(observation=row, public=True, by=UserFactory())
        assert JournalEntry.objects.filter(verb="labels.observation_public_set").count() == 1


class TestRetaining:
    def test_without_a_reason_it_is_refused(self, workspace, place):
        row = declared(workspace, place)
        for reason in ("", "  "):
            with pytest.raises(ValidationError) as refused:
                retained(workspace, row, reason)
            assert "reason" in refused.value.message_dict

    def test_what_is_of_another_figure_another_place_another_team_or_withdrawn_is_refused(self, workspace, place):
        EpciFactory(code="200066868")
        CommuneFactory(code="80001", epci_id="200066868")
        gone = declared(workspace, place)
        evidence_actions.withdraw(observation=gone, based_on=1, by=UserFactory(), now=NOW)
        for row in (
            declared(workspace, place, 1, figured=SIGNED, documents=(DocumentFactory(workspace=workspace),)),
            declared(workspace, subject_at("epci:200066868")),
            declared(WorkspaceFactory(), place),
            gone,
        ):
            with pytest.raises(ValidationError) as refused:
                retained(workspace, row)
            assert "observation" in refused.value.message_dict

    def test_one_that_another_territory_publishes(self, workspace, place):
        row = declared(WorkspaceFactory(), place, 200, public=True)
        retained(workspace, row)
        assert known(workspace, place).value == 200

    def test_each_workspace_chooses_for_itself(self, workspace, place):
        other = WorkspaceFactory()
        mine, theirs = declared(workspace, place, 1, public=True), declared(other, place, 2, public=True)
        retained(workspace, theirs)
        retained(other, mine)
        assert (known(workspace, place).value, known(other, place).value) == (2, 1)

    def test_every_choice_is_kept_in_order(self, workspace, place):
        rows = [declared(workspace, place, value) for value in (1, 2)]
        retained(workspace, rows[1], "Le conseil")
        retained(workspace, None, "Le calcul")
        found = compare(EVENTS, place, TODAY, workspace, {}).choices
        assert [(one.retention.observation_id, one.retention.reason) for one in found] == [
            (None, "Le calcul"),
            (rows[1].pk, "Le conseil"),
            (rows[0].pk, ""),
        ]


# -- What the database refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["observationversion", "retention"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_versions_and_choices_never_change_and_never_go(workspace, place, table, statement):
    declared(workspace, place)
    column = {"observationversion": "source", "retention": "reason"}[table]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(f"labels_{table}", column))
    assert ObservationVersion.objects.get().source == "Rapport"
    assert Retention.objects.get().reason == ""


def test_an_observation_never_goes_and_never_changes_its_figure_place_or_territory(workspace, place):
    row = declared(workspace, place)
    for changes in (
        {"indicator": "other"},
        {"workspace": WorkspaceFactory()},
        {"epci": EpciFactory(code="200066868")},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Observation.objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM labels_observation")


@pytest.mark.parametrize(
    "said",
    [
        {"value": None},
        {"unavailable": "Non compté"},
        {"starts_on": datetime.date(2026, 2, 1)},
        {"valid_until": datetime.date(2025, 1, 1)},
    ],
)
def test_the_database_refuses_what_says_nothing_or_contradicts_itself(db, said):
    row = ObservationFactory(first=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        ObservationVersionFactory(observation=row, **said)


def test_the_database_refuses_a_second_version_of_one_number(db):
    row = ObservationFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        ObservationVersionFactory(observation=row)


def test_the_database_refuses_to_retain_what_is_not_of_the_figure_or_not_seen(workspace, place):
    row = declared(workspace, place)
    for changes in ({"indicator": "other"}, {"subject": "epci:1"}, {"workspace": WorkspaceFactory()}, {"reason": ""}):
        said = {"workspace": workspace, "subject": EPCI, "indicator": "events_held", "reason": "x", **changes}
        with pytest.raises(IntegrityError), transaction.atomic():
            Retention.objects.create(**said, observation=row, made_at=NOW)


# -- Which one counts -------------------------------------------------------------------------------------------------

COMPANIES = "digital_companies"


@pytest.fixture
def companies() -> FigureDefinition:
    """A figure that Totem computes."""
    return FigureDefinition(COMPANIES, "Entreprises", "entreprises", "", Combine.SUM, measure=measures.get(COMPANIES))


class TestWhichCounts:
    """In this order: one's own choice, an exact computation, the only declared, what others publish, an interval."""

    def reading(self, **values: object) -> None:
        ReadingFactory(name=COMPANIES, subject=EPCI, day=TODAY, **values)

    def test_what_is_computed_exactly_goes_before_the_only_one_declared(self, workspace, place, companies):
        declared(workspace, place, 5, figured=companies)
        assert known(workspace, place, companies).value == 5
        self.reading(value=Decimal(7))
        assert known(workspace, place, companies).value == 7

    def test_what_somebody_chose_goes_before_what_is_computed_and_back(self, workspace, place, companies):
        row = declared(workspace, place, 5, figured=companies)
        self.reading(value=Decimal(7))
        retained(workspace, row, indicator=COMPANIES)
        assert known(workspace, place, companies).value == 5
        retained(workspace, None, "Recompté", indicator=COMPANIES)
        assert known(workspace, place, companies).value == 7

    def test_the_only_one_declared_goes_before_an_interval(self, workspace, place, companies):
        self.reading(value=None, low=Decimal(3), high=Decimal(9))
        assert known(workspace, place, companies).bounds == (3, 9)
        declared(workspace, place, 5, figured=companies)
        assert known(workspace, place, companies).value == 5

    def test_ones_own_goes_before_what_others_publish(self, workspace, place):
        declared(WorkspaceFactory(), place, 9, public=True)
        assert known(workspace, place).value == 9
        declared(workspace, place, 5)
        assert known(workspace, place).value == 5

    def test_what_others_publish_goes_before_an_interval(self, workspace, place, companies):
        self.reading(value=None, low=Decimal(3), high=Decimal(9))
        declared(WorkspaceFactory(), place, 5, figured=companies, public=True)
        assert known(workspace, place, companies).value == 5

    def test_two_others_who_publish_different_values_contradict_each_other(self, workspace, place):
        for value in (5, 5, 6):
            declared(WorkspaceFactory(), place, value, public=True)
        found = known(workspace, place)
        assert (found.state, found.value, len(found.evidence)) == (FigureState.CONTRADICTED, None, 2)

    def test_a_value_and_not_available_do_not_contradict_each_other(self, workspace, place):
        declared(WorkspaceFactory(), place, None, unavailable="Non compté", public=True)
        declared(WorkspaceFactory(), place, 5, public=True)
        assert known(workspace, place).value == 5

    def test_what_others_publish_of_two_years_does_not_contradict_itself(self, workspace, place):
        yearly = FigureDefinition("events_held", "Événements", "", "", Combine.SUM, period=PeriodKind.CLOSED_YEAR)
        declared(WorkspaceFactory(), place, 4, public=True, ends_on=datetime.date(2024, 12, 31))
        declared(WorkspaceFactory(), place, 5, public=True)
        assert known(workspace, place, yearly).value == 5

    def test_a_stale_one_that_others_publish_does_not_contradict_one_that_holds(self, workspace, place):
        declared(WorkspaceFactory(), place, 4, public=True, valid_until=datetime.date(2026, 1, 1))
        declared(WorkspaceFactory(), place, 5, public=True)
        assert known(workspace, place).value == 5

    def test_what_others_keep_or_do_not_retain_is_nothing(self, workspace, place):
        other = WorkspaceFactory()
        declared(other, place, 5)
        declared(other, place, 6, public=True)  # not the one they retain
        assert known(workspace, place).state is FigureState.MISSING
        assert known(None, place).state is FigureState.MISSING

    def test_not_available_is_that_with_its_reason(self, workspace, place):
        declared(workspace, place, None, unavailable="Non compté")
        found = known(workspace, place)
        assert (found.state, found.reason) == (FigureState.UNAVAILABLE, "Non compté")

    def test_an_observation_of_after_the_day_asked_is_not_known_yet(self, workspace, place):
        declared(workspace, place, 5)
        assert known(workspace, place, day=datetime.date(2025, 12, 30)).state is FigureState.MISSING
        assert known(workspace, place, day=datetime.date(2025, 12, 31)).value == 5

    @pytest.mark.parametrize(
        ("until", "day", "hold"),
        [
            (datetime.date(2026, 6, 30), datetime.date(2026, 6, 30), FigureState.KNOWN),
            (datetime.date(2026, 6, 30), datetime.date(2026, 7, 1), FigureState.STALE),
            (None, datetime.date(2027, 12, 31), FigureState.KNOWN),  # 24 months after 31 December 2025
            (None, datetime.date(2028, 1, 1), FigureState.STALE),
            (
                datetime.date(2030, 1, 1),
                datetime.date(2028, 1, 1),
                FigureState.KNOWN,
            ),  # what it says goes before the charter
        ],
    )
    def test_validity_is_what_it_says_or_else_what_the_charter_does(self, workspace, place, until, day, hold):
        lasting = FigureDefinition("events_held", "Événements", "", "", Combine.SUM, validity_months=24)
        declared(workspace, place, 5, valid_until=until)
        assert known(workspace, place, lasting, day).state is hold

    @pytest.mark.parametrize(
        ("day", "months"),
        [("2025-12-31", 24), ("2024-02-29", 12), ("2025-06-30", 6), ("2025-08-31", 6), ("2025-01-15", 18)],
    )
    def test_the_last_day_told_is_the_last_that_counts(self, workspace, place, day, months):
        ends_on = datetime.date.fromisoformat(day)
        lasting = FigureDefinition("events_held", "Événements", "", "", Combine.SUM, validity_months=months)
        declared(workspace, place, 5, ends_on=ends_on)
        last = lasting.lasts_until(ends_on)
        assert last is not None
        assert known(workspace, place, lasting, last).state is FigureState.KNOWN
        assert known(workspace, place, lasting, last + datetime.timedelta(days=1)).state is FigureState.STALE

    def test_a_stale_declared_one_does_not_hide_an_interval_that_is_computed(self, workspace, place, companies):
        declared(workspace, place, 5, figured=companies, valid_until=datetime.date(2026, 1, 1))
        assert known(workspace, place, companies).state is FigureState.STALE
        self.reading(value=None, low=Decimal(3), high=Decimal(9))
        assert known(workspace, place, companies).bounds == (3, 9)

    def test_a_stale_computed_one_does_not_hide_what_is_declared(self, workspace, place, companies):
        ReadingFactory(name=COMPANIES, subject=EPCI, day=datetime.date(2026, 7, 31), value=Decimal(7))
        retained(workspace, None, "Le calcul", indicator=COMPANIES)
        declared(workspace, place, 5, figured=companies)
        assert known(workspace, place, companies).value == 5

    def test_of_ones_own_a_stale_one_does_not_hide_a_later_one(self, workspace, place):
        declared(workspace, place, 4, valid_until=datetime.date(2026, 1, 1))
        declared(workspace, place, 5)
        assert known(workspace, place).value == 5

    @pytest.mark.parametrize("why", ["gone", "stale", "replaced"])
    def test_a_choice_ends_with_the_figure_that_it_justified_and_says_so(self, workspace, place, companies, why):
        until = datetime.date(2026, 10, 1) if why == "stale" else None
        row = declared(workspace, place, 5, figured=companies, valid_until=until)
        self.reading(value=Decimal(7))
        retained(workspace, row, indicator=COMPANIES)
        later = {"by": UserFactory(), "now": NOW + datetime.timedelta(minutes=1)}
        if why == "gone":
            evidence_actions.withdraw(observation=row, based_on=1, **later)
        if why == "replaced":
            evidence_actions.revise(observation=row, based_on=1, figured=companies, values=values(900), **later)
        found = compare(companies, place, TODAY, workspace, {})
        assert (found.line.known.value, found.why_ended) == (7, why)

    def test_a_choice_outlives_a_correction_of_its_source(self, workspace, place, companies):
        row = declared(workspace, place, 5, figured=companies)
        self.reading(value=Decimal(7))
        retained(workspace, row, indicator=COMPANIES)
        later = {"by": UserFactory(), "now": NOW + datetime.timedelta(minutes=1)}
        corrected = values(5, source="Rapport, page 12")
        evidence_actions.revise(observation=row, based_on=1, figured=companies, values=corrected, **later)
        assert known(workspace, place, companies).value == 5

    def test_a_contradiction_is_decided_until_another_value_comes(self, workspace, place):
        rows = [declared(workspace, place, value) for value in (5, 6)]
        assert compare(EVENTS, place, TODAY, workspace, {}).line.contradicts
        retained(workspace, rows[0])
        line = compare(EVENTS, place, TODAY, workspace, {}).line
        assert (line.contradicts, line.decided_on, line.values) == (False, TODAY, [5, 6])
        evidence_actions.declare(
            workspace=workspace, subject=place, figured=EVENTS, values=values(8), by=None,
            now=NOW + datetime.timedelta(minutes=1),
        )  # fmt: skip
        assert compare(EVENTS, place, TODAY, workspace, {}).line.contradicts

    def test_a_computation_of_long_ago_is_stale(self, workspace, place, companies):
        ReadingFactory(name=COMPANIES, subject=EPCI, day=datetime.date(2026, 7, 31), value=Decimal(7))
        assert known(workspace, place, companies).state is FigureState.STALE

    def test_buildings_of_ones_own_count_before_they_are_published_with_their_documents(self, workspace, place):
        area = FigureDefinition("usable_area", "Surface", "m²", "", Combine.SUM, measure=measures.get("usable_area"))
        PhaseFactory(building__workspace=workspace, usable_m2=Decimal(10_000))
        assert known(workspace, place, area).value == 10_000
        assert known(WorkspaceFactory(), place, area).state is FigureState.MISSING
        assert known(None, place, area).state is FigureState.MISSING


class TestParts:
    """A subject made of several places, where it has no figure of its own."""

    @pytest.fixture
    def whole(self, place: Subject) -> Subject:
        CommuneFactory(code="80001", epci=EpciFactory(code="200066868"))
        return Subject("perimetre:1", "Ensemble", place.place, parts=(EPCI, "epci:200066868"))

    @pytest.mark.parametrize(
        ("combine", "first", "second", "found"),
        [
            (Combine.SUM, 100, 56, (156, 156)),
            (Combine.MAX, 12, 29, (29, 29)),
            (Combine.ANY, 0, 1, (1, 1)),
            (Combine.ANY, 0, 0, (0, 0)),
            (Combine.UNION, 5, 3, (5, 8)),  # the same ones or others: nobody declared which
            (Combine.SUM, 100, None, (100, None)),
            (Combine.MAX, 12, None, (12, None)),
            (Combine.UNION, 5, None, (5, None)),
            (Combine.ANY, 1, None, (1, 1)),
            (Combine.ANY, 0, None, (None, None)),  # from 0 to anything: nothing is known
            (Combine.ALL, 30, 100, (30, 30)),
            (Combine.ALL, 0, None, (0, 0)),
            (Combine.ALL, 30, None, (0, 30)),  # the one that is missing may be the lowest
        ],
    )
    def test_they_combine_as_the_figure_says_and_what_is_missing_leaves_it_open(
        self, workspace, whole, combine, first, second, found
    ):
        figured = FigureDefinition("events_held", "Événements", "", "", combine)
        declared(workspace, subject_at(EPCI), first)
        if second is not None:
            declared(workspace, subject_at("epci:200066868"), second)
        assert known(workspace, whole, figured).bounds == found

    def test_a_figure_of_the_whole_goes_before_theirs(self, workspace, whole):
        declared(workspace, subject_at(EPCI), 100)
        perimeter = BoardFactory(workspace=workspace).perimeter
        own = Subject(f"perimetre:{perimeter.pk}", "Ensemble", whole.place, perimeter=perimeter.pk, parts=whole.parts)
        declared(workspace, own, 7)
        assert known(workspace, own).value == 7

    def test_a_stale_part_leaves_the_whole_open(self, workspace, whole):
        declared(workspace, subject_at(EPCI), 100)
        declared(workspace, subject_at("epci:200066868"), 50, valid_until=datetime.date(2026, 1, 1))
        assert known(workspace, whole).bounds == (100, None)

    def test_nothing_known_is_nothing(self, workspace, whole):
        assert known(workspace, whole).state is FigureState.MISSING


# -- At once ----------------------------------------------------------------------------------------------------------


def test_of_eight_who_correct_the_text_they_read_one_is_saved_and_the_others_are_told(committed_db: str):
    CommuneFactory(epci=EpciFactory())
    row, person = declared(WorkspaceFactory(), subject_at(EPCI)), UserFactory()

    def correcting(value: int) -> int:
        said = values(value)
        evidence_actions.revise(observation=row, based_on=1, figured=EVENTS, values=said, by=person, now=NOW)
        return value

    def withdrawing() -> int:
        evidence_actions.withdraw(observation=row, based_on=1, by=person, now=NOW)
        return -1

    results = at_once(*(partial(correcting, value) for value in range(7)), withdrawing)
    (saved,) = [result for result in results if not isinstance(result, evidence_actions.Outdated)]
    last = row.versions.order_by("-number")[0]
    assert (last.number, last.withdrawn, last.value) == (2, saved == -1, 156 if saved == -1 else saved)


def test_of_four_who_declare_a_figure_at_once_one_is_retained(committed_db: str):
    CommuneFactory(epci=EpciFactory())
    workspace, place = WorkspaceFactory(), subject_at(EPCI)
    made = at_once(*(partial(declared, workspace, place, value) for value in range(4)))
    assert all(isinstance(one, Observation) for one in made), made
    assert Retention.objects.count() == 1


def test_two_browsers_that_save_one_observation_at_once_lose_no_text(committed_db: str):
    CharterVersionFactory(
        data=content_of(
            [requirement("events", "measure", indicator="events_held", at_least=200, unit="événements")],
            indicators=[
                {"name": "events_held", "label": words("Événements"), "unit": "événements", "combine": "sum"},
            ],
        )
    )
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory()
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=datetime.date(2020, 1, 1), parts={"epci": ["248000531"]}
    )
    place = Subject(f"perimetre:{board.perimeter_id}", "x", subject_at(EPCI).place, perimeter=board.perimeter_id)
    row = declared(board.workspace, place)
    url = reverse("labels:observation_edit", args=[board.workspace.slug, board.slug, row.pk])
    clients = [Client() for _person in range(2)]
    for client in clients:
        client.force_login(WorkspaceMemberFactory(workspace=board.workspace).person)

    def saving(client: Client, value: int) -> tuple[int, int]:
        said = {"value": value, "ends_on": "2025-12-31", "source": f"Texte {value}", "confidence": "high"}
        response = client.post(url, {**said, "based_on": 1})
        if response.status_code == 409:
            page = response.content.decode()
            both = all(f"Texte {one}" in page for one in (1, 2))
            return (409, value) if both else (0, value)
        return (response.status_code, value)

    answers = dict(at_once(*(partial(saving, client, value) for value, client in enumerate(clients, 1))))
    assert set(answers) == {302, 409}
    assert row.versions.order_by("-number")[0].value == answers[302]
    # The one who was told saves again, having seen both.
    said = {"value": answers[409], "ends_on": "2025-12-31", "source": "Texte", "confidence": "high", "based_on": 2}
    assert clients[answers[409] - 1].post(url, said).status_code == 302
    assert sorted(row.versions.values_list("value", flat=True)) == [1, 2, 156]
