"""What a booking must respect: limits, and pure checks that actions enforce under their locks; see `spaces.rules`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core import wording
from totem.core.periods import MINUTE, Period, ceil_to_step, is_on_step
from totem.hubs.queries import Standing
from totem.spaces.models import Audience, Space
from totem.spaces.rules import allowed_lengths, earliest_start, latest_start, step_under_way

DIGEST_HOUR = 8  # of the hub: from then on the digest of requests is due
REMINDED_AHEAD = timedelta(days=1)  # of the start, where it was booked before that
GUEST_HOLD = timedelta(minutes=15)  # how long a space waits for the code of a guest
LONGEST_HOLD = timedelta(days=7)  # of an option that the team keeps for somebody
CODE_ATTEMPTS = 5
GUESTS_KEPT = timedelta(days=365)  # from the end of the booking until the guest is anonymised


class RuleBrokenError(Exception):
    """The booking breaks a rule of the space. `field` names the form field to correct, or is empty."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def may_book(space: Space, standing: Standing, *, signed_in: bool) -> bool:
    """Whether somebody of this standing belongs to the audience of the space."""
    return space.audience in audiences_of(standing, signed_in=signed_in)


def audiences_of(standing: Standing, *, signed_in: bool) -> frozenset[str]:
    """The audiences that somebody of this standing belongs to."""
    belongs = {
        Audience.PUBLIC: True,
        Audience.SIGNED_IN: signed_in,
        Audience.NETWORK: standing.is_member_elsewhere,
        Audience.MEMBERS: standing.is_member,
        Audience.TEAM: False,
    }
    return frozenset(audience for audience, there in belongs.items() if there or standing.is_team)


def broken_rules(
    space: Space, period: Period, *, quantity: int, opening: list[Period], now: datetime, by_team: bool
) -> Iterator[RuleBrokenError]:
    """Every rule of `space` that booking `period` would break. `opening` is when the space is open within `period`.

    The team may book at short notice and far ahead; hours, steps and lengths hold for all.
    """
    if not space.is_active:
        yield RuleBrokenError(_("This space is no longer in service."))
    yield from _broken_by_size(space, period, quantity)
    yield from _broken_by_date(space, period, now, by_team=by_team)
    if opening != [period]:
        yield RuleBrokenError(_("The space is not open for all of this time."), "start")


def _broken_by_size(space: Space, period: Period, quantity: int) -> Iterator[RuleBrokenError]:
    if not 1 <= quantity <= space.quantity:
        yield RuleBrokenError(_("From 1 to %(most)s.") % {"most": space.quantity}, "quantity")
    if not is_on_step(period.starts_at, space.step, space.hub.zone):
        message = ngettext(
            "Bookings start every %(step)s minute.", "Bookings start every %(step)s minutes.", space.step_minutes
        )
        yield RuleBrokenError(message % {"step": space.step_minutes}, "start")
    yield from _broken_by_length(space, period)


def _broken_by_length(space: Space, period: Period) -> Iterator[RuleBrokenError]:
    allowed = allowed_lengths(space)
    minutes, rest = divmod(period.length, MINUTE)
    if not rest and minutes in allowed:
        return
    if rest or minutes % space.step_minutes or not allowed:
        message, length = _("The length goes by steps of %(length)s."), space.step_minutes
    elif minutes < allowed[0]:
        message, length = _("At least %(length)s."), allowed[0]
    else:
        message, length = _("At most %(length)s."), allowed[-1]
    yield RuleBrokenError(message % {"length": wording.minutes_words(length)}, "minutes")


def _broken_by_date(space: Space, period: Period, now: datetime, *, by_team: bool) -> Iterator[RuleBrokenError]:
    if period.starts_at < step_under_way(space, now):
        yield RuleBrokenError(_("This time has passed."), "start")
    elif not by_team and period.starts_at < earliest_start(space, now):
        message = _("To be booked at least %(notice)s before.")
        yield RuleBrokenError(message % {"notice": wording.minutes_words(space.min_notice_minutes)}, "start")
    if not by_team and period.starts_at > latest_start(space, now):
        message = ngettext(
            "Bookable at most %(days)s day ahead.", "Bookable at most %(days)s days ahead.", space.horizon_days
        )
        yield RuleBrokenError(message % {"days": space.horizon_days}, "day")


# -- A booking under way ----------------------------------------------------------------------------------------------


def end_if_left(space: Space, starts_at: datetime, now: datetime) -> datetime:
    """Until when a booking that is left `now` takes its place: the nearest step, but at least its first one.

    Where time is kept free after bookings, the minute: that time is needed from then on.
    """
    if space.buffer_after:
        left = ceil_to_step(now, MINUTE, space.hub.zone)
    else:
        left = ceil_to_step(now - space.step / 2, space.step, space.hub.zone)
    return max(left, starts_at + space.step)


def broken_by_longer(
    space: Space, period: Period, added: Period, *, opening: list[Period], by_team: bool
) -> Iterator[RuleBrokenError]:
    """Every rule that lengthening a booking by `added` to `period` would break; `opening` is that of `added`."""
    if not space.is_active:
        yield RuleBrokenError(_("This space is no longer in service."), "end")
    if space.needs_approval and not by_team:
        yield RuleBrokenError(_("The team answers each request for this space. Please ask them."), "end")
    for broken in _broken_by_length(space, period):
        yield RuleBrokenError(broken.message, "end")
    if opening != [added]:
        yield RuleBrokenError(_("The space is not open for all of this time."), "end")
