"""What pages are made of: wording, colours, forms, components, and the design page that shows them."""

import re
import runpy
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from totem.core import wording
from totem.core.colour import PAPER, contrast, validate_accent
from totem.core.components import Tab
from totem.core.design.views import COLOURS
from totem.core.forms import ColourField, DateInput, MinutesField, TimeInput
from totem.core.periods import Period
from totem.core.templatetags.components import NOTICES, PATTERNS
from totem.core.templatetags.totem import ICONS, STATES

STATIC = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "totem" / "core" / "templates"
PARIS = "Europe/Paris"
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace(NBSP, " ").replace(NARROW, " ")


@pytest.fixture
def french():
    with translation.override("fr"):
        yield


@pytest.fixture
def english():
    with translation.override("en"):
        yield


# -- Colours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#FFFFFF", 21), ("#FFFFFF", "#FFFFFF", 1), ("#777777", "#FFFFFF", 4.48), ("#0000FF", "#FFFFFF", 8.59)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("name", ["ink", "soft", "sea", "moss", "amber", "brick", "plum"])
def test_colours_of_text_are_readable_on_paper_and_on_sand(name):
    assert contrast(COLOURS[name], PAPER) >= 4.5
    assert contrast(COLOURS[name], "#FFFFFF") >= 4.5


def test_the_stylesheet_has_the_colours_of_the_design_page():
    css = (STATIC / "css" / "totem.css").read_text().lower()
    for name, value in COLOURS.items():
        assert f"--{name}: {value.lower()};" in css


@pytest.mark.parametrize("value", ["#0B5C73", "#6b3a6e", "#000000"])
def test_a_dark_accent_is_taken(value):
    validate_accent(value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("#777777", "contrast"),
        ("#F5D90A", "contrast"),
        ("#FFFFFF", "contrast"),
        ("red", "hex"),
        ("#FFF", "hex"),
        ("#0B5C73\n", "hex"),
        ("0B5C73", "hex"),
        ("#0B5C7G", "hex"),
        ("", "hex"),
    ],
)
def test_an_accent_that_cannot_be_read_is_refused(value, code):
    with pytest.raises(ValidationError) as refusal:
        validate_accent(value)
    assert refusal.value.code == code


# -- Words ------------------------------------------------------------------------------------------------------------

PERIODS = [
    (utc(2026, 11, 26, 13), utc(2026, 11, 26, 15), "jeudi 26 novembre, de 14 h à 16 h"),
    (utc(2026, 11, 26, 13, 30), utc(2026, 11, 26, 23), "jeudi 26 novembre, de 14 h 30 à minuit"),
    (utc(2026, 11, 25, 23), utc(2026, 11, 26, 23), "jeudi 26 novembre, toute la journée"),
    (utc(2026, 11, 26, 21), utc(2026, 11, 27, 5), "du jeudi 26 novembre à 22 h au vendredi 27 novembre à 6 h"),
    (utc(2026, 12, 1, 8), utc(2026, 12, 1, 9), "mardi 1er décembre, de 9 h à 10 h"),
    (utc(2027, 1, 5, 8), utc(2027, 1, 5, 9), "mardi 5 janvier 2027, de 9 h à 10 h"),
    # The hour that the clocks show twice, and the one that they jump.
    (
        utc(2026, 10, 25, 0, 30),
        utc(2026, 10, 25, 1, 30),
        "dimanche 25 octobre, de 2 h 30 (heure d’été) à 2 h 30 (heure d’hiver)",
    ),
    (utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 1), "dimanche 29 mars, de 1 h 30 à 3 h"),
]


@pytest.mark.parametrize(("start", "end", "words"), PERIODS)
def test_a_period_in_french(french, start, end, words):
    assert plain(wording.period(start, end, PARIS, now=NOW)) == words


def test_a_period_in_english(english):
    assert wording.period(utc(2026, 11, 26, 13), utc(2026, 11, 26, 15), PARIS, now=NOW) == (
        "Thursday 26 November, 14:00 to 16:00"
    )
    assert wording.period(utc(2026, 11, 26, 21), utc(2026, 11, 27, 5), PARIS, now=NOW) == (
        "Thursday 26 November at 22:00 to Friday 27 November at 06:00"
    )


def test_times_are_those_of_the_hub_and_not_of_the_reader(french):
    with timezone.override("Asia/Tokyo"):
        assert wording.hour(utc(2026, 11, 26, 13), PARIS) == f"14{NBSP}h"
        assert wording.hour(utc(2026, 11, 26, 13), "Indian/Reunion") == f"17{NBSP}h"
        assert wording.hour(utc(2026, 11, 26, 13)) == f"22{NBSP}h"
        assert wording.date_words(utc(2026, 11, 26, 22), PARIS, now=NOW) == "jeudi 26 novembre"


def test_a_time_without_zone_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="aware"):
        wording.hour(datetime(2026, 11, 26, 13))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "words"),
    [(26, "aujourd’hui"), (27, "demain"), (28, "samedi 28 novembre"), (25, "mercredi 25 novembre")],
)
def test_only_today_and_tomorrow_are_relative(french, day, words):
    assert wording.day_words(date(2026, 11, day), PARIS, now=NOW) == words


def test_today_is_that_of_the_hub(french):
    late = utc(2026, 11, 26, 23, 30)
    assert wording.day_words(late, PARIS, now=late) == "aujourd’hui"
    assert wording.day_words(date(2026, 11, 26), PARIS, now=late) == "jeudi 26 novembre"


@pytest.mark.parametrize(
    ("minutes", "french_words", "english_words"),
    [
        (0, "0 min", "0 min"),
        (45, "45 min", "45 min"),
        (60, "1 h", "1 h"),
        (90, "1 h 30", "1 h 30 min"),
        (605, "10 h 05", "10 h 5 min"),
        (1440, "1 jour", "1 day"),
        (10080, "7 jours", "7 days"),
    ],
)
def test_lengths(minutes, french_words, english_words):
    with translation.override("fr"):
        assert plain(wording.minutes_words(minutes)) == french_words
    with translation.override("en"):
        assert plain(wording.minutes_words(minutes)) == english_words


def test_figures_in_french(french):
    assert wording.number(12480) == f"12{NARROW}480"
    assert wording.number(Decimal("3.50")) == "3,5"
    assert wording.number(3, 1) == "3,0"
    assert wording.money(Decimal("24")) == f"24,00{NBSP}€"
    assert wording.area(Decimal("500.00")) == f"500{NBSP}m²"
    assert wording.area(Decimal("32.50")) == f"32,5{NBSP}m²"
    assert wording.percent(Decimal("0.421")) == f"42{NBSP}%"


def test_figures_in_english(english):
    assert (wording.number(12480), wording.money(Decimal("24")), wording.percent(0.42)) == ("12,480", "€24.00", "42%")


def test_wall_clock_ranges(french):
    assert plain(wording.hours_range(time(9), time(12))) == "de 9 h à 12 h"
    assert plain(wording.hours_range(time(18), time(0))) == "de 18 h à minuit"
    assert plain(wording.hours_range(time(0), time(0))) == "toute la journée"


@given(
    start=st.integers(0, 6 * 365 * 1440).map(lambda n: utc(2024, 1, 1) + timedelta(minutes=n)),
    minutes=st.integers(1, 3 * 1440),
)
def test_a_period_never_hides_one_of_its_days(start, minutes):
    end = start + timedelta(minutes=minutes)
    words = wording.period(start, end, PARIS, now=NOW)
    last = wording.local(end - timedelta(microseconds=1), PARIS)
    assert wording.date_words(start, PARIS, now=NOW) in words
    assert (
        wording.date_words(last, PARIS, now=NOW) in words
        or last.date() == wording.local(start, PARIS).date()
        or (wording.date_words(end, PARIS, now=NOW) in words)
    )


# -- Tags -------------------------------------------------------------------------------------------------------------


def rendered(source: str, **context: object) -> str:
    return Template(source).render(Context({"request": RequestFactory().get("/x/?page=2&day=3&day=4"), **context}))


def test_filters_take_the_zone_of_the_hub(french):
    starts_at = utc(2026, 11, 26, 13)
    assert rendered("{{ at|hour:'Europe/Paris' }}", at=starts_at) == f"14{NBSP}h"
    assert rendered("{{ p|hours_range:'Indian/Reunion' }}", p=Period(starts_at, utc(2026, 11, 26, 14))) == (
        f"de 17{NBSP}h à 18{NBSP}h"
    )
    assert rendered("{{ nothing|hour }}{{ nothing|date_words }}{{ nothing|money }}", nothing=None) == ""


def test_query_changes_one_parameter_and_keeps_the_others():
    assert rendered("{% query page=3 %}") == "?page=3&amp;day=3&amp;day=4"
    assert rendered("{% query page=None day='' %}") == "?"


@pytest.mark.parametrize(
    "source",
    [
        "{% page_head 'x' leed='y' %}{% endpage_head %}",
        "{% hub_card 'x' href='/' place='y' colour='red' %}",
        "{% figure 3 label='x' definition='y' %}",
        "{% row %}{% endrow %}",
        "{% icon 'unicorn' %}",
        "{% badge 'maybe' %}",
        "{% photo None 'x' ratio='9x9' %}",
    ],
)
def test_a_component_takes_only_what_it_declares(source):
    with pytest.raises(TemplateSyntaxError):
        rendered(source)


def test_components_escape_what_people_wrote():
    page = rendered(
        "{% row name meta=name href=name state='held' state_word=name %}{{ name }}{% endrow %}"
        "{% page_head name lead=name kicker=name %}{{ name }}{% endpage_head %}"
        "{% notice 'bad' title=name %}{{ name }}{% endnotice %}"
        "{% empty name %}{{ name }}{% endempty %}"
        "{% confirm label=name action=name verb=name question=name %}{{ name }}{% endconfirm %}"
        "{% hub_card name href=name place=name tagline=name alt=name state='open' state_word=name %}"
        "{% figure name label=name definition=name source=name unit=name table=name %}"
        "{% map points label=name %}",
        name="<script>\"'",
        points=[{"name": "<script>\"'", "lat": 1, "lng": 2, "href": "/"}],
    )
    assert "<script" not in page
    assert not re.search(r'="[^"]*<', page)


def test_a_component_keeps_its_action_as_markup():
    page = rendered(
        "{% page_head 'Lieux' %}<a href='/x'>Go</a>{% endpage_head %}{% row 'x' %}<button>Do</button>{% endrow %}"
    )
    assert "<a href='/x'>Go</a>" in page
    assert "<button>Do</button>" in page
    assert page.count("<h1>") == 1


def test_a_state_is_a_word_and_a_shape():
    for state in STATES:
        badge = rendered("{% badge state %}", state=state)
        assert re.search(r'<use href="[^"]+#[a-z-]+"/>', badge)
        assert re.sub(r"<[^>]+>", "", badge).strip()


def test_the_same_name_has_the_same_pattern():
    first, again = (rendered("{% photo None 'Somme' %}") for _ in range(2))
    assert first == again
    assert 'alt=""' in first
    assert all((STATIC / "img" / f"pattern-{n}.svg").exists() for n in range(1, PATTERNS + 1))


def test_tabs_say_which_one_is_open():
    page = rendered("{% tabs items 'Lists' %}", items=[Tab("A", "/a", 1240, True), Tab("B", "/b")])
    assert page.count('aria-current="page"') == 1
    assert page.count("tab-count") == 1


def test_pagination_keeps_the_other_parameters():
    page = rendered("{% pagination page %}", page=Paginator(range(30), 10).page(2))
    assert "?page=1&amp;day=3" in page
    assert "?page=3&amp;day=3" in page
    assert rendered("{% pagination page %}", page=Paginator(range(3), 10).page(1)).strip() == ""


# -- Forms ------------------------------------------------------------------------------------------------------------


class Booking(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the door")
    day = forms.DateField(widget=DateInput)
    at = forms.TimeField(widget=TimeInput(step_minutes=30))
    length = MinutesField(minimum=30, maximum=120, step=30)
    kind = forms.ChoiceField(widget=forms.RadioSelect, choices=[("a", "A"), ("b", "B")])
    note = forms.CharField(required=False)
    agreed = forms.BooleanField()
    secret = forms.CharField(widget=forms.HiddenInput)


def test_an_error_is_tied_to_its_field_and_listed_above(english):
    page = str(Booking({"secret": "x", "kind": "c"}))
    assert 'aria-invalid="true"' in page
    field = re.search(r'<input[^>]+id="id_name"[^>]*>', page)[0]
    assert 'aria-describedby="id_name_helptext id_name_error"' in field
    assert 'id="id_name_helptext"' in page
    assert 'id="id_name_error"' in page
    assert 'aria-describedby="id_kind_error"' in re.search(r"<fieldset[^>]+>", page)[0]
    summary = page[page.index("form-errors") : page.index("</ul>")]
    targets = re.findall(r'href="#([^"]+)"', summary)
    assert len(targets) == 6
    assert all(f'id="{target}"' in page for target in targets)
    assert 'tabindex="-1"' in page


def test_a_form_without_errors_has_no_summary_and_marks_what_is_optional(english):
    page = str(Booking())
    assert "form-errors" not in page
    assert page.count("(optional)") == 1
    assert all(f'for="id_{name}"' in page for name in ("name", "day", "at", "length", "note", "agreed"))
    assert "<legend>" in page


def test_a_filter_form_does_not_mark_anything(english):
    class Filter(Booking):
        hide_optional = True

    assert "(optional)" not in str(Filter())


def test_ids_are_never_twice():
    page = str(Booking({}))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_days_and_hours_travel_in_one_format(french):
    form = Booking(initial={"day": date(2026, 11, 26), "at": time(9, 30)})
    assert 'value="2026-11-26"' in str(form["day"])
    assert 'value="09:30"' in str(form["at"])
    assert 'step="1800"' in str(form["at"])
    form = Booking({"day": "2026-11-26", "at": "09:30", "length": "90"})
    form.is_valid()
    assert form.cleaned_data["day"] == date(2026, 11, 26)
    assert form.cleaned_data["at"] == time(9, 30)
    assert form.cleaned_data["length"] == 90


@pytest.mark.parametrize("value", ["45", "-30", "150", "1e2", "x", "90 "])
def test_a_length_outside_the_list_is_refused(value):
    assert "length" in Booking({"length": value}).errors


def test_lengths_are_in_the_language_of_the_reader():
    with translation.override("fr"):
        assert f"1{NBSP}h{NBSP}30</option>" in str(Booking()["length"])
    with translation.override("en"):
        assert f"1{NBSP}h{NBSP}30{NBSP}min</option>" in str(Booking()["length"])


def test_an_accent_is_kept_in_capitals_and_refused_when_light():
    class Paint(forms.Form):
        accent = ColourField()

    form = Paint({"accent": "#0b5c73"})
    assert form.is_valid()
    assert form.cleaned_data["accent"] == "#0B5C73"
    assert "accent" in Paint({"accent": "#f5d90a"}).errors


def test_what_people_typed_is_escaped_in_a_form():
    assert "<script" not in str(Booking({"name": "<script>", "kind": "<script>", "day": "<script>", "at": "<script>"}))


# -- Files ------------------------------------------------------------------------------------------------------------


def test_every_icon_is_drawn():
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "img" / "icons.svg").read_text()))
    assert drawn == ICONS | {"totem"}
    assert {shape for _word, shape, _tone in STATES.values()} | set(NOTICES.values()) <= ICONS


def test_grid_css_is_what_its_generator_writes():
    generator = runpy.run_path(str(STATIC / "css" / "make_grid.py"))
    css = (STATIC / "css" / "grid.numbers.css").read_text()
    assert css == generator["rules"]()
    # The longest day has 25 hours.
    assert ".q-len-100{" in css


def _templates() -> list[Path]:
    return sorted(path for path in TEMPLATES.rglob("*.html") if "mail" not in path.parts)


@pytest.mark.parametrize("path", _templates(), ids=lambda path: path.stem)
def test_nothing_is_inline(path):
    source = path.read_text()
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "405.html", "500.html"])
def test_an_error_page_needs_no_context(name):
    # Django gives the request to these two only.
    request = RequestFactory().get("/x/") if name in {"403.html", "404.html"} else None
    assert "<h1>" in get_template(name).render({}, request)


# -- Pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("density", ["", "travail"])
def test_the_design_page_shows_every_component(client: Client, language, density):
    response = client.get("/design/", {"densite": density} if density else {}, headers={"accept-language": language})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count("<h1>") == 1
    assert ('class="work"' in page) == bool(density)
    assert re.search(r'<html lang="(fr|en)"', page)
    for state in STATES:
        assert STATES[state][1] in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert " style=" not in page


@pytest.mark.django_db
def test_an_unknown_address_gives_our_page_not_found(client: Client):
    response = client.get("/design/nothing/")
    assert response.status_code == 404
    assert "<h1>" in response.content.decode()
    assert "site-head" in response.content.decode()


def test_the_design_page_is_only_read(client: Client):
    assert client.post("/design/").status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/design/", "/design/graphiques/bars-720.svg", "/design/contours.geojson"])
def test_the_design_pages_are_for_the_staff_in_production(client: Client, settings, path: str):
    settings.SECURE = True
    assert client.get(path).status_code == 404
    client.force_login(UserFactory())
    assert client.get(path).status_code == 404
    client.force_login(UserFactory(is_staff=True))
    assert client.get("/design/").status_code == 200
