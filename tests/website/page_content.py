"""What a response shows: its text, links and regions."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse

SPACES = re.compile(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+")


def text(response: HttpResponse) -> str:
    """The source of the page, entities unescaped and white space made plain spaces."""
    return SPACES.sub(" ", unescape(response.content.decode()))


class _PageParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._href: str | None = None
        self._label: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._label = dict(attrs).get("href"), []

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href is not None:
            self.links.append((self._href, SPACES.sub(" ", "".join(self._label)).strip()))
            self._href = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._href is not None:
            self._label.append(data)


def links(response: HttpResponse) -> list[tuple[str, str]]:
    """Every link of the page as (address, text)."""
    parser = _PageParser()
    parser.feed(response.content.decode())
    return parser.links


def words(response: HttpResponse) -> str:
    """The text of the page without its markup."""
    parser = _PageParser()
    parser.feed(response.content.decode())
    return SPACES.sub(" ", " ".join(parser.words))


def bookings_offered(response: HttpResponse) -> list[tuple[str, str, str]]:
    """The links to a booking form, as (path, start, minutes), in the page's order."""
    offered = []
    for href, _label in links(response):
        address = urlsplit(href)
        if address.path.endswith("/reserver/"):
            parameters = parse_qs(address.query)
            offered.append((address.path, parameters["start"][0], parameters["minutes"][0]))
    return offered


def region(page: str, element_id: str) -> str:
    """The inner source of the element with this id (a `div`, `form` or `h2`), nested elements of its tag included."""
    opening = re.search(rf'<(div|form|h2)\b[^>]*\bid="{element_id}"[^>]*>', page)
    assert opening, f"no element {element_id}"
    tag, depth = opening[1], 1
    for found in re.finditer(rf"<(/?){tag}\b", page[opening.end() :]):
        depth += -1 if found[1] else 1
        if not depth:
            return page[opening.end() : opening.end() + found.start()]
    raise AssertionError(f"{element_id} is not closed")
