"""iCalendar files (RFC 5545) and invitations sent by mail (iTIP, RFC 5546), for all rooms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from totem.core.periods import Period

if TYPE_CHECKING:
    from icalendar import Event, vCalAddress


class Method(StrEnum):
    """What a calendar does with the file."""

    PUBLISH = "PUBLISH"  # adds it: a file that is downloaded
    REQUEST = "REQUEST"  # adds or updates the attendee's entry of that UID
    CANCEL = "CANCEL"  # removes it


class Party(NamedTuple):
    """An organizer or an attendee."""

    name: str
    email: str

    def address(self) -> "vCalAddress":
        from icalendar import vCalAddress, vText  # noqa: PLC0415 - 3 MB that pages need not

        address = vCalAddress(f"mailto:{self.email}")
        address.params["CN"] = vText(self.name)
        return address


@dataclass(frozen=True)
class CalendarEntry:
    """An event. `sequence` grows with each change of the same `uid`, which the site's host completes.

    `all_day`: the period is made of whole days of the current time zone, and is written as dates.
    """

    uid: str
    sequence: int
    changed_at: datetime
    period: Period
    summary: str
    location: str
    url: str
    status: str  # CONFIRMED, TENTATIVE or CANCELLED
    organizer: Party | None = None
    attendee: Party | None = None
    all_day: bool = False


def calendar_file(entry: CalendarEntry, method: Method) -> bytes:
    """One VCALENDAR with one VEVENT. Only an invitation or its cancellation names the attendee."""
    return _calendar([_event(entry, method)], method)


def calendar_feed(name: str, entries: Iterable[CalendarEntry]) -> bytes:
    """One VCALENDAR with all these entries, for calendars that ask for its address again and again; `name` is shown."""
    return _calendar([_event(entry, Method.PUBLISH) for entry in entries], Method.PUBLISH, name)


def _event(entry: CalendarEntry, method: Method) -> "Event":
    """In UTC, or whole days as dates."""
    from icalendar import Event, vText, vUri  # noqa: PLC0415

    event, period = Event(), entry.period
    starts_at, ends_at = period.starts_at.astimezone(UTC), period.ends_at.astimezone(UTC)
    event.add("uid", f"{entry.uid}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", timezone.localdate(starts_at) if entry.all_day else starts_at)
    event.add("dtend", timezone.localdate(ends_at) if entry.all_day else ends_at)
    event.add("summary", entry.summary)
    event.add("location", entry.location)
    event.add("status", entry.status)
    event["url"] = vUri(entry.url)
    if entry.organizer is not None:
        event["organizer"] = entry.organizer.address()
    if entry.attendee is not None and method != Method.PUBLISH:
        attendee = entry.attendee.address()
        attendee.params["PARTSTAT"] = vText("ACCEPTED")  # they booked it: nothing to answer
        attendee.params["RSVP"] = vText("FALSE")
        event.add("attendee", attendee)
    return event


def _calendar(events: "Iterable[Event]", method: Method, name: str = "") -> bytes:
    from icalendar import Calendar  # noqa: PLC0415

    calendar = Calendar()
    calendar.add("prodid", "-//Totem//FR")
    calendar.add("version", "2.0")
    calendar.add("method", str(method))
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
