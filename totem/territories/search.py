"""Places as people type them: names, codes, postcodes, lines of lists. Nothing else parses a commune.

A number may be an INSEE code and a postcode too (3,056 codes are): both readings are given, the code first.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import QuerySet

from totem.core.sort_keys import sort_key, words_begin
from totem.territories.models import Commune, Epci, FormerCommune, Level, Perimeter
from totem.territories.name_keys import commune_key, epci_key
from totem.territories.places import PERIMETER, WORDS, PlaceRef, ref
from totem.territories.queries import PLACES

_NUMBER = r"\d{5}|2[ABab]\d{3}"
_CELL = re.compile(rf"{_NUMBER}|\d{{4}}")  # spreadsheets take the first zero away
_LINE = re.compile(rf"(?:({_NUMBER})\b[\s,:–/-]*)?(.*?)(?:(?<![\s,:–/(-])[\s,:–/(-]++({_NUMBER})\)?)?")
_DEPARTMENT = re.compile(r"(.+?) ?\((\d{2,3}|2[ABab])\)")
_ARTICLE = re.compile(r"(?<=.) ?\((?:les?|la|l['’])\)", re.IGNORECASE)
LONGEST_HINT = 20  # of an unknown name
LONGEST = 300  # characters of a line that are parsed: a name has 45


class ParsedText(NamedTuple):
    """What a text says of a commune; `number` is an INSEE code or a postcode, of five characters."""

    number: str
    name: str
    department: str


def parse(text: str) -> ParsedText:
    """« Amiens (80) », « 35238 Rennes », « 35238;Rennes;230890 », « Le Havre 76600 », « HAVRE (LE) », 80021…"""
    text = text.replace("\x00", "")[:LONGEST]
    cells = [re.sub(r"\s+", " ", cell).strip(" \"'«»,") for cell in re.split(r"[;\t|]", text)]
    number = next((cell for cell in cells if _CELL.fullmatch(cell)), "")
    name = next((cell for cell in cells if any(map(str.isalpha, cell)) and not _CELL.fullmatch(cell)), "")
    if not number and (line := _LINE.fullmatch(name)):
        number, name = line[1] or line[3] or "", line[2]
    name = _ARTICLE.sub("", name)
    match = _DEPARTMENT.fullmatch(name)
    name, department = (match[1], match[2].upper()) if match else (name, "")
    return ParsedText(number.upper().zfill(5) if number else "", name.strip(), department)


# -- Communes ---------------------------------------------------------------------------------------------------------


def match_communes(text: str, *, codes: bool = False) -> list[Commune]:
    """The communes that a text matches: one is the answer, several are to be chosen from, none is unknown.

    A former commune gives that of today, whose `found_as` is the former one. Where a text has a number and a name, only
    what agrees with both. With `codes`, a number that is an INSEE code is nothing else.
    """
    typed = parse(text)
    if not typed.number:
        return _named(typed)
    coded = list(_current().filter(pk=typed.number))
    if codes and coded:
        return coded
    posted = list(_current().filter(postcodes__contains=[typed.number]).order_by("-population"))
    # Codes of before 1968 are postcodes of today (75011): alone, the postcode is meant.
    former = [] if coded or (posted and not codes and not typed.name) else _former_of_code(typed.number)
    meant = _once([*coded, *former, *posted])
    return [commune for commune in meant if _bears(commune, typed)] if typed.name else meant


def is_commune_code(text: str) -> bool:
    """Whether the text is a number alone, and the INSEE code of a commune of today or of a former one."""
    return bool(_CELL.fullmatch(text) and _of_code(parse(text).number))


def find_communes(text: str, *, limit: int = 10) -> list[Commune]:
    """Current communes whose name, or a former name, begins so, or of that number: exact names and the largest first.

    Accents, case, article and hyphens do not matter.
    """
    text, typed = text.strip(), parse(text)
    if re.fullmatch(r"\d{2,4}|2[ABab]\d{0,2}", text):
        return list(_current().filter(code__startswith=text.upper()).order_by("-population", "sort_key")[:limit])
    key = commune_key(re.sub(r"\(.*", "", typed.name))  # while « Amiens (80) » is typed
    if typed.number or not key:
        return match_communes(text)[:limit]
    longer = _current().filter(sort_key__startswith=key).order_by("-population", "sort_key")
    former = _former().filter(sort_key__startswith=key).order_by("-current__population", "sort_key")
    return _once([*_named(typed), *longer[:limit], *map(_today, former[:limit])])[:limit]


def similar_communes(text: str) -> list[Commune]:
    """Up to three communes of that number, or whose name shares the longest beginning with the text, for a message.

    Two queries a character.
    """
    typed = parse(text)
    if typed.number:
        return match_communes(typed.number)[:3]
    key = commune_key(typed.name)[:LONGEST_HINT]
    return next((found for end in range(len(key), 2, -1) if (found := find_communes(key[:end], limit=3))), [])


def _current() -> "QuerySet[Commune]":
    return Commune.objects.filter(current=True).select_related("department")


def _former() -> "QuerySet[FormerCommune]":
    return FormerCommune.objects.filter(current__current=True).select_related("current__department")


def _today(former: FormerCommune) -> Commune:
    former.current.found_as = former
    return former.current


def _once(communes: Iterable[Commune]) -> list[Commune]:
    kept: dict[str, Commune] = {}
    for commune in communes:
        kept.setdefault(commune.pk, commune)
    return list(kept.values())


def _of_code(code: str) -> list[Commune]:
    return list(_current().filter(pk=code)) or _former_of_code(code)


def _former_of_code(code: str) -> list[Commune]:
    return [_today(former) for former in _former().filter(pk=code)]


_DISTRICT = re.compile(r"(paris|lyon|marseille) (\d{1,2})(?: ?(?:e|er|eme|ieme|nd))?(?: arr.*)?")
_DISTRICTS = {"paris": 75100, "lyon": 69380, "marseille": 13200}


def _named(typed: ParsedText) -> list[Commune]:
    """By name. A former commune counts beside one of today if it is spelled better, or as well and in a larger one.

    « Vire » is Vire Normandie rather than Viré, « Évry » Évry-Courcouronnes (91) or Évry (89), « Vitré » Vitré (35).
    """
    key = commune_key(typed.name)
    if district := _DISTRICT.fullmatch(key):
        return _of_code(str(_DISTRICTS[district[1]] + int(district[2])))
    if not key:
        return []
    of_department = {"department": typed.department} if typed.department else {}
    current = list(_current().filter(sort_key=key, **of_department).order_by("-population"))
    of_department = {f"current__{field}": value for field, value in of_department.items()}
    former = _former().filter(sort_key=key, **of_department).order_by("-current__population")

    def rank(row: Commune | FormerCommune, commune: Commune) -> tuple[bool, int]:
        return _spelled(row.name) == _spelled(typed.name), commune.population or 0

    best = max((rank(commune, commune) for commune in current), default=(False, -1))
    return _once([*(_today(row) for row in former if rank(row, row.current) > best), *current])


def _spelled(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold())


def _bears(commune: Commune, typed: ParsedText) -> bool:
    """Whether the commune is called so, in more or fewer words, or was: it is then `found_as` what it was."""
    key = commune_key(typed.name)
    names = [commune.sort_key, commune.found_as.sort_key if commune.found_as else ""]
    if typed.department and commune.department_id != typed.department:
        return False
    if any(name and (_within(key, name) or _within(name, key)) for name in names):
        return True
    commune.found_as = commune.former.filter(sort_key=key).first() or commune.found_as
    return commune.found_as is not None and commune.found_as.sort_key == key


def _within(words: str, name: str) -> bool:
    return f" {words} " in f" {name} "


# -- Places of every level --------------------------------------------------------------------------------------------

_LEVEL_OF_WORD = {sort_key(word): str(level) for level, word in WORDS.items()}
_BRACKETS = re.compile(r"(.+?)\s*\(([^()]+)\)")
_OTHERS = (Level.REGION, Level.FORMER_REGION, Level.DEPARTMENT, Level.EPCI)


def match_places(text: str, *, codes: bool = False) -> list[PlaceRef]:
    """The places that a line matches: one is the answer, several are to be chosen from, none is unknown.

    Parses a label (« Amiens (80) », « Picardie (ancienne région) »), a key (`region:32`), a code of a commune,
    department or EPCI, a postcode, a name, and a line of a list (`match_communes`, whose `codes` it takes).
    """
    text = text.replace("\x00", "").strip()[:LONGEST]
    level, _colon, code = text.partition(":")
    match = _BRACKETS.fullmatch(text)
    word = _LEVEL_OF_WORD.get(sort_key(match[2]), "") if match else ""
    if level in PLACES and code:
        return _places_of_code(level, code.strip())
    if match and word in PLACES:
        return _places_of_name(word, match[1])
    if re.fullmatch(r"\d{2,3}|2[ABab]", text):
        return _places_of_code(Level.DEPARTMENT, text.upper())
    if grouping := re.fullmatch(r"\W*(\d{9})\b\W*(.*)", text):
        return _places_of_code(Level.EPCI, grouping[1])
    typed = parse(text)
    meant = [ref(Level.COMMUNE, row) for row in match_communes(text, codes=codes)]
    if typed.number or typed.department:
        return meant
    named = [place for level in _OTHERS for place in _places_of_name(level, text)]
    # The name of a commune alone (« Lyon ») is not that of the EPCI, which has more words (« Métropole de Lyon »).
    return meant + [place for place in named if not (meant and _is_named_after(place, text))]


def search_matches(text: str) -> list[PlaceRef]:
    """`match_places` for a search, which decides nothing in silence: « Amiens » gives the EPCI named after it too."""
    meant, typed = match_places(text), parse(text)
    communes = [place.code for place in meant if place.level == Level.COMMUNE]
    key = commune_key(typed.name)
    if not communes or typed.number or typed.department or not key:
        return meant
    around = Epci.objects.filter(communes__in=communes).distinct()
    return meant + [ref(Level.EPCI, row) for row in around if _within(key, epci_key(row.name))]


def sole_match(text: str) -> PlaceRef | None:
    """The place that a search may go to at once: the only one, and under its name of today."""
    meant = search_matches(text)
    return meant[0] if len(meant) == 1 and not meant[0].former else None


def find_places(text: str, limit: int = 10, *, user: object = None) -> list[PlaceRef]:
    """What a search matches, then places of every level whose name holds these words: exact names, the largest first.

    Perimeters are those that this person sees (None: the public ones).
    """
    text = text.replace("\x00", "").strip()
    match = _BRACKETS.fullmatch(text)
    key = sort_key(match[1] if match else text)
    if not key:
        return []
    found = [ref(Level.COMMUNE, row) for row in find_communes(text, limit=limit)]
    for level in _OTHERS:
        rows: QuerySet[Any] = PLACES[level]._default_manager.filter(words_begin(key))
        found += [ref(level, row) for row in rows.order_by("-population")[:limit]]
    perimeters = Perimeter.objects.visible_to(user).filter(versions__isnull=False, name__icontains=text).distinct()
    found += [ref(PERIMETER, row) for row in perimeters[:limit]]
    found.sort(key=lambda place: (sort_key(place.name) != key, -place.population))
    return list(dict.fromkeys([*search_matches(text), *found]))[:limit]


def _places_of_code(level: str, code: str) -> list[PlaceRef]:
    rows = _of_code(code) if level == Level.COMMUNE else PLACES[level]._default_manager.filter(pk=code)
    return [ref(level, row) for row in rows]


def _places_of_name(level: str, name: str) -> list[PlaceRef]:
    key = sort_key(name)
    if not key:
        return []
    if level == Level.EPCI:  # « Amiens Métropole » is « CA Amiens Métropole »
        rows = Epci.objects.filter(sort_key__endswith=epci_key(name))
        return [ref(level, row) for row in rows if epci_key(row.name) == epci_key(name)]
    return [ref(level, row) for row in PLACES[level]._default_manager.filter(sort_key=key)]


def _is_named_after(place: PlaceRef, text: str) -> bool:
    return place.level == Level.EPCI and sort_key(place.name) != sort_key(text)
