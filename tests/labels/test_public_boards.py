"""What a public board never tells, and what a form may name of others."""

import datetime
from collections.abc import Iterator, Sequence

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.labels import (
    AppointmentFactory,
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    FundingLineFactory,
    JudgementFactory,
    SeatFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.organisations import OrganisationFactory, RelationFactory, YearFiguresFactory
from tests.factories.premises import PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    EpciFactory,
    WorkspaceFactory,
)
from tests.labels.test_rights import member
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of, evaluate
from totem.labels.models import Board, CharterVersion, Observation, Retention
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Document, Workspace, WorkspaceRole

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = timezone.localdate()
LONG_AGO = datetime.date(2015, 1, 1)
SECRET = "Xyzzy"
CONTENT = content_of(
    [
        requirement("events", "measure", indicator="events_held", at_least=200, unit="événements"),
        requirement("area", "measure", indicator="usable_area", at_least=50_000, unit="m²"),
        requirement("signed", "document"),
    ],
    [
        requirement("gov", "body", body="governing", classes_represented=["company"]),
        requirement("cdo", "appointment", appointed_by=["epci"], entrepreneur=True),
        requirement("money", "funding", levels=["region"], purposes=["team"], at_least=1, unit="€"),
    ],
    [
        requirement("accounts", "organisations", roles=["large_account_in"], number=1),
        requirement(
            "champion", "organisations", roles=["mobilised_in"], number=1,
            where=[{"fact": "revenue", "more_than": 5_000_000, "unit": "€"}],
        ),
        requirement("seen", "judgement", guide=words("?")),
    ],
    indicators=[
        {"name": "events_held", "label": words("Événements"), "unit": "événements", "combine": "sum"},
        {"name": "usable_area", "measure": "usable_area"},
    ],
)  # fmt: skip


@pytest.fixture
def shown() -> Board:
    """A public board of which all evidence is the team's own."""
    CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory(public=True)
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    return board


def declared(
    board: Board,
    name: str,
    value: int,
    *,
    public: bool = False,
    workspace: Workspace | None = None,
    documents: Sequence[Document] = (),
    **said: object,
) -> Observation:
    charter = charter_of(CharterVersion.objects.get(slug=board.charter))
    return evidence_actions.declare(
        workspace=workspace or board.workspace,
        subject=subject_of(board, TODAY),
        figured=figures_of(charter)[name],
        values={"value": value, "ends_on": TODAY, "source": "Rapport", "confidence": "high", **said},
        documents=documents,
        public=public,
        by=None,
        now=NOW,
    )


def everything_kept_back(board: Board) -> list[str]:
    """Declare one of everything for the team alone; the words that nobody else may read."""
    own = {"workspace": board.workspace, "perimeter": board.perimeter}
    document = DocumentFactory(workspace=board.workspace, name=f"{SECRET}.pdf", title=f"{SECRET} le titre")
    said = {"source": f"{SECRET} la source", "method": f"{SECRET} la méthode", "note": f"{SECRET} la note"}
    one = declared(board, "events_held", 7_777, **said, documents=[document])
    declared(board, "essai.signed", 1, documents=[document], author=SECRET)
    evidence_actions.retain(
        workspace=board.workspace, subject=subject_of(board, TODAY), indicator="events_held", observation=one,
        reason=f"{SECRET} le motif", by=UserFactory(), now=NOW,
    )  # fmt: skip
    body = BodyFactory(**own, name=f"{SECRET} comité", document=document)
    SeatFactory(body=body, organisation=OrganisationFactory(name=f"{SECRET} membre"), holder=f"{SECRET} titulaire")
    AppointmentFactory(**own, act=f"{SECRET} acte", holder=SECRET, document=document)
    FundingLineFactory(**own, source=f"{SECRET} budget", document=document, amount=123_456)
    for kind in ("large_account_in", "mobilised_in"):
        organisation = OrganisationFactory(name=f"{SECRET} {kind}")
        RelationFactory(organisation=organisation, kind=kind, **own, source=f"{SECRET} convention", document=document)
        YearFiguresFactory(organisation=organisation, workspace=board.workspace, revenue=6_543_210, source=SECRET)
    PhaseFactory(building__workspace=board.workspace, building__name=f"{SECRET} tour", usable_m2=8_888, source=SECRET)
    version = CharterVersion.objects.get(slug=board.charter)
    JudgementFactory(board=board, charter_version=version, requirement="seen", conflicts=f"{SECRET} parenté")
    board_actions.freeze(
        evaluated=evaluate(board, day=TODAY, workspace=board.workspace), note=f"{SECRET} note", by=None, now=NOW
    )
    board_actions.keep_daily(board=board, day=TODAY, now=NOW)
    return [SECRET, SECRET.lower(), document.sha256, "7 777", "7777", "123 456", "6 543 210", "8 888"]


def pages_for_everybody(board: Board, criteria: int = 3) -> Iterator[str]:
    client = Client()
    own = reverse("labels:public_board", args=[board.slug])
    for url in (
        reverse("labels:index"),
        reverse("labels:charter", args=[board.charter]),
        own,
        f"{own}?le={TODAY.isoformat()}",
        f"{own}?le={(TODAY - datetime.timedelta(days=30)).isoformat()}&charte=1",
        *(reverse("labels:public_criterion", args=[board.slug, f"q{n}"]) for n in range(1, criteria + 1)),
    ):
        response = client.get(url)
        assert response.status_code == 200, url
        yield response.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_a_public_board_tells_nothing_that_its_team_keeps_to_itself(shown: Board) -> None:
    secrets = everything_kept_back(shown)
    # The team sees all of it, so that the page has something to keep back.
    team = member(shown.workspace, WorkspaceRole.READER)
    url = reverse("labels:criterion", args=[shown.workspace.slug, shown.slug, "q1"])
    assert SECRET in team.get(url).content.decode()
    for page in pages_for_everybody(shown):
        for secret in secrets:
            assert secret not in page, (secret, page[page.index(secret) - 300 : page.index(secret) + 50])
    # Nor do the pages of others' teams: matrix, figures.
    other = BoardFactory(charter=shown.charter)
    publish_perimeter_version(
        perimeter=other.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    stranger = member(other.workspace, WorkspaceRole.OFFICER)
    at = [other.workspace.slug, other.slug]
    for url in (
        reverse("labels:board", args=at),
        f"{reverse('labels:together', args=at)}?avec=epci:248000531",
        reverse("labels:figures", args=at),
        reverse("labels:figure", args=[*at, "events_held"]),
        reverse("labels:governance", args=at),
        *(reverse("labels:criterion", args=[*at, f"q{n}"]) for n in (1, 2, 3)),
    ):
        page = stranger.get(url)
        assert page.status_code == 200, url
        assert not [secret for secret in secrets if secret in page.content.decode()], url


def test_an_organisation_noted_for_oneself_is_counted_and_named_nowhere_else() -> None:
    CharterVersionFactory(data=content_of([requirement("clubs", "organisations", kinds=["business_angels"], number=1)]))
    seat = CommuneFactory(epci=EpciFactory())
    board = BoardFactory(public=True)
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    club = OrganisationFactory(name=f"{SECRET} club", kind="business_angels", commune=seat)
    noted = RelationFactory(organisation=club)
    for workspace in (None, board.workspace):
        found = evaluate(board, day=TODAY, workspace=workspace).result.finding("clubs")
        assert (found.state, found.evidence) == ("unknown", ())
    assert not [page for page in pages_for_everybody(board, criteria=1) if SECRET in page]
    noted.public = True
    noted.save()
    assert evaluate(board, day=TODAY, workspace=None).result.finding("clubs").state == "met"


def test_a_document_that_is_not_shown_lends_its_sum_to_no_public_page(shown: Board) -> None:
    """What is published may stand on minutes that are not: their sum would tell who has them that they are the ones."""
    own = {"workspace": shown.workspace, "perimeter": shown.perimeter, "public": True}
    hidden = [DocumentFactory(workspace=shown.workspace) for _each in range(4)]
    body = BodyFactory(**own, document=hidden[0])
    SeatFactory(body=body)
    AppointmentFactory(**own, document=hidden[1])
    RelationFactory(**own, kind="large_account_in", document=hidden[2])
    paper = hidden[3]
    declared(shown, "essai.signed", 1, documents=[paper], public=True)
    team = member(shown.workspace, WorkspaceRole.READER)
    pages = "".join(pages_for_everybody(shown))
    assert paper.sha256 in pages  # it was published with its observation
    type(paper).objects.filter(pk=paper.pk).update(public=False)
    seen = "".join(
        team.get(reverse("labels:criterion", args=[shown.workspace.slug, shown.slug, q])).content.decode()
        for q in ("q1", "q2", "q3")
    )
    for page in pages_for_everybody(shown):
        for document in hidden:
            assert document.sha256 not in page
    assert all(document.sha256 in seen for document in hidden)


def test_what_is_taken_back_is_gone_from_the_public_page_at_once(shown: Board) -> None:
    one = declared(shown, "events_held", 4_321, source=f"{SECRET} publiée", public=True)
    assert sum(SECRET in page for page in pages_for_everybody(shown)) == 1
    evidence_actions.publish_observation(observation=one, public=False, by=UserFactory())
    assert not [page for page in pages_for_everybody(shown) if SECRET in page or "4 321" in page]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("le=2031-01-01", "à la date d’aujourd’hui ou d’un jour passé"),
        ("le=1912-04-15", "On ne sait rien d’un jour aussi ancien"),
        ("le=hier", "Un jour s’écrit comme 2026-03-12"),
        ("charte=1789", "La charte n’a pas cette version"),
    ],
)
def test_a_day_or_a_version_that_cannot_be_judged_is_said(shown: Board, asked: str, said: str) -> None:
    url = reverse("labels:public_board", args=[shown.slug])
    answer = Client().get(f"{url}?{asked}")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert said in page
    assert f'href="{url}"' in page


def test_a_board_that_is_taken_back_is_nowhere(shown: Board) -> None:
    urls = [
        reverse("labels:public_board", args=[shown.slug]),
        reverse("labels:public_criterion", args=[shown.slug, "q1"]),
    ]
    index = reverse("labels:index")
    link = f'href="{urls[0]}"'
    assert link in Client().get(index).content.decode()
    board_actions.set_board_public(board=shown, public=False, by=UserFactory())
    team = member(shown.workspace, WorkspaceRole.OFFICER)
    for client in (Client(), team):
        for url in urls:
            assert [client.get(url).status_code, client.get(f"{url}?le=2020-01-01").status_code] == [404, 404]
        assert link not in client.get(index).content.decode()


def test_a_hub_that_is_not_published_any_more_has_no_public_board() -> None:
    CharterVersionFactory(data=content_of([requirement("q1a", "judgement", guide=words("?"))], subject="hub"))
    hub = HubFactory(name=f"{SECRET} lieu")
    board = BoardFactory(perimeter=None, hub=hub, public=True)
    url = reverse("labels:public_board", args=[board.slug])
    assert Client().get(url).status_code == 200
    hub.is_published = False
    hub.save()
    assert Client().get(url).status_code == 404
    assert Client().get(reverse("labels:public_criterion", args=[board.slug, "q1"])).status_code == 404
    assert SECRET not in Client().get(reverse("labels:index")).content.decode()


def test_what_others_publish_does_not_speak_over_the_territorys_own_choice_on_its_public_page(shown: Board) -> None:
    """Anybody may open a workspace and publish a figure: it stands beside, and decides nothing where another counts."""
    declared(shown, "events_held", 240, public=True)
    page = "".join(pages_for_everybody(shown))
    assert "240" in page
    declared(shown, "events_held", 3, public=True, workspace=WorkspaceFactory())
    url = reverse("labels:public_criterion", args=[shown.slug, "q1"])
    events = evaluate(shown, day=TODAY, workspace=None).result.finding("events")
    assert (events.state, events.value) == ("met", 240)
    assert Client().get(url).status_code == 200


# -- What a form may name ---------------------------------------------------------------------------------------------


def test_a_private_observation_of_others_is_not_retained_by_its_number(shown: Board) -> None:
    theirs = declared(shown, "events_held", 999, workspace=WorkspaceFactory(), source=SECRET)
    team = member(shown.workspace, WorkspaceRole.OFFICER)
    url = reverse("labels:retain", args=[shown.workspace.slug, shown.slug, "events_held"])
    before = Retention.objects.count()
    response = team.post(url, {"observation": str(theirs.pk), "reason": "Pris"})
    assert response.status_code == 422
    assert SECRET not in response.content.decode()
    assert Retention.objects.count() == before


@pytest.mark.parametrize(
    ("name", "arguments", "values"),
    [
        ("labels:declare", ("events_held",), {"value": 1, "ends_on": "2026-01-31", "source": "x", "confidence": "low"}),
        ("labels:body_create", (), {"kind": "governing", "name": "Comité", "since": "2024-01-01"}),
        ("labels:funding_create", (), {"level": "region", "purpose": "team", "amount": "1", "source": "x",
                                       "starts_on": "2025-01-01", "ends_on": "2025-12-31"}),
    ],
)  # fmt: skip
def test_a_document_of_others_stands_behind_nothing(shown: Board, name: str, arguments: tuple, values: dict) -> None:
    theirs = DocumentFactory(name=f"{SECRET}.pdf", public=True)
    team = member(shown.workspace, WorkspaceRole.OFFICER)
    url = reverse(name, args=[shown.workspace.slug, shown.slug, *arguments])
    field = "documents" if name == "labels:declare" else "document"
    response = team.post(url, {**values, field: theirs.pk})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert SECRET not in response.content.decode()


def test_a_board_is_opened_for_ones_own_perimeter_and_hub_only(shown: Board) -> None:
    theirs = BoardFactory().perimeter
    publish_perimeter_version(perimeter=theirs, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]})
    team = member(shown.workspace, WorkspaceRole.OFFICER)
    url = f"{reverse('labels:board_create', args=[shown.workspace.slug])}?charte=essai"
    assert team.post(url, {"perimeter": theirs.pk}).status_code == 422
    CharterVersionFactory(
        data=content_of([requirement("a", "judgement", guide=words("?"))], subject="hub", slug="cantine-essai")
    )
    url = f"{reverse('labels:board_create', args=[shown.workspace.slug])}?charte=cantine-essai"
    assert team.post(url, {"hub": HubFactory().pk}).status_code == 422
    assert Board.objects.filter(workspace=shown.workspace).count() == 1
