"""The figures of a hub: of a period for its team, of whole months for its funders, on the hub's own calendar."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory, ZoneFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.website.conftest import between, paris
from tests.website.page_content import words
from totem.bookings import actions
from totem.bookings.models import Booking
from totem.bookings.queries import counts, hours_by_weekday
from totem.core import measures
from totem.core.periods import Period
from totem.core.wording import months_words
from totem.hubs.models import Hub, Role
from totem.hubs.queries import member_counts
from totem.website.figures import BookedWeek, Report, report
from totem.website.report_periods import ReportForm, ReportPeriod, months_until, report_period, usual_days

pytestmark = pytest.mark.django_db
MONDAY = paris("2026-11-30T08:00")
FIRST = paris("2026-11-02T09:00")
WEEK = (date(2026, 11, 23), date(2026, 11, 29))


@pytest.fixture
def monday(at: Callable[[str], datetime]) -> datetime:
    """The clock on a Monday at eight in Paris; the hours of the tests are those of the week before."""
    return at("2026-11-30T08:00+01:00")


def report_of(hub: Hub, now: datetime = MONDAY, **data: str) -> Report:
    period = ReportForm(data, hub, first_booking=FIRST, now=now).period
    assert period
    return report(hub, period, now)


def values(report: Report) -> dict[str, object]:
    return {str(line.figure.label): line.value for line in report.lines}


def text_of(client: Client, hub: Hub, query: str = "", page: str = "figures", status: int = 200) -> str:
    answer = client.get(reverse(f"website:{page}", args=[hub.slug]) + query)
    assert answer.status_code == status
    return words(answer)


def test_a_week_is_counted_from_what_was_booked(monday: datetime):
    hub = HubFactory()
    half, other_half, pool = SpaceFactory(hub=hub), SpaceFactory(hub=hub), SpaceFactory(hub=hub, pool=True)
    whole = SpaceFactory(hub=hub, name="Both", parts=[half, other_half])
    PriceFactory(space=whole)
    member = MembershipFactory(hub=hub, starts_on=date(2026, 11, 25)).person
    early = BookingFactory(space=half, period=between("2026-11-24T10:00", "2026-11-24T12:00"), person=member)
    Booking.objects.update(created_at=early.starts_at - timedelta(days=1))  # not a member yet that Tuesday
    late = BookingFactory(space=whole, period=between("2026-11-26T09:00", "2026-11-26T10:00"), person=member)
    Booking.objects.filter(pk=late.pk).update(created_at=late.starts_at - timedelta(days=4))
    desk = BookingFactory(space=pool, period=between("2026-11-26T09:00", "2026-11-26T13:00"), quantity=2)
    Booking.objects.filter(pk=desk.pk).update(created_at=desk.starts_at - timedelta(days=3))
    team = TeamMemberFactory(hub=hub).person
    actions.check_in(booking=desk, by=team, now=desk.starts_at)
    actions.check_out(booking=desk, by=team, now=desk.starts_at + timedelta(hours=2))  # two hours of two are given back
    gone = BookingFactory(space=half, period=between("2026-11-27T09:00", "2026-11-27T10:00"))
    actions.cancel(booking=gone, by=gone.person, now=gone.starts_at - timedelta(hours=1), by_team=False)
    BookingFactory(space=half, period=between("2026-11-30T09:00", "2026-11-30T10:00"), person=member)  # the next week

    found = report_of(hub)

    assert values(found) == {
        "Réservations": 3,
        "Heures réservées": 2 + 1 + 8,
        # Two halves and three desks, sixty hours each; the whole counts in both halves.
        "Occupation": 100 * Decimal(2 + 2 * 1 + 4) / 300,
        "Montant réservé": Decimal("12.00"),
        "Réservations de membres": 1,
        "Réservations du public": 2,
        "Absences": 2,
        "Annulations": 1,
        "Délai de réservation": 3,
        "Membres arrivés": 1,
        "Membres partis": 0,
        "Membres": 1,
        # Without dues and agreements in Totem, nothing is known of them, and nothing is zero.
        "Membres sous contrat": None,
        "Adhérents à jour": None,
        "Revenu récurrent par mois, HT": None,
    }
    by_space = {row.space.pk: (row.counts.bookings, row.counts.hours, row.occupancy.taken) for row in found.spaces}
    assert by_space == {half.pk: (1, 2, 3), other_half.pk: (0, 0, 1), pool.pk: (1, 8, 4), whole.pk: (1, 1, 1)}
    assert [row.occupancy.opened for row in found.spaces if row.space == pool] == [180]
    # Whole hours of the week: nine o'clock on Thursday holds the room and two desks.
    assert found.week.cells[4, 9] == 3
    assert found.week.totals == [0, 2, 0, 9, 0, 0, 0]


def test_the_same_figures_of_the_period_before_stand_beside(monday: datetime):
    room = SpaceFactory(all_night=True)
    for day in ("16", "17", "24"):
        BookingFactory(space=room, period=between(f"2026-11-{day}T10:00", f"2026-11-{day}T11:00"))
    line = report_of(room.hub).lines[0]
    assert (line.value, line.before, line.before_words) == (1, 2, "2\N{NO-BREAK SPACE}réservations")
    # Counted until now on both sides: on Tuesday noon the booking of last Tuesday at ten has begun.
    assert report_of(room.hub, paris("2026-11-24T10:30"), period="semaine").lines[1].value == Decimal("0.5")
    assert report_of(room.hub, paris("2026-11-24T10:30"), period="semaine").lines[1].before == Decimal("1.5")


def test_nobody_is_absent_where_no_arrival_was_noted(monday: datetime):
    room = SpaceFactory(all_night=True)
    BookingFactory(space=room, period=between("2026-11-24T10:00", "2026-11-24T11:00"))
    found = report_of(room.hub)
    assert values(found)["Absences"] is None
    assert not found.arrivals_noted
    marked = BookingFactory(space=room, period=between("2026-11-26T10:00", "2026-11-26T14:00"))
    actions.mark_absent(booking=marked, by=TeamMemberFactory(hub=room.hub).person, now=paris("2026-11-26T11:00"))
    running = paris("2026-11-26T11:05")
    assert values(report_of(room.hub, running, period="semaine"))["Absences"] == 2


@pytest.mark.parametrize(
    ("zone", "start", "end", "cells"),
    [
        # Paris turns its clocks back at three: two o'clock counts twice, and the night has a Saturday and a Sunday.
        ("Europe/Paris", "2026-10-24T22:30+02:00", "2026-10-25T03:30+01:00", {
            (6, 22): "0.5", (6, 23): "1", (7, 0): "1", (7, 1): "1", (7, 2): "2", (7, 3): "0.5"}),
        ("Europe/Paris", "2027-03-28T01:00+01:00", "2027-03-28T04:00+02:00", {(7, 1): "1", (7, 3): "1"}),
        ("Pacific/Marquesas", "2026-11-23T08:15-09:30", "2026-11-23T09:30-09:30", {(1, 8): "0.75", (1, 9): "0.5"}),
    ],
)  # fmt: skip
def test_hours_are_those_of_the_clocks_of_the_hub(zone: str, start: str, end: str, cells: dict[tuple[int, int], str]):
    space = SpaceFactory(all_night=True, step_minutes=15)
    Hub.objects.filter(pk=space.hub.pk).update(time_zone=zone)
    space.hub.refresh_from_db()
    booking = BookingFactory(
        space=space, period=Period(datetime.fromisoformat(start), datetime.fromisoformat(end)), quantity=1
    )
    day = timedelta(days=1)
    around = Period(booking.starts_at - day, booking.ends_at + day)
    assert hours_by_weekday(space.hub, around) == {cell: Decimal(hours) for cell, hours in cells.items()}
    (found,) = counts(space.hub, [around], booking.ends_at)
    assert found[None].hours == sum(Decimal(hours) for hours in cells.values())


def test_renewals_are_neither_arrivals_nor_departures():
    hub = HubFactory()
    renewed = MembershipFactory(hub=hub, starts_on=date(2025, 11, 25), ends_on=date(2026, 11, 24)).person
    MembershipFactory(hub=hub, person=renewed, starts_on=date(2026, 11, 25))
    MembershipFactory(hub=hub, starts_on=date(2026, 1, 1), ends_on=WEEK[1])
    MembershipFactory(starts_on=WEEK[0])  # of another hub
    assert member_counts(hub, [WEEK, (WEEK[1] + timedelta(days=1),) * 2]) == [(0, 1, 2), (0, 0, 1)]


def test_a_period_lies_between_the_first_booking_and_now():
    hub = Hub(time_zone="Europe/Paris")
    opening, now = paris("2026-11-04T09:00"), paris("2026-11-30T08:00")

    def period(name: str) -> ReportPeriod | None:
        return report_period(hub, name, usual_days(name, now.date()), first_booking=opening, now=now)

    month = period("mois")
    assert month
    assert (month.days, month.begins_late, month.is_running, month.before) == (
        (date(2026, 11, 4), date(2026, 11, 30)), True, True, None,
    )  # fmt: skip
    assert month.hours == Period(paris("2026-11-04T00:00"), now)
    assert period("mois-dernier") is None
    week = period("semaine")
    assert week
    assert week.before == between("2026-11-23T00:00", "2026-11-23T08:00")


def test_the_month_before_ends_where_it_ends():
    """On 31 March at noon February is over: nothing of March is compared with itself."""
    hub, now = Hub(time_zone="Europe/Paris"), datetime(2027, 3, 31, 10, tzinfo=UTC)
    month = report_period(hub, "mois", usual_days("mois", now.date()), first_booking=FIRST, now=now)
    assert month
    assert month.before == between("2027-02-01T00:00", "2027-03-01T00:00")


def test_the_team_reads_the_last_week_with_its_definitions(client: Client, monday: datetime):
    booking = BookingFactory(period=between("2026-11-16T10:00", "2026-11-16T11:00"))
    BookingFactory(space=booking.space, period=between("2026-11-24T10:00", "2026-11-24T11:00"))
    hub = booking.hub
    client.force_login(TeamMemberFactory(hub=hub, role=Role.READER).person)
    page = text_of(client, hub)
    assert "Du lundi 23 novembre au dimanche 29 novembre" in page
    assert "Semaine d’avant : 1 réservation" in page
    assert "Les réservations confirmées qui commencent dans la période." in page
    running = text_of(client, hub, "?period=semaine")
    assert "Depuis le lundi 30 novembre, jusqu’à maintenant (8 h)" in running
    assert "Aucune heure n’a été réservée dans cette période." in running
    assert "rien n’est compté avant" in text_of(client, hub, "?since=2026-01-01")
    assert "Ce jour n’a pas commencé." in text_of(client, hub, "?since=2026-12-01", status=400)
    assert "Trois ans au plus." in text_of(client, hub, "?since=2020-01-01", status=400)


def test_every_list_leaves_as_a_file(client: Client, monday: datetime):
    booking = BookingFactory(period=between("2026-11-24T10:00", "2026-11-24T11:30"), space__name="=Somme")
    client.force_login(TeamMemberFactory(hub=booking.hub).person)

    def file(name: str, extension: str = "csv") -> bytes:
        answer = client.get(reverse(f"website:figures_{extension}", args=[booking.hub.slug, name]))
        assert f"{name}-{booking.hub.slug}-2026-11-24-2026-11-29.{extension}" in answer["Content-Disposition"]
        return b"".join(answer.streaming_content)  # type: ignore[arg-type]

    def lines(name: str) -> list[str]:
        return file(name).decode("utf-8-sig").splitlines()

    assert "Heures réservées;2026-11-24;2026-11-29;1,50;h;;" in lines("chiffres")[2]
    assert lines("espaces")[1] == "'=Somme;1;1,50;144,00;1,04;;0;0,00"
    week = [
        "10\N{NO-BREAK SPACE}h;0,00;1,00;0,00;0,00;0,00;0,00;0,00",
        "11\N{NO-BREAK SPACE}h;0,00;0,50;0,00;0,00;0,00;0,00;0,00",
    ]
    assert lines("semaine") == ["Heure;lun.;mar.;mer.;jeu.;ven.;sam.;dim.", *week]
    assert file("espaces", "xlsx")[:2] == b"PK"
    assert client.get(reverse("website:figures_csv", args=[booking.hub.slug, "autre"])).status_code == 404


def test_less_than_half_an_hour_is_not_nothing_on_the_chart():
    chart = BookedWeek({(1, 9): Decimal("0.25"), (2, 9): Decimal("2.5")}).chart("Semaine", 390)
    assert [(row["value"], row["text"]) for row in chart.rows[:3]] == [
        (Decimal("0.25"), "<\N{NO-BREAK SPACE}1"), (3, ""), (0, ""),
    ]  # fmt: skip


def test_without_a_booking_the_page_says_when_figures_begin(client: Client, monday: datetime):
    hub = HubFactory()
    client.force_login(TeamMemberFactory(hub=hub).person)
    assert "Ils commencent avec la première réservation du lieu." in text_of(client, hub)
    assert client.get(reverse("website:figures_week", args=[hub.slug])).status_code == 404
    assert "Novembre 2026, jusqu’au lundi 30 novembre, 8 h" in text_of(client, hub, page="figures_year")
    BookingFactory(space=SpaceFactory(hub=hub), period=between("2026-12-01T10:00", "2026-12-01T11:00"))
    assert "est pour le mardi 1er décembre" in text_of(client, hub)


def test_a_page_costs_as_many_statements_whatever_was_booked(
    client: Client, monday: datetime, django_assert_num_queries: Callable[..., object]
):
    hub = HubFactory()
    client.force_login(TeamMemberFactory(hub=hub).person)
    for number in range(3):
        space = SpaceFactory(hub=hub)
        for week in ("16", "24"):
            BookingFactory(space=space, period=between(f"2026-11-{week}T10:00", f"2026-11-{week}T11:00"))
        if number != 1:
            with django_assert_num_queries(27):
                text_of(client, hub)
            with django_assert_num_queries(44):
                text_of(client, hub, page="figures_year")


# -- The year ---------------------------------------------------------------------------------------------------------


def test_the_team_reads_every_measure_with_its_method(client: Client, monday: datetime):
    reader = TeamMemberFactory(role=Role.READER)
    ZoneFactory(hub=reader.hub, area="540")
    ZoneFactory(hub=reader.hub, area="260", opens_on="2090-01-01")
    SpaceFactory(hub=reader.hub, machine=True, audience="public")
    BookingFactory(space=SpaceFactory(hub=reader.hub), period=between("2026-09-16T10:00", "2026-09-16T11:00"))
    client.force_login(reader.person)
    answer = client.get(reverse("website:figures_year", args=[reader.hub.slug]))
    page = words(answer)
    assert "540" in page
    assert "260" in page
    assert "800" not in page
    assert answer.content.decode().count("figure-definition") == len(measures.about("hubs.hub")) + 1 == 21
    # From the month of the first booking on, and in good French.
    assert "De septembre 2026 à octobre 2026" in page
    assert "août 2026" not in page
    assert "1 fab lab " in page


def test_the_figures_are_not_found_for_others(client: Client):
    hub = HubFactory()
    for person in (TeamMemberFactory().person, UserFactory()):
        client.force_login(person)
        for page in ("figures", "figures_year", "figures_week"):
            assert client.get(reverse(f"website:{page}", args=[hub.slug])).status_code == 404


def test_months_are_those_of_the_hub_and_follow_one_another():
    hub = Hub(time_zone="Indian/Reunion")
    now = datetime(2027, 1, 31, 20, 30, tzinfo=UTC)  # already February in Réunion
    months = months_until(hub, FIRST - timedelta(days=900), now)
    assert len(months) == 12
    assert months[-1].starts_at == datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(months))
    assert months_until(hub, FIRST, now)[0].starts_at == datetime(2026, 10, 31, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "shown"), [(11, "de novembre 2025 à octobre 2026"), (10, "d’octobre 2025 à"), (4, "d’avril")]
)
def test_months_in_words(first: int, shown: str):
    with translation.override("fr"):
        assert shown in months_words(date(2025, first, 1), date(2026, 10, 1))
