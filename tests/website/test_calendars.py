"""The calendar pages of a hub and of a space, also when the clocks change."""

import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from tests.website.conftest import between, booked, paris
from tests.website.page_content import bookings_offered, links, region, text, words
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.spaces.models import Audience, Space
from totem.website.calendar import stretches
from totem.website.space_times import SpaceTimes

pytestmark = pytest.mark.django_db


def week_of(space: Space, date: str) -> str:
    return f"/lieux/{space.hub.slug}/espaces/{space.slug}/?date={date}"


def segments(page: str) -> list[tuple[str, int, int]]:
    """The segments of all bars, in order: state, first quarter-hour, number of quarter-hours."""
    return [
        (state, int(start), int(length))
        for state, start, length in re.findall(r'class="seg-(\w+) q-from-(\d+) q-len-(\d+)"', page)
    ]


def lines(page: str) -> list[tuple[str, list[str]]]:
    """The rows of a space's week: heading (the half-hour) and the text of each cell."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    found = []
    for row in body.split("<tr")[1:]:
        head = re.search(r'<th scope="row">(.*?)</th>', row)
        cells = [
            re.sub(r"<span class=\"visually-hidden\">.*?</span>|<[^>]+>", "", cell)
            for cell in re.findall(r"<td>(.*?)</td>", row)
        ]
        assert head is not None
        found.append((head[1].replace("\N{NO-BREAK SPACE}", " "), cells))
    return found


def in_table(response: HttpResponse) -> list[str]:
    """The starts of the cells, apart from those of mornings, afternoons and days."""
    return [start for _path, start, _minutes in bookings_offered(response) if len(start) == len("2026-11-27T08:00Z")]


# -- The week of a space ----------------------------------------------------------------------------------------------


def test_each_half_hour_of_a_space_is_a_link_taken_closed_or_past(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    booked(space, between("2026-11-27T10:00", "2026-11-27T11:30"), now=thursday)
    response = visitor.get(week_of(space, "2026-11-26"))
    table = dict(lines(response.content.decode()))
    assert (min(table), max(table)) == ("09:00", "18:30")
    assert table["09:00"] == ["past", "past", "past", "past", "09:00", "09:00", "closed"]
    assert table["10:00"] == ["past", "past", "past", "10:00", "taken", "10:00", "closed"]
    assert table["11:00"][4] == "taken"
    assert table["11:30"][4] == "11:30"
    offered = [start for _path, start, _minutes in bookings_offered(response)]
    assert "2026-11-27T08:00Z" in offered
    assert len(offered) == 18 + (20 - 3) + 20 + 1  # and the afternoon, ready to be chosen


def test_the_length_proposed_fits_before_the_next_booking(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    booked(space, between("2026-11-27T10:00", "2026-11-27T11:30"), now=thursday)
    offered = {start: minutes for _path, start, minutes in bookings_offered(visitor.get(week_of(space, "2026-11-26")))}
    assert offered["2026-11-27T08:00Z"] == "60"
    assert offered["2026-11-27T08:30Z"] == "30"
    assert offered["2026-11-27T17:30Z"] == "30"


def test_steps_shortest_length_notice_and_horizon_decide_what_is_a_link(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory(step_minutes=60, min_minutes=120, max_minutes=240, min_notice_minutes=1440, horizon_days=2)
    offered = bookings_offered(visitor.get(week_of(space, "2026-11-26")))
    friday = [(f"2026-11-27T{hour:02}:00Z", "120") for hour in range(9, 17)]
    saturday = [("2026-11-28T08:00Z", "120"), ("2026-11-28T09:00Z", "120")]
    assert sorted((start, minutes) for _path, start, minutes in offered) == friday + saturday


def test_the_step_under_way_can_still_be_booked(visitor: Client, at) -> None:
    at("2026-11-26T10:20+01:00")
    space = SpaceFactory()
    assert ("2026-11-26T09:00Z", "60") in [
        (start, minutes) for _path, start, minutes in bookings_offered(visitor.get(week_of(space, "2026-11-26")))
    ]


def test_out_of_order(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    OutageFactory(space=space, during=(paris("2026-11-27T00:00"), paris("2026-11-28T00:00")))
    page = visitor.get(week_of(space, "2026-11-26")).content.decode()
    assert {cells[4] for _head, cells in lines(page)} == {"out of order"}


def test_the_week_the_clocks_go_forward_has_no_half_past_two(visitor: Client, at) -> None:
    at("2027-03-20T10:00+01:00")
    space = SpaceFactory(all_night=True)
    response = visitor.get(week_of(space, "2027-03-28"))
    table = lines(response.content.decode())
    assert len(table) == 48
    assert [cells[6] for head, cells in table if head in {"02:00", "02:30"}] == ["this hour does not exist"] * 2
    starts = in_table(response)
    assert len(starts) == len(set(starts)) == 6 * 48 + 46
    assert {"2027-03-28T00:30Z", "2027-03-28T01:00Z"} <= set(starts)  # 1:30 and 3:00 on the clock


def test_the_week_the_clocks_go_back_has_half_past_two_twice(visitor: Client, at) -> None:
    at("2027-10-20T10:00+02:00")
    space = SpaceFactory(all_night=True)
    response = visitor.get(week_of(space, "2027-10-31"))
    table = lines(response.content.decode())
    assert len(table) == 50
    at_two = [(head, cells[0], cells[6]) for head, cells in table if head.startswith("02:")]
    assert [(head, monday) for head, monday, _sunday in at_two] == [
        ("02:00", "02:00"),
        ("02:30", "02:30"),
        ("02:00 (winter time)", "this hour does not exist"),
        ("02:30 (winter time)", "this hour does not exist"),
    ]
    assert "summer time" in at_two[0][2]
    assert "winter time" in at_two[2][2]
    starts = in_table(response)
    assert len(starts) == len(set(starts)) == 6 * 48 + 50
    assert {"2027-10-31T00:30Z", "2027-10-31T01:30Z"} <= set(starts)


def test_the_last_evening_before_midnight_can_be_booked_beyond_it(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory(all_night=True)
    offered = {start: minutes for _path, start, minutes in bookings_offered(visitor.get(week_of(space, "2026-11-26")))}
    assert offered["2026-11-29T22:30Z"] == "60"  # Sunday at half past eleven


def test_prices_rules_and_features(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory(
        features=["screen"],
        area=32,
        audience=Audience.MEMBERS,
        needs_approval=True,
        min_notice_minutes=120,
        buffer_after_minutes=15,
        cancel_notice_minutes=1440,
    )
    PriceFactory(space=space, amount=12, ends_on="2026-12-31")
    PriceFactory(space=space, amount=14, starts_on="2027-01-01")
    PriceFactory(space=space, amount=90, per=1440, ends_on="2026-10-31")
    page = words(visitor.get(week_of(space, "2026-11-26")))
    for expected in (
        "6 people 32 m² Screen for members",
        "An hour €12.00 An hour from Friday 1 January 2027 €14.00 VAT included",
        "Members of this hub may book.",
        "The team approves each booking; the space is kept for you meanwhile.",
        "From 30 min to 10 h; start and length by steps of 30 min.",
        "Booked at least 2 h and at most 400 days ahead.",
        "Moved or cancelled free of charge until 1 day before the start.",
        "15 min after each booking are kept free.",
    ):
        assert expected in page
    assert "90" not in page.split("VAT included")[0].split("Prices")[1]


def test_a_space_of_another_hub_is_not_at_this_address(visitor: Client, thursday: datetime) -> None:
    space, other = SpaceFactory(), HubFactory()
    assert visitor.get(f"/lieux/{other.slug}/espaces/{space.slug}/").status_code == 404


# -- The week and the day of a hub ------------------------------------------------------------------------------------


def test_the_bars_of_a_day(visitor: Client, thursday: datetime) -> None:
    room = SpaceFactory(slug="room")
    booked(room, between("2026-11-27T11:00", "2026-11-27T13:00"), now=thursday)
    response = visitor.get(f"/lieux/{room.hub.slug}/jour/?date=2026-11-27")
    assert segments(response.content.decode()) == [("free", 0, 8), ("busy", 8, 8), ("free", 16, 24)]
    assert bookings_offered(response) == [
        (f"/lieux/{room.hub.slug}/espaces/room/reserver/", "2026-11-27T08:00Z", "60"),
        (f"/lieux/{room.hub.slug}/espaces/room/reserver/", "2026-11-27T12:00Z", "60"),
    ]
    assert "free 09:00 to 11:00" in words(response)


def test_today_is_past_until_now_and_what_is_too_late_is_no_link(visitor: Client, at) -> None:
    at("2026-11-26T14:00+01:00")
    room = SpaceFactory(min_notice_minutes=180, min_minutes=180, max_minutes=180)
    response = visitor.get(f"/lieux/{room.hub.slug}/jour/")
    assert segments(response.content.decode()) == [("past", 0, 20), ("refused", 20, 20)]
    assert bookings_offered(response) == []  # from 17:00 on only two hours are left
    assert "too short to book" in words(response)


def test_a_pool_is_free_while_one_of_its_desks_is(visitor: Client, thursday: datetime) -> None:
    pool = SpaceFactory(pool=True)
    booked(pool, between("2026-11-27T09:00", "2026-11-27T12:00"), now=thursday, quantity=3)
    booked(pool, between("2026-11-27T13:00", "2026-11-27T14:00"), now=thursday, quantity=2)
    page = visitor.get(f"/lieux/{pool.hub.slug}/jour/?date=2026-11-27").content.decode()
    assert segments(page) == [("busy", 0, 12), ("free", 12, 28)]


def test_a_pool_says_how_many_of_its_desks_are_free(visitor: Client, thursday: datetime) -> None:
    pool = SpaceFactory(pool=True)
    booked(pool, between("2026-11-27T09:00", "2026-11-27T12:00"), now=thursday)
    booked(pool, between("2026-11-27T11:00", "2026-11-27T12:00"), now=thursday)
    address = f"/lieux/{pool.hub.slug}"
    assert "1 to 3 free, 09:00 to 19:00" in words(visitor.get(f"{address}/jour/?date=2026-11-27"))
    assert "3 free, all day" not in words(visitor.get(f"{address}/semaine/?date=2026-11-27"))
    assert "3 free, 09:00 to 19:00" in words(visitor.get(f"{address}/semaine/?date=2026-11-27"))  # Saturday
    table = dict(lines(visitor.get(week_of(pool, "2026-11-27")).content.decode()))
    assert [table[hour][4] for hour in ("10:30", "11:30", "12:00")] == ["2 free", "1 free", "3 free"]


def test_ones_own_bookings_are_marked_and_lead_to_them(visitor: Client, thursday: datetime) -> None:
    person = UserFactory(language="en")
    pool, lab = SpaceFactory(pool=True, slug="room"), SpaceFactory(audience=Audience.MEMBERS)
    MembershipFactory(hub=pool.hub, person=person)
    own = actions.book(
        space=pool, period=between("2026-11-27T10:00", "2026-11-27T12:00"), booker=Booker.oneself(person), now=thursday
    )
    visitor.force_login(person)
    for path in PAGES:
        response = visitor.get(f"/lieux/{pool.hub.slug}/{path}?date=2026-11-27")
        [*_others, (href, _label)] = [pair for pair in links(response) if "yours" in pair[1].lower()]
        assert href == f"/reservations/{own.reference}/", path
    page = visitor.get(f"/lieux/{pool.hub.slug}/jour/?date=2026-11-27")
    assert segments(page.content.decode()) == [("free", 0, 4), ("mine", 4, 8), ("free", 12, 28)]
    assert "seg-mine" in page.content.decode().partition("legend")[2]
    visitor.logout()
    assert "seg-mine" not in visitor.get(f"/lieux/{pool.hub.slug}/jour/?date=2026-11-27").content.decode()
    assert bookings_offered(visitor.get(week_of(lab, "2026-11-27"))) == []


def test_what_cannot_be_booked_is_not_called_free_and_says_why(visitor: Client, at) -> None:
    at("2026-11-26T10:00+01:00")
    hub = HubFactory()
    reasons = {
        "for members": SpaceFactory(hub=hub, audience=Audience.MEMBERS),
        "no price yet": SpaceFactory(hub=hub, free_of_charge=False),
        "too late to book": SpaceFactory(hub=hub, min_notice_minutes=60 * 72),
        "not open to booking yet": SpaceFactory(hub=hub, horizon_days=1),
    }
    for reason, space in reasons.items():
        weekday, date = (5, "2026-11-28") if "open" in reason else (4, "2026-11-27")
        table = lines(visitor.get(week_of(space, date)).content.decode())
        cells = [cells[weekday] for _hour, cells in table]
        assert set(cells) == {reason}
    day = visitor.get(f"/lieux/{hub.slug}/jour/?date=2026-11-27")
    assert sorted(state for state, *_ in segments(day.content.decode())) == ["free"] + ["refused"] * 3
    PriceFactory(space=reasons["no price yet"], starts_on="2026-11-28")
    assert "2026-11-28T08:00Z" in in_table(visitor.get(week_of(reasons["no price yet"], "2026-11-28")))
    hourly = SpaceFactory(hub=hub, step_minutes=60, min_minutes=60)
    assert not [head for head, _ in lines(visitor.get(week_of(hourly, "2026-11-27")).content.decode()) if "30" in head]

    member = UserFactory(language="en")
    MembershipFactory(hub=hub, person=member, ends_on="2026-11-27")
    visitor.force_login(member)
    starts = in_table(visitor.get(week_of(reasons["for members"], "2026-11-27")))
    assert {start[:10] for start in starts} == {"2026-11-26", "2026-11-27"}  # the last day of the membership
    TeamMemberFactory(hub=hub, person=member)
    assert len(in_table(visitor.get(week_of(reasons["too late to book"], "2026-11-27")))) == 18 + 20 + 20


def test_the_hours_stand_above_the_bars_and_a_day_is_one_choice_away(visitor: Client, thursday: datetime) -> None:
    hub = SpaceFactory().hub
    page = visitor.get(f"/lieux/{hub.slug}/semaine/?date=2026-11-27&espaces=salles")
    marks = re.findall(r'<span class="q-from-(\d+) q-len-\d+">([^<]+)</span>', text(page))
    assert marks == [("0", "09:00"), ("16", "13:00"), ("32", "17:00")] * 7
    assert 'name="date" value="2026-11-27"' in text(page)
    assert "show-day-5" in text(page)


def test_a_room_made_of_two_shows_what_its_halves_take(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    half = SpaceFactory(hub=hub, position=1)
    SpaceFactory(hub=hub, position=2, parts=[half])
    booked(half, between("2026-11-27T09:00", "2026-11-27T12:00"), now=thursday)
    page = visitor.get(f"/lieux/{hub.slug}/jour/?date=2026-11-27").content.decode()
    assert segments(page) == [("busy", 0, 12), ("free", 12, 28)] * 2


@pytest.mark.parametrize(("date", "cols"), [("2027-03-28", 92), ("2027-03-27", 96), ("2027-10-31", 100)])
def test_the_day_the_clocks_change_is_drawn_in_its_own_length(visitor: Client, at, date: str, cols: int) -> None:
    at("2027-03-20T10:00+01:00")
    space = SpaceFactory(all_night=True)
    page = visitor.get(f"/lieux/{space.hub.slug}/jour/?date={date}").content.decode()
    assert segments(page) == [("free", 0, cols)]
    assert page.count(f"bar q-cols-{cols}") == 1
    assert len(re.findall(r'q-len-4(?: is-odd)?"', page)) == cols // 4
    assert "all day" in page


def test_a_week_with_the_clocks_changing_keeps_ordinary_hours_where_they_are(visitor: Client, at) -> None:
    at("2027-03-20T10:00+01:00")
    hub = HubFactory(opening_hours=[(day, "09:00", "19:00") for day in range(1, 8)])
    SpaceFactory(hub=hub)
    page = visitor.get(f"/lieux/{hub.slug}/semaine/?date=2027-03-28")
    assert segments(page.content.decode()) == [("free", 0, 40)] * 7
    starts = [start for _path, start, _minutes in bookings_offered(page)]
    assert starts[5:] == ["2027-03-27T08:00Z", "2027-03-28T07:00Z"]


def test_a_closed_week_and_a_hub_without_spaces_say_so(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    ExceptionalHoursFactory(hub=space.hub, during=between("2026-11-30T00:00", "2026-12-14T00:00"))
    address = f"/lieux/{space.hub.slug}/"
    assert "Closed all this week." in text(visitor.get(address + "semaine/?date=2026-12-02"))
    assert "Closed: " in text(visitor.get(address + "jour/?date=2026-12-02"))
    assert "Closed" not in text(visitor.get(address + "semaine/"))
    for path in ("semaine/", "jour/"):
        assert "will stand here" in text(visitor.get(f"/lieux/{HubFactory().slug}/{path}"))


def test_past_weeks_are_past(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory()
    response = visitor.get(f"/lieux/{space.hub.slug}/semaine/?date=2026-11-03")
    assert {state for state, _start, _length in segments(response.content.decode())} == {"past"}
    assert bookings_offered(response) == []


PAGES = ["semaine/", "jour/", "espaces/room/"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("date", ["tomorrow", "2026-02-30", "0001-01-01", "9999-12-31", "1900-01-01"])
def test_an_invalid_date_shows_a_message_and_today(visitor: Client, thursday: datetime, path: str, date: str) -> None:
    space = SpaceFactory(slug="room")
    response = visitor.get(f"/lieux/{space.hub.slug}/{path}", {"date": date})
    assert response.status_code == 400
    assert "This is not a day that can be shown" in text(response)


@pytest.mark.parametrize("path", PAGES)
def test_what_htmx_swaps_is_what_a_reload_gives(visitor: Client, thursday: datetime, path: str) -> None:
    address = f"/lieux/{SpaceFactory(slug='room').hub.slug}/{path}?date=2026-12-02"
    whole = visitor.get(address).content.decode()
    partial = visitor.get(address, headers={"hx-request": "true"}).content.decode()
    name = "day" if path == "jour/" else "week"
    assert "<html" not in partial
    assert region(partial, name) == region(whole, name)
    assert region(partial, f"{name}-name") == region(whole, f"{name}-name")


def test_weeks_follow_each_other_until_nothing_can_be_booked(visitor: Client, thursday: datetime) -> None:
    address = f"/lieux/{SpaceFactory().hub.slug}/semaine/"
    turns = {label: href for href, label in links(visitor.get(address)) if "week" in label and href.startswith("?")}
    assert turns == {"Previous week": "?date=2026-11-19", "Next week": "?date=2026-12-03"}
    far = (thursday + timedelta(days=1099)).date()
    assert "Next week" not in text(visitor.get(address, {"date": far.isoformat()}))


@pytest.mark.parametrize("spaces", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [("semaine/", 6), ("jour/", 6)],  # hub, spaces; outages, hours twice, what is free
)
def test_number_of_queries_of_a_hub_does_not_grow(
    visitor: Client, thursday: datetime, spaces: int, path: str, queries: int, django_assert_num_queries
) -> None:
    hub = HubFactory()
    SpaceFactory.create_batch(spaces, hub=hub)
    with django_assert_num_queries(queries):
        response = visitor.get(f"/lieux/{hub.slug}/{path}?date=2026-11-27")
    assert len(bookings_offered(response)) == spaces * (3 if path == "semaine/" else 1)


@pytest.mark.parametrize("spaces", [1, 3])
def test_number_of_queries_of_a_space_does_not_grow(
    visitor: Client, thursday: datetime, spaces: int, django_assert_num_queries
) -> None:
    hub = HubFactory()
    space, *_others = SpaceFactory.create_batch(spaces, hub=hub)
    with django_assert_num_queries(8):  # as a hub's week, and prices and photos
        visitor.get(week_of(space, "2026-11-27"))


def test_the_filter_on_rooms_is_kept_from_week_to_week(visitor: Client, thursday: datetime) -> None:
    hub = HubFactory()
    SpaceFactory(hub=hub, slug="room")
    SpaceFactory(hub=hub, slug="laser", machine=True, audience=Audience.PUBLIC)
    response = visitor.get(f"/lieux/{hub.slug}/semaine/?date=2026-12-02&espaces=salles")
    assert {path.split("/")[-3] for path, _start, _minutes in bookings_offered(response)} == {"room"}
    hrefs = {label: href for href, label in links(response)}
    assert hrefs["Next week"] == "?date=2026-12-09&espaces=salles"
    assert hrefs["Wed 2"] == f"/lieux/{hub.slug}/jour/?date=2026-12-02&espaces=salles"
    assert hrefs["Machines and equipment 1"] == "?date=2026-12-02&espaces=machines"
    everything = visitor.get(f"/lieux/{hub.slug}/jour/?date=2026-12-02&espaces=castles")
    assert len(bookings_offered(everything)) == 2


@pytest.mark.parametrize("page", ["semaine/", "espaces/{space}/"])
def test_when_the_week_is_over_the_next_one_is_shown(visitor: Client, thursday: datetime, page: str) -> None:
    space = SpaceFactory()
    address = f"/lieux/{space.hub.slug}/{page.format(space=space.slug)}"
    assert "Monday 23 November" in text(visitor.get(address))
    ExceptionalHoursFactory(hub=space.hub, during=(thursday, thursday + timedelta(days=4)))
    assert "Monday 30 November" in text(visitor.get(address))
    assert "Monday 23 November" in text(visitor.get(f"{address}?date=2026-11-26"))


# -- The segments of a bar --------------------------------------------------------------------------------------------

MINUTES = st.integers(0, 1440)
INTERVALS = st.lists(st.tuples(MINUTES, MINUTES), max_size=6)


def merged(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    done: list[tuple[int, int]] = []
    for start, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if done and start <= done[-1][1]:
            done[-1] = (done[-1][0], max(end, done[-1][1]))
        else:
            done.append((start, end))
    return done


def within(minute: int, intervals: list[tuple[int, int]]) -> bool:
    return any(start <= minute < end for start, end in intervals)


@given(opened=INTERVALS, taken=INTERVALS, out=INTERVALS, now=st.integers(-100, 1600))
def test_segments_cover_a_bar_once_and_each_minute_has_its_state(
    opened: list[tuple[int, int]], taken: list[tuple[int, int]], out: list[tuple[int, int]], now: int
) -> None:
    out, taken = merged(out), merged(taken)
    cut = sorted({0, 1440, *(edge for interval in merged(opened) + out + taken for edge in interval)})
    atoms = list(pairwise(cut))
    is_open = merged([a for a in atoms if within(a[0], merged(opened)) and not within(a[0], out)])
    is_free = merged([a for a in atoms if within(a[0], is_open) and not within(a[0], taken)])
    start, to = 480, 1200
    covered = start
    for state, first, last, _end in stretches(start, to, now, SpaceTimes(is_open, is_free, out)):
        assert first == covered
        assert first < last <= to
        covered = last
        for minute in (first, (first + last) // 2, last - 1):
            if state == "past":
                assert minute < now
            else:
                expected = (
                    "free"
                    if within(minute, is_free)
                    else "busy"
                    if within(minute, is_open)
                    else "out"
                    if within(minute, out)
                    else "closed"
                )
                assert state == expected
    assert covered == to


def test_a_closed_day_says_why_and_when_the_hub_opens_next(visitor: Client, at) -> None:
    at("2026-12-21T10:00+01:00")
    hub = HubFactory(opening_hours=[(day, "09:00", "19:00") for day in range(1, 6)])
    SpaceFactory(hub=hub)
    ExceptionalHoursFactory(hub=hub, reason="Inventory", during=between("2026-12-28T00:00", "2027-01-04T00:00"))
    page = f"/lieux/{hub.slug}/jour/"
    christmas = words(visitor.get(page, {"date": "2026-12-25"}))
    assert "Closed: Christmas Day. Next opening: Monday 4 January 2027, 09:00 ." in christmas
    assert "Closed: Inventory. Next opening: Monday 4 January 2027" in words(visitor.get(page, {"date": "2026-12-29"}))
    sunday = words(visitor.get(page, {"date": "2027-01-10"}))
    assert "Closed on this day. Next opening: Monday 11 January 2027" in sunday
