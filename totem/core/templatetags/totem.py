"""The tags and filters of every template (a builtin library). The words come from `totem.core.wording`.

Components take declared attributes only: a misspelt one fails when the template is compiled. `docs/design.md` lists
them, and `/design/` shows them.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext, pgettext_lazy

from totem.core import codes, languages, navigation, phones, wording
from totem.core.components import MAP_WORDS, Crumb, SlotButton, Tab, Words
from totem.core.navigation import Navigation, navigation_of
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


# -- Components with a body -------------------------------------------------------------------------------------------


def _trimmed(content: str) -> SafeString:
    """The rendered body of a block tag, already escaped, without the white space of its template."""
    return SafeString(content.strip())


@register.simple_block_tag
def page_head(content: str, title: Words, *, lead: Words = "", kicker: Words = "") -> SafeString:
    """The page's only h1; the body holds its main action."""
    return render_to_string(
        "core/components/page_head.html", {"actions": _trimmed(content), "title": title, "lead": lead, "kicker": kicker}
    )


NOTICES = {"info": "info", "good": "check", "warn": "warning", "bad": "cross", "held": "half"}


@register.simple_block_tag
def notice(content: str, kind: str = "info", title: Words = "") -> SafeString:
    """A message in the page: `info`, `good`, `warn`, `bad` or `held`."""
    return render_to_string(
        "core/components/notice.html", {"body": content, "kind": kind, "icon": NOTICES[kind], "title": title}
    )


@register.simple_block_tag
def empty(content: str, title: Words, icon: str = "sparkle") -> SafeString:
    """In place of an empty list: `title` says what it lists, the body why it is empty, with the button that adds."""
    return render_to_string("core/components/empty.html", {"body": content, "title": title, "icon": icon})


@register.simple_block_tag
def row(
    content: str,
    title: Words,
    *,
    href: str = "",
    meta: Words = "",
    when: Words = "",
    state: str = "",
    state_word: Words = "",
    id: str = "",  # noqa: A002 (the name of the HTML attribute)
) -> SafeString:
    """One `<li>` of a `<ul class="rows">`: when, what, its state, and its one next action (the body)."""
    return render_to_string(
        "core/components/row.html",
        {
            "action": _trimmed(content),
            "title": title,
            "href": href,
            "meta": meta,
            "when": when,
            "state": state,
            "state_word": state_word,
            "id": id,
        },
    )


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Context, content: str, *, label: Words, action: str, verb: Words, question: Words = "", danger: bool = True
) -> SafeString:
    """A button that opens a question and posts to `action`: no script, no second page. The body may hold fields."""
    values = {"body": content, "label": label, "action": action, "verb": verb, "question": question, "danger": danger}
    return render_to_string("core/components/confirm.html", values, request=context.get("request"))


@register.simple_block_tag
def chart(
    content: str,
    title: Words,
    *,
    src: str,
    alt: Words,
    narrow: str = "",
    csv: str = "",
    note: Words = "",
    width: int | None = None,
    height: int | None = None,
    id: str = "",  # noqa: A002 (the name of the HTML attribute)
) -> SafeString:
    """A chart, its text alternative (`alt`), its table (the body, which opens in place) and its CSV.

    `narrow` is the same chart drawn for phones; without `src` the table and the CSV stand alone.
    """
    values = {"body": _trimmed(content), "title": title, "src": src, "alt": alt, "narrow": narrow, "csv": csv}
    more = {"note": note, "width": width, "height": height, "id": id}
    return render_to_string("core/components/chart.html", values | more)


# -- Components without ------------------------------------------------------------------------------------------------


@register.inclusion_tag("core/components/figure.html")
def figure(
    value: Words | float | Decimal,
    *,
    label: Words,
    definition: Words,
    source: Words,
    unit: Words = "",
    at: date | datetime | None = None,
    table: str = "",
    before: Words = "",
    before_label: Words = "",
) -> dict[str, Any]:
    """A number with its unit, definition, date and source, a link (`table`) to its rows; `before`: what it was."""
    shown = value if isinstance(value, str) or not isinstance(value, int | float | Decimal) else wording.number(value)
    return {
        "value": shown,
        "label": label,
        "definition": definition,
        "source": source,
        "unit": unit,
        "at": at,
        "table": table,
        "before": before,
        "before_label": before_label,
    }


@register.inclusion_tag("core/components/crumbs.html")
def crumbs(items: Iterable[Crumb | tuple[Words, str]]) -> dict[str, Any]:
    """The breadcrumb: pairs of label and address, without the page itself."""
    return {"items": [Crumb(*item) for item in items]}


@register.inclusion_tag("core/components/crumbs.html")
def crumb(label: Words, url: str) -> dict[str, Any]:
    """The breadcrumb of a page with one page above it."""
    return crumbs([Crumb(label, url)])


@register.inclusion_tag("core/components/tabs.html")
def tabs(items: Iterable[Tab], label: Words) -> dict[str, Any]:
    """Links between lists, with their counts; `label` names the choice for screen readers."""
    return {"items": list(items), "label": label}


@register.inclusion_tag("core/components/bars.html", takes_context=True)
def bars(context: Context) -> dict[str, Any]:
    """The head of the page: the site's bar, that of the workplace one is in, and the bar of telephones."""
    request = context.get("request")
    return {"nav": navigation_of(request) if request else Navigation(), "user": context.get("user")}


@register.inclusion_tag("core/components/tabs.html", takes_context=True)
def entry_tabs(context: Context) -> dict[str, Any]:
    """The pages of the current entry, where it has several."""
    request = context.get("request")
    nav = navigation_of(request) if request else Navigation()
    return {"items": nav.tabs, "label": nav.tabs_label, "of_entry": True}


@register.simple_tag(takes_context=True)
def leaving(context: Context) -> str:
    """`?depuis=…` after a link to a page of the site, which then keeps the bar of the workplace one comes from."""
    request = context.get("request")
    return navigation.leaving(request) if request else ""


@register.inclusion_tag("core/components/slots.html")
def slots(items: Iterable[SlotButton], label: Words = "") -> dict[str, Any]:
    """The nearest free slots as buttons."""
    return {"items": list(items), "label": label}


@register.inclusion_tag("core/components/pagination.html", takes_context=True)
def pagination(context: Context, page: "Page[Any]") -> dict[str, Any]:
    """The page links of a long list; keeps the other parameters of the address."""
    if page.paginator.num_pages == 1:
        return {"page": None}
    earlier = query(context, page=page.previous_page_number()) if page.has_previous() else ""
    later = query(context, page=page.next_page_number()) if page.has_next() else ""
    return {"page": page, "earlier": earlier, "later": later}


PATTERNS = 12


@register.inclusion_tag("core/components/photo.html")
def photo(image: Any, name: Words, alt: Words = "", eager: bool = False, number: int | None = None) -> dict[str, Any]:
    """A photo (an image field or an address), or a pattern: of `number`, so that neighbours differ, else of `name`."""
    source = (image if isinstance(image, str) else image.url) if image else ""
    # The low bits of a CRC of short names are often equal; a seventh of it spreads better over the patterns.
    chosen = crc32(str(name).encode()) // 7 if number is None else number
    return {"source": source, "pattern": f"img/pattern-{chosen % PATTERNS + 1}.svg", "alt": alt, "eager": eager}


@register.inclusion_tag("core/components/hub_card.html")
def hub_card(
    name: Words,
    *,
    href: str,
    place: Words,
    tagline: Words = "",
    image: Any = None,
    alt: Words = "",
    number: int | None = None,
    state: str = "",
    state_word: Words = "",
    level: int = 2,
) -> dict[str, Any]:
    """A hub in a list: its photo, where it is, what it is, whether it is open. `level` is its heading's."""
    return {
        "name": name,
        "href": href,
        "place": place,
        "tagline": tagline,
        "image": image,
        "alt": alt,
        "number": number,
        "state": state,
        "state_word": state_word,
        "level": level,
    }


@register.inclusion_tag("core/components/space_card.html")
def space_card(
    name: Words,
    *,
    href: str,
    kind: Words,
    image: Any = None,
    alt: Words = "",
    number: int | None = None,
    capacity: int | None = None,
    floor: Decimal | None = None,
    price: Words = "",
    free: Words = "",
    features: Sequence[Words] = (),
    level: int = 3,
) -> dict[str, Any]:
    """A space in a list: for how many, its m² (`floor`), its price in words, when it is `free` next."""
    return {
        "name": name,
        "href": href,
        "kind": kind,
        "image": image,
        "alt": alt,
        "number": number,
        "capacity": capacity,
        "floor": floor,
        "price": price,
        "free": free,
        "features": features,
        "level": level,
    }


@register.inclusion_tag("core/components/price_line.html")
def price_line(label: Words, amount: Decimal, note: Words = "", total: bool = False) -> dict[str, Any]:
    """One `<div>` of a `<dl class="prices">`."""
    return {"label": label, "amount": amount, "note": note, "total": total}


@register.inclusion_tag("core/components/progress.html")
def progress(value: float, maximum: float, label: Words) -> dict[str, Any]:
    """How far something is, in words too."""
    return {"value": value, "maximum": maximum, "label": label, "share": value / maximum if maximum else 0}


@register.inclusion_tag("core/components/map.html")
def map(points: Sequence[dict[str, Any]], label: Words) -> dict[str, Any]:  # noqa: A001
    """A map of `points`, each {"name", "lat", "lng", "href", "text"}; the page lists the same places in HTML beside."""
    plain = [{**p, "lat": float(p["lat"]), "lng": float(p["lng"]), "name": str(p["name"])} for p in points]
    return {"points": plain, "label": label}


@register.inclusion_tag("core/components/position_map.html")
def position_map(latitude: BoundField, longitude: BoundField, around: str = "") -> dict[str, Any]:
    """A map with a point to move, which writes these two fields; `around` is the address of an outline to draw."""
    return {"latitude": latitude, "longitude": longitude, "around": around}


@register.inclusion_tag("core/components/choropleth.html")
def choropleth(
    outlines: str,
    table: str,
    label: Words,
    *,
    edge: str = "",
    points: str = "",
    instead: str = "",
) -> dict[str, Any]:
    """A map painted from a table beside it: `table` is its selector, its rows `<tr data-code data-class data-text>`.

    `outlines`, `edge` (the territory's own line) and `points` are addresses of GeoJSON; `instead` is the selector of
    the SVG that the map replaces where scripts run.
    """
    addresses = {"outlines": outlines, "table": table, "edge": edge, "points": points, "instead": instead}
    return {**addresses, "label": label}


@register.inclusion_tag("core/components/map_library.html")
def map_library() -> dict[str, Any]:
    """The attributes of every map: where its library and its base map are, and what the library says (`MAP_WORDS`)."""
    return {"words": MAP_WORDS, "style": settings.MAP_STYLE_URL}


@register.inclusion_tag("core/components/map_legend.html")
def map_legend(words: Iterable[Words], label: Words, unknown: bool = True) -> dict[str, Any]:
    """The classes of a choropleth in words, light to dark; `unknown` adds « no data »."""
    return {"words": list(words), "label": label, "unknown": unknown}


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
