"""From an empty installation to the first booking of a visitor: pages alone."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.bookings.test_views_book import fields
from tests.factories.accounts import UserFactory
from tests.factories.bookings import from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.territories import CommuneFactory
from tests.hubs.test_founding import NEW
from tests.hubs.test_pages import sent
from totem.accounts import claiming
from totem.bookings.models import Booking
from totem.core.templatetags.components import PATTERNS
from totem.hubs.models import Hub

pytestmark = pytest.mark.django_db


def missing(client: Client, hub: Hub) -> list[str]:
    """The pages that the checklist leads to."""
    pages = client.get(reverse("hubs:manage", args=[hub.slug])).context["missing"]
    return [item.url.removeprefix(reverse("hubs:manage", args=[hub.slug])) for item in pages]


def test_a_newcomer_sets_up_a_hub_and_a_visitor_books(client: Client):
    CommuneFactory(amiens=True)
    client.force_login(UserFactory())
    found_page = client.post(claiming.link().removeprefix(settings.SITE_URL))["Location"]
    manage = client.post(found_page, NEW)["Location"]
    hub = Hub.objects.get()
    assert missing(client, hub)[:2] == ["horaires/", "nouvel-espace/"]
    assert "Ajoutez un espace" in client.get(manage).content.decode()

    def post(route: str, *more: str, **data: object) -> str:
        page = reverse(route, args=[hub.slug, *more])
        answer = client.post(page, sent(client, page, **data))
        assert answer.status_code == 302, answer.context["form"].errors
        return answer["Location"]

    post("hubs:hours", **{f"d{day}_0_{end}": at for day in range(1, 8) for end, at in
                          (("opens", "00:00"), ("closes", "00:00"))}, closed_on_public_holidays=False)  # fmt: skip
    prices = post("spaces:create", name="Grande salle", kind="meeting_room", capacity=8, audience="public")
    assert missing(client, hub)[0] == prices.removeprefix(manage)
    post("spaces:prices", "grande-salle", hour="12,50", half_day="40", day="70")
    assert not any("espaces" in page for page in missing(client, hub))

    visitor = Client()
    assert visitor.get(reverse("website:hub", args=[hub.slug])).status_code == 404
    publish = reverse("hubs:publish", args=[hub.slug])
    shown = client.get(publish).content.decode()
    assert "À compléter avant l’ouverture au public" in shown
    assert NEW["tagline"] in shown
    assert client.post(publish, {"show": "1"}).status_code == 302
    assert "Grande salle" in visitor.get(reverse("website:hub", args=[hub.slug])).content.decode()
    drawing = f"pattern-{hub.pk % PATTERNS + 1}."  # the preview has that of the home page
    assert drawing in shown
    assert drawing in visitor.get(reverse("website:home")).content.decode()
    book = reverse("bookings:book", args=[hub.slug, "grande-salle"])
    guest = {"guest_name": "Camille", "guest_email": "camille@example.org"}
    assert visitor.post(book, {**fields(from_now(48)), **guest}).status_code == 303
    assert Booking.objects.get().price == 12.5

    assert client.post(publish).status_code == 302
    assert visitor.get(reverse("website:hub", args=[hub.slug])).status_code == 404


def test_only_a_manager_shows_a_hub(client: Client):
    hub = HubFactory(is_published=False)
    client.force_login(TeamMemberFactory(hub=hub, role="desk").person)
    assert client.post(reverse("hubs:publish", args=[hub.slug]), {"show": "1"}).status_code == 404
    assert not Hub.objects.get().is_published
