"""The front desk's day on one screen. Readers see it; desk roles act, one button a row."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.bookings import actions, queries, wording
from totem.bookings.actions import WrongStateError
from totem.bookings.addresses import book_url
from totem.bookings.models import Booking, Status
from totem.bookings.queries import DeskDay, DeskRow, Identified, Matches
from totem.core import clock
from totem.core.components import Tab
from totem.core.forms import DateField
from totem.core.limits import scope_key
from totem.core.models import LimitRefusal
from totem.core.pages import SeeOther, render_page, wants_partial
from totem.core.periods import DAY, MINUTE, Period, ceil_to_step, local_day
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE_MACHINES, SEE_DESK, WORK_DESK, hub_for
from totem.spaces import actions as space_actions
from totem.spaces.models import Outage, Space
from totem.spaces.rules import step_under_way, usual_length
from totem.spaces.wording import outage_when, outage_words


class DayForm(forms.Form):
    """Which day the desk looks at, and whom it looks for."""

    hide_optional = True
    date = DateField(label=gettext_lazy("Day"), required=False)
    q = forms.CharField(required=False, max_length=100)


@dataclass(frozen=True)
class DeskLine:
    """A row of the list `key` in words, and its next action (empty for none)."""

    row: DeskRow
    key: str
    when: str
    meta: str
    state: str
    state_word: str
    next_deed: str = ""
    next_word: str = ""
    can_change_end: bool = False
    prefix: str = ""

    @property
    def next_route(self) -> str:
        return f"bookings:{self.next_deed}"

    @property
    def booking(self) -> Booking:
        return self.row.booking

    @property
    def row_id(self) -> str:
        return f"{self.prefix}row-{self.row.booking.reference}"


@dataclass(frozen=True)
class DeskSection:
    """One of the lists of the screen."""

    key: str
    title: str
    nothing: str
    lines: list[DeskLine] = field(default_factory=list)


# -- The screen -------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """A day at the desk; today unless the address says another `date`."""
    hub = hub_for(request.user, slug, SEE_DESK)
    return _screen(request, hub, DayForm(request.GET))


def _screen(request: HttpRequest, hub: Hub, form: DayForm, *, status: int = 200, undo_url: str = "") -> HttpResponse:
    now = clock.now()
    today = now.astimezone(hub.zone).date()
    if not form.is_valid() and status == 200:
        status = 422
    day = form.cleaned_data.get("date") or today
    words = form.cleaned_data.get("q", "").strip()
    shown = queries.desk_day(hub, now, day)
    requests, *sections = _sections(shown, now, is_today=day == today)
    broken = Tab(_("Out of order"), "#broken", len(shown.broken))
    tabs = [Tab(section.title, f"#{section.key}", len(section.lines)) for section in (requests, *sections)]
    context = {
        "hub": hub,
        "form": DayForm(initial={"date": day}) if form.is_valid() else form,
        "day": day,
        "is_today": day == today,
        "yesterday": day - datetime.timedelta(days=1),
        "tomorrow": day + datetime.timedelta(days=1),
        "now": now,
        "sections": sections,
        "requests": requests,
        "due": shown.due,
        "undo_url": undo_url,
        "broken": [_broken(outage, hub, now) for outage in shown.broken],
        "tabs": [*tabs[:-1], broken, tabs[-1]],
        "spaces": list(Space.objects.active().filter(hub=hub).order_by("position", "name")),
        "may_work": request.user.has_perm(WORK_DESK, hub),
        "may_mend": request.user.has_perm(MANAGE_MACHINES, hub),
        "refusals": LimitRefusal.objects.filter(scope=scope_key(hub), at__gt=now - DAY).count(),
        "in_place": wants_partial(request),
        "q": words,
        "answer": look_up_words(hub, words, now) if words else None,
        "shows_answer": request.method == "POST" or "q" in request.GET,
    }
    return render_page(request, "bookings/desk.html", context, partial="day", status=status)


def _broken(outage: Outage, hub: Hub, now: datetime.datetime) -> tuple[Outage, str, list[str], bool]:
    """An outage, what it is about, its reason and time, and whether it is over."""
    upper = outage.during.upper
    words = [outage.reason, outage_when(outage, hub.zone)]
    return outage, outage_words(outage), words, upper is not None and upper <= now


def _sections(shown: DeskDay, now: datetime.datetime, *, is_today: bool) -> list[DeskSection]:
    """The requests of all days, then the lists of the day in order of urgency, each line with its next action."""
    plan: list[tuple[str, str, str, list[DeskRow]]] = [
        ("pending", _("To approve"), _("No request waits for an answer."), shown.pending),
        ("late", _("Late"), _("Nobody is late."), shown.late),
        ("soon", _("Starting soon"), _("Nobody is due within two hours."), shown.soon),
        ("here", _("Here now"), _("Nobody has checked in."), shown.here),
        ("expected", _("Expected"), _("Nobody else is expected."), shown.expected),
        ("held", _("Options"), _("No option is running."), shown.held),
        ("done", _("Done"), _("Nothing is over yet."), shown.done),
    ]
    if not is_today:
        plan = [part for part in plan if part[0] not in {"late", "soon", "here"}]
    return [
        DeskSection(key, title, nothing, [_line(row, now, key, is_today=is_today) for row in rows])
        for key, title, nothing, rows in plan
    ]


NEXT = {
    "pending": ("approve", gettext_lazy("Approve")),
    "late": ("check_in", gettext_lazy("Check in")),
    "soon": ("check_in", gettext_lazy("Check in")),
    "expected": ("check_in", gettext_lazy("Check in")),
    "here": ("check_out", gettext_lazy("Check out")),
    "held": ("confirm_hold", gettext_lazy("Make firm")),
}


def _line(row: DeskRow, now: datetime.datetime, key: str, *, is_today: bool, prefix: str = "") -> DeskLine:
    """The row of the list `key`; nobody arrives on another day."""
    state, state_word = wording.desk_state(row, now)
    deed, word = NEXT.get(key, ("", "")) if is_today or key in {"pending", "held"} else ("", "")
    return DeskLine(
        row,
        key=key,
        when=wording.desk_when(row.booking, row.booking.hub.zone, with_day=key in {"pending", "held"} or bool(prefix)),
        meta=wording.desk_meta(row.booking),
        state=state,
        state_word=state_word,
        next_deed=deed,
        next_word=str(word),
        can_change_end=row.booking.can_change_end(now, by_team=True),
        prefix=prefix,
    )


# -- Who stands at the desk -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeskAnswer:
    """What the desk reads of whoever shows a code, a card or a reference: `kind` is good where they are expected."""

    identified: Identified
    kind: str
    title: str
    membership: str
    due: Decimal
    lines: list[DeskLine]


def look_up_words(hub: Hub, words: str, now: datetime.datetime) -> DeskAnswer | Matches:
    """The answer to what was typed, or read by a reader that types."""
    found = queries.look_up(hub, words, now)
    if isinstance(found, Matches):
        return found
    today = local_day(now.astimezone(hub.zone).date(), hub.zone)
    rows = queries.desk_rows(hub, found.bookings, now)
    due = [row.booking for row in rows if row.booking.status == Status.CONFIRMED and row.booking.period.overlaps(today)]
    return DeskAnswer(
        found,
        *wording.answer_words(found.bookings, hub.zone, now),
        membership=wording.membership_words(found.membership, now.astimezone(hub.zone).date()),
        due=sum((booking.price for booking in due), Decimal(0)),
        lines=[_answer_line(row, today, now) for row in rows],
    )


def _answer_line(row: DeskRow, today: Period, now: datetime.datetime) -> DeskLine:
    is_today = row.booking.period.overlaps(today)
    key = queries.list_of(row.booking, now, is_today=is_today) if row.booking.is_live else "done"
    return _line(row, now, key, is_today=is_today, prefix="answer-")


# -- What is done there -----------------------------------------------------------------------------------------------

Deed = Callable[[Booking, User, datetime.datetime], Booking]
DEEDS: dict[str, Deed] = {
    "approve": lambda booking, by, now: actions.approve(booking=booking, by=by, now=now),
    "confirm_hold": lambda booking, by, now: actions.confirm_hold(booking=booking, by=by, now=now),
    "check_in": lambda booking, by, now: actions.check_in(booking=booking, by=by, now=now),
    "undo_check_in": lambda booking, by, now: actions.undo_check_in(booking=booking, by=by),  # noqa: ARG005
    "check_out": lambda booking, by, now: actions.check_out(booking=booking, by=by, now=now),
    "undo_check_out": lambda booking, by, now: actions.undo_check_out(booking=booking, by=by, now=now),
    "mark_absent": lambda booking, by, now: actions.mark_absent(booking=booking, by=by, now=now),
    "undo_absent": lambda booking, by, now: actions.undo_absent(booking=booking, by=by, now=now),
}
DONE = {
    "approve": gettext_lazy("Approved: %(who)s, %(space)s."),
    "confirm_hold": gettext_lazy("Booked for good: %(who)s, %(space)s."),
    "check_in": gettext_lazy("Arrived: %(who)s, %(space)s."),
    "undo_check_in": gettext_lazy("Arrival undone: %(who)s, %(space)s."),
    "check_out": gettext_lazy("Left: %(who)s, %(space)s."),
    "undo_check_out": gettext_lazy("Departure undone: %(who)s, %(space)s."),
    "mark_absent": gettext_lazy("Absent: %(who)s, %(space)s."),
    "undo_absent": gettext_lazy("Expected again: %(who)s, %(space)s."),
}
UNDONE_BY = {"check_in": "undo_check_in", "check_out": "undo_check_out", "mark_absent": "undo_absent"}


def working(request: HttpRequest, slug: str, permission: str) -> tuple[Hub, User]:
    """The hub and who acts there. Those who may only look are refused (403); to others it does not exist (404)."""
    hub = hub_for(request.user, slug, SEE_DESK)
    if not request.user.has_perm(permission, hub):
        raise PermissionDenied
    return hub, signed_in(request)


@never_cache
@require_POST
def act(request: HttpRequest, slug: str, reference: str, deed: str) -> HttpResponse:
    """Do `deed` to a booking of the hub. 409, with the screen as it now stands, when somebody else was faster."""
    hub, by = working(request, slug, WORK_DESK)
    booking = get_object_or_404(Booking.objects.with_place(), hub=hub, reference=reference)
    words = {"who": booking.who, "space": booking.space.name}
    try:
        done = DEEDS[deed](booking, by, clock.now())
    except WrongStateError as refusal:
        message = _("%(who)s: %(refusal)s") % {"who": booking.who, "refusal": refusal.message}
        return _answer(request, hub, message, done=False)
    undo_url = reverse(f"bookings:{UNDONE_BY[deed]}", args=[slug, reference]) if deed in UNDONE_BY else ""
    message = " ".join([DONE[deed] % words, wording.given_back_words(deed, done, clock.now())]).strip()
    return _answer(request, hub, message, done=True, row=f"row-{reference}", undo_url=undo_url)


@never_cache
@require_POST
def end_outage(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It works again."""
    hub, by = working(request, slug, MANAGE_MACHINES)
    outage = get_object_or_404(Outage.objects.select_related("space__hub"), pk=pk, space__hub=hub)
    try:
        space_actions.end_outage(outage=outage, by=by, now=clock.now())
    except ValidationError as refusal:
        return _answer(request, hub, " ".join(refusal.messages), done=False)
    return _answer(request, hub, _("Back in service: %(space)s.") % {"space": outage.space.name}, done=True)


def _answer(
    request: HttpRequest, hub: Hub, message: str, *, done: bool, row: str = "", undo_url: str = ""
) -> HttpResponse:
    """The day as it now stands: in place for HTMX, else by a redirect to the row; 409 with it when nothing was done."""
    form = DayForm(request.POST)
    asked = form.cleaned_data if form.is_valid() else {}
    day, words = asked.get("date"), asked.get("q")
    if done:
        messages.success(request, message)
        if not wants_partial(request):
            values = {"date": day.isoformat() if day else "", "q": words or ""}
            query = urlencode({name: value for name, value in values.items() if value})
            address = reverse("bookings:desk", args=[hub.slug]) + (f"?{query}" if query else "")
            return SeeOther(address + (f"#{row}" if row else ""))
    else:
        messages.warning(request, message)
    return _screen(request, hub, form, status=200 if done else 409, undo_url=undo_url)


@never_cache
@require_safe
def walk_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody stands at the desk: the form of the chosen space, for a guest, from the step under way."""
    hub, _by = working(request, slug, SEE_DESK)
    space = Space.objects.active().filter(hub=hub, slug=request.GET.get("space", "")).first()
    if space is None:
        raise Http404
    space.hub = hub
    start = ceil_to_step(step_under_way(space, clock.now()), space.step, hub.zone)
    return redirect(book_url(space, Period(start, start + usual_length(space) * MINUTE), whom="guest"))
