"""From an address to what it speaks of: the place of its path, the stock and the activities of its parameters.

    @of_place
    def page(request, scope): ...          routed as <where>/…, with the arguments `level` and `code`

`?stock=2026-11-01&activites=tic-ocde@1&naf=2025` say all that can change; left out, each is today's. A drawn place is
`dessin/<code>/?forme=lon,lat;lon,lat;…` (rings apart by « ! », polygons by « | »).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core import clock, navigation
from totem.core.pages import NotFound
from totem.core.periods import parse_day
from totem.core.wording import date_with_year
from totem.observatory.activities import DEFAULT, activities_of
from totem.observatory.engine import NoStock, RowsGone, Scope
from totem.observatory.models import ActivityVersion, Nomenclature, Stock
from totem.observatory.permissions import versions_seen
from totem.territories.models import Perimeter
from totem.territories.places import (
    DRAWN,
    PERIMETER,
    Place,
    PlaceNotFound,
    ShapesMissing,
    place_drawn,
    place_for,
    version_of,
)
from totem.territories.shapes import ParsedShape, parse_shape

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

P = ParamSpec("P")
Parameters = Mapping[str, str | list[str]]
View = Callable[Concatenate[HttpRequest, Scope, P], HttpResponseBase]

NAF = {"rev2": Nomenclature.REV2, "2025": Nomenclature.NAF2025}
NAF_WORD = {value: word for word, value in NAF.items()}
KEPT = ("stock", "activites", "naf", "forme")
LONGEST_SHAPE = 6_000  # characters of an address that every proxy lets through


def of_place(view: "View[P]") -> Callable[..., HttpResponseBase]:
    """A public page about a scope (`about_place`)."""
    return login_not_required(require_safe(about_place(view)))


def about_place(view: "View[P]") -> Callable[..., HttpResponseBase]:
    """A page about a scope; what cannot be answered becomes a page that says why and what to do."""

    @wraps(view)
    def answer(request: HttpRequest, level: str, code: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, read_scope(request, level, code), *args, **kwargs)
        except PlaceNotFound:
            return render(request, "observatory/place_not_found.html", {"asked": code}, status=404)
        except NoStock as why:
            return render(request, "observatory/place_not_yet.html", {"missing": why.missing}, status=503)
        except ShapesMissing:
            return render(request, "observatory/place_not_yet.html", {"missing": "outlines"}, status=503)
        except RowsGone:
            asked = request.GET.copy()
            asked.pop("stock", None)
            ways = {
                "current": f"{request.path}?{asked.urlencode(safe='@;,!|')}",
                "counts": reverse("observatory:place", args=[level, code]) + kept(request),
            }
            return render(request, "observatory/place_rows_gone.html", ways, status=410)

    return answer


def read_scope(request: HttpRequest, level: str, code: str) -> Scope:
    """What the address speaks of, for this person.

    Raises PlaceNotFound, ShapesMissing, NoStock, and NotFound for a stock or activities that are not there.
    """
    place = read_place(request, level, code)
    stock = read_stock(request)
    return Scope(stock, activities_of(read_version(request), read_naf(request)), place)


def read_naf(request: HttpRequest) -> Nomenclature:
    """The nomenclature of `?naf=`. Raises NotFound."""
    naf = NAF.get(request.GET.get("naf") or "rev2")
    if naf is None:
        raise NotFound(_("There are two nomenclatures: rev2 and 2025."))
    return naf


def read_place(request: HttpRequest, level: str, code: str) -> Place:
    """The place of the path. Raises PlaceNotFound, ShapesMissing."""
    if level != DRAWN:
        return place_for(level, code, user=request.user)
    reading = read_drawn(request.GET.get("forme", ""))
    if reading.polygon is None:
        raise PlaceNotFound(code)
    place = place_drawn(reading.polygon)
    if place.code != code:
        raise PlaceNotFound(code)
    return place


def read_stock(request: HttpRequest) -> Stock:
    """The stock in service, or that of `?stock=`. Raises NoStock, NotFound."""
    asked = request.GET.get("stock")
    if not asked:
        stock = next((stock for stock in stocks_of(request) if stock.state == Stock.State.SERVING), None)
        if stock is None:
            raise NoStock
        return stock
    try:
        day = parse_day(asked)
    except ValueError:
        raise _no_edition(request, _("An edition of the register is named by its day, such as 2026-11-01.")) from None
    stock = next((stock for stock in stocks_of(request) if stock.date == day), None)
    if stock is None:
        said = _("There is no edition of the register of %(day)s.")
        if day > clock.today():
            said = _("%(day)s is still to come: the register has no edition of it yet.")
        raise _no_edition(request, said % {"day": date_with_year(day)})
    return stock


def _no_edition(request: HttpRequest, said: str) -> Exception:
    """What to raise where no edition is meant: the sentence, then those that there are."""
    days = sorted({stock.date for stock in stocks_of(request)})
    if not days:
        return NoStock()
    known = {"first": date_with_year(days[0]), "last": date_with_year(days[-1])}
    there = _("The only edition kept is of %(first)s.")
    if len(days) > 1:
        there = _("The editions kept are of %(first)s to %(last)s.")
    asked = request.GET.copy()
    del asked["stock"]
    current = f"{request.path}?{asked.urlencode(safe='@;,!|')}"
    return NotFound(f"{said} {there % known}", link=(_("See the edition in service"), current))


def stocks_of(request: HttpRequest) -> list[Stock]:
    """The stocks that answer, the newest first; what an address means and what can be chosen are read once."""
    kept: dict[str, list[Stock]] = request.__dict__
    if "_stocks" not in kept:
        kept["_stocks"] = list(Stock.objects.answering().defer("sources", "differences"))
    return kept["_stocks"]


def versions_of(request: HttpRequest) -> list[ActivityVersion]:
    """The versions that the person of the request sees; what an address means and what can be chosen are read once."""
    kept: dict[str, list[ActivityVersion]] = request.__dict__
    if "_versions" not in kept:
        kept["_versions"] = list(versions_seen(request.user))
    return kept["_versions"]


def read_version(request: HttpRequest) -> ActivityVersion:
    """The activities of `?activites=slug@number`, of `slug` as of today, or the default. Raises NotFound, NoStock."""
    slug, _at, number = (request.GET.get("activites") or DEFAULT).partition("@")
    versions = [version for version in versions_of(request) if version.perimeter.slug == slug]
    today = clock.today()
    if number:
        version = next((version for version in versions if str(version.number) == number), None)
    else:  # the one in force, or the first one to come
        version = next((v for v in versions if v.valid_from <= today), versions[-1] if versions else None)
    if version is None and "activites" not in request.GET:
        raise NoStock
    if version is None:
        raise NotFound(_("There is no such list of activities."))
    return version


# -- Addresses --------------------------------------------------------------------------------------------------------


def kept(request: HttpRequest) -> str:
    """What of the address says stock, activities and shape, as `?…`, for links to other pages about the same.

    And which workplace one came from, whose bar these pages keep.
    """
    return _suffix(request, KEPT)


def kept_elsewhere(request: HttpRequest) -> str:
    """The same for links to other places: without the shape."""
    return _suffix(request, KEPT[:3])


def hidden(request: HttpRequest, names: Iterable[str] = KEPT) -> list[tuple[str, str]]:
    """The same for the hidden fields of a form: pairs of name and value."""
    parameters = [(name, value) for name in names if (value := request.GET.get(name))]
    return [*parameters, *navigation.kept_parameter(request).items()]


def _suffix(request: HttpRequest, names: Iterable[str]) -> str:
    parameters = hidden(request, names)
    return f"?{urlencode(parameters, safe='@;,!|/')}" if parameters else ""


def permanent_of(scope: Scope) -> dict[str, str]:
    """The parameters that make the scope's figures the same for ever."""
    activities = scope.activities
    parameters = {
        "stock": scope.stock.date.isoformat(),
        "activites": f"{activities.slug}@{activities.number}",
        "naf": NAF_WORD[Nomenclature(activities.nomenclature)],
    }
    if scope.place.level == DRAWN:
        parameters["forme"] = text_of(scope.place.polygon)
    return parameters


def address(route: str, scope: Scope, /, *, more: Parameters | None = None, **arguments: str) -> str:
    """The permanent address of a route of the observatory about the scope; `more` parameters follow."""
    where = {"level": scope.place.level, "code": code_of(scope.place)}
    path = reverse(f"observatory:{route}", kwargs={**where, **arguments})
    return f"{path}?{urlencode({**permanent_of(scope), **(more or {})}, doseq=True, safe='@:;,!|')}"


def code_of(place: Place) -> str:
    """The code that will always mean the same: that of a perimeter says its version."""
    if place.level != PERIMETER or "@" in place.code:
        return place.code
    perimeter = Perimeter.objects.filter(slug=place.code).first()
    version = version_of(perimeter) if perimeter else None
    return f"{place.code}@{version.number}" if version else place.code


# -- What can be chosen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """A line of a list of choices."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Chooser:
    """The three choices of every page about a scope."""

    activities: tuple[Option, ...]
    nomenclatures: tuple[Option, ...]
    stocks: tuple[Option, ...]
    shape: str


def chooser(request: HttpRequest, scope: Scope) -> Chooser:
    """What this person can choose instead of what the scope has."""
    now = permanent_of(scope)
    stocks = dict.fromkeys(stock.date for stock in stocks_of(request))
    versions = [(f"{v.perimeter.slug}@{v.number}", f"{v.perimeter}, v{v.number}") for v in versions_of(request)]
    return Chooser(
        tuple(Option(value, label, value == now["activites"]) for value, label in versions),
        tuple(Option(word, str(value.label), word == now["naf"]) for word, value in NAF.items()),
        tuple(Option(day.isoformat(), date_with_year(day), day == scope.stock.date) for day in stocks),
        now.get("forme", ""),
    )


# -- Shapes in addresses ----------------------------------------------------------------------------------------------


def read_drawn(text: str) -> ParsedShape:
    """What `?forme=` draws: checked as any shape that people send."""
    if len(text) > LONGEST_SHAPE:
        return ParsedShape()
    polygons = [[_ring(ring) for ring in polygon.split("!")] for polygon in text.split("|")]
    return parse_shape(json.dumps({"type": "MultiPolygon", "coordinates": polygons}))


def _ring(text: str) -> list[list[float]]:
    ring = []
    for pair in text.split(";"):
        try:
            ring.append([float(number) for number in pair.split(",")])
        except ValueError:
            ring.append([])
    return [*ring, ring[0]] if ring and ring[0] != ring[-1] else ring


def text_of(polygon: "BaseGeometry") -> str:
    """A polygon as `?forme=` writes it, to a metre; the last corner of a ring is its first and is left out."""
    import shapely  # noqa: PLC0415 - only drawn places need it

    return "|".join(
        "!".join(
            ";".join(f"{lon:.5f},{lat:.5f}" for lon, lat in shapely.get_coordinates(ring)[:-1].tolist())
            for ring in shapely.get_rings(part)
        )
        for part in shapely.get_parts(shapely.set_precision(polygon, 1e-5))
    )
