"""What a booking must respect, said once: pure checks that actions enforce under their locks."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.bookings.queries import earliest_start, latest_day_end
from totem.core import wording
from totem.core.periods import Period, is_on_step
from totem.hubs.queries import Standing
from totem.spaces.models import Audience, Space

MINUTE = timedelta(minutes=1)


class RuleBrokenError(Exception):
    """A booking that the space's rules do not allow. `field` names the input to mend, or is empty."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def may_book(space: Space, standing: Standing, *, signed_in: bool) -> bool:
    """Whether somebody of this standing is among those whom the space is for."""
    if standing.is_team:
        return True
    return {
        Audience.PUBLIC: True,
        Audience.SIGNED_IN: signed_in,
        Audience.NETWORK: standing.is_member_elsewhere,
        Audience.MEMBERS: standing.is_member,
        Audience.TEAM: False,
    }[Audience(space.audience)]


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
    minutes = period.length // MINUTE
    if not 1 <= quantity <= space.quantity:
        yield RuleBrokenError(_("From 1 to %(most)s.") % {"most": space.quantity}, "quantity")
    if not is_on_step(period.starts_at, space.step, space.hub.zone):
        message = ngettext(
            "Bookings start every %(step)s minute.", "Bookings start every %(step)s minutes.", space.step_minutes
        )
        yield RuleBrokenError(message % {"step": space.step_minutes}, "start")
    if minutes % space.step_minutes or period.length % MINUTE:
        message = _("The length goes by steps of %(step)s.")
        yield RuleBrokenError(message % {"step": wording.minutes_words(space.step_minutes)}, "minutes")
    if minutes < space.min_minutes:
        message = _("At least %(length)s.")
        yield RuleBrokenError(message % {"length": wording.minutes_words(space.min_minutes)}, "minutes")
    if minutes > space.max_minutes:
        message = _("At most %(length)s.")
        yield RuleBrokenError(message % {"length": wording.minutes_words(space.max_minutes)}, "minutes")


def _broken_by_date(space: Space, period: Period, now: datetime, *, by_team: bool) -> Iterator[RuleBrokenError]:
    if period.starts_at < now - space.step + timedelta.resolution:
        yield RuleBrokenError(_("This time has passed."), "start")
    elif not by_team and period.starts_at < earliest_start(space, now):
        message = _("To be booked at least %(notice)s before.")
        yield RuleBrokenError(message % {"notice": wording.minutes_words(space.min_notice_minutes)}, "start")
    if not by_team and period.starts_at > latest_day_end(space, now):
        message = ngettext(
            "Bookable at most %(days)s day ahead.", "Bookable at most %(days)s days ahead.", space.horizon_days
        )
        yield RuleBrokenError(message % {"days": space.horizon_days}, "day")


# -- For people to read -----------------------------------------------------------------------------------------------


def lengths(space: Space) -> list[int]:
    """The lengths, in minutes, to choose from: all that the rules allow, thinned out where they are many.

    Every step up to an hour, quarters or steps up to four, whole hours up to a day, then whole days; the shortest and
    the longest always. Others remain allowed.
    """
    every = range(-(-space.min_minutes // space.step_minutes) * space.step_minutes, space.max_minutes + 1)[
        :: space.step_minutes
    ]
    return [m for m in every if m in {every[0], every[-1]} or m % _grain(m, space.step_minutes) == 0]


def _grain(minutes: int, step: int) -> int:
    if minutes <= 60:
        return step
    if minutes <= 240:
        return max(15, step)
    return 60 if minutes <= 1440 else 1440


def in_words(space: Space) -> list[str]:
    """The rules of a space as sentences, for those who are about to book it."""
    said = wording.minutes_words
    sentences = [
        _("From %(shortest)s to %(longest)s, by steps of %(step)s.")
        % {
            "shortest": said(space.min_minutes),
            "longest": said(space.max_minutes),
            "step": said(space.step_minutes),
        }
    ]
    if space.min_notice_minutes:
        sentences.append(_("Booked at least %(notice)s before.") % {"notice": said(space.min_notice_minutes)})
    ahead = ngettext("Bookable %(days)s day ahead.", "Bookable up to %(days)s days ahead.", space.horizon_days)
    sentences.append(ahead % {"days": space.horizon_days})
    if space.needs_approval:
        sentences.append(_("The team approves each request; the space is kept for you meanwhile."))
    if space.cancel_notice_minutes:
        sentences.append(
            _("Moved or cancelled free of charge until %(notice)s before.")
            % {"notice": said(space.cancel_notice_minutes)}
        )
    else:
        sentences.append(_("Moved or cancelled free of charge until it starts."))
    return sentences
