"""iCalendar files: what a published file, an invitation and its cancellation say."""

from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from totem.core.calendar_files import CalendarEntry, Method, Party, calendar_file
from totem.core.periods import Period

ENTRY = CalendarEntry(
    uid="ABC",
    sequence=3,
    changed_at=datetime(2027, 3, 1, tzinfo=UTC),
    period=Period(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 2, 0, tzinfo=UTC)),
    summary="Atelier ; « été », l’Étage\nsuite",
    location="1, rue de l’Exemple",
    url="https://example.org/x?a=1,2",
    status="CONFIRMED",
    organizer=Party('La "Machinerie", Amiens', "salut@example.org"),
    attendee=Party("Đặng Thị Hoa", "hoa@example.org"),
)


@pytest.mark.parametrize("method", list(Method))
def test_what_is_written_is_read_back(method: Method):
    written = calendar_file(ENTRY, method)
    calendar = Calendar.from_ical(written)
    (event,) = calendar.walk("VEVENT")
    assert str(calendar["METHOD"]) == method
    assert (str(event["UID"]), int(event["SEQUENCE"])) == ("ABC@localhost", 3)
    assert (event["DTSTART"].dt, event["DTEND"].dt) == tuple(ENTRY.period)
    assert str(event["SUMMARY"]) == ENTRY.summary
    assert str(event["URL"]) == ENTRY.url
    assert str(event["ORGANIZER"]) == "mailto:salut@example.org"
    assert ("ATTENDEE" in event) == (method != Method.PUBLISH)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))


def test_an_attendee_has_nothing_to_answer():
    (event,) = Calendar.from_ical(calendar_file(ENTRY, Method.REQUEST)).walk("VEVENT")
    assert (event["ATTENDEE"].params["PARTSTAT"], event["ATTENDEE"].params["RSVP"]) == ("ACCEPTED", "FALSE")
    assert event["ATTENDEE"].params["CN"] == "Đặng Thị Hoa"
