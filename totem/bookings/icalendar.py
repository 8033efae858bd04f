"""A booking as an iCalendar file (RFC 5545), for the reader's own calendar."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from totem.bookings.models import LIVE, Booking, Status

LINE = 75  # octets, RFC 5545 section 3.1


def event(booking: Booking, url: str) -> bytes:
    """One VCALENDAR with one VEVENT in UTC. The booking comes with its space and hub; `url` is its page's address."""
    hub, space = booking.space.hub, booking.space
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Totem//bookings//FR",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{booking.reference}@{host}",
        f"DTSTAMP:{_utc(booking.updated_at)}",
        f"DTSTART:{_utc(booking.starts_at)}",
        f"DTEND:{_utc(booking.ends_at)}",
        f"SUMMARY:{_text(f'{space.name}, {hub.name}')}",
        f"LOCATION:{_text(f'{hub.name}, {hub.street}, {hub.postcode} {hub.commune.name}')}",
        f"STATUS:{_status(booking)}",
        f"URL:{url}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _status(booking: Booking) -> str:
    if booking.status not in LIVE:
        return "CANCELLED"
    return "CONFIRMED" if booking.status == Status.CONFIRMED else "TENTATIVE"


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> bytes:
    """The line in UTF-8, cut between characters so that no piece is longer than the norm allows."""
    pieces, piece = [], b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > LINE:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
