"""Wording of a space, its rules and its prices, for all pages and mails."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core import wording
from totem.core.wording import weekdays_short
from totem.spaces.models import EVERY_DAY, Audience, Feature, Outage, Price, Space, SpaceKind
from totem.spaces.pricing import Quote, QuoteLine
from totem.spaces.rules import allowed_lengths

# -- What it is -------------------------------------------------------------------------------------------------------


def capacity_words(space: Space) -> str:
    """« 6 personnes »."""
    return ngettext("%(count)s person", "%(count)s people", space.capacity) % {"count": space.capacity}


def quantity_words(space: Space, quantity: int | None = None) -> str:
    """« 40 postes », « 3 exemplaires »: of `quantity` units, or of all of them."""
    count = space.quantity if quantity is None else quantity
    if space.kind == SpaceKind.EQUIPMENT:
        words = ngettext("%(count)s copy", "%(count)s copies", count)
    else:
        words = ngettext("%(count)s desk", "%(count)s desks", count)
    return words % {"count": count}


def feature_words(space: Space) -> list[str]:
    """The features of the space by their names, in the order of the list."""
    return [str(feature.label) for feature in Feature if feature in space.features]


AUDIENCE_NOTES: dict[str, Promise | str] = {
    Audience.PUBLIC: "",
    Audience.SIGNED_IN: gettext_lazy("with an account"),
    Audience.NETWORK: gettext_lazy("for members of other hubs"),
    Audience.MEMBERS: gettext_lazy("for members"),
    Audience.TEAM: gettext_lazy("for the team"),
}


def outage_words(outage: Outage) -> str:
    """What is out of order: the space, with the number of the unit in a pool."""
    if outage.unit is None or not outage.space.is_pool:
        return outage.space.name
    return _("%(space)s, number %(unit)s") % {"space": outage.space.name, "unit": outage.unit}


def outage_when(outage: Outage, zone: ZoneInfo) -> str:
    """The time of an outage, or since when it is out of order without an end."""
    during = outage.during
    if during.upper is not None:
        return wording.period(during.lower, during.upper, zone)
    words = {"day": wording.date_words(during.lower, zone), "hour": wording.hour(during.lower, zone)}
    return _("since %(day)s, %(hour)s") % words


def audience_note(space: Space) -> str:
    """Whom a space is kept for, beside its name; empty where anybody may book."""
    return str(AUDIENCE_NOTES[space.audience])


# -- Its rules --------------------------------------------------------------------------------------------------------


def audience_words(space: Space) -> str:
    """Who may book, as a sentence."""
    return {
        Audience.PUBLIC: _("Everybody may book, with or without an account."),
        Audience.SIGNED_IN: _("Everybody with an account may book."),
        Audience.NETWORK: _("Members of other hubs may book."),
        Audience.MEMBERS: _("Members of this hub may book."),
        Audience.TEAM: _("The team books it."),
    }[Audience(space.audience)]


def rules_words(space: Space) -> Iterator[str]:
    """The rules for visitors, a sentence each."""
    length = wording.minutes_words
    yield audience_words(space)
    if space.needs_approval:
        yield _("The team approves each booking; the space is kept for you meanwhile.")
    yield _length_words(space)
    ahead = length(space.horizon_days * 1440)
    if space.min_notice_minutes:
        yield _("Booked at least %(notice)s and at most %(ahead)s ahead.") % {
            "notice": length(space.min_notice_minutes),
            "ahead": ahead,
        }
    else:
        yield _("Bookable up to %(ahead)s ahead, and until the last minute.") % {"ahead": ahead}
    if space.cancel_notice_minutes:
        notice = length(space.cancel_notice_minutes)
        yield _("Moved or cancelled free of charge until %(notice)s before the start.") % {"notice": notice}
    else:
        yield _("Moved or cancelled free of charge until it starts.")
    yield from _buffer_words(space)


def _length_words(space: Space) -> str:
    allowed = allowed_lengths(space)
    if not allowed:
        return _("No length suits its rules: it cannot be booked for now.")
    return _("From %(shortest)s to %(longest)s; start and length by steps of %(step)s.") % {
        "shortest": wording.minutes_words(allowed[0]),
        "longest": wording.minutes_words(allowed[-1]),
        "step": wording.minutes_words(space.step_minutes),
    }


def _buffer_words(space: Space) -> Iterator[str]:
    kept = {
        "before": wording.minutes_words(space.buffer_before_minutes),
        "after": wording.minutes_words(space.buffer_after_minutes),
    }
    if space.buffer_before_minutes and space.buffer_after_minutes:
        yield _("%(before)s before and %(after)s after each booking are kept free.") % kept
    elif space.buffer_before_minutes:
        yield _("%(before)s before each booking are kept free.") % kept
    elif space.buffer_after_minutes:
        yield _("%(after)s after each booking are kept free.") % kept


# -- Its prices -------------------------------------------------------------------------------------------------------


class PriceLine(NamedTuple):
    """A line of a price list or of what a booking costs, as the component `price_line` shows it."""

    label: str
    amount: Decimal
    note: str


def price_words(price: Price) -> str:
    """« 12,00 € l’heure »."""
    amount = {"amount": wording.money(price.amount)}
    return {
        Price.Per.HOUR: _("%(amount)s an hour"),
        Price.Per.HALF_DAY: _("%(amount)s a half-day"),
        Price.Per.DAY: _("%(amount)s a day"),
    }[Price.Per(price.per)] % amount


def rule_words(price: Price) -> str:
    """« membres », « heures creuses : lun., sam., 8 h 00 à 10 h 00 »; empty for everybody at any time."""
    parts = [_("members")] if price.for_members else []
    if price.is_off_peak:
        names = weekdays_short()
        days = [names[day] for day in range(7) if price.weekdays >> day & 1] if price.weekdays != EVERY_DAY else []
        hours = [_minutes_range(price.from_minute, price.until_minute)] if price.has_hours else []
        parts.append(_("off-peak: %(when)s") % {"when": ", ".join([*days, *hours])})
    return ", ".join(parts)


def _minutes_range(first: int, last: int) -> str:
    """« 8 h 00 à 10 h 00 »."""
    opens, closes = (wording.hour(time(minute // 60 % 24, minute % 60)) for minute in (first, last))
    return _("%(opens)s to %(closes)s") % {"opens": opens, "closes": closes}


def price_from(space: Space, prices: Sequence[Price]) -> str:
    """« à partir de 12,00 € l’heure »: the lowest price of the shortest time sold to the public, else to members.

    Without one, whether nothing is paid.
    """
    if not prices:
        return _("free of charge") if space.free_of_charge else _("price on request")
    lowest = min(prices, key=lambda price: (price.for_members, price.per, price.amount))
    words = _("from %(price)s") % {"price": price_words(lowest)}
    return _("%(price)s for members") % {"price": words} if lowest.for_members else words


def price_list(prices: Iterable[Price], today: date) -> list[PriceLine]:
    """The price list of a space as of `today`, VAT included; prices to come say from when."""
    labels = {
        Price.Per.HOUR: _("An hour"),
        Price.Per.HALF_DAY: _("A half-day (4 hours)"),
        Price.Per.DAY: _("A day"),
    }
    return [
        PriceLine(
            labels[Price.Per(price.per)],
            price.amount,
            ", ".join(filter(None, [rule_words(price), _from_words(price, today)])),
        )
        for price in prices
    ]


def _from_words(price: Price, today: date) -> str:
    return _("from %(day)s") % {"day": wording.date_words(price.starts_on)} if price.starts_on > today else ""


def quote_words(quote: Quote) -> str:
    """« 36,00 € », « gratuit »: the price of a booking where there is room for a word."""
    return wording.money(quote.total) if quote.total else _("free of charge")


def quote_lines(lines: Iterable[QuoteLine]) -> list[PriceLine]:
    """What the price of a booking is made of: « 2 heures », « à 12,00 € », and their sum."""
    return [
        PriceLine(
            _paid_words(line),
            line.total,
            _("at %(price)s") % {"price": wording.money(line.amount)} if line.count > 1 else "",
        )
        for line in lines
    ]


def _paid_words(line: QuoteLine) -> str:
    if line.is_addition:
        return _("Lengthened by %(length)s") % {"length": wording.minutes_words(line.per)}
    words = {
        Price.Per.HOUR: ngettext("%(count)s hour", "%(count)s hours", line.count),
        Price.Per.HALF_DAY: ngettext("%(count)s half-day", "%(count)s half-days", line.count),
        Price.Per.DAY: ngettext("%(count)s day", "%(count)s days", line.count),
    }
    return words[Price.Per(line.per)] % {"count": line.count}
