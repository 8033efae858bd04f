# ruff: noqa: S608 - statements of the test’s own words
"""Attempts to break what labels stand on: by raw SQL, by two at once, by killed jobs, by the clock, by what is sent."""

import datetime
from collections import Counter
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.labels import (
    BoardFactory,
    CharterVersionFactory,
    EvaluationFactory,
    JudgementFactory,
    SearchFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.premises import PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    EpciFactory,
    PerimeterFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from totem.core import measures
from totem.core.canonical import canonical
from totem.core.measures import Combine, Figure, Measure
from totem.labels import jobs
from totem.labels.boards import actions as board_actions
from totem.labels.charters import actions as charter_actions
from totem.labels.charters.format import from_content
from totem.labels.charters.parsing import CharterErrors, read_charter
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging import judge
from totem.labels.judging.evaluations import charter_of, computed_again, evaluate, kept
from totem.labels.judging.facts import Facts
from totem.labels.models import Board, CharterVersion, Evaluation, Observation, Reading, Retention, Search
from totem.labels.subjects import Subject, subject_of
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Document, Workspace
from totem.territories.places import Place

NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)
DAY = datetime.date(2026, 11, 1)
LONG_AGO = datetime.date(2010, 1, 1)
CONTENT = content_of(
    [
        requirement("events", "measure", indicator="events_held", at_least=200, unit="événements"),
        requirement("area", "measure", indicator="usable_area", at_least=50_000, unit="m²"),
        requirement("companies", "measure", indicator="digital_companies", at_least=5, unit="entreprises"),
    ],
    [requirement("seen", "judgement", guide=words("Est-ce bien ?"))],
    indicators=[
        {
            "name": "events_held",
            "label": words("Événements"),
            "unit": "événements",
            "combine": "sum",
            "period": "closed_year",
        },
        {"name": "usable_area", "measure": "usable_area"},
        {"name": "digital_companies", "measure": "digital_companies"},
        {"name": "hub_area", "measure": "hub_area"},
    ],
)


def a_board(workspace: Workspace | None = None) -> Board:
    """A board of a perimeter made of Amiens Métropole, with the charter above."""
    if not CharterVersion.objects.filter(slug="essai").exists():
        CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory(workspace=workspace or WorkspaceFactory())
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    return board


@pytest.fixture
def board(db: None) -> Board:
    return a_board()


def declared(board: Board, value: Decimal | int, now: datetime.datetime = NOW, **said: object) -> Observation:
    charter = charter_of(CharterVersion.objects.get(slug="essai"))
    return evidence_actions.declare(
        workspace=board.workspace,
        subject=subject_of(board, DAY),
        figured=figures_of(charter)["events_held"],
        values={"value": value, "ends_on": datetime.date(2025, 12, 31), "source": "x", "confidence": "high", **said},
        by=None,
        now=now,
    )


def frozen(board: Board) -> Evaluation:
    evaluated = evaluate(board, day=DAY, workspace=board.workspace)
    return board_actions.freeze(evaluated=evaluated, note="Dépôt", by=None, now=NOW)


# -- By raw SQL, as the application's role ----------------------------------------------------------------------------

KEPT = {
    "labels_charterversion": "version",
    "labels_evaluation": "state",
    "labels_judgement": "reason",
    "labels_observationversion": "source",
    "labels_retention": "reason",
    "premises_phaserevision": "source",
    "core_journalentry": "verb",
}


def everything_kept() -> Board:
    board = a_board()
    version = CharterVersion.objects.get(slug="essai")
    JudgementFactory(board=board, charter_version=version, requirement="seen")
    declared(board, 156)
    frozen(board)
    PhaseFactory()
    return board


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def rows_of(table: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        return cursor.fetchall()


@pytest.mark.django_db
@pytest.mark.parametrize("table", KEPT)
def test_what_is_kept_is_neither_changed_nor_emptied(table: str) -> None:
    everything_kept()
    before = rows_of(table)
    assert before
    for statement in (
        f"UPDATE {table} SET {KEPT[table]} = 'x'",
        f"UPDATE {table} SET id = id + 1000000",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone",
        f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET {KEPT[table]} = 'x'",
    ):
        with pytest.raises(DatabaseError):
            run(statement)
    assert rows_of(table) == before


@pytest.mark.django_db
def test_the_documents_of_a_version_are_those_it_was_written_with() -> None:
    board = a_board()
    document = DocumentFactory(workspace=board.workspace)
    other = DocumentFactory(workspace=board.workspace)
    row = declared(board, 156)
    version = row.versions.get()
    version.documents.add(document)
    for statement in (
        "DELETE FROM labels_observationversion_documents",
        f"UPDATE labels_observationversion_documents SET document_id = {other.pk}",
        "TRUNCATE labels_observationversion_documents",
    ):
        with pytest.raises(DatabaseError):
            run(statement)
    assert list(version.documents.all()) == [document]


@pytest.mark.django_db
def test_a_documents_sum_is_that_of_what_was_sent() -> None:
    document = DocumentFactory()
    for statement in (
        f"UPDATE territories_document SET sha256 = '{'0' * 64}'",
        f"UPDATE core_storedfile SET content = 'x', sha256 = '{'0' * 64}'",
        "UPDATE core_storedfile SET content = 'other'::bytea",
    ):
        with pytest.raises(DatabaseError):
            run(statement)
    assert Document.objects.get().sha256 == document.sha256


@pytest.mark.django_db
def test_an_evaluation_or_charter_whose_content_does_not_hash_is_refused(board: Board) -> None:
    made = frozen(board)
    for table, text in (("labels_evaluation", "content"), ("labels_charterversion", "content")):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'")
            columns = [name for (name,) in cursor.fetchall() if name not in {"id", text, "version"}]
        more, value = (", version", ", '99'") if table == "labels_charterversion" else ("", "")
        with pytest.raises(DatabaseError, match="sum"):
            run(
                f"INSERT INTO {table} ({', '.join(columns)}, {text}{more}) "
                f"SELECT {', '.join(columns)}, {text} || ' '{value} FROM {table}"
            )
    assert Evaluation.objects.get() == made


@pytest.mark.django_db
def test_a_judgement_counts_on_its_own_version_of_its_own_charter_only(board: Board) -> None:
    other = CharterVersionFactory(data={**CONTENT, "version": "2", "valid_from": "2013-01-02"})
    foreign = CharterVersionFactory(data={**CONTENT, "slug": "autre"})
    first = CharterVersion.objects.get(slug="essai", version="1")
    JudgementFactory(board=board, charter_version=other, requirement="seen")
    JudgementFactory(board=board, charter_version=foreign, requirement="seen")
    JudgementFactory(board=a_board(), charter_version=first, requirement="seen")
    said = evaluate(board, day=DAY, workspace=board.workspace, version=first).result
    assert said.finding("seen").state == "human"
    assert evaluate(board, day=DAY, workspace=board.workspace, version=other).result.finding("seen").state == "met"
    with pytest.raises(ValidationError):
        board_actions.record_judgement(
            board=board, version=foreign, requirement="seen", verdict="met", reason="x", conflicts="x", by=None, now=NOW
        )
    with pytest.raises(ValidationError):
        board_actions.record_judgement(
            board=board, version=first, requirement="events", verdict="met", reason="x", conflicts="x", by=None, now=NOW
        )


# -- Two at once ------------------------------------------------------------------------------------------------------


def test_of_four_who_open_the_same_board_one_does_and_the_others_are_told(committed_db: str) -> None:
    version, perimeter = CharterVersionFactory(data=CONTENT), PerimeterFactory()
    opening = partial(
        board_actions.create_board,
        workspace=perimeter.workspace,
        charter=version,
        perimeter=perimeter,
        by=UserFactory(),
    )
    assert outcomes_at_once(*[opening] * 4) == {"done": 1, "ValidationError": 3}


def test_namesakes_opened_at_once_have_addresses_of_their_own(committed_db: str) -> None:
    version, person = CharterVersionFactory(data=CONTENT), UserFactory()
    perimeters = [PerimeterFactory(name="Le port") for _each in range(4)]
    opening = [
        partial(board_actions.create_board, workspace=one.workspace, charter=version, perimeter=one, by=person)
        for one in perimeters
    ]
    assert outcomes_at_once(*opening) == {"done": 4}
    assert len(set(Board.objects.values_list("slug", flat=True))) == 4


def test_choosing_freezing_refreshing_declaring_and_publishing_at_once_wait_for_nobody_for_ever(
    committed_db: str,
) -> None:
    board, person = a_board(), UserFactory()
    rows = [declared(board, value) for value in (100, 200)]
    before = Retention.objects.count()
    subject = subject_of(board, DAY)
    choosing = [
        partial(
            evidence_actions.retain, workspace=board.workspace, subject=subject, indicator="events_held",
            observation=row, reason="Choisi", by=person, now=NOW,
        )
        for row in rows
    ]  # fmt: skip
    others = [
        partial(frozen, board),
        partial(frozen, board),
        partial(board_actions.keep_daily, board=board, day=DAY, now=NOW),
        partial(board_actions.keep_daily, board=board, day=DAY, now=NOW),
        partial(board_actions.set_board_public, board=board, public=True, by=person),
        partial(declared, board, 300),
        partial(jobs.refresh, board, now=NOW),
        partial(jobs.refresh, board, now=NOW),
    ]
    assert outcomes_at_once(*choosing, *others) == {"done": 10}
    assert Retention.objects.count() == before + 2
    assert Evaluation.objects.filter(frozen=True).count() == 2
    assert all(computed_again(one) for one in Evaluation.objects.all())
    counted = evaluate(board, day=DAY, workspace=board.workspace).result.finding("events").value
    assert counted == Retention.objects.latest("pk").observation.versions.get().value


def test_of_two_who_publish_one_version_with_different_contents_one_is_told(committed_db: str) -> None:
    contents = [{**CONTENT, "summary": words(f"Texte {n}")} for n in range(4)]
    publishing = [
        partial(charter_actions.publish_charter, text="…", charter=from_content(content), by=None, now=NOW)
        for content in contents
    ]
    assert outcomes_at_once(*publishing) == {"done": 1, "CharterChanged": 3}
    assert CharterVersion.objects.count() == 1
    same = from_content(contents[0])
    again = [partial(charter_actions.publish_charter, text="…", charter=same, by=None, now=NOW)] * 3
    assert sum(outcomes_at_once(*again).values()) == 3
    assert CharterVersion.objects.count() == 1


def test_two_who_compute_the_same_figures_in_another_order_never_wait_for_each_other(committed_db: str) -> None:
    place = Place("commune", "80021", "Amiens", (), None, None, None, (), ())
    subjects = [Subject(f"epci:{n:09d}", str(n), place) for n in range(300)]
    areas = figures_of(from_content(CONTENT))["hub_area"]
    computing = [
        partial(evidence_actions.take_readings, figures=[areas], subjects=listed, day=DAY, now=NOW)
        for listed in (subjects, subjects[::-1]) * 4
    ]
    assert outcomes_at_once(*computing) == {"done": 8}
    assert Reading.objects.count() == 300


@pytest.mark.django_db
def test_who_judged_declared_and_froze_may_still_erase_their_account(board: Board) -> None:
    person = WorkspaceMemberFactory(workspace=board.workspace, role="officer").person
    board_actions.record_judgement(
        board=board, version=CharterVersion.objects.get(), requirement="seen", verdict="met", reason="Vu",
        conflicts="Aucun", by=person, now=NOW,
    )  # fmt: skip
    board_actions.freeze(
        evaluated=evaluate(board, day=DAY, workspace=board.workspace), note="Dépôt", by=person, now=NOW
    )
    client = Client()
    client.force_login(person)
    name = person.name
    assert client.post(reverse("accounts:erase")).status_code == 302
    person.refresh_from_db()
    assert person.erased_at
    reader = member(board, "reader")
    page = reader.get(reverse("labels:criterion", args=[board.workspace.slug, board.slug, "q2"]))
    assert page.status_code == 200
    assert name not in page.content.decode()


# -- Jobs -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_figures_computed_twice_are_there_once(board: Board) -> None:
    jobs.refresh(board, now=NOW)
    first = (Reading.objects.count(), Evaluation.objects.count())
    jobs.refresh(board, now=NOW)
    assert (Reading.objects.count(), Evaluation.objects.count()) == first
    assert first[1] == 1


@pytest.mark.django_db
def test_a_measure_that_fails_leaves_the_others_their_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_asked: object) -> Figure:
        run("SELECT 1 / 0")
        raise AssertionError

    broken = Measure("essai_fails", "territories.place", "Essai", "m²", "…", Combine.SUM, fails)
    monkeypatch.setitem(measures._registry, broken.name, broken)
    first = {"name": broken.name, "measure": broken.name}
    CharterVersionFactory(data={**CONTENT, "indicators": [first, *CONTENT["indicators"]]})
    board = a_board()
    declared(board, 250)
    with pytest.raises(ExceptionGroup) as raised:
        jobs.refresh(board, now=NOW)
    assert "division by zero" in str(raised.value.exceptions)
    assert "hub_area" in set(Reading.objects.values_list("name", flat=True))
    assert kept(Evaluation.objects.get()).result.finding("events").state == "met"


@pytest.mark.django_db
def test_every_board_is_refreshed_though_one_waits_already() -> None:
    boards = sorted((a_board() for _each in range(3)), key=lambda board: board.pk)
    jobs.refresh_board.configure(queueing_lock=f"labels.board:{boards[0].pk}").defer(board_id=boards[0].pk)
    jobs.every_board(0)
    asked = ProcrastinateJob.objects.filter(task_name="labels.refresh_board").values_list("args", flat=True)
    assert sorted(args["board_id"] for args in asked) == [board.pk for board in boards]


@pytest.mark.django_db
def test_jobs_about_what_is_gone_or_cannot_be_judged_end_quietly() -> None:
    jobs.refresh_board(0)
    jobs.search_partners(0)
    jobs.refresh_board(BoardFactory(charter="none").pk)  # its charter is not here
    CharterVersionFactory(data=CONTENT)
    jobs.refresh_board(BoardFactory().pk)  # its perimeter has no version
    assert not Evaluation.objects.exists()


@pytest.mark.django_db
def test_without_outlines_nor_a_register_what_nobody_knows_is_not_known(board: Board) -> None:
    jobs.refresh(board, now=NOW)
    result = evaluate(board, day=DAY, workspace=board.workspace).result
    assert result.finding("companies").state == "unknown"
    assert result.finding("area").state in {"unknown", "not_met"}
    assert result.state in {"unknown", "not_met"}


@pytest.mark.django_db
def test_a_search_whose_worker_was_killed_is_finished_by_the_next(board: Board) -> None:
    search = SearchFactory(
        board=board, charter_version=CharterVersion.objects.get(), scope="france:fr", day=DAY,
        state=Search.State.SEARCHING, answer={"count": 99},
    )  # fmt: skip
    jobs.search_partners(search.pk)
    search.refresh_from_db()
    assert search.state == Search.State.DONE
    assert search.answer["count"] != 99
    Search.objects.filter(pk=search.pk).update(answer={"count": 1})
    jobs.search_partners(search.pk)  # run twice: what was answered stays
    search.refresh_from_db()
    assert search.answer == {"count": 1}


@pytest.mark.django_db
def test_where_nobody_knows_anything_no_territory_is_said_to_suffice(board: Board) -> None:
    CharterVersionFactory(data={**CONTENT, "version": "2", "valid_from": "2013-01-02", "criteria": [
        {"id": "q1", "title": words("Q1"), "requirements": [
            requirement("events", "measure", indicator="events_held", at_least=200, unit="événements"),
        ]},
    ]})  # fmt: skip
    search = coalition_actions.ask_for_partners(board=board, scope="france:fr", most=2, by=None, day=DAY)
    jobs.search_partners(search.pk)
    search.refresh_from_db()
    assert (search.state, search.answer["required"]) == (Search.State.DONE, [])
    page = member(board).get(reverse("labels:search_result", args=[board.workspace.slug, board.slug, search.pk]))
    assert "is-good" not in page.content.decode()
    assert "is-warn" in page.content.decode()
    matrix = Client(headers={"accept-language": "en"})
    matrix.force_login(WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person)
    text = matrix.get(reverse("labels:together", args=[board.workspace.slug, board.slug])).content.decode()
    assert "Together they meet everything" not in text
    assert "1 requirement that territories can share is still open:" in text
    assert "events (Not known)" in text


@pytest.mark.django_db
def test_a_search_that_breaks_says_so_to_whoever_waits(board: Board) -> None:
    search = SearchFactory(board=board, charter_version=CharterVersion.objects.get(), scope="region:99", day=DAY)
    with pytest.raises(Exception, match="99"):
        jobs.search_partners(search.pk)
    search.refresh_from_db()
    assert search.state == Search.State.FAILED
    client = member(board)
    page = client.get(reverse("labels:search_result", args=[board.workspace.slug, board.slug, search.pk]))
    assert (page.status_code, "hx-get" in page.content.decode()) == (200, False)


# -- The clock --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_today_is_the_day_in_paris_when_one_declares_and_when_one_judges(board: Board) -> None:
    """At 23:30 UTC on 30 June it is 1 July in Paris; at 22:30 UTC on 31 October it is still 31 October."""
    late = datetime.datetime(2026, 6, 30, 23, 30, tzinfo=datetime.UTC)
    july = datetime.date(2026, 7, 1)
    assert declared(board, 1, late, ends_on=july).versions.get().ends_on == july
    with pytest.raises(ValidationError) as refused:
        declared(board, 1, late, ends_on=datetime.date(2026, 7, 2))
    assert set(refused.value.message_dict) == {"ends_on"}
    with pytest.raises(ValidationError):
        declared(board, 1, datetime.datetime(2026, 10, 31, 22, 30, tzinfo=datetime.UTC), ends_on=DAY)
    version = CharterVersion.objects.get()
    JudgementFactory(board=board, charter_version=version, requirement="seen", made_at=late)
    seen = evaluate(board, day=DAY, workspace=board.workspace).result.finding("seen")
    assert [item.on for item in seen.evidence] == [july]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-10-25T00:30:00+00:00", "2026-10-25"),  # half past two in summer time
        ("2026-10-25T01:30:00+00:00", "2026-10-25"),  # half past two again
        ("2026-03-29T00:59:59+00:00", "2026-03-29"),  # the last second before the hour that is not
        ("2026-12-31T23:00:00+00:00", "2027-01-01"),
    ],
)
def test_a_day_is_kept_on_the_day_in_paris_also_when_the_clocks_change(board: Board, moment: str, day: str) -> None:
    jobs.refresh(board, now=datetime.datetime.fromisoformat(moment))
    made = Evaluation.objects.get()
    assert made.day.isoformat() == day
    assert set(Reading.objects.values_list("day", flat=True)) <= {made.day}
    assert computed_again(made)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("2024-02-29", 200),
        ("2023-02-29", 404),
        ("2012-12-31", 200),  # the day before the charter: judged by the newest version, said as such
        ("1989-12-31", 404),
        ("0001-01-01", 404),
        ("9999-12-31", 404),
        ("99999-01-01", 404),
        ("2024-13-01", 404),
        ("２０２４-02-29", 404),
        ("2024-02-29\x00", 400),
        ("' OR 1=1 --", 404),
    ],
)
def test_another_day_is_a_day_that_was(board: Board, said: str, status: int) -> None:
    url = reverse("labels:board", args=[board.workspace.slug, board.slug])
    assert member(board).get(url, {"le": said}).status_code == status
    board.public = True
    board.save()
    assert Client().get(reverse("labels:public_board", args=[board.slug]), {"le": said}).status_code == status


# -- What is sent -----------------------------------------------------------------------------------------------------


def member(board: Board, role: str = "officer") -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=board.workspace, role=role).person)
    return client


NASTY = [
    "\x00", "a\x00b", "' OR ''='", "<script>alert(1)</script>", "😀" * 50, "../../etc/passwd", "9" * 400, "-1", "NaN",
    "epci:\x00", "epci:" + "9" * 5000, ":", "epci:", "perimetre:1", "hub:1", "france:fr", "%00", "\ud800".encode(
        "utf-8", "surrogatepass").decode("latin-1"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("plain_refusals")
@pytest.mark.parametrize("word", NASTY)
def test_no_word_in_an_address_or_a_form_breaks_a_page(board: Board, word: str) -> None:
    at = [board.workspace.slug, board.slug]
    board.public = True
    board.save()
    team, everybody = member(board), Client()
    fine = {200, 302, 400, 404, 409, 422}
    asked = [
        (team, reverse("labels:board", args=at), ("le", "charte")),
        (team, reverse("labels:criterion", args=[*at, "q1"]), ("le", "charte")),
        (team, reverse("labels:judge", args=[*at, "seen"]), ("charte",)),
        (team, reverse("labels:board_create", args=at[:1]), ("charte",)),
        (team, reverse("labels:figures", args=at), ("sur", "etat")),
        (team, reverse("labels:figure", args=[*at, "events_held"]), ("sur",)),
        (team, reverse("labels:together", args=at), ("avec", "ajouter")),
        (team, reverse("premises:buildings", args=at[:1]), ("perimetre",)),
        (everybody, reverse("labels:public_board", args=[board.slug]), ("le", "charte")),
        (everybody, reverse("labels:public_criterion", args=[board.slug, "q1"]), ("le", "charte")),
    ]
    for client, url, names in asked:
        for name in names:
            for headers in ({}, {"HX-Request": "true"}) if word in NASTY[::6] else ({},):  # both read it the same way
                status = client.get(url, {name: word}, headers=headers).status_code
                assert status in fine, (url, name, status)
    forms = [
        ("labels:judge", ["seen"], ("version", "verdict", "reason", "conflicts")),
        ("labels:freeze", [], ("day", "version", "note")),
        ("labels:declare", ["events_held"], ("value", "unavailable", "ends_on", "source", "source_url", "documents")),
        ("labels:retain", ["events_held"], ("observation", "reason")),
        ("labels:search", [], ("scope", "most")),
        ("labels:body_create", [], ("kind", "name", "organisation", "document", "since")),
        ("labels:funding_create", [], ("level", "amount", "funder", "source", "document")),
        ("labels:appointment_create", [], ("office", "holder", "appointed_by", "company", "act")),
    ]
    for name, more, fields in forms:
        status = team.post(reverse(name, args=[*at, *more]), dict.fromkeys(fields, word)).status_code
        assert status in fine, (name, status)
        status = team.post(reverse(name, args=[*at, *more]), {"based_on": word, "seen": word}).status_code
        assert status in fine, (name, status)


@pytest.mark.django_db
@pytest.mark.parametrize("segment", ["%00", "a%00b", "%F0%9F%98%80", "x" * 500])
def test_no_word_in_a_path_breaks_a_page(board: Board, segment: str) -> None:
    team = member(board)
    for path in (
        f"/labels/chartes/essai/{segment}/",
        f"/labels/chartes/essai/{segment}.toml",
        f"/labels/chartes/essai/{segment}.json",
        f"/labels/{segment}/",
        f"/territoires/espaces/{board.workspace.slug}/labels/{board.slug}/chiffres/{segment}/",
        f"/territoires/espaces/{board.workspace.slug}/labels/{board.slug}/evaluations/{'9' * 40}/",
        f"/territoires/espaces/{board.workspace.slug}/labels/{board.slug}/observations/{'9' * 40}/",
    ):
        assert team.get(path).status_code in {400, 404}, path


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["NaN", "Infinity", "-Infinity", "sNaN", "1e9", "0x10", "9" * 16, "1" * 5000, "1,2,3", "٣٤", "--1", "1/2"]
)
def test_what_is_no_number_is_refused_at_its_field(board: Board, typed: str) -> None:
    said = {"value": typed, "ends_on": "2025-12-31", "source": "x", "confidence": "low"}
    url = reverse("labels:declare", args=[board.workspace.slug, board.slug, "events_held"])
    response = member(board).post(url, said)
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["value"])
    assert not Observation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_no_value_is_declared_that_is_no_number(board: Board, value: str) -> None:
    with pytest.raises(ValidationError):
        declared(board, Decimal(value))
    assert not Observation.objects.exists()


@pytest.mark.django_db
def test_a_text_of_ten_megabytes_is_refused_and_nothing_is_written(board: Board) -> None:
    url = reverse("labels:declare", args=[board.workspace.slug, board.slug, "events_held"])
    said = {"value": "1", "ends_on": "2025-12-31", "source": "x", "confidence": "low"}
    client = member(board)
    assert client.post(url, {**said, "note": "x" * 4_000_000}).status_code == 422
    assert client.post(url, {**said, "note": "x" * 10_000_000}).status_code in {400, 413}
    assert not Observation.objects.exists()


@pytest.mark.django_db
def test_a_flood_of_partners_and_fields_is_refused_without_work(board: Board) -> None:
    client = member(board)
    url = reverse("labels:together", args=[board.workspace.slug, board.slug])
    assert client.get(f"{url}?{'&'.join(f'avec=epci:{n:09d}' for n in range(900))}").status_code == 404
    assert client.get(f"{url}?{'&'.join(f'avec=epci:{n:09d}' for n in range(5000))}").status_code in {400, 404}
    assert (
        client.post(url.replace("ensemble/", "evaluations/geler/"), {f"f{n}": n for n in range(3000)}).status_code
        == 400
    )


def a_charter(*fields: str) -> str:
    """A charter's file with a requirement of these fields each."""
    asked = "".join(
        f"""[[criteria.requirements]]
id = "x{n}"
kind = "document"
{more}
title = {{ fr = "Un", en = "One" }}
rule = {{ fr = "Un.", en = "One." }}
"""
        for n, more in enumerate(fields)
    )
    return f"""format = 1
slug = "essai"
version = "1"
valid_from = 2020-01-01
title = {{ fr = "Essai", en = "Trial" }}
summary = {{ fr = "Un essai.", en = "A trial." }}
[sources]
[[criteria]]
id = "premier"
title = {{ fr = "Premier", en = "First" }}
{asked}"""


def refusal(text: str) -> str:
    with pytest.raises(CharterErrors) as refused:
        read_charter(text)
    (problem,) = refused.value.problems
    return f"{problem.line}: {problem.message}"


def test_a_charter_of_two_thousand_requirements_is_read_and_judged() -> None:
    charter = read_charter(a_charter(*[""] * 2000))
    result = judge(charter, Facts("epci:1", "Essai", DAY))
    assert Counter(one.state for one in result.criteria[0].findings) == {"unknown": 2000}


@pytest.mark.parametrize("forwards", [True, False])
def test_a_row_of_conditions_that_judging_could_not_follow_is_refused(forwards: bool) -> None:
    def row(number: int) -> str:
        steps = [(n + 1 if forwards else n - 1) for n in range(number)]
        return a_charter(*(f'only_if = "x{to}"' if 0 <= to < number else "" for to in steps))

    with override("en"):
        assert "More than 100 conditions" in refusal(row(1500))
    assert judge(read_charter(row(90)), Facts("epci:1", "Essai", DAY)).state == "unknown"


@pytest.mark.parametrize("part", ["a", '"a b"', "'a'"])
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(part: str) -> None:
    """It would take minutes: the reader's time grows with the square of the parts."""
    with override("en"):
        assert refusal(a_charter("") + " . ".join([part] * 50_000) + " = 1").endswith("nested too deep.")


@pytest.mark.django_db
def test_markup_in_names_is_text_on_every_page(board: Board) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    Workspace.objects.update(name=evil)
    board.perimeter.name = evil
    board.perimeter.save()
    EpciFactory(code="248000531")
    type(EpciFactory()).objects.update(name=evil)
    declared(board, 156, source=evil, note=evil, author=evil, method=evil)
    board.public = True
    board.save()
    client, at = member(board), [board.workspace.slug, board.slug]
    Observation.objects.update(public=True)
    for url in (
        reverse("labels:index"),
        reverse("labels:public_board", args=[board.slug]),
        reverse("labels:public_criterion", args=[board.slug, "q1"]),
        reverse("labels:board", args=at),
        reverse("labels:figure", args=[*at, "events_held"]),
        reverse("labels:observation", args=[*at, Observation.objects.get().pk]),
        reverse("labels:together", args=at) + "?avec=epci:248000531",
        reverse("labels:together", args=at) + "?ajouter=%3Cimg",
    ):
        page = client.get(url)
        assert page.status_code == 200, url
        assert "<img src=x" not in page.content.decode(), url


@pytest.mark.django_db
def test_the_files_one_downloads_are_no_pages(board: Board) -> None:
    made = frozen(board)
    own = member(board).get(reverse("labels:evaluation_json", args=[board.workspace.slug, board.slug, made.pk]))
    files = [own, *(Client().get(reverse(f"labels:charter_{kind}", args=["essai", "1"])) for kind in ("file", "json"))]
    for file in files:
        assert file.status_code == 200
        assert file["Content-Disposition"].startswith("attachment; filename=")
        assert file["X-Content-Type-Options"] == "nosniff"
        assert "html" not in file["Content-Type"]
    assert own.content.decode() == made.content


@pytest.mark.django_db
def test_what_was_frozen_is_read_whatever_the_charter_in_force_says_now(board: Board) -> None:
    made = frozen(board)
    CharterVersionFactory(data=content_of([requirement("other", "judgement", guide=words("?"))], version="2"))
    page = member(board).get(reverse("labels:evaluation", args=[board.workspace.slug, board.slug, made.pk]))
    assert page.status_code == 200
    assert computed_again(made)
    assert canonical(kept(made)).decode() == made.content


@pytest.mark.django_db
def test_an_evaluation_that_this_version_cannot_read_is_told_not_a_crash(board: Board) -> None:
    made = EvaluationFactory(board=board, charter_version=CharterVersion.objects.get())
    at = [board.workspace.slug, board.slug, made.pk]
    client = member(board)
    assert client.get(reverse("labels:evaluations", args=at[:2])).status_code == 200
    assert client.get(reverse("labels:evaluation_json", args=at)).status_code == 200
