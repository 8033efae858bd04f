"""Every length that a page offers, or proposes as usual, is accepted by the action that books."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from tests.factories.spaces import SpaceFactory
from tests.website.conftest import booked, paris
from tests.website.page_content import bookings_offered
from totem.bookings.rules import broken_rules
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.spaces.actions import update_space
from totem.spaces.models import LONGEST_MINUTES, STEPS, Space
from totem.spaces.rules import allowed_lengths, listed_lengths, usual_length
from totem.spaces.wording import rules_words
from totem.website.space_times import BookingLimits

START = datetime(2026, 11, 26, 9, tzinfo=UTC)


@st.composite
def rules_of_a_space(draw: st.DrawFn) -> Space:
    """An unsaved space with any rules that the database accepts."""
    step = draw(st.sampled_from(STEPS))
    shortest = draw(st.integers(step, 1000) | st.integers(step, LONGEST_MINUTES))
    near = min(shortest + 100, LONGEST_MINUTES)
    longest = draw(st.integers(shortest, near) | st.integers(shortest, LONGEST_MINUTES))
    return Space(hub=Hub(slug="hub"), slug="room", step_minutes=step, min_minutes=shortest, max_minutes=longest)


def is_accepted(space: Space, minutes: int) -> bool:
    period = Period(START, START + timedelta(minutes=minutes))
    return not list(broken_rules(space, period, quantity=1, opening=[period], now=START, by_team=False))


@given(rules_of_a_space(), st.integers(0, 2 * LONGEST_MINUTES), st.integers(1, LONGEST_MINUTES))
def test_what_is_offered_is_accepted(space: Space, free: int, other: int) -> None:
    listed, usual = listed_lengths(space), usual_length(space)
    calendar = BookingLimits.of(space, START, {}, by_team=False).length_in(free)
    for minutes in {*listed, *filter(None, (usual, calendar))}:
        assert is_accepted(space, minutes)
    assert calendar <= free
    assert bool(listed) == bool(usual) == bool(allowed_lengths(space))
    assert is_accepted(space, other) == (other in allowed_lengths(space))
    assert all(rules_words(space))


@given(rules_of_a_space())
def test_the_usual_length_is_an_hour_or_what_comes_nearest_above_it(space: Space) -> None:
    accepted = [minutes for minutes in range(5, 1505, 5) if is_accepted(space, minutes)]
    if above := [minutes for minutes in accepted if minutes >= 60]:
        assert usual_length(space) == above[0]
    elif accepted:
        assert usual_length(space) == accepted[-1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "shortest", "longest", "usual"), [(60, 90, 600, 120), (30, 45, 100, 60), (20, 20, 50, 40)]
)
def test_both_pages_propose_the_same_length_and_it_can_be_booked(
    visitor: Client, thursday: datetime, step: int, shortest: int, longest: int, usual: int
) -> None:
    space = SpaceFactory(step_minutes=step, min_minutes=shortest, max_minutes=longest)
    week = visitor.get(f"/lieux/{space.hub.slug}/espaces/{space.slug}/")
    form = visitor.get(f"/lieux/{space.hub.slug}/espaces/{space.slug}/reserver/").content.decode()
    assert re.findall(r'<option value="(\d+)" selected', form) == [str(usual)]
    assert {minutes for _path, start, minutes in bookings_offered(week) if start.endswith("T12:00Z")} == {str(usual)}
    starts_at = paris("2026-11-27T10:00")
    booked(space, Period(starts_at, starts_at + timedelta(minutes=usual)), now=thursday)


@pytest.mark.django_db
def test_rules_without_any_length_are_refused_and_pages_say_so_of_stored_ones(
    visitor: Client, thursday: datetime
) -> None:
    space = SpaceFactory()
    with pytest.raises(ValidationError) as refused:
        update_space(space=space, by=UserFactory(), step_minutes=60, min_minutes=90, max_minutes=100)
    assert set(refused.value.message_dict) == {"max_minutes"}
    Space.objects.update(step_minutes=60, min_minutes=90, max_minutes=100)
    page = f"/lieux/{space.hub.slug}/espaces/{space.slug}/"
    for address in (page, f"{page}reserver/"):
        response = visitor.get(address)
        assert "No length suits its rules" in response.content.decode()
        assert bookings_offered(response) == []
