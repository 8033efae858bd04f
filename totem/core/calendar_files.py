"""iCalendar files (RFC 5545) and invitations sent by mail (iTIP, RFC 5546), for all rooms."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText, vUri

from totem.core.periods import Period


class Method(StrEnum):
    """What a calendar does with the file."""

    PUBLISH = "PUBLISH"  # adds it: a file that is downloaded
    REQUEST = "REQUEST"  # adds or updates the attendee's entry of that UID
    CANCEL = "CANCEL"  # removes it


class Party(NamedTuple):
    """An organizer or an attendee."""

    name: str
    email: str

    def address(self) -> vCalAddress:
        address = vCalAddress(f"mailto:{self.email}")
        address.params["CN"] = vText(self.name)
        return address


@dataclass(frozen=True)
class CalendarEntry:
    """An event. `sequence` grows with each change of the same `uid`, which the site's host completes."""

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


def calendar_file(entry: CalendarEntry, method: Method) -> bytes:
    """One VCALENDAR with one VEVENT in UTC. Only an invitation or its cancellation names the attendee."""
    event = Event()
    event.add("uid", f"{entry.uid}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.period.starts_at.astimezone(UTC))
    event.add("dtend", entry.period.ends_at.astimezone(UTC))
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
    calendar = Calendar()
    calendar.add("prodid", "-//Totem//FR")
    calendar.add("version", "2.0")
    calendar.add("method", str(method))
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
