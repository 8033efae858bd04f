"""Plans of a hub: made from one of the usual ones, changed, priced from a day on; who may."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils.functional import Promise

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from tests.factories.spaces import SpaceFactory
from totem.core import clock
from totem.core.edit_conflicts import version_token
from totem.hubs.models import Role
from totem.memberships.actions import plans as actions
from totem.memberships.models import Plan
from totem.memberships.queries import plans as queries
from totem.memberships.starting_points import STARTING_POINTS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def client_of(person: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def shown(response: Any) -> dict[str, Any]:
    """What a browser sends back of the form of a plan that was shown."""
    form = response.context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {name: str(value) if isinstance(value, Promise) else value for name, value in values.items()}
    return {name: value for name, value in values.items() if value not in (None, "") and value is not False}


def prices(plan: Plan) -> list[tuple[int, int, Decimal, date, date | None]]:
    rows = plan.prices.order_by("group", "months", "starts_on")
    return [(one.group, one.months, one.amount, one.starts_on, one.ends_on) for one in rows]


def test_a_full_month_is_saved_as_it_is_proposed_with_prices_of_a_quarter_and_of_a_group() -> None:
    manager = TeamMemberFactory(person__english=True)
    client, hub, today = client_of(manager.person), manager.hub, clock.today(manager.hub.zone)
    address = reverse("memberships:plan_new", args=[hub.slug, "full-month"])
    typed = shown(client.get(address)) | {"price_quarter": "500", "price_4": "90", "price_4_12": "900"}
    assert client.post(address, typed).status_code == 302
    plan = hub.plans.get()
    assert (plan.name, plan.benefits.get().quantity) == (str(STARTING_POINTS["full-month"].name), 600)
    everybody, student = [(0, 1, 180, today), (0, 3, 500, today)], [(4, 1, 90, today), (4, 12, 900, today)]
    assert [one[:4] for one in prices(plan)] == everybody + student
    page = client.get(reverse("memberships:plans", args=[hub.slug])).content.decode()
    assert "€180.00 with VAT (€150.00 without)" in page
    refused = client.post(address, typed | {"minimum": "200", "name": "Other", "day": "0.3"})
    assert refused.status_code == 422
    assert "day" in refused.context["form"].errors
    wrong = client.post(address, typed | {"name": "Other", "price_4_12": "-1"})
    assert wrong.context["form"].says_longer()  # its part of the page is open
    assert "name" in client.post(address, typed).context["form"].errors  # that name is taken
    typed["name"] = "Other"
    del typed["price"]
    assert "price" in client.post(address, typed).context["form"].errors
    assert hub.plans.count() == 1


def test_every_starting_point_can_be_saved_as_it_is() -> None:
    manager = TeamMemberFactory(person__english=True)
    client = client_of(manager.person)
    proposed = [key for key, one in STARTING_POINTS.items() if one.values]
    for key in proposed:
        address = reverse("memberships:plan_new", args=[manager.hub.slug, key])
        response = client.post(address, shown(client.get(address)))
        assert response.status_code == 302, (key, response.context["form"].errors)
    assert manager.hub.plans.count() == len(proposed)


def test_a_new_price_ends_the_former_and_agreements_keep_theirs() -> None:
    agreement = AgreementFactory()
    terms = agreement.terms.get()
    plan, by = terms.plan, UserFactory()

    def set_price(amount: int, day: date, **more: Any) -> Any:
        return actions.set_price(plan=plan, months=1, amount=Decimal(amount), starts_on=day, by=by, now=NOW, **more)

    later = set_price(200, date(2026, 9, 1))
    set_price(190, date(2026, 6, 1))
    set_price(195, date(2026, 6, 1))
    june, september = date(2026, 6, 1), date(2026, 9, 1)
    assert prices(plan) == [
        (0, 1, 180, date(2020, 1, 1), date(2026, 5, 31)),
        (0, 1, 195, june, date(2026, 8, 31)),
        (0, 1, 200, september, None),
    ]
    actions.end_price(price=later, by=by, now=NOW)
    assert prices(plan)[-1] == (0, 1, 195, june, None)
    terms.refresh_from_db()
    assert terms.amount == 180
    assert queries.agreements_under(plan, NOW.date()) == 1
    for field, values in (
        ("starts_on", {"day": date(2026, 3, 9)}),
        ("minimum", {"day": june, "minimum": Decimal(400)}),
    ):
        with pytest.raises(ValidationError):
            set_price(300, **values), field
    with pytest.raises(ValidationError) as met:
        actions.set_price(plan=plan, months=0, amount=Decimal(1), starts_on=june, by=by, now=NOW)
    assert "months" in met.value.message_dict


def test_a_plan_saved_since_is_not_overwritten_and_the_desk_only_reads() -> None:
    manager = TeamMemberFactory(person__english=True)
    plan = PlanFactory(hub=manager.hub)
    AgreementFactory(hub=manager.hub, plan=plan)
    client, address = client_of(manager.person), reverse("memberships:plan", args=[manager.hub.slug, plan.pk])
    page = client.get(address)
    assert "1 agreement holds this plan" in page.content.decode()
    typed = shown(page)
    assert client.post(address, typed | {"is_active": ""}).status_code == 302
    plan.refresh_from_db()
    assert not plan.is_active
    assert plan.benefits.get().quantity == 600
    conflict = client.post(address, typed | {"name": "Mine"})
    assert conflict.status_code == 409
    assert conflict.context["form"]["name"].value() == "Mine"
    again = client.post(address, typed | {"name": "Mine", "seen": version_token(plan)})
    assert again.status_code == 302
    desk = client_of(TeamMemberFactory(hub=manager.hub, role=Role.DESK).person)
    assert "Mine" in desk.get(reverse("memberships:plans", args=[manager.hub.slug])).content.decode()
    assert desk.get(address).status_code == 404
    assert desk.post(address, typed).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_rows_count_what_is_held_in_a_constant_number_of_queries(count: int, django_assert_num_queries: Any) -> None:
    hub = HubFactory()
    plans = PlanFactory.create_batch(count, hub=hub)
    AgreementFactory(hub=hub, plan=plans[0], ends_on=date(2026, 2, 1))
    AgreementFactory(hub=hub, plan=plans[0])
    with django_assert_num_queries(5):
        rows = queries.plan_rows(hub, NOW.date())
    assert [row.held for row in rows] == [1, *[0] * (count - 1)]
    assert rows[0].included


def test_a_plan_of_fixed_desks_has_as_many_places_as_desks_in_service_unless_another_number_is_typed() -> None:
    manager = TeamMemberFactory()
    client, hub = client_of(manager.person), manager.hub
    desks = SpaceFactory.create(hub=hub, pool=True)
    desks.units.filter(number=3).update(is_active=False)
    address = reverse("memberships:plan_new", args=[hub.slug, "full-month"])
    typed = {name: value for name, value in shown(client.get(address)).items() if name != "capacity"}
    for name, places in (("By the desks", {}), ("By the team", {"capacity": "1"})):
        assert client.post(address, typed | {"name": name, "space": desks.pk, **places}).status_code == 302
    assert list(hub.plans.order_by("pk").values_list("capacity", flat=True)) == [2, 1]
