"""Charters and boards in a real browser: on a phone and a large screen, with and without scripts, on paper."""

import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browsing import faults_at, scrolls_sideways
from tests.factories.territories import (
    CommuneFactory,
    EpciFactory,
    PerimeterFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from tests.serving import Site
from totem.accounts.models import User
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of, evaluate, version_for
from totem.labels.models import Board, Evaluation, Judgement
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
BOARDS = "/territoires/espaces/nous/labels/"


@pytest.fixture
def officer(server: Site) -> User:
    """The officer of a territory with a perimeter, on a site with the shipped charters."""
    call_command("charter", "load", "--shipped")
    CommuneFactory(epci=EpciFactory())
    workspace = WorkspaceFactory(slug="nous", name="Nous")
    perimeter = PerimeterFactory(workspace=workspace, name="Quartier de la gare")
    publish_perimeter_version(
        perimeter=perimeter,
        by=None,
        now=timezone.now(),
        valid_from=datetime.date(2014, 1, 1),
        parts={"epci": ["248000531"]},
    )
    return WorkspaceMemberFactory(workspace=workspace).person


@pytest.fixture
def board(officer: User) -> Board:
    """A public board of the digital district with a figure, a judgement and an evaluation kept 40 days ago."""
    now, today = timezone.now(), timezone.localdate()
    version = version_for("quartier-numerique", today)
    perimeter = PerimeterFactory._meta.model.objects.get()
    made = board_actions.create_board(workspace=perimeter.workspace, charter=version, perimeter=perimeter, by=officer)
    before = now - datetime.timedelta(days=40)
    board_actions.keep_daily(board=made, day=before.date(), now=before)
    evidence_actions.declare(
        workspace=perimeter.workspace,
        subject=subject_of(made, today),
        figured=figures_of(charter_of(version))["competitiveness_clusters"],
        values={"value": Decimal(1), "ends_on": today, "source": "Relevé d’essai", "confidence": "high"},
        by=officer,
        now=now,
    )
    board_actions.record_judgement(
        board=made,
        version=version,
        requirement="q4b-premier-plan",
        verdict="met",
        reason="Vu sur place.",
        conflicts="Aucun",
        by=officer,
        now=now,
    )
    board_actions.freeze(
        evaluated=evaluate(made, day=today, workspace=made.workspace), note="Essai", by=officer, now=now
    )
    board_actions.set_board_public(board=made, public=True, by=officer)
    return made


def test_every_page_is_read_by_everybody_at_every_width(window: NewPage, officer: User, board: Board):
    own = f"{BOARDS}{board.slug}/"
    frozen = Evaluation.objects.get(frozen=True)
    page = window(user=officer)
    assert not faults_at(
        page,
        BOARDS,
        f"{BOARDS}nouveau/",
        f"{BOARDS}nouveau/?charte=quartier-numerique",
        own,
        f"{own}criteres/acteurs/",
        f"{own}exigences/q4b-premier-plan/jugement/",
        f"{own}evaluations/",
        f"{own}evaluations/{frozen.pk}/",
    )
    assert not faults_at(
        window(),
        "/labels/",
        "/labels/format/",
        "/labels/chartes/quartier-numerique/",
        "/labels/chartes/metropole-french-tech/",
        "/labels/chartes/cantine/",
        f"/labels/{board.slug}/",
        f"/labels/{board.slug}/criteres/acteurs/",
    )


def test_from_the_choice_of_a_label_to_a_frozen_evaluation_without_a_script(window: NewPage, officer: User):
    page = window(user=officer, width=390, javascript=False)
    page.goto("/territoires/espaces/nous/")
    page.locator(f'.bar-thumb > ul > li > a[href="{BOARDS}"]').click()
    page.locator('a[href$="/nouveau/"]').click()
    page.locator('a[href="?charte=quartier-numerique"]').click()
    page.locator("select[name=perimeter]").select_option(label="Quartier de la gare")
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/labels/quartier-numerique-quartier-de-la-gare/")
    page.locator('a[href$="/criteres/acteurs/"]').click()
    page.locator('a.btn[href$="/exigences/q4b-premier-plan/jugement/"]').click()
    page.locator('input[value="not_met"]').check()
    page.locator("textarea[name=reason]").fill("Pas de laboratoire ici.")
    page.locator(".form-foot .btn-main").click()
    expect(page.locator("textarea[name=reason]")).to_have_value("Pas de laboratoire ici.")
    expect(page.locator(".field-error")).to_have_count(1)
    page.locator("textarea[name=conflicts]").fill("Aucun")
    page.locator(".form-foot .btn-main").click()
    page.wait_for_url("**/criteres/acteurs/#q4b-premier-plan")
    assert Judgement.objects.get().verdict == "not_met"
    page.locator('.tabs a[href$="/evaluations/"]').click()
    page.locator("input[name=note]").fill("Pour le conseil")
    page.locator(".form-foot .btn-main").click()
    frozen = Evaluation.objects.get(frozen=True)
    page.wait_for_url(f"**/evaluations/{frozen.pk}/")
    expect(page.locator("main")).to_contain_text(frozen.sha256)


def test_on_paper_everything_is_open_and_nothing_asks_to_be_pressed(window: NewPage, officer: User, board: Board):
    page = window(user=officer)
    page.emulate_media(media="print")
    page.goto(f"{BOARDS}{board.slug}/")
    expect(page.locator(".criterion").first).to_be_visible()
    for hidden in (".tabs", "form", ".bar-site", ".bar-work", ".bar-thumb", ".no-print"):
        assert not any(found.is_visible() for found in page.locator(hidden).all()), hidden
    assert not scrolls_sideways(page)
