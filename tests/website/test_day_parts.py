"""Morning, afternoon and whole day on the page that books a space."""

from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories.hubs import HubFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.website.conftest import between, booked
from tests.website.page_content import links, words
from totem.spaces.models import Price, Space

pytestmark = pytest.mark.django_db
FRIDAY = "2026-11-27"


def parts_of(visitor: Client, space: Space, day: str = FRIDAY) -> dict[str, tuple[str, str]]:
    """The start (UTC) and length of each part that can be chosen on the page, by what its link says."""
    page = visitor.get(f"/lieux/{space.hub.slug}/espaces/{space.slug}/reserver/?start={day}T11:00:00Z")
    found = {}
    for href, label in links(page):
        if label.split(" ")[0] in {"Morning", "Afternoon", "Whole"}:
            asked = parse_qs(urlsplit(href).query)
            found[label] = asked["start"][0][11:16], asked["minutes"][0]
    return found


def test_each_part_of_the_day_has_its_price(visitor: Client, thursday: datetime) -> None:
    space = SpaceFactory(free_of_charge=False)  # from nine to seven
    for per, amount in ((Price.Per.HOUR, 12), (Price.Per.HALF_DAY, 36), (Price.Per.DAY, 60)):
        PriceFactory(space=space, per=per, amount=Decimal(amount))
    assert parts_of(visitor, space) == {
        "Morning 09:00 to 13:00, €36.00": ("08:00", "240"),
        "Afternoon 14:00 to 18:00, €36.00": ("13:00", "240"),
        "Whole day 09:00 to 19:00, €60.00": ("08:00", "600"),
    }
    booked(space, between(f"{FRIDAY}T10:00", f"{FRIDAY}T10:30"), now=thursday)
    assert list(parts_of(visitor, space)) == ["Afternoon 14:00 to 18:00, €36.00"]
    page = visitor.get(f"/lieux/{space.hub.slug}/espaces/{space.slug}/reserver/?start={FRIDAY}T11:00:00Z")
    assert words(page).count(", taken") == 2


def test_parts_keep_to_hours_and_rules(visitor: Client, thursday: datetime) -> None:
    early = SpaceFactory(hub=HubFactory(opening_hours=[(day, "08:30", "17:30") for day in range(1, 6)]))
    assert set(parts_of(visitor, early).values()) == {("07:30", "240"), ("12:30", "240"), ("07:30", "540")}
    assert set(parts_of(visitor, SpaceFactory(max_minutes=180)).values()) == {("08:00", "180"), ("13:00", "180")}
    night = SpaceFactory(all_night=True)
    assert set(parts_of(visitor, night).values()) == {("07:00", "240"), ("13:00", "240"), ("07:00", "720")}
    assert [slot for slot, _ in parts_of(visitor, night, "2026-11-26").values()] == ["13:00"]  # it is ten o'clock
    assert parts_of(visitor, SpaceFactory(free_of_charge=False)) == {}
