"""The rules of a space as arithmetic: how long a booking of it may be, and from when to when it may start.

What pages offer, what calendars link to and what the action of booking checks are all computed here.
"""

from bisect import bisect_left
from datetime import datetime, timedelta

from totem.spaces.models import Space

USUAL_MINUTES = 60
WITHIN = timedelta(days=14)  # how far to look for the first free slot when no day is asked for


def allowed_lengths(space: Space) -> range:
    """Every length, in minutes, that a booking may have: the multiples of the step from the shortest to the longest.

    Empty where no multiple lies between them; such rules are refused when they are saved.
    """
    step = space.step_minutes
    return range(-(-space.min_minutes // step) * step, space.max_minutes + 1, step)


def usual_length(space: Space) -> int:
    """The minutes to propose: an hour, else the next allowed length, else the longest; 0 where none is allowed."""
    allowed = allowed_lengths(space)
    return allowed[min(bisect_left(allowed, USUAL_MINUTES), len(allowed) - 1)] if allowed else 0


def listed_lengths(space: Space) -> list[int]:
    """The minutes to choose from in a list: all that are allowed, thinned out where they are many.

    Every step up to an hour, quarters or steps up to four, whole hours up to a day, then whole days; the shortest and
    the longest always. Others remain allowed.
    """
    allowed = allowed_lengths(space)
    return [m for m in allowed if m in (allowed[0], allowed[-1]) or m % _grain(m, space.step_minutes) == 0]


def listed_longer(space: Space, minutes: int) -> list[int]:
    """The lengths to choose from for a booking that has lasted `minutes`: longer ones, thinned out from there on."""
    step = space.step_minutes
    longer = range((minutes // step + 1) * step, space.max_minutes + 1, step)
    return [m for m in longer if m % _grain(m - minutes, step) == 0]


def _grain(minutes: int, step: int) -> int:
    if minutes <= 60:
        return step
    if minutes <= 240:
        return max(15, step)
    return 60 if minutes <= 1440 else 1440


def step_under_way(space: Space, now: datetime) -> datetime:
    """The first start that has not passed: the step that has begun can still be booked."""
    return now - space.step + timedelta.resolution


def earliest_start(space: Space, now: datetime) -> datetime:
    """The first start that the space's notice lets visitors book."""
    notice = timedelta(minutes=space.min_notice_minutes)
    return now + notice if notice else step_under_way(space, now)


def latest_start(space: Space, now: datetime) -> datetime:
    """The last start that the space's horizon lets visitors book."""
    return now + timedelta(days=space.horizon_days)


def cancellation_deadline(space: Space, starts_at: datetime) -> datetime:
    """Until when whoever booked may move or cancel a booking that starts then."""
    return starts_at - timedelta(minutes=space.cancel_notice_minutes)
