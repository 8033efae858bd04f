"""The cases of the domain as the demonstration tells them, loaded as `totem demo` does."""

import datetime
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.conftest import ModuleRows
from totem.accounts.models import DemoRole, User
from totem.core import clock
from totem.core.demonstration import InventedWorld, load
from totem.labels import demonstration as boards
from totem.labels.boards.judged import Judged
from totem.labels.coalitions.views import MatrixRow
from totem.labels.evidence.gathering import gather
from totem.labels.judging import judge
from totem.labels.judging.evaluations import changes, computed_again, evaluate, kept
from totem.labels.judging.facts import Finding, State
from totem.labels.judging.wording import finding_words, state_word
from totem.labels.models import Board, CharterVersion, Evaluation, Observation, Search
from totem.labels.subjects import subject_at
from totem.observatory import queries
from totem.observatory.activities import activities_of
from totem.observatory.engine import Scope
from totem.observatory.models import ActivityVersion, Stock
from totem.premises.models import Building
from totem.territories.models import Perimeter, Workspace
from totem.territories.places import Place, place_for

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
TODAY = NOW.date()
LABELLED = datetime.date(2015, 6, 24)
DEMO = Path(settings.BASE_DIR) / "demo"
# The year has just begun: what is of « last year » was not over at the first evaluation.
NEW_YEAR = datetime.datetime(2027, 1, 2, 8, tzinfo=datetime.UTC)
at_new_year: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def demonstration(module_db: ModuleRows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = settings.OBSERVATORY_DIR
    settings.OBSERVATORY_DIR = tmp_path_factory.mktemp("observatory")
    with module_db():
        for command in ("load_communes", "load_activities", "load_charters"):
            call_command(command, verbosity=0)
        rest = tmp_path_factory.mktemp("rest") / "demo"
        shutil.copytree(DEMO, rest, ignore=shutil.ignore_patterns("labels"))
        load(InventedWorld(folder=rest, now=NOW, length=2))
        with transaction.atomic():
            boards.load(InventedWorld(folder=DEMO, now=NEW_YEAR))
            at_new_year[:] = Board.objects.order_by("pk").values_list("slug", flat=True)
            transaction.set_rollback(True)
        load(InventedWorld(folder=DEMO, now=NOW, length=2))
    yield
    settings.OBSERVATORY_DIR = before


def officer() -> User:
    return User.objects.get(demo_role=DemoRole.OFFICER)


ROUEN, TOGETHER = "metropole-french-tech-rouen-seule", "metropole-french-tech-rouen-caen-et-le-havre"
DISTRICT = "quartier-numerique-quartier-seine-innopolis-trace-approximatif"
NORMANDY = "rouen-caen-et-le-havre"
AMIENS, CONTAINER = "cantine-la-cantine-d-amiens", "cantine-le-container"


def found(slug: str, requirement: str, *, day: datetime.date = TODAY, public: bool = False) -> Finding:
    board = Board.objects.get(slug=slug)
    workspace = None if public else board.workspace
    return evaluate(board, day=day, workspace=workspace).result.finding(requirement)


def told(slug: str, figure: str) -> list[tuple[Decimal | None, str]]:
    """What stands side by side of a figure: values and their sources."""
    rows = Observation.objects.filter(indicator=figure, workspace=Board.objects.get(slug=slug).workspace)
    return [(v.value, v.source) for row in rows.order_by("pk") for v in row.versions.order_by("-number")[:1]]


def test_rouen_alone_lacks_two_large_digital_accounts_of_an_assumed_three():
    rouen = found(ROUEN, "grands-comptes")
    assert (rouen.state, rouen.value, rouen.threshold, rouen.gap) == (State.NOT_MET, 1, 3, 2)
    assert [seen.label for seen in rouen.evidence] == ["Creative Data"]


def test_with_caen_and_le_havre_it_is_complete_on_that_point_for_everybody_to_see():
    for public in (False, True):
        joint = found(TOGETHER, "grands-comptes", public=public)
        assert (joint.state, joint.value) == (State.MET, 3)
        assert {seen.label for seen in joint.evidence} == {"Soget", "Soyhuce", "Creative Data"}
        assert all("mars 2015" in seen.source for seen in joint.evidence)


@pytest.mark.parametrize(
    ("requirement", "value"),
    [("f1", 1235), ("f2", 10_690), ("f5", 49), ("f11", 156), ("f15", 95)],
)
def test_the_joint_file_counts_on_the_day_of_the_label_and_not_today(requirement, value):
    then = found(TOGETHER, requirement, day=LABELLED, public=True)
    assert (then.state, then.value) == (State.MET, value)
    assert then.evidence[0].source
    now = found(TOGETHER, requirement, public=True)
    if requirement == "f1":  # the register counts as many, exactly
        assert (now.state, now.value, now.evidence[0].on) == (State.MET, 1235, datetime.date(2026, 11, 1))
    elif requirement == "f2":  # what was declared is out of date: the register's interval counts
        assert (now.state, now.low, now.high) == (State.MET, 7395, None)
    else:
        assert now.state is State.STALE


def test_on_paper_a_criterion_is_counted_by_what_it_asks_and_not_by_what_is_optional():
    board = Board.objects.get(slug=TOGETHER)
    shown = Judged.of(evaluate(board, day=LABELLED, workspace=board.workspace)).criteria
    scores = {one.score for one in shown if one.finding.state is State.MET}
    assert (scores, {one.score for one in shown}) == ({"2 / 2"}, {"4 / 5", "0 / 2", "2 / 2", "0 / 1"})


def test_seine_innopolis_has_10_000_m2_of_50_000():
    area = found(DISTRICT, "q2a")
    assert (area.state, area.value, area.threshold, area.gap, area.unit) == (
        State.NOT_MET,
        10_000,
        50_000,
        40_000,
        "m²",
    )
    # If the two phases that were made up are delivered on their day.
    assert area.expected_on == datetime.date(2030, 12, 31)


@pytest.mark.parametrize(
    ("requirement", "state"),
    [("q1a", "met"), ("q1d", "not_met"), ("q4a", "not_met"), ("q4j", "met"), ("q8a", "not_met"), ("q8c", "unknown")],
)
def test_the_district_is_bounded_at_thirty_minutes_without_champion_nor_officer(requirement, state):
    assert found(DISTRICT, requirement).state == state


def test_five_million_euros_make_no_champion():
    champion = found(DISTRICT, "q4a")
    assert (champion.about, champion.facts) == (("Filature Imaginaire de Données",), ("revenue",))


def test_amiens_lacks_36_events_and_is_carried_by_its_actors():
    events = found(AMIENS, "evenements")
    assert (events.state, events.value, events.gap) == (State.NOT_MET, 164, 36)
    assert found(AMIENS, "acteurs-majoritaires").state is State.MET
    assert found(AMIENS, "president").state is State.MET


def test_contradictions_stand_side_by_side_with_their_sources():
    areas = told(CONTAINER, "hub_area")
    assert [value for value, _source in areas] == [230, 240, 300]
    assert all(source for _value, source in areas)
    assert [value for value, _source in told(TOGETHER, "dedicated_team")] == [2, 3]
    city = Building.objects.get(name="Cité numérique du Havre").phases.get()
    said = city.revisions.values_list("usable_m2", "cost", "retained")
    assert {(3600, 30_000_000, True), (3600, 24_100_000, False), (3600, 27_000_000, False)} < set(said)
    assert (3000, None, True) in said
    reason = found(ROUEN, "ecosysteme-remarquable").evidence
    assert reason
    judgements = Board.objects.get(slug=ROUEN).judgements.values_list("reason", flat=True)
    assert all("La Tribune" in text and "n’a pas candidaté seule" in text for text in judgements)


def test_one_of_the_contradicting_figures_is_retained_with_its_reason():
    board = Board.objects.get(slug=CONTAINER)
    facts = evaluate(board, day=TODAY, workspace=board.workspace).facts
    assert facts.figures["hub_area"].value == 300
    assert facts.figures["hub_area"].evidence[0].source.startswith("Paris-Normandie")


def test_caen_and_le_havre_are_irreplaceable_and_no_other_grouping_of_normandy_has_a_large_account():
    search = Search.objects.get()
    answer = search.answer
    assert (search.state, answer["among"] > 50, answer["count"]) == ("done", True, 1)
    assert answer["best"][0]["members"] == ["epci:200065597", "epci:200084952"]
    assert sorted(answer["irreplaceable"]) == ["epci:200065597", "epci:200084952"]
    assert "grands-comptes" in answer["required"]


def test_what_changed_this_month_was_evaluated_before_it_came():
    board = Board.objects.get(slug=AMIENS)
    first, last = Evaluation.objects.filter(board=board, frozen=False).order_by("day")
    changed = {one.id: one for one in changes(kept(first).result, kept(last).result)}
    assert set(changed) == {"evenements", "projet-unique", "entreprises"}
    events = changed["evenements"]
    assert events.before
    assert events.after
    assert (events.before.value, events.after.value) == (148, 164)


def test_the_joint_file_is_frozen_on_the_day_of_the_label_and_can_be_computed_again():
    frozen = Evaluation.objects.get(frozen=True)
    assert (frozen.board.slug, frozen.day) == (TOGETHER, LABELLED)
    assert computed_again(frozen)


def test_only_the_joint_board_is_public_and_says_so_of_what_it_is():
    assert list(Board.objects.filter(public=True).values_list("slug", flat=True)) == [TOGETHER]
    assert found(ROUEN, "grands-comptes", public=True).value == 1  # the firm is public, the board is not
    assert all("démonstration" in name for name in Workspace.objects.values_list("name", flat=True))
    assert all(
        member.person == officer() for w in Workspace.objects.all() for member in w.members.filter(role="officer")
    )


def test_it_can_be_loaded_on_any_day():
    assert at_new_year == list(Board.objects.order_by("pk").values_list("slug", flat=True))


def test_what_is_there_stays():
    counts = Board.objects.count(), Observation.objects.count(), CharterVersion.objects.count()
    call_command("load_charters")
    assert not load(InventedWorld(folder=DEMO, now=NOW)).is_new
    assert counts == (Board.objects.count(), Observation.objects.count(), CharterVersion.objects.count())
    assert Stock.objects.count() == 1


def matrix(slug: str, *partners: str) -> list[MatrixRow]:
    board = Board.objects.get(slug=slug)
    client = Client()
    client.force_login(officer())
    at = reverse("labels:together", args=[board.workspace.slug, board.slug])  # type: ignore[union-attr]
    context = client.get(at, {"avec": partners}).context
    return [*context["rows"], *context["others"]]


PARTNERS = "epci:200065597", "epci:200084952"  # Caen la mer, Le Havre Seine Métropole


def test_every_cell_of_every_matrix_is_what_the_boards_find():
    for board in Board.objects.select_related("workspace"):
        rows = matrix(board.slug, *PARTNERS)  # computes what nobody has computed of the partners yet
        own = evaluate(board, day=clock.today(), workspace=board.workspace)
        partners = gather(own.charter, list(map(subject_at, PARTNERS)), own.day, workspace=board.workspace)
        results = [own.result, *(judge(own.charter, facts) for facts in partners)]
        assert len(rows) > 5, board
        for row in rows:
            for cell, result in zip(row.cells, results, strict=True):
                found = result.finding(row.requirement.id)
                assert cell.finding == found, (board, row.requirement.id)
                board_words = finding_words(found, row.requirement, own.charter)
                if any(letter.isdigit() for letter in cell.words):
                    assert cell.words.rstrip(".") in board_words
                elif found.value:
                    assert cell.words == state_word(found.state)


def test_what_territories_make_together_is_what_the_board_of_all_three_finds():
    joint = Board.objects.get(slug=TOGETHER)
    result = evaluate(joint, day=clock.today(), workspace=joint.workspace).result
    rows = {row.requirement.id: row for row in matrix(ROUEN, *PARTNERS)}
    for pk in ("f1", "grands-comptes", "f10", "f8"):
        found = result.finding(pk)
        assert (rows[pk].joint.state, rows[pk].joint.value) == (found.state, found.value)
    # Sums of what is only known from below stay open, and the members of a group are not companies.
    at_least = ["Au moins 2\u202f380", "Au moins 2\u202f975", "Au moins 2\u202f040"]
    assert [cell.words for cell in rows["f2"].cells] == at_least
    assert rows["f2"].words == "Au moins 7\u202f395"
    groups = ["Remplies\xa0: 1 sur 2", "Remplies\xa0: 0 sur 2", "Remplies\xa0: 0 sur 2"]
    assert [cell.words for cell in rows["f4"].cells] == groups
    assert [cell.words for cell in rows["f4-grandes"].cells] == ["0", "Inconnu", "Inconnu"]


# -- The register -----------------------------------------------------------------------------------------------------


def counted(slug: str, place: Place) -> queries.Profile:
    version = ActivityVersion.objects.get(perimeter__slug=slug)
    return queries.profile(Scope(queries.serving_stock(), activities_of(version), place))


def test_picardie_has_2400_companies_under_24_codes_in_six_branches_that_add_up():
    picardie = counted("picardie-24", place_for("ancienne-region", "22"))
    assert picardie.totals.head_offices == 2400
    assert [branch.head_offices for branch in picardie.branches] == [70, 420, 170, 210, 1330, 200]
    assert len(activities_of(ActivityVersion.objects.get(perimeter__slug="picardie-24")).codes) == 24
    assert queries.serving_stock().synthetic


def test_the_three_agglomerations_are_one_perimeter_with_the_firms_of_the_joint_file():
    normandy = Perimeter.objects.get(slug=NORMANDY)
    together = counted("tic-ocde", place_for("perimetre", normandy.slug))
    assert normandy.public
    assert together.totals.head_offices == 1235
    assert together.totals.jobs.low <= 10_690
    alone = [counted("tic-ocde", place_for("epci", code)) for code in ("200023414", "200065597", "200084952")]
    assert [place.totals.head_offices for place in alone] == [560, 430, 245]


def test_the_territory_counts_its_own_activities_without_the_company_it_left_out():
    place = place_for("perimetre", NORMANDY)
    assert counted("numerique-normand-demonstration", place).totals.head_offices == 1234
