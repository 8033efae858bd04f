"""What templates ask of a booking."""

from datetime import datetime

from django import template

from totem.bookings import wording
from totem.bookings.models import Booking

register = template.Library()


@register.simple_tag
def state_of(booking: Booking, now: datetime) -> str:
    """The state for `{% badge %}` and `{% row %}`."""
    return wording.state_of(booking, now)
