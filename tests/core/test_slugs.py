"""Slugs made from names: the letters that they keep, and that they are unique."""

import re
import unicodedata
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from totem.core.slugs import free_slug, slug_of
from totem.hubs.models import Hub
from totem.spaces.actions import create_space
from totem.spaces.models import SpaceKind
from totem.territories.actions import create_workspace

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Letters of a script by their code points, first and last.
SCRIPTS = {
    "Latin": (0x41, 0x24F),
    "Greek": (0x391, 0x3C9),
    "Cyrillic": (0x410, 0x44F),
    "Hebrew": (0x5D0, 0x5EA),
    "Arabic": (0x620, 0x64A),
    "Devanagari": (0x905, 0x939),
    "Georgian": (0x10D0, 0x10F0),
    "Kana": (0x3041, 0x30FA),
    "Chinese": (0x4E00, 0x9FA5),
    "Korean": (0xAC00, 0xD7A3),
}
names = st.one_of(
    *(st.text(st.characters(min_codepoint=first, max_codepoint=last), min_size=1) for first, last in SCRIPTS.values()),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Grande salle", "grande-salle"),
        ("Cœur de l’Île", "coeur-de-l-ile"),
        ("L'Œuvre d'Æsope", "l-oeuvre-d-aesope"),
        ("  Atelier n° 2 – bois & métal  ", "atelier-n-2-bois-metal"),
        ("Straße 7", "strasse-7"),
        ("a" * 39 + " b", "a" * 39),
        ("Łódź, Đà Nẵng & Þingvellir", "lodz-da-nang-thingvellir"),
        ("Мастерская «Город»", "masterskaya-gorod"),
        ("Εργαστήριο Αθήνας", "ergastirio-athinas"),
        ("工作室 3", "gongzuoshi-3"),
        ("ورشة العمل", "wrshh-lml"),
        ("ساحة ٣", "shh-3"),
        ("서울 작업실", "seoul-jageobsil"),
    ],
)
def test_a_slug_says_the_name_in_plain_letters(name: str, slug: str) -> None:
    assert slug_of(name, 40) == slug


@given(names, st.integers(8, 70))
def test_every_name_in_every_script_has_a_slug(name: str, length: int) -> None:
    slug = slug_of(name, length)
    assert SLUG.fullmatch(slug)
    assert len(slug) <= length


@given(names)
@example("أ")
def test_a_slug_does_not_depend_on_how_accents_are_typed(name: str) -> None:
    assert slug_of(unicodedata.normalize("NFD", name), 40) == slug_of(unicodedata.normalize("NFC", name), 40)


@pytest.mark.django_db
class TestFreeSlug:
    def test_a_slug_that_is_taken_or_reserved_gets_a_number(self) -> None:
        for slug in ("halle", "halle-2", "halle-neuve"):
            HubFactory(slug=slug)
        assert free_slug(Hub.objects.all(), "Halle") == "halle-3"
        assert free_slug(Hub.objects.all(), "Nouveau", reserved={"nouveau"}) == "nouveau-2"
        assert free_slug(Hub.objects.none(), "Halle") == "halle"

    def test_the_number_finds_room_behind_a_long_name(self) -> None:
        longest = free_slug(Hub.objects.all(), "a" * 200)
        HubFactory(slug=longest).full_clean()
        HubFactory(slug=free_slug(Hub.objects.all(), "a" * 200)).full_clean()

    def test_spaces_are_told_apart_whatever_their_names_are_written_in(self) -> None:
        member = TeamMemberFactory()
        names = ["工作室", "ورشة", "Мастерская", "工作室", "½", "Ⅷ", "½"]
        made = [create_space(hub=member.hub, name=name, kind=SpaceKind.OFFICE, by=member.person) for name in names]
        slugs = [space.slug for space in made]
        assert slugs[:4] == ["gongzuoshi", "wrshh", "masterskaya", "gongzuoshi-2"]
        assert len(set(slugs)) == len(names)
        assert slugs[-1] == f"{slugs[4]}-2"


@pytest.mark.usefixtures("committed_db")
def test_territories_of_one_name_added_at_the_same_time_have_each_an_address():
    people = UserFactory.create_batch(5)
    made = at_once(*[partial(create_workspace, name="Course", by=person) for person in people])
    assert {getattr(one, "slug", one) for one in made} == {"course", *(f"course-{number}" for number in range(2, 6))}
