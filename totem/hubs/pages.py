"""The frame of a hub's work screens: the way around, and the two steps of what would hit bookings."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from totem.core.components import Crumb, Tab
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE
from totem.hubs.signals import Hit

SECTIONS = [
    ("hubs:manage", _("Overview")),
    ("spaces:list", _("Spaces")),
    ("spaces:outages", _("Out of order")),
    ("hubs:hours", _("Opening hours")),
    ("hubs:closures", _("Closures")),
    ("hubs:members", _("Members")),
    ("hubs:team", _("Team")),
    ("hubs:zones", _("Zones")),
    ("hubs:photos", _("Photos")),
    ("hubs:settings", _("Settings")),
]
OPEN_TO_MORE = {"spaces:outages"}


def sections(request: HttpRequest, hub: Hub, current: str) -> list[Tab]:
    """The sections that this person may open; `current` is a route name."""
    is_manager = request.user.has_perm(MANAGE, hub)
    return [
        Tab(label, reverse(route, args=[hub.slug]), current=route == current)
        for route, label in SECTIONS
        if is_manager or route in OPEN_TO_MORE
    ]


def page(
    request: HttpRequest,
    template: str,
    hub: Hub,
    section: str,
    context: Mapping[str, Any] | None = None,
    *,
    crumbs: Iterable[Crumb] = (),
    status: int = 200,
) -> HttpResponse:
    """A work screen of the hub within its frame (`hubs/manage.html`). `section` is the route name of its tab."""
    tabs = sections(request, hub, section)
    at_overview = section == "hubs:manage"
    trail = [Crumb(hub.name, reverse("website:hub", args=[hub.slug]))]
    if len(tabs) > 1 and not at_overview:
        trail.append(Crumb(_("Management"), tabs[0].url))
    trail += crumbs
    base = {"hub": hub, "sections": tabs if len(tabs) > 1 else [], "at_overview": at_overview, "trail": trail}
    return render(request, template, {**base, **(context or {})}, status=status)


def status_of(request: HttpRequest, refused: int = 422) -> int:
    """A form shown again after it was sent was refused."""
    return refused if request.method == "POST" else 200


def succeeds(form: BaseForm, action: Callable[[], object]) -> bool:
    """Run `action`; what it refuses stands in the form, at its field where the form has it."""
    try:
        action()
    except ValidationError as error:
        put_errors(form, error)
        return False
    return True


def put_errors(form: BaseForm, error: ValidationError) -> None:
    """Add a refusal to the form, at its fields; what belongs to no field of it, above them."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


CONFIRMED = "confirmed"


def seen(hits: list[Hit]) -> str:
    """What the second form carries to say which hits the person has seen."""
    said = "\n".join(f"{hit.url} {hit.period.starts_at.isoformat()}" for hit in hits)
    return salted_hmac("hubs.hits", said, algorithm="sha256").hexdigest()


class Answer(NamedTuple):
    """Whether it is done; if not, what it would hit (nothing where the form says why it was refused)."""

    done: bool
    hits: list[Hit]
    seen: str = ""


def do_or_ask(request: HttpRequest, form: BaseForm, action: Callable[[], list[Hit]]) -> Answer:
    """Run `action`, and keep what it does unless it hits things that the person has not been shown.

    Then nothing is written: the page lists them, and its form carries `seen` as `confirmed`. What is booked meanwhile
    is shown again. What the action refuses stands in the form.
    """
    hits: list[Hit] = []
    token = ""

    def act() -> None:
        nonlocal hits, token
        with transaction.atomic():
            hits = action()
            token = seen(hits) if hits else ""
            if not constant_time_compare(token, request.POST.get(CONFIRMED, "") if hits else ""):
                transaction.set_rollback(True)
                return
        hits, token = [], ""

    done = succeeds(form, act)
    return Answer(done and not hits, hits, token)
