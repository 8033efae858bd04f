"""How a view answers: a page or its partial for HTMX, a refused form, a change to confirm first, a redirect.

form = ZoneForm(request.POST or None)
if form.is_valid():
    with errors_in(form):
        actions.add_zone(hub=hub, by=person, **form.cleaned_data)
        return redirect("hubs:zones", hub.slug)
return render(request, "hubs/zones.html", {"form": form}, status=form_status(request))
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare, salted_hmac
from django_htmx.middleware import HtmxDetails

from totem.core.components import Words
from totem.core.periods import Period

SHOW_AND_SEND = ["GET", "HEAD", "POST"]
"""For `require_http_methods`: a page with a form that is submitted to its own address."""


class NotFound(Http404):
    """Nothing stands at this address: its page says why, and where to go instead as (label, address)."""

    def __init__(self, said: str, *, link: tuple[str, str] | None = None) -> None:
        super().__init__(said)
        self.said, self.link = said, link


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorates a page of the installation's staff: for anybody else who is signed in it does not exist (404)."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return answer


# -- A page, or its partial ------------------------------------------------------------------------------------------


class HtmxRequest(HttpRequest):
    """A request as `HtmxMiddleware` leaves it."""

    htmx: HtmxDetails


def request_of_a_worker(address: str, person: object) -> HtmxRequest:
    """A request for that address by that person, which no browser sent: what a job answers later is made of it."""
    parts = urlsplit(address)
    request = cast(HtmxRequest, HttpRequest())
    request.method, request.path, request.path_info = "GET", parts.path, parts.path
    request.META = {"QUERY_STRING": parts.query, "REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "localhost"}
    request.GET = QueryDict(parts.query)
    request.user = person  # type: ignore[assignment]
    request.htmx = HtmxDetails(request)
    return request


def wants_partial(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of the page; not when it restores a page of the history, which it replaces whole."""
    htmx = cast(HtmxRequest, request).htmx
    return bool(htmx) and not htmx.history_restore_request


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, partial: str, status: int = 200
) -> HttpResponse:
    """The page `template`, or for HTMX its `partial`, from the same context.

    Both stand at one address: `Vary` keeps caches, the browser's own among them, from giving one for the other.
    """
    name = f"{template}#{partial}" if wants_partial(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


class SeeOther(HttpResponseRedirect):
    """Done: read the result at another address (303, so that no browser posts again)."""

    status_code = 303


# -- What an action refuses ------------------------------------------------------------------------------------------


def form_status(request: HttpRequest, refused: int = 422) -> int:
    """The status of a page with a form: one that was submitted and is shown again was `refused` (409: a conflict)."""
    return refused if request.method == "POST" else 200


def add_errors(form: BaseForm, error: ValidationError) -> None:
    """Add what an action refused to the form: at its fields, and above them what belongs to no field of it."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


class Refusals:
    """A `with` block that a ValidationError ends; `tell` is called with it, and what stands after the block goes on."""

    def __init__(self, tell: Callable[[ValidationError], object]) -> None:
        self.tell = tell

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, ValidationError):
            self.tell(error)
            return True
        return False


def errors_in(form: BaseForm) -> Refusals:
    """For an action that a form asks for: what it refuses stands in the form, which the view shows again."""
    return Refusals(lambda error: add_errors(form, error))


@contextmanager
def errors_at(field: str) -> Iterator[None]:
    """For an action that one field asks for: what it refuses as a whole is raised again as that field's."""
    try:
        yield
    except ValidationError as error:
        if hasattr(error, "error_dict"):
            raise
        raise ValidationError({field: error.error_list}) from error


def errors_as_message(request: HttpRequest) -> Refusals:
    """For the action of a button, which has no form to show again: what it refuses is a message on the next page."""
    return Refusals(lambda error: messages.error(request, " ".join(error.messages)))


# -- A change to confirm first ----------------------------------------------------------------------------------------

CONFIRMED = "confirmed"


class Affected(Protocol):
    """Something that a change affects, such as a booking: its name, the address where it is managed, its period."""

    @property
    def label(self) -> str: ...
    @property
    def url(self) -> Words: ...
    @property
    def period(self) -> Period: ...


@dataclass(frozen=True)
class Confirmation:
    """Whether a change is done; if not, what it would affect, nothing where the form says why it was refused.

    `token` is what the form carries as `CONFIRMED` when it is submitted again: it stands for what was shown.
    """

    done: bool = False
    affected: Sequence[Affected] = ()
    token: str = ""

    @property
    def status(self) -> int:
        """Of the page that is shown when it is not done: 200 asks to confirm, 422 refuses."""
        return 200 if self.affected else 422


def run_or_confirm(form: BaseForm, action: Callable[[], Sequence[Affected]]) -> Confirmation:
    """Run `action`, which returns what it affects; it is rolled back unless that was shown to the person before.

    The page then lists it within the form (`core/confirm_affected.html`), to be submitted again. What is booked in
    between changes the token, and is shown again. What the action refuses stands in the form.
    """
    with errors_in(form), transaction.atomic():
        affected = action()
        token = _token(affected) if affected else ""
        if not affected or constant_time_compare(token, form.data.get(CONFIRMED, "")):
            return Confirmation(done=True)
        transaction.set_rollback(True)
        return Confirmation(affected=affected, token=token)
    return Confirmation()


def _token(affected: Sequence[Affected]) -> str:
    shown = "\n".join(f"{one.url} {one.period.starts_at.isoformat()}" for one in affected)
    return salted_hmac("hubs.hits", shown, algorithm="sha256").hexdigest()
