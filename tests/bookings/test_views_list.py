"""All bookings of a hub: who sees them, what each filter leaves, the totals, and the files."""

import csv
import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Guest
from totem.bookings.models import Booking, Status
from totem.core import clock, codes
from totem.core.periods import Period
from totem.hubs.models import Hub, Role

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Pointe-à-Pitre is four hours behind: its 2 March ends at 4 o'clock UTC on the 3rd.
EVENING = datetime(2027, 3, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def hub(module_db: ModuleRows) -> Hub:
    """Five bookings: one waits, one was refused, one is held for a guest, two are confirmed."""
    with module_db():
        hub = HubFactory(name="Machinerie", slug="machinerie", time_zone="America/Guadeloupe", always_open=True)
        room = SpaceFactory(hub=hub, name="Somme", slug="somme", free_of_charge=False)
        asking = SpaceFactory(hub=hub, name="Oise", slug="oise", needs_approval=True)
        PriceFactory(space=room, amount="12.50")
        ada = UserFactory(name="Đặng Thị Ada")
        priced = BookingFactory(space=room, person=ada, period=Period(EVENING, EVENING + 2 * HOUR))
        Booking.objects.filter(pk=priced.pk).update(organisation=OrganisationFactory(name="Œuvres du Port"))
        BookingFactory(space=room, period=Period(EVENING + DAY, EVENING + DAY + HOUR))
        guest = Guest("=Émile Zola", "emile@example.org")
        BookingFactory(
            space=room, person=None, visitor=guest, period=Period(EVENING + 2 * DAY, EVENING + 2 * DAY + HOUR)
        )
        BookingFactory(space=asking, period=Period(EVENING, EVENING + HOUR))
        refused = BookingFactory(space=asking, period=Period(EVENING + 9 * DAY, EVENING + 9 * DAY + HOUR))
        actions.refuse(booking=refused, by=ada, now=refused.created_at, reason="needed")
        BookingFactory()  # of another hub
        return hub


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: EVENING - 2 * DAY)


def sign_in(client: Client, hub: Hub, role: str = Role.DESK) -> Client:
    client.force_login(TeamMemberFactory(hub=hub, role=role, person=UserFactory(english=True)).person)
    return client


def listed(client: Client, hub: Hub, **filters: str) -> list[str]:
    """The references of the CSV of that filter, which are those of the page too."""
    answer = client.get(reverse("bookings:list_csv", args=[hub.slug]), filters)
    assert answer.status_code == 200
    text = b"".join(answer).decode("utf-8-sig")
    found = [codes.parse(row["Reference"]) for row in csv.DictReader(io.StringIO(text), delimiter=";")]
    page = client.get(reverse("bookings:list", args=[hub.slug]), filters)
    assert [line[0].reference for line in page.context.get("lines", [])] == found
    return found


def of(hub: Hub, **which: object) -> list[str]:
    rows = Booking.objects.filter(hub=hub, **which).order_by("-starts_at", "-pk")
    return list(rows.values_list("reference", flat=True))


@pytest.mark.parametrize(
    ("filters", "which"),
    [
        ({}, {}),
        ({"q": "ada dang"}, {"person__name": "Đặng Thị Ada"}),
        ({"q": "zola emi"}, {"guest_name": "=Émile Zola"}),
        ({"q": "EMILE@example.org"}, {"guest_name": "=Émile Zola"}),
        ({"q": "oeuvres"}, {"organisation__name": "Œuvres du Port"}),
        ({"q": "%"}, {"pk": 0}),
        ({"space": "oise"}, {"space__slug": "oise"}),
        ({"state": "refused"}, {"status": Status.REFUSED}),
        ({"state": "pending", "space": "oise"}, {"status": Status.PENDING}),
        ({"first": "2027-03-02", "last": "2027-03-02"}, {"starts_at": EVENING}),
        ({"first": "2027-03-03", "last": "2027-03-04"}, {"starts_at__gt": EVENING, "starts_at__lt": EVENING + 3 * DAY}),
    ],
)
def test_each_filter_leaves_what_answers_to_it(client: Client, hub: Hub, filters, which):
    assert listed(sign_in(client, hub), hub, **filters, order="latest") == of(hub, **which)


def test_who_may_not_read_addresses_cannot_confirm_one_by_the_filter(client: Client, hub: Hub):
    sign_in(client, hub, Role.READER)
    for address in ("EMILE@example.org", Booking.objects.exclude(person=None)[0].person.email):
        assert listed(client, hub, q=address) == []
    assert listed(client, hub, q="zola emi") == of(hub, guest_name="=Émile Zola")


def test_a_reference_finds_its_booking_and_the_order_is_ones_choice(client: Client, hub: Hub):
    sign_in(client, hub)
    everything = of(hub)
    assert listed(client, hub, q=codes.words(everything[2]).lower()) == [everything[2]]
    first = listed(client, hub, order="first")
    assert [Booking.objects.get(reference=one).starts_at for one in first] == sorted(
        Booking.objects.filter(hub=hub).values_list("starts_at", flat=True)
    )
    assert set(listed(client, hub, order="name")) == set(everything)


def test_the_list_begins_with_what_is_next_and_ends_with_what_is_long_over(client: Client, hub: Hub, monkeypatch):
    sign_in(client, hub)
    monkeypatch.setattr(clock, "now", lambda: EVENING + DAY + HOUR / 2)  # one booking is under way
    over, ahead = of(hub, starts_at=EVENING), of(hub, starts_at__gt=EVENING)
    assert listed(client, hub) == [*reversed(ahead), *over]


def test_what_a_job_has_not_written_yet_is_listed_as_it_is(client: Client, hub: Hub, monkeypatch):
    sign_in(client, hub)
    monkeypatch.setattr(clock, "now", lambda: EVENING + 12 * HOUR)
    assert listed(client, hub, state="expired") == of(hub, status=Status.PENDING)
    assert listed(client, hub, state="pending") == []
    assert listed(client, hub, state="no_show") == of(hub, status=Status.CONFIRMED, starts_at=EVENING)


def test_the_page_says_how_many_and_how_much_the_confirmed_ones_come_to(client: Client, hub: Hub):
    page = sign_in(client, hub).get(reverse("bookings:list", args=[hub.slug]), {"space": "somme"}).content.decode()
    # Three hours at 12.50: the guest's hold is due nothing yet.
    assert "<strong>3 bookings</strong>, 2 of them are confirmed, for €37.50 VAT included." in page
    page = client.get(reverse("bookings:list", args=[hub.slug]), {"state": "refused"}).content.decode()
    assert "<strong>1 booking</strong>." in page


def test_a_wrong_filter_is_said_at_its_field_and_no_list_is_shown(client: Client, hub: Hub):
    sign_in(client, hub)
    wrong = {"first": "2027-03-05", "last": "2027-03-01", "space": SpaceFactory(slug="elsewhere").slug}
    page = client.get(reverse("bookings:list", args=[hub.slug]), wrong)
    assert (page.status_code, {*page.context["form"].errors}) == (422, {"last", "space"})
    assert "lines" not in page.context
    answer = client.get(reverse("bookings:list_xlsx", args=[hub.slug]), wrong)
    assert answer.url.startswith(reverse("bookings:list", args=[hub.slug]) + "?")


def test_the_workbook_has_dates_of_the_hub_and_contacts_for_who_works_there(client: Client, hub: Hub):
    def rows(role: str) -> list[dict[str, object]]:
        answer = sign_in(client, hub, role).get(reverse("bookings:list_xlsx", args=[hub.slug]), {"order": "name"})
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
        head, *lines = sheet.iter_rows(values_only=True)
        return [dict(zip(head, line, strict=True)) for line in lines]

    guest = next(row for row in rows(Role.DESK) if row["E-mail address"] == "emile@example.org")
    ada = next(row for row in rows(Role.DESK) if row["Organisation"])
    assert (guest["For"], guest["State"]) == ("=Émile Zola", "Held")
    assert (ada["From"], ada["Hours"]) == (datetime(2027, 3, 2, 21), 2)  # noqa: DTZ001
    assert ada["Price, VAT included"] == 25
    assert "E-mail address" not in rows(Role.READER)[0]


def test_the_number_of_queries_does_not_grow_with_the_rows(client: Client, hub: Hub):
    sign_in(client, hub)
    client.get(reverse("bookings:list", args=[hub.slug]))

    def queries(name: str, **filters: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            b"".join(client.get(reverse(f"bookings:{name}", args=[hub.slug]), filters))
        return len(asked)

    one, all_of_them = {"state": "refused"}, {"first": "2027-03-01"}
    assert queries("list", **one) == queries("list", **all_of_them)
    assert queries("list_csv", **one) == queries("list_csv", **all_of_them)


def test_a_hub_without_bookings_says_what_will_stand_there(client: Client):
    empty = HubFactory()
    page = sign_in(client, empty).get(reverse("bookings:list", args=[empty.slug])).content.decode()
    assert "The bookings will stand here" in page
    page = client.get(reverse("bookings:list", args=[empty.slug]), {"q": "nobody"}).content.decode()
    assert "No booking answers to that" in page
