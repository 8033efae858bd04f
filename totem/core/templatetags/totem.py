"""The tags and filters of every template (a builtin library). The words come from `totem.core.wording`.

The components are `totem.core.templatetags.components`.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm
from django.http import QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext, pgettext_lazy

from totem.core import codes, edit_conflicts, languages, phones, wording
from totem.core.components import Words
from totem.core.models import Dated
from totem.core.periods import Period
from totem.core.wording import Zone

register = template.Library()

# -- Words ------------------------------------------------------------------------------------------------------------


def _optional(value: Any) -> bool:
    return value is None or value == ""


@register.filter
def date_words(value: date | datetime | None, zone: Zone = None) -> str:
    """`{{ b.starts_at|date_words:hub.zone }}`: « jeudi 26 novembre »."""
    return "" if _optional(value) else wording.date_words(value, zone)  # type: ignore[arg-type]


@register.filter
def date_with_year(value: date | datetime | None, zone: Zone = None) -> str:
    """« 1er novembre 2026 », without the day of the week."""
    return "" if _optional(value) else wording.date_with_year(value, zone)  # type: ignore[arg-type]


@register.filter
def date_short(value: date | datetime | None, zone: Zone = None) -> str:
    """« jeu. 26 »."""
    return "" if _optional(value) else wording.date_short(value, zone)  # type: ignore[arg-type]


@register.filter
def day_words(value: date | datetime | None, zone: Zone = None) -> str:
    """« aujourd’hui », « demain », or the date in words."""
    return "" if _optional(value) else wording.day_words(value, zone)  # type: ignore[arg-type]


@register.filter
def hour(value: datetime | time | None, zone: Zone = None) -> str:
    """`{{ b.starts_at|hour:hub.zone }}`: « 14 h 30 »."""
    return "" if _optional(value) else wording.hour(value, zone)  # type: ignore[arg-type]


@register.filter("period")
def period_filter(value: Any, zone: Zone = None) -> str:
    """Anything with `starts_at` and `ends_at`: « jeudi 26 novembre, de 14 h à 16 h »."""
    return "" if _optional(value) else wording.period(value.starts_at, value.ends_at, zone)


@register.filter
def hours_range(value: Any, zone: Zone = None) -> str:
    """Anything with `starts_at` and `ends_at`: « de 14 h à 16 h »."""
    return "" if _optional(value) else wording.hours_range(value.starts_at, value.ends_at, zone)


@register.simple_tag
def colon() -> str:
    """The colon between a label and its value: French has a no-break space before it."""
    return pgettext("between a label and its words", ": ")


@register.simple_tag
def period(start: datetime, end: datetime, zone: Zone = None) -> str:
    """`{% period start end hub.zone %}`."""
    return wording.period(*Period(start, end), zone)


@register.filter
def minutes_words(value: int | None) -> str:
    return "" if _optional(value) else wording.minutes_words(int(value or 0))


@register.filter
def money(value: Decimal | None) -> str:
    return "" if value is None else wording.money(value)


@register.filter
def number(value: Decimal | float | None, decimals: int | None = None) -> str:
    return "" if value is None else wording.number(value, decimals)


@register.filter
def area(value: Decimal | float | None) -> str:
    return "" if value is None else wording.area(value)


@register.filter
def percent(value: Decimal | float | None, decimals: int = 0) -> str:
    """A share from 0 to 1 as « 42 % »."""
    return "" if value is None else wording.percent(value, decimals)


@register.filter
def iso(value: datetime | date) -> str:
    """The value of `<time datetime>`."""
    return wording.instant_iso(value)


@register.filter
def version_token(row: Dated) -> str:
    """What the form of a button carries as `seen` (`core.edit_conflicts`)."""
    return edit_conflicts.version_token(row)


# -- Small things -----------------------------------------------------------------------------------------------------

ICONS = frozenset(
    {
        "arrow-right",
        "calendar",
        "check",
        "chevron-down",
        "chevron-left",
        "chevron-right",
        "clock",
        "cross",
        "edit",
        "euro",
        "external",
        "file",
        "flag",
        "half",
        "hourglass",
        "info",
        "key",
        "list",
        "lock",
        "mail",
        "map-pin",
        "menu",
        "minus",
        "people",
        "phone",
        "plus",
        "print",
        "search",
        "settings",
        "sign-out",
        "size",
        "sparkle",
        "square",
        "tool",
        "user",
        "warning",
    }
)


register.filter("phone_words", phones.words)
register.filter("code_words", codes.words)


@register.simple_tag
def phone_link(number: str) -> str | SafeString:
    """A telephone number as people read it, in a link that dials it; as it is where it is none."""
    address = phones.uri(number)
    return format_html('<a href="{}">{}</a>', address, phones.words(number)) if address else number


@register.simple_tag
def icon(name: str, label: Words = "") -> SafeString:
    """A drawing of the sprite `static/img/icons.svg`; silent for screen readers unless it has a `label`."""
    if name not in ICONS:
        raise template.TemplateSyntaxError(f"There is no icon {name!r}; there are {', '.join(sorted(ICONS))}.")
    use = format_html('<use href="{}#{}"/>', static("img/icons.svg"), name)
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}" viewBox="0 0 24 24">{}</svg>', label, use)
    return format_html('<svg class="icon" aria-hidden="true" viewBox="0 0 24 24">{}</svg>', use)


STATES: dict[str, tuple[Words, str, str]] = {
    # state: the word, the shape, the tone
    "confirmed": (pgettext_lazy("state", "Confirmed"), "check", "moss"),
    "pending": (pgettext_lazy("state", "Awaiting approval"), "hourglass", "amber"),
    "held": (pgettext_lazy("state", "Held"), "half", "plum"),
    "cancelled": (pgettext_lazy("state", "Cancelled"), "cross", "quiet"),
    "refused": (pgettext_lazy("state", "Refused"), "cross", "brick"),
    "expired": (pgettext_lazy("state", "Expired"), "clock", "quiet"),
    "arrived": (pgettext_lazy("state", "Arrived"), "user", "sea"),
    "no_show": (pgettext_lazy("state", "Did not come"), "minus", "amber"),
    "finished": (pgettext_lazy("state", "Finished"), "check", "quiet"),
    "out_of_order": (pgettext_lazy("state", "Out of order"), "tool", "brick"),
    "free": (pgettext_lazy("state", "Free"), "square", "moss"),
    "busy": (pgettext_lazy("state", "Taken"), "minus", "ink"),
    "closed": (pgettext_lazy("state", "Closed"), "lock", "quiet"),
    "open": (pgettext_lazy("state", "Open"), "sparkle", "moss"),
    "met": (pgettext_lazy("state", "Met"), "check", "moss"),
    "not_met": (pgettext_lazy("state", "Not met"), "cross", "brick"),
    "unknown": (pgettext_lazy("state", "Not known"), "info", "amber"),
    "stale": (pgettext_lazy("state", "Out of date"), "clock", "amber"),
    "human": (pgettext_lazy("state", "To be judged"), "user", "plum"),
    "labelled": (pgettext_lazy("state", "Labelled"), "flag", "moss"),
    "not_applicable": (pgettext_lazy("state", "Does not apply"), "minus", "quiet"),
}


@register.simple_tag
def badge(state: str, word: Words = "") -> SafeString:
    """A state, as a word, a shape and a colour. `word` replaces the usual one (« Held until 14:15 »)."""
    if state not in STATES:
        raise template.TemplateSyntaxError(f"There is no state {state!r}; there are {', '.join(STATES)}.")
    usual, shape, tone = STATES[state]
    return format_html('<span class="badge-state is-{}">{}{}</span>', tone, icon(shape), word or usual)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's own parameters with some changed, as `?a=1&b=2`; None or '' takes one away."""
    params: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.simple_tag
def form_errors(form: BaseForm) -> SafeString:
    """The summary of a form's errors, with links to the fields; nothing where there are none."""
    return SafeString(form.renderer.render("core/forms/errors.html", {"form": form}) if form.errors else "")


@register.filter
def as_json(value: Any) -> str:
    """JSON for a data attribute (escaped by the template as any text)."""

    return json.dumps(value, ensure_ascii=False, default=str)


@register.simple_tag
def joined(items: Iterable[Words]) -> SafeString:
    """Short words on one line, between middle dots."""
    return format_html_join(SafeString(' <span aria-hidden="true">·</span> '), "{}", ((i,) for i in items if i))


@register.simple_tag
def language_name(code: str) -> str:
    """« Français », « English »: a language by its own name."""
    return languages.own_name(code)
