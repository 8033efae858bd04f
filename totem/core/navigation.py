"""The bars of every page, declared by the rooms: the site's, and that of the workplace one is in.

A room's `navigation.py` adds its workplaces, entries and tabs; it is imported at the start, as `measures.py` is:

    TODAY = add_entry(Entry(HUB, _("Today"), "bookings:desk", 10, needs=SEE_DESK))

A page belongs to the entry, or the tab of an entry, whose address pattern begins its own, the longest first:
`lieux/<slug:slug>/gestion/zones/<int:pk>/` to the tab at `lieux/<slug:slug>/gestion/zones/`. Its address also says
which hub or territory. So a view has nothing to do, unless its address does not say that: then it calls `stand`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.crypto import salted_hmac

from totem.core.components import Tab, Words

MOST_SHOWN = 7  # entries of a bar; the others stand under « More »
MOST_AT_THE_THUMB = 4
PARAMETER = "depuis"  # which workplace one came from, on pages that everybody sees
COOKIE = "workplace"
COOKIE_AGE = 365 * 24 * 3600
NAVIGATION, STANDING, OWN = "_navigation", "_navigation_standing", "_navigation_own"


@dataclass(frozen=True, eq=False)
class MenuBar:
    """A list of entries at the head of the page. `name` is written in addresses."""

    name: str


SITE = MenuBar("site")  # the same for everybody
ADDING = MenuBar("ajouter")  # under the list of one's workplaces
ACCOUNT = MenuBar("compte")


@dataclass(frozen=True, eq=False)
class Workplace(MenuBar):
    """A kind of place where people work, with a bar of its own: oneself, a hub, a territory, the installation.

    `subjects(person)` gives those of this person, in order, with a number of queries that does not grow with them;
    `find(slug)` one that is not theirs, or None: whoever may open everything has its bar too.
    """

    subjects: Callable[[Any], Sequence[Any]]
    order: int  # in the list of one's workplaces
    landing: int = 0  # which kind signing in leads to: the lowest first, never for 0
    keyword: str = ""  # the name of the subject's slug in addresses
    find: Callable[[str], Any] | None = None
    label: Words = ""  # for a kind of which there is one alone
    front: str = ""  # the route of what the public sees of the subject


@dataclass(frozen=True)
class OwnWorkplace:
    """A workplace of the person who reads; `detail` is the one thing there that they look at, or looked at last."""

    workplace: Workplace
    subject: Any
    person: Any
    detail: str = ""
    remembered: str = ""

    @property
    def slug(self) -> str:
        return str(self.subject.slug) if self.workplace.keyword else ""

    @property
    def label(self) -> Words:
        return str(self.subject) if self.workplace.keyword else self.workplace.label

    @property
    def key(self) -> str:
        """Its name in addresses: `lieu/machinerie`."""
        return f"{self.workplace.name}/{self.slug}"

    @property
    def front_url(self) -> str:
        return reverse(self.workplace.front, args=[self.slug]) if self.workplace.front else ""

    def digest(self, detail: str = "") -> str:
        """What the cookie keeps of this workplace, or of a detail in it: tells nothing to who reads the cookie."""
        key = f"{self.person.pk}:{self.key}:{detail}"
        return salted_hmac("core.navigation", key, algorithm="sha256").hexdigest()[:20]

    def preferred(self, details: Sequence[str]) -> str:
        """Among these: the one at hand, else the one looked at last, else the first; "" where there is none."""
        if self.detail in details:
            return self.detail
        last = (detail for detail in details if self.digest(detail) == self.remembered)
        return next(last, details[0] if details else "")


@dataclass(frozen=True, eq=False)
class Entry:
    """A page that a bar leads to, and those whose address begins as its own or as those of `also` (route names)."""

    bar: MenuBar
    label: Words
    route: str
    order: int
    needs: str = ""  # a permission on the subject, answered without a query
    also: tuple[str, ...] = ()
    address: Callable[[OwnWorkplace], str] | None = None  # where it is not `route` with the subject's slug; "": nowhere
    detail: str = ""  # the argument of its addresses that the bar remembers


@dataclass(frozen=True, eq=False)
class EntryTab:
    """One of the pages of an entry, shown above them as tabs; left out where the address lacks what its route asks."""

    entry: Entry
    label: Words
    route: str
    order: int
    also: tuple[str, ...] = ()
    needs: str = ""  # as of an entry


_entries: list[Entry] = []
_tabs: list[EntryTab] = []
_workplaces: list[Workplace] = []


def add_workplace(workplace: Workplace) -> Workplace:
    """Declare a kind of workplace."""
    _workplaces.append(workplace)
    _workplaces.sort(key=lambda known: known.order)
    return workplace


def add_entry(entry: Entry) -> Entry:
    """Declare an entry. Raises ValueError where another one of the bar has its order."""
    if any(known.bar is entry.bar and known.order == entry.order for known in _entries):
        raise ValueError(f"two entries of {entry.bar.name} have the order {entry.order}")
    _entries.append(entry)
    _entries.sort(key=lambda known: known.order)
    return entry


def add_tab(tab: EntryTab) -> EntryTab:
    """Declare a tab of an entry."""
    _tabs.append(tab)
    _tabs.sort(key=lambda known: known.order)
    return tab


# -- Which entry a page belongs to ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def patterns() -> dict[str, str]:
    """The address pattern of each named route: {"bookings:desk": "lieux/<slug:slug>/accueil/"}."""
    return dict(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, namespace: str, before: str) -> Iterator[tuple[str, str]]:
    for one in resolver.url_patterns:
        pattern = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one, f"{namespace}{one.namespace}:" if one.namespace else namespace, pattern)
        elif isinstance(one, URLPattern) and one.name:
            yield f"{namespace}{one.name}", pattern


def _nearest(route: str, candidates: "Iterable[Entry | EntryTab]") -> "Entry | EntryTab | None":
    """The one with the longest address pattern that begins `route`. The home page's begins its own alone."""
    begun = [
        (len(pattern), candidate)
        for candidate in candidates
        for pattern in (patterns()[name] for name in (candidate.route, *candidate.also))
        if (route.startswith(pattern) if pattern else not route)
    ]
    return max(begun, key=lambda one: one[0])[1] if begun else None


@lru_cache(maxsize=1024)
def entry_at(route: str) -> Entry | None:
    """The entry that the page at this address pattern belongs to: its own or that of one of its tabs."""
    found = _nearest(route, [*_entries, *_tabs])
    return found.entry if isinstance(found, EntryTab) else found


def _tabs_at(entry: Entry, request: HttpRequest, place: OwnWorkplace) -> list[Tab]:
    """The tabs of the entry that the address has the arguments for and the person may open; none where it is one."""
    match = request.resolver_match
    arguments = match.kwargs if match else {}
    mine = [tab for tab in _tabs if tab.entry is entry and _may(tab, place)]
    asked = {tab: re.findall(r"<(?:\w+:)?(\w+)>", patterns()[tab.route]) for tab in mine}
    shown = {tab: names for tab, names in asked.items() if set(names) <= set(arguments)}
    current = _nearest(match.route, shown) if match else None
    return [
        Tab(tab.label, reverse(tab.route, kwargs={name: arguments[name] for name in names}), current=tab is current)
        for tab, names in shown.items()
        if len(shown) > 1
    ]


# -- Where the person is ----------------------------------------------------------------------------------------------


def own_workplaces(request: HttpRequest) -> list[OwnWorkplace]:
    """The workplaces of the person of the request, in the order of their list; asked once a request."""
    known: list[OwnWorkplace] | None = getattr(request, OWN, None)
    if known is None:
        person: Any = getattr(request, "user", None)
        workplaces = _workplaces if person is not None and person.is_authenticated else []
        kept, _dot, remembered = request.COOKIES.get(COOKIE, "").partition(".")
        known = [OwnWorkplace(kind, subject, person) for kind in workplaces for subject in kind.subjects(person)]
        known = [replace(own, remembered=remembered) if own.digest() == kept else own for own in known]
        setattr(request, OWN, known)
    return known


class Stand(NamedTuple):
    """Where a view says that its page stands: an entry (None: that of its address) within the bar of a workplace."""

    workplace: MenuBar
    entry: Entry | None
    slug: str


def stand(request: HttpRequest, at: Entry | Workplace, slug: str) -> None:
    """Say where a page stands whose address does not: at an entry of the subject's bar, or only within that bar.

    It holds for those whose workplace it is; for others the page stands where its address says.
    """
    setattr(request, STANDING, Stand(at.bar, at, slug) if isinstance(at, Entry) else Stand(at, None, slug))


def came_from(request: HttpRequest) -> OwnWorkplace | None:
    """The workplace that `?depuis=` names, where it is one of the person's own."""
    kind, slug, detail = [*request.GET.get(PARAMETER, "").split("/", 2), "", ""][:3]
    own = next((own for own in own_workplaces(request) if own.key == f"{kind}/{slug}"), None) if kind else None
    return replace(own, detail=detail) if own else None


def where(request: HttpRequest) -> tuple[OwnWorkplace | None, Entry | None]:
    """The workplace whose bar the page has, if it has one, and the entry that the page belongs to."""
    match = request.resolver_match
    entry, arguments = (entry_at(match.route), match.kwargs) if match else (None, {})
    stand_: Stand | None = getattr(request, STANDING, None)
    if stand_ is not None and (own := _own(request, stand_.workplace, stand_.slug)):
        return own, stand_.entry or entry
    if entry is None or not isinstance(entry.bar, Workplace):
        return came_from(request), entry
    own = _own(request, entry.bar, str(arguments.get(entry.bar.keyword, "")))
    detail = str(arguments.get(entry.detail, ""))
    return (replace(own, detail=detail), entry) if own else (None, None)


def _own(request: HttpRequest, workplace: MenuBar, slug: str) -> OwnWorkplace | None:
    mine = (own for own in own_workplaces(request) if own.workplace is workplace and own.slug == slug)
    if (own := next(mine, None)) or not getattr(request.user, "is_superuser", False):
        return own
    subject = workplace.find(slug) if isinstance(workplace, Workplace) and workplace.find else None
    return OwnWorkplace(workplace, subject, request.user) if subject else None  # type: ignore[arg-type]


def kept_parameter(request: HttpRequest) -> dict[str, str]:
    """The parameter that keeps the bar of the workplace one came from, for links between pages of the site."""
    return {PARAMETER: request.GET[PARAMETER]} if came_from(request) else {}


def leaving(request: HttpRequest) -> str:
    """`?depuis=…` for a link from a page of a workplace to a page of the site; empty elsewhere."""
    place = navigation_of(request).place
    if place is None:
        return ""
    return "?" + urlencode({PARAMETER: f"{place.key}/{place.detail}".rstrip("/")}, safe="/")


# -- The bars ---------------------------------------------------------------------------------------------------------


class MenuLink(NamedTuple):
    """A link of a bar; `current` is "page" on its own page, "true" on those that belong to it, else empty."""

    label: Words
    url: str
    current: str = ""


@dataclass(frozen=True)
class Navigation:
    """What the head of a page shows. `place` is the workplace one is in, `work` its bar, `tabs` those of its entry."""

    site: list[MenuLink] = field(default_factory=list)
    own: list[MenuLink] = field(default_factory=list)
    adding: list[MenuLink] = field(default_factory=list)
    account: list[MenuLink] = field(default_factory=list)
    place: OwnWorkplace | None = None
    work: list[MenuLink] = field(default_factory=list)
    tabs: list[Tab] = field(default_factory=list)
    tabs_label: Words = ""

    @property
    def shown(self) -> list[MenuLink]:
        return self.work[:MOST_SHOWN]

    @property
    def more(self) -> list[MenuLink]:
        return self.work[MOST_SHOWN:]

    @property
    def thumb(self) -> list[MenuLink]:
        """On a telephone, at the foot of the screen; the others stand in its menu."""
        return (self.work or self.site)[:MOST_AT_THE_THUMB]

    @property
    def beyond_thumb(self) -> list[MenuLink]:
        return self.work[MOST_AT_THE_THUMB:]


def navigation_of(request: HttpRequest) -> Navigation:
    """The bars of the page; asked once a request, and only where they are shown."""
    if not hasattr(request, NAVIGATION):
        setattr(request, NAVIGATION, _navigation(request))
    known: Navigation = getattr(request, NAVIGATION)
    return known


def _navigation(request: HttpRequest) -> Navigation:
    place, entry = where(request)
    own = own_workplaces(request)

    def links(bar: MenuBar, at: OwnWorkplace | None = None) -> list[MenuLink]:
        found = [(one, _address(one, at)) for one in _entries if one.bar is bar]
        marks = {request.path: "page"}
        return [MenuLink(one.label, url, marks.get(url, "true") if one is entry else "") for one, url in found if url]

    return Navigation(
        site=links(SITE),
        own=[MenuLink(one.label, home(one), "true" if place and one.key == place.key else "") for one in own],
        adding=links(ADDING) if own else [],
        account=links(ACCOUNT) if own else [],
        place=place,
        work=links(place.workplace, place) if place else [],
        tabs=_tabs_at(entry, request, place) if entry and place else [],
        tabs_label=entry.label if entry else "",
    )


def _address(entry: Entry, own: OwnWorkplace | None) -> str:
    """Where the entry leads; empty where the person may not go there, or where its room is not installed."""
    if not _may(entry, own):
        return ""
    if entry.address is not None and own is not None:
        return entry.address(own)
    return reverse(entry.route, args=[own.slug] if own and own.slug else [])


def _may(one: Entry | EntryTab, own: OwnWorkplace | None) -> bool:
    return not one.needs or (own is not None and own.person.has_perm(one.needs, own.subject))


def home(own: OwnWorkplace) -> str:
    """The first page of a workplace that the person may open; the site's home where there is none."""
    mine = (_address(entry, own) for entry in _entries if entry.bar is own.workplace)
    return next(filter(None, mine), "/")


# -- The last workplace used ------------------------------------------------------------------------------------------


def landing(request: HttpRequest) -> str:
    """Where signing in leads: the workplace of this person that this browser was in last, else the first by kind."""
    own = own_workplaces(request)
    kept = request.COOKIES.get(COOKIE, "").partition(".")[0]
    last = next((one for one in own if one.digest() == kept), None)
    first = min((one for one in own if one.workplace.landing), key=lambda one: one.workplace.landing, default=None)
    return home(place) if (place := last or first) else "/"


class LastWorkplaceMiddleware:
    """Keeps in a cookie which workplace the person was in last, as digests; it survives signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        place = getattr(request, NAVIGATION, Navigation()).place
        if place is None:
            return response
        kept = f"{place.digest()}.{place.digest(place.detail) if place.detail else place.remembered}"
        if request.COOKIES.get(COOKIE) != kept:
            response.set_cookie(
                COOKIE, kept, COOKIE_AGE, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
            )
        return response
