"""The components of every template (a builtin library): what of a page has its own template in `core/components/`.

They take declared attributes only: a misspelt one fails when the template is compiled. `docs/design.md` lists them, and
`/design/` shows them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from totem.core import navigation, wording
from totem.core.components import MAP_WORDS, Crumb, SlotButton, Tab, Words
from totem.core.navigation import Navigation, navigation_of
from totem.core.templatetags.totem import query

register = template.Library()

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
