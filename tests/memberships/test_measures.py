"""Figures of members: what is counted on a day, what is not known, and the charter that counts agreements of hubs."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories.billing import CustomerFactory
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory, ZoneFactory
from tests.factories.labels import BoardFactory
from tests.factories.memberships import (
    AgreementFactory,
    AgreementSeatFactory,
    DuesKindFactory,
    DuesTermFactory,
    PlanFactory,
)
from tests.factories.spaces import SpaceFactory
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.core import measures
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.hubs.subjects import HUB
from totem.labels import jobs
from totem.labels.charters.actions import publish_charter
from totem.labels.charters.parsing import read_charter
from totem.labels.judging.evaluations import evaluate
from totem.labels.judging.facts import State
from totem.labels.management.commands.charter import SHIPPED
from totem.memberships.models import AgreementPause, AgreementState, MemberGroup
from totem.memberships.subjects import HUB_MONEY
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 1, 6, tzinfo=UTC)
PARIS_NIGHT = 22  # UTC hour at which a day ends in Paris, in summer


def on(hub: Hub, day: date) -> dict[str, Decimal | None]:
    """Every figure of the room on that day, by its name."""
    ends = datetime(day.year, day.month, day.day, PARIS_NIGHT, tzinfo=UTC)
    period = Period(ends.replace(hour=0), ends)
    known = [*measures.about(HUB), *measures.about(HUB_MONEY)]
    found = {
        one.name: one.over([hub], period) for one in known if one.compute.__module__.endswith("memberships.measures")
    }
    return {name: figure.value for name, figure in found.items()}


@pytest.fixture
def hub() -> Hub:
    """A hub of 400 m²."""
    hub = HubFactory()
    ZoneFactory(hub=hub, area=400)
    return hub


def test_agreements_publics_places_and_revenue_of_a_day(hub: Hub) -> None:
    desks = SpaceFactory(hub=hub, pool=True, quantity=4, area=40).units.all()
    office = SpaceFactory(hub=hub, area=30).units.get()
    alone = AgreementFactory(hub=hub, unit=desks[0], plan__group=MemberGroup.INDEPENDENT)
    team = AgreementFactory(  # by the quarter: 540 € with VAT, 150 € a month without; no agreement by the month
        hub=hub, customer=CustomerFactory(hub=hub), unit=office, plan__months=3, plan__amount=Decimal("540.00")
    )
    AgreementSeatFactory.create_batch(3, agreement=team)
    AgreementSeatFactory(agreement=team, person=alone.customer.person)  # counted once
    free = PlanFactory(hub=hub, is_incubation=True, market_value=Decimal(150))
    incubated = {"plan": free, "plan__amount": Decimal(0), "plan__group": MemberGroup.CREATOR}
    AgreementFactory(hub=hub, unit=desks[1], **incubated)
    yearly = {"plan__months": 12, "plan__amount": Decimal("1200.00"), "plan__vat_rate": Decimal(0)}
    AgreementFactory(hub=hub, plan__group=MemberGroup.STUDENT, ends_on=date(2026, 9, 15), **yearly)
    # The same customer twice, a pause, what only waits for a signature, another hub: none of it counts twice.
    AgreementFactory(hub=hub, customer=team.customer, plan__group=MemberGroup.COMPANY)
    paused = AgreementFactory(hub=hub, customer__name="En pause", plan__group=MemberGroup.INDEPENDENT)
    AgreementPause.objects.create(agreement=paused, starts_on=date(2026, 9, 1))
    AgreementFactory(hub=hub, state=AgreementState.TO_SIGN, unit=desks[2])
    AgreementFactory(plan__group=MemberGroup.STUDENT)
    MembershipFactory(hub=hub, starts_on=date(2026, 1, 1))

    assert on(hub, date(2026, 9, 15)) == {
        "hub_monthly_agreements": 4,
        "share_of_area_under_monthly_agreement": 5,  # two desks of 10 m², of 400 m²; the office is by the quarter
        "hub_members": 1,
        "members_under_agreement": 7,
        "dues_paying_members": None,
        "incubation_places": 1,
        "recurring_revenue": Decimal("550.00"),  # 150 alone, 150 the team, 0 incubated, 100 the student, 150 again
        "hosted_independents": 2,
        "hosted_creators": 1,
        "hosted_companies": 1,
        "hosted_students": 1,
    }
    after = on(hub, date(2026, 9, 16))
    assert (after["hosted_students"], after["recurring_revenue"]) == (0, Decimal("450.00"))
    before = on(hub, date(2025, 12, 31))  # before the first agreement nothing is known, and nothing is zero
    assert {name for name in before if before[name] is not None} == {"hub_members"}


def test_an_area_that_is_missing_is_not_known_and_never_zero(hub: Hub) -> None:
    day, name = date(2026, 9, 15), "share_of_area_under_monthly_agreement"
    AgreementFactory(hub=hub)
    assert on(hub, day)[name] == 0  # an agreement without a desk, and all areas known
    room = SpaceFactory(hub=hub)
    AgreementFactory(hub=hub, unit=room.units.get())
    assert on(hub, day)[name] is None
    room.area = 401  # more than the hub
    room.save()
    assert on(hub, day)[name] is None
    assert on(AgreementFactory().hub, day)[name] is None  # a hub without a zone


def test_whose_dues_are_paid_or_exempt_is_counted_and_requests_are_not(hub: Hub) -> None:
    kind = DuesKindFactory(hub=hub)
    assert on(hub, date(2026, 9, 15))["dues_paying_members"] == 0
    DuesTermFactory.create_batch(2, kind=kind)
    DuesTermFactory(kind=kind, state="asked", reason="")
    DuesTermFactory(kind=kind, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
    assert on(hub, date(2026, 12, 31))["dues_paying_members"] == 2
    assert on(hub, date(2025, 12, 31))["dues_paying_members"] == 1


def test_the_figures_of_a_hub_show_members_dues_and_revenue_to_its_team(hub: Hub, client: Client) -> None:
    AgreementFactory(hub=hub)
    client.force_login(TeamMemberFactory(hub=hub, person__language="fr").person)
    page = client.get(reverse("website:figures_year", args=[hub.slug])).content.decode()
    assert "Revenu récurrent par mois, HT" in page
    assert "Adhérents à jour" in page


def test_a_district_with_agreements_in_a_hub_has_its_criterion_and_is_not_asked_for_lots(client: Client) -> None:
    text = (SHIPPED / "quartier-numerique-2013.toml").read_text(encoding="utf-8")
    publish_charter(text=text, charter=read_charter(text), by=None, now=NOW)
    commune = CommuneFactory(epci=EpciFactory())
    board = BoardFactory(charter="quartier-numerique")
    assert board.perimeter
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=date(2020, 1, 1), parts={"epci": ["248000531"]}
    )
    officer = WorkspaceMemberFactory(workspace=board.workspace, role="officer", person__language="en").person
    client.force_login(officer)
    page = reverse("labels:criterion", args=[board.workspace.slug, board.slug, "immobilier"])
    asked = "Offer a monthly agreement in a building of the district."
    hub = HubFactory(commune=commune)
    day = timezone.localdate()
    jobs.refresh(board, now=timezone.now())
    before = evaluate(board, day=day, workspace=board.workspace)
    assert before.result.finding("q2b").state is State.UNKNOWN
    AgreementFactory(hub=hub)
    jobs.refresh(board, now=timezone.now())
    found = evaluate(board, day=day, workspace=board.workspace).result
    assert (found.finding("q2b").state, found.finding("q2b-contrats").value) == (State.MET, 1)
    assert found.finding("q2b-lots").state is State.UNKNOWN
    shown = client.get(page).content.decode()
    assert asked not in shown
    assert reverse("labels:figure", args=[board.workspace.slug, board.slug, "hub_monthly_agreements"]) in shown
