"""Evidence, partners and judgements in a real browser: with the keyboard alone, two at once, on a phone, on paper."""

import datetime
import hashlib
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.browsing import accessibility_faults, faults_at, scrolls_sideways
from tests.factories.labels import BoardFactory, CharterVersionFactory, SearchFactory
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from tests.labels.test_partners import CAEN, CONTENT, LE_HAVRE, ROUEN, agglomeration
from tests.serving import Site, Totem
from totem.accounts.models import User
from totem.labels import jobs
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import Board, CharterVersion, Evaluation, Judgement, Observation, Search
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Document, WorkspaceRole

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
HERE = "/territoires/espaces/nous/labels/essai/"
FIGURE = f"{HERE}chiffres/events_held/"
TOGETHER = f"{HERE}ensemble/"
LAST_YEAR = timezone.localdate().year - 1


@pytest.fixture
def board(server: Site) -> Board:
    """Rouen alone: one large account of the three required, no event known of 150, a judgement to be made."""
    CharterVersionFactory(data=CONTENT)
    agglomeration(ROUEN, "Métropole Rouen Normandie", 1, rouen=True)
    agglomeration(CAEN, "CU Caen la Mer", 1, caen=True)
    agglomeration(LE_HAVRE, "CU Le Havre Seine Métropole", 1, le_havre=True)
    board = BoardFactory(workspace__slug="nous", workspace__name="Nous", slug="essai", perimeter__name="Rouen seule")
    publish_perimeter_version(
        perimeter=board.perimeter,
        by=None,
        now=timezone.now(),
        valid_from=datetime.date(2014, 1, 1),
        parts={"epci": [ROUEN]},
    )
    return board


@pytest.fixture
def officer(board: Board) -> User:
    return WorkspaceMemberFactory(workspace=board.workspace).person


def declared(board: Board, value: int, source: str) -> Observation:
    """Declare the number of events of last year, with its source."""
    today = timezone.localdate()
    return evidence_actions.declare(
        workspace=board.workspace,
        subject=subject_of(board, today),
        figured=figures_of(charter_of(CharterVersion.objects.get()))["events_held"],
        values={
            "value": Decimal(value),
            "starts_on": datetime.date(LAST_YEAR, 1, 1),
            "ends_on": datetime.date(LAST_YEAR, 12, 31),
            "source": source,
            "method": "Comptés une fois par date.",
            "confidence": "medium",
        },
        by=None,
        now=timezone.now(),
    )


def normandy_search(board: Board, **fields: Any) -> Search:
    """A search among the groupings of Normandy; by default no worker has answered it yet."""
    version, today = CharterVersion.objects.get(), timezone.localdate()
    return SearchFactory(board=board, charter_version=version, scope="region:28", most=3, day=today, **fields)


def tab_to(page: Page, wanted: Locator) -> None:
    """Reach a control with the Tab key alone."""
    for _key in range(90):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"not reached with Tab: {wanted}")


def follow(page: Page, link: Locator) -> None:
    tab_to(page, link)
    page.keyboard.press("Enter")


def wait_for(page: Page, address: str) -> None:
    page.wait_for_url(lambda url: url.split("#")[0].endswith(address))


def save(page: Page) -> None:
    page.locator(".form-foot .btn-main").first.click()


def state_of(page: Page, criterion: str) -> Locator:
    return page.locator(f"#critere-{criterion} .criterion-head .badge-state")


# -- Everybody --------------------------------------------------------------------------------------------------------


def test_every_screen_can_be_read_by_everybody(window: NewPage, board: Board, officer: User):
    observation = declared(board, 120, "Rapport d’activité")
    declared(board, 96, "La presse")
    answered = normandy_search(board)
    jobs.search_partners(answered.pk)
    waiting = normandy_search(board)
    failed = normandy_search(board, state=Search.State.FAILED, ended_at=timezone.now())
    page = window(user=officer)
    assert not faults_at(
        page,
        f"{HERE}chiffres/", f"{HERE}chiffres/?etat=contredits", FIGURE, f"{FIGURE}declarer/",
        f"{HERE}chiffres/digital_companies/", f"{HERE}observations/{observation.pk}/",
        f"{HERE}observations/{observation.pk}/corriger/", TOGETHER, f"{TOGETHER}?avec=epci:{CAEN}&avec=epci:{LE_HAVRE}",
        f"{TOGETHER}?ajouter=nulle-part", f"{TOGETHER}recherches/{waiting.pk}/",
        f"{TOGETHER}recherches/{answered.pk}/", f"{TOGETHER}recherches/{failed.pk}/",
    )  # fmt: skip


# -- A figure ---------------------------------------------------------------------------------------------------------


def test_a_figure_is_declared_with_the_keyboard_and_the_board_follows(window: NewPage, board: Board, officer: User):
    page = window(user=officer)
    page.goto(HERE)
    expect(state_of(page, "q3")).to_have_class(re.compile("badge-state"))
    before = state_of(page, "q3").inner_text()
    follow(page, page.locator(f'a[href="{HERE}criteres/q3/"]'))
    wait_for(page, f"{HERE}criteres/q3/")
    follow(page, page.locator(f'a.btn[href="{FIGURE}"]'))
    wait_for(page, FIGURE)
    follow(page, page.locator(f'.page-head a[href="{FIGURE}declarer/"]'))
    wait_for(page, f"{FIGURE}declarer/")
    for name, words in (("value", "120"), ("source", "Rapport d’activité"), ("method", "Comptés par date.")):
        tab_to(page, page.locator(f"[name={name}]"))
        page.keyboard.type(words)
    tab_to(page, page.locator("[name=confidence]"))
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[name=confidence]").input_value()
    tab_to(page, page.locator("[name=uploads]"))
    page.locator("[name=uploads]").set_input_files(
        {"name": "rapport.txt", "mimeType": "text/plain", "buffer": "Cent vingt événements.".encode()}
    )
    follow(page, page.locator(".form-foot .btn-main"))
    wait_for(page, FIGURE)
    document = Document.objects.get()
    assert document.sha256 == hashlib.sha256("Cent vingt événements.".encode()).hexdigest()
    version = Observation.objects.get().versions.get()
    assert (version.value, version.confidence, version.starts_on.year) == (120, chosen, LAST_YEAR)
    expect(page.locator(f'main a[href$="/documents/{document.pk}/"]').first).to_be_visible()
    follow(page, page.locator(f'.bar-work a[href="{HERE}"]'))
    wait_for(page, HERE)
    # 120 of 150: what is missing is shown, in the figure's own unit, and what to do next leads to it.
    expect(page.locator("#critere-q3 .gap")).to_contain_text("30")
    expect(page.locator("#critere-q3 .gap")).to_contain_text("événements")
    assert state_of(page, "q3").inner_text() != before
    expect(page.locator(f'.plan .row-meta a[href^="{FIGURE}"]')).to_have_count(1)


def test_without_a_script_nothing_that_was_typed_or_sent_is_lost(window: NewPage, board: Board, officer: User):
    page = window(user=officer, width=390, javascript=False)
    page.goto(f"{FIGURE}declarer/")
    page.locator("[name=value]").fill("160 événements")
    page.locator("[name=method]").fill("Comptés par date.")
    page.locator("[name=uploads]").set_input_files(
        {"name": "rapport.txt", "mimeType": "text/plain", "buffer": b"Cent soixante."}
    )
    save(page)  # without its source
    expect(page.locator("#id_source_error, .field-error").first).to_be_visible()
    expect(page.locator("[name=value]")).to_have_value("160 événements")
    expect(page.locator("[name=method]")).to_have_value("Comptés par date.")
    expect(page.locator("[name=documents]:checked")).to_have_value(str(Document.objects.get().pk))
    page.locator("[name=source]").fill("Rapport d’activité")
    page.locator("[name=confidence]").select_option("high")
    save(page)
    wait_for(page, FIGURE)
    version = Observation.objects.get().versions.get()
    assert (version.value, [document.sha256 for document in version.documents.all()]) == (
        160,
        [hashlib.sha256(b"Cent soixante.").hexdigest()],
    )


def test_two_who_correct_at_once_see_both_texts_and_lose_none(window: NewPage, board: Board, officer: User):
    observation = declared(board, 120, "Rapport d’activité")
    colleague = WorkspaceMemberFactory(workspace=board.workspace, role=WorkspaceRole.AGENT).person
    edit = f"{HERE}observations/{observation.pk}/corriger/"
    mine, theirs = window(user=officer), window(user=colleague)
    mine.goto(edit)
    theirs.goto(edit)
    theirs.locator("[name=value]").fill("148")
    theirs.locator("[name=note]").fill("Sans les ateliers.")
    save(theirs)
    wait_for(theirs, f"/observations/{observation.pk}/")
    mine.locator("[name=value]").fill("164")
    mine.locator("[name=note]").fill("Avec les ateliers.")
    save(mine)
    both = mine.locator(".table-scroll table")
    for words in ("148", "164", "Sans les ateliers.", "Avec les ateliers."):
        expect(both).to_contain_text(words)
    expect(mine.locator("[name=value]")).to_have_value("164")
    expect(mine.locator("[name=note]")).to_have_value("Avec les ateliers.")
    assert accessibility_faults(mine) == []
    assert observation.versions.count() == 2
    save(mine)  # a second time, after the conflict was shown: replaces the other text
    wait_for(mine, f"/observations/{observation.pk}/")
    assert [version.value for version in observation.versions.order_by("number")] == [120, 148, 164]
    expect(mine.locator("main")).to_contain_text("Sans les ateliers.")


# -- Partners ---------------------------------------------------------------------------------------------------------


def columns(page: Page) -> Locator:
    return page.locator("#matrix table").first.locator("thead th")


def test_a_partner_comes_and_goes_and_the_way_back_is_right(window: NewPage, board: Board, officer: User):
    page = window(user=officer)
    page.goto(TOGETHER)
    expect(columns(page)).to_have_count(3)  # the requirement, Rouen, together
    page.locator("#partner").press_sequentially("caen")
    page.locator(f'#found a[href$="avec=epci:{CAEN}"]').click()
    wait_for(page, f"?avec=epci:{CAEN}")
    page.locator("#partner").fill("Le Havre Seine")
    page.locator(f'#found a[href$="avec=epci:{CAEN}&avec=epci:{LE_HAVRE}"]').click()
    wait_for(page, f"?avec=epci:{CAEN}&avec=epci:{LE_HAVRE}")
    expect(columns(page)).to_have_count(5)
    accounts = page.locator("#matrix tbody tr").first
    expect(accounts.locator(".decides")).to_have_count(2)
    met = accounts.locator(".badge-state").inner_text()
    page.evaluate("window.stays = true")
    page.locator('a[id^="without-"]').first.click()
    wait_for(page, f"?avec=epci:{LE_HAVRE}")
    expect(columns(page)).to_have_count(4)
    expect(accounts.locator(".decides")).to_have_count(0)
    assert accounts.locator(".badge-state").inner_text() != met
    assert page.evaluate("window.stays")  # only the matrix was fetched
    # A partner found now is added to the present ones: the one removed does not come back.
    page.locator("#partner").fill("caen")
    expect(page.locator(f'#found a[href$="avec=epci:{LE_HAVRE}&avec=epci:{CAEN}"]')).to_be_visible()
    page.go_back()
    wait_for(page, f"?avec=epci:{CAEN}&avec=epci:{LE_HAVRE}")
    expect(columns(page)).to_have_count(5)
    expect(page.locator("h1")).to_have_count(1)
    page.go_forward()
    expect(columns(page)).to_have_count(4)
    # Also after another page: the whole page is shown, not its partial from the browser's cache.
    page.locator(f'.tabs a[href="{HERE}"]').click()
    wait_for(page, HERE)
    page.go_back()
    expect(columns(page)).to_have_count(4)
    expect(page.locator("h1")).to_have_count(1)


def test_eight_partners_fill_the_matrix_and_one_taken_away_makes_room(window: NewPage, board: Board, officer: User):
    codes = [f"2000000{number:02}" for number in range(8)]
    for number, code in enumerate(codes):
        CommuneFactory(code=f"807{number:02}", name=f"Lieu {number}", epci=EpciFactory(code=code, name=f"CC {number}"))
    page = window(user=officer, width=390)
    page.goto(TOGETHER + "?" + "&".join(f"avec=epci:{code}" for code in codes))
    expect(columns(page)).to_have_count(11)
    expect(page.locator("#partner")).to_have_count(0)
    assert not scrolls_sideways(page)
    page.locator('a[id="without-1"]').click()
    expect(columns(page)).to_have_count(10)
    expect(page.locator("#partner")).to_be_visible()


def test_a_search_is_answered_while_the_page_waits(window: NewPage, server: Site, board: Board, officer: User):
    search = normandy_search(board)
    page = window(user=officer)
    page.goto(f"{TOGETHER}recherches/{search.pk}/")
    expect(page.locator("#answer .notice")).to_be_visible()
    page.evaluate("window.stays = true")
    jobs.search_partners(search.pk)
    best = page.locator(f'#answer ol a[href="{TOGETHER}?avec=epci:{CAEN}&avec=epci:{LE_HAVRE}"]')
    expect(best).to_be_visible()
    expect(page.locator("#answer [hx-get]")).to_have_count(0)
    assert page.evaluate("window.stays")
    best.click()
    expect(page.locator("#matrix .decides")).to_have_count(2)
    # The same search started by the form: a worker answers it.
    page.locator('form[action$="/ensemble/chercher/"] button').click()
    page.wait_for_url("**/ensemble/recherches/*/")
    assert Totem("worker", "--once", TOTEM_DATA=str(server.data)).wait() == 0
    expect(best).to_be_visible()


# -- Freezing and judging ---------------------------------------------------------------------------------------------


def test_a_frozen_evaluation_is_compared_with_today(window: NewPage, board: Board, officer: User):
    observation = declared(board, 120, "Rapport d’activité")
    page = window(user=officer)
    page.goto(f"{HERE}evaluations/")
    page.locator("[name=note]").fill("Pour le conseil")
    save(page)
    page.wait_for_url(re.compile(r"/evaluations/\d+/$"))
    frozen = Evaluation.objects.get(frozen=True)
    expect(page.locator("main .changes > li")).to_have_count(0)
    page.goto(f"{HERE}observations/{observation.pk}/corriger/")
    page.locator("[name=value]").fill("164")
    save(page)
    wait_for(page, f"/observations/{observation.pk}/")
    page.goto(f"{HERE}evaluations/{frozen.pk}/")
    changed = page.locator("main .changes > li")
    expect(changed).to_have_count(1)
    expect(changed).to_contain_text("120")
    expect(changed).to_contain_text("164")
    content = page.request.get(f"{HERE}evaluations/{frozen.pk}.json").body()
    assert hashlib.sha256(content).hexdigest() == frozen.sha256
    expect(page.locator("main .sum").last).to_have_text(frozen.sha256)


def test_the_officer_judges_and_an_agent_reads_it(window: NewPage, board: Board, officer: User):
    agent = WorkspaceMemberFactory(workspace=board.workspace, role=WorkspaceRole.AGENT).person
    judging = f"{HERE}exigences/seen/jugement/"
    theirs = window(user=agent)
    theirs.goto(f"{HERE}criteres/q4/")
    expect(theirs.locator(f'a[href="{judging}"]')).to_have_count(0)
    page = window(user=officer)
    page.goto(f"{HERE}criteres/q4/")
    page.locator(f'a.btn[href="{judging}"]').click()
    page.locator('[name=verdict][value="met"]').check()
    page.locator("[name=reason]").fill("Vu sur place.")
    page.locator("[name=conflicts]").fill("Aucun")
    save(page)
    page.wait_for_url("**/criteres/q4/#seen")
    judgement = Judgement.objects.get()
    assert (judgement.verdict, judgement.made_by, judgement.charter_version.version) == ("met", officer, "1")
    theirs.reload()
    expect(theirs.locator("#seen")).to_contain_text("Vu sur place.")
    theirs.goto(HERE)
    expect(state_of(theirs, "q4")).to_have_class(re.compile("is-moss"))


# -- Paper ------------------------------------------------------------------------------------------------------------


CUT = """() => [...document.querySelectorAll("main *")].filter((element) => {
  const box = element.getBoundingClientRect();
  const inside = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible";
  return box.width && !element.closest(".visually-hidden, svg") && (inside || box.right > innerWidth + 1);
}).map((element) => element.outerHTML.slice(0, 80))"""


def test_nothing_is_cut_on_paper_and_no_form_is_printed(window: NewPage, board: Board, officer: User):
    observation = declared(board, 120, "Rapport d’activité")
    declared(board, 96, "La presse")
    page = window(user=officer)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 672, "height": 950})  # an A4 sheet between its margins
    for address in (HERE, f"{HERE}chiffres/", FIGURE, f"{HERE}observations/{observation.pk}/",
                    f"{TOGETHER}?avec=epci:{CAEN}&avec=epci:{LE_HAVRE}"):  # fmt: skip
        page.goto(address)
        for hidden in ("form", ".btn", ".tabs", ".crumbs"):
            assert not any(found.is_visible() for found in page.locator(f"main {hidden}").all()), (address, hidden)
        assert page.evaluate(CUT) == [], address
