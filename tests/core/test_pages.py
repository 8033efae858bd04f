"""`core.pages`: pages and partials for HTMX, refusals of actions as form errors, changes to confirm first."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

import totem
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.core import clock
from totem.core.pages import Affected, add_errors, errors_in, form_status, run_or_confirm
from totem.core.periods import Period
from totem.hubs.models import ExceptionalHours, Hub, Zone

# -- Pages and partials -----------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
IN_PLACE = {"HX-Request": "true"}
RESTORED = {**IN_PLACE, "HX-History-Restore-Request": "true"}  # the back button, where HTMX had changed the address


@dataclass(frozen=True)
class Swapped:
    """An address that answers HTMX, and the start of its partial in the page (None: the page does not have it)."""

    address: str
    begins: str | None = ""


SWAPPED = {
    "find": Swapped("/trouver/?people=2"),
    "free": Swapped("/lieux/hub/libre/"),
    "week": Swapped("/lieux/hub/semaine/"),
    "day": Swapped("/lieux/hub/jour/"),
    "space": Swapped("/lieux/hub/espaces/space/"),
    "book": Swapped("/lieux/hub/espaces/space/reserver/"),
    "move": Swapped("/reservations/{booking}/deplacer/"),
    "desk": Swapped("/lieux/hub/accueil/", begins='<div id="day"'),  # after the messages, which are at the page's head
    "communes": Swapped("/communes/?q=Amiens"),
    "places": Swapped("/territoires/chercher/?q=Amiens", begins=None),  # the options of a field elsewhere
    "observatory": Swapped("/observatoire/?q=Am"),
    "activities": Swapped("/observatoire/activites/codes/?q=62"),
}


@pytest.fixture
def desk(client: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Signs in somebody at the desk of a hub with a space and a booking; the arguments of its addresses."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    hub = HubFactory(slug="hub", opening_hours=[(day, "08:00", "20:00") for day in range(1, 8)])
    space = SpaceFactory(hub=hub, slug="space")
    booking = BookingFactory(space=space, period=Period(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=1)))
    client.force_login(TeamMemberFactory(hub=hub).person)
    return {"booking": booking.reference}


def source(response: HttpResponse) -> str:
    """The HTML of a response without its CSRF tokens, which differ each time."""
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("name", SWAPPED)
def test_an_address_gives_the_page_and_its_part(client: Client, desk: dict[str, str], name: str) -> None:
    address, begins = SWAPPED[name].address.format(**desk), SWAPPED[name].begins
    page, part, restored = (client.get(address, headers=headers) for headers in ({}, IN_PLACE, RESTORED))
    for answer in (page, part, restored):
        assert answer.status_code == 200
        assert {"HX-Request", "HX-History-Restore-Request"} <= set(answer.headers["Vary"].split(", "))
    assert "<html" in source(page)
    assert source(restored) == source(page)
    swapped = source(part)
    assert swapped.strip()
    assert "<html" not in swapped
    if begins is not None:
        assert swapped[swapped.index(begins) :].strip() in source(page)


def test_only_one_place_knows_what_htmx_asks_for() -> None:
    root = Path(totem.__file__).parent
    files = [path for kind in ("py", "html") for path in root.rglob(f"*.{kind}") if path != root / "core/pages.py"]
    raw = re.compile(r"\bhtmx\b.*\brequest\b|\brequest\b.*\bhtmx\b|\.html#|HX-Request")
    assert [str(path.relative_to(root)) for path in files if raw.search(path.read_text())] == []


# -- What an action refuses -------------------------------------------------------------------------------------------


class NameForm(forms.Form):
    name = forms.CharField(required=False)


def name_form(**data: str) -> NameForm:
    form = NameForm(data)
    assert form.is_valid()
    return form


@pytest.mark.parametrize(
    ("refusal", "errors"),
    [
        ({"name": "Taken."}, {"name": ["Taken."]}),
        ({"slug": "Taken."}, {"__all__": ["Taken."]}),
        ({"name": ["Taken.", "Too short."], "slug": "Odd."}, {"name": ["Taken.", "Too short."], "__all__": ["Odd."]}),
        ("Not today.", {"__all__": ["Not today."]}),
        (["Not today.", "Nor tomorrow."], {"__all__": ["Not today.", "Nor tomorrow."]}),
        ({"__all__": "Not today."}, {"__all__": ["Not today."]}),
    ],
)
def test_a_refusal_stands_at_its_field_or_above_the_form(refusal: object, errors: dict[str, list[str]]) -> None:
    form = name_form(name="Atelier")
    add_errors(form, ValidationError(refusal))
    assert form.errors == errors


def test_only_refusals_become_errors_of_the_form() -> None:
    form = name_form()
    with pytest.raises(KeyError), errors_in(form):
        raise KeyError
    assert not form.errors


@pytest.mark.parametrize(
    ("method", "refused", "status"), [("get", 422, 200), ("head", 409, 200), ("post", 422, 422), ("post", 409, 409)]
)
def test_a_form_shown_again_after_it_was_sent_was_refused(method: str, refused: int, status: int) -> None:
    request = RequestFactory().generic(method.upper(), "/")
    assert form_status(request, refused) == status


@pytest.mark.django_db
def test_the_refusal_of_a_button_is_a_message_on_the_next_page(client: Client) -> None:
    member = TeamMemberFactory()
    client.force_login(member.person)
    client.cookies["django_language"] = "en"
    now = datetime.now(UTC)
    past = ExceptionalHours.objects.create(
        hub=member.hub, kind="closed", during=(now - timedelta(days=3), now - timedelta(days=2)), reason="Works"
    )
    answer = client.post(reverse("hubs:closure_remove", args=[member.hub.slug, past.pk]))
    assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["error"]
    assert ExceptionalHours.objects.filter(pk=past.pk).exists()


@pytest.mark.django_db
def test_the_page_of_a_refused_form_is_422_and_holds_what_was_typed(client: Client) -> None:
    member = TeamMemberFactory()
    client.force_login(member.person)
    address = reverse("hubs:zones", args=[member.hub.slug])
    assert client.get(address).status_code == 200
    answer = client.post(address, {"name": "Halle", "kind": "offices", "area": "-1"})
    assert answer.status_code == 422
    assert 'value="Halle"' in answer.content.decode()
    assert not Zone.objects.exists()


# -- A change to confirm first ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """What a change may affect: an affected row of an invented room."""

    label: str
    url: str
    period: Period


MORNING = datetime(2026, 11, 26, 9, tzinfo=UTC)
POTTERY = Course("Pottery", "/cours/1", Period(MORNING, MORNING + timedelta(hours=2)))
WELDING = Course("Welding", "/cours/2", Period(MORNING, MORNING + timedelta(hours=2)))
LATER = Course("Pottery", "/cours/1", Period(MORNING + timedelta(hours=1), MORNING + timedelta(hours=3)))


def closing(*affected: Affected) -> list[Affected]:
    """An action that writes, and returns what it affects."""
    HubFactory(slug="written")
    return list(affected)


def written() -> bool:
    return Hub.objects.filter(slug="written").exists()


@pytest.mark.django_db
class TestConfirmation:
    def test_a_change_that_affects_nothing_is_done_at_once(self) -> None:
        confirmation = run_or_confirm(name_form(), closing)
        assert (confirmation.done, list(confirmation.affected), written()) == (True, [], True)

    def test_a_change_that_affects_something_is_done_once_it_is_confirmed(self) -> None:
        outcome = run_or_confirm(name_form(), lambda: closing(POTTERY))
        assert (outcome.done, list(outcome.affected), outcome.status, written()) == (False, [POTTERY], 200, False)
        confirmed = run_or_confirm(name_form(confirmed=outcome.token), lambda: closing(POTTERY))
        assert (confirmed.done, list(confirmed.affected), written()) == (True, [], True)

    @pytest.mark.parametrize("now_affected", [[POTTERY, WELDING], [WELDING], [LATER]], ids=["more", "another", "moved"])
    def test_what_changed_in_between_is_shown_again(self, now_affected: list[Course]) -> None:
        token = run_or_confirm(name_form(), lambda: closing(POTTERY)).token
        again = run_or_confirm(name_form(confirmed=token), lambda: closing(*now_affected))
        assert (again.done, list(again.affected), written()) == (False, now_affected, False)
        assert again.token != token
        assert run_or_confirm(name_form(confirmed=again.token), lambda: closing(*now_affected)).done

    def test_what_went_away_in_between_needs_no_second_look(self) -> None:
        token = run_or_confirm(name_form(), lambda: closing(POTTERY)).token
        assert run_or_confirm(name_form(confirmed=token), closing).done

    @pytest.mark.parametrize("guess", ["", "yes", "0" * 64, "é\x00"])
    def test_a_confirmation_cannot_be_guessed(self, guess: str) -> None:
        assert not run_or_confirm(name_form(confirmed=guess), lambda: closing(POTTERY)).done
        assert not written()

    def test_what_the_action_refuses_stands_in_the_form_and_writes_nothing(self) -> None:
        def refused() -> list[Affected]:
            closing()
            raise ValidationError({"name": "Taken."})

        form = name_form()
        confirmation = run_or_confirm(form, refused)
        assert (confirmation.done, list(confirmation.affected), confirmation.status) == (False, [], 422)
        assert form.errors == {"name": ["Taken."]}
        assert not written()
