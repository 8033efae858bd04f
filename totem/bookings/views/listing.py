"""All bookings of a hub: filtered, page by page, and as a file."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from totem.bookings import queries, wording
from totem.bookings.models import Booking, Status
from totem.bookings.queries import BookingFilter
from totem.core import clock, codes, phones
from totem.core.expensive import apart
from totem.core.forms import DateField
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.core.templatetags.totem import STATES
from totem.hubs.models import Hub
from totem.hubs.permissions import SEE_DESK, WORK_DESK, hub_for
from totem.spaces.models import Space

ON_A_PAGE = 50
ROWS_AT_ONCE = 2000
HOUR = timedelta(hours=1)
# What a row of the file reads: prices' lines and rules of spaces would take a quarter of its time.
FILE_FIELDS = (
    "reference", "starts_at", "ends_at", "quantity", "status", "hold_expires_at", "no_show_at", "checked_in_at",
    "checked_out_at", "created_at", "guest_name", "guest_email", "guest_phone", "purpose", "reason", "reason_words",
    "price", "vat", "space__name", "organisation__name", "person__name", "person__email", "person__phone",
)  # fmt: skip
LISTED_STATES = (
    Status.PENDING, Status.HELD, Status.CONFIRMED, queries.NO_SHOW, Status.CANCELLED, Status.REFUSED, Status.EXPIRED,
)  # fmt: skip


class BookingsFilterForm(forms.Form):
    """What the list is narrowed to; nothing is required."""

    hide_optional = True
    q = forms.CharField(
        label=gettext_lazy("Who, or a reference"),
        required=False,
        max_length=120,
        widget=forms.TextInput({"type": "search"}),
    )
    space = forms.ModelChoiceField(
        Space.objects.none(),
        label=gettext_lazy("Space"),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("All spaces"),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("All states")), *((str(state), STATES[state][0]) for state in LISTED_STATES)],
    )
    first = DateField(label=gettext_lazy("Beginning from"), required=False)
    last = DateField(label=gettext_lazy("Until"), required=False)
    order = forms.ChoiceField(
        label=gettext_lazy("Order"),
        required=False,
        choices=[
            ("", gettext_lazy("Next first, then the past")),
            ("latest", gettext_lazy("Latest first")),
            ("first", gettext_lazy("Earliest first")),
            ("made", gettext_lazy("Made last")),
            ("name", gettext_lazy("By name")),
        ],
    )

    def __init__(self, data: Any, hub: Hub) -> None:
        super().__init__(data)
        spaces = Space.objects.filter(hub=hub).order_by("position", "name")
        self.fields["space"].queryset = spaces  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("first") and data.get("last") and data["first"] > data["last"]:
            self.add_error("last", _("This day is before the first one."))
        return data

    def wanted(self) -> BookingFilter:
        """The filter of a valid form."""
        chosen = self.cleaned_data
        days = {"first_day": chosen["first"], "last_day": chosen["last"]}
        return BookingFilter(chosen["q"], chosen["space"], chosen["state"], order=chosen["order"], **days)

    @property
    def narrows(self) -> bool:
        """Whether it leaves bookings out."""
        return any(value for name, value in self.cleaned_data.items() if name != "order")


@never_cache
@require_safe
def bookings_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The bookings that answer to the filter, how many and how much; nothing while the filter is wrong (422)."""
    hub = hub_for(request.user, slug, SEE_DESK)
    now, form, works = clock.now(), BookingsFilterForm(request.GET, hub), request.user.has_perm(WORK_DESK, hub)
    context: dict[str, Any] = {"hub": hub, "form": form, "may_work": works}
    if not form.is_valid():
        return render(request, "bookings/list.html", context, status=422)
    found = queries.bookings_of(hub, form.wanted(), now, with_contact=works)
    totals = queries.booking_totals(found)
    pages = Paginator(found, ON_A_PAGE)
    pages.count = totals.count  # counted already
    page = pages.get_page(request.GET.get("page"))
    lines = [(booking, *_line(booking, hub, now)) for booking in page]
    return render(request, "bookings/list.html", {**context, "totals": totals, "page": page, "lines": lines})


def _line(booking: Booking, hub: Hub, now: datetime) -> tuple[str, str, str]:
    """When it is, what it is for, and its state."""
    return wording.listed_when(booking, hub.zone), wording.listed_meta(booking), wording.listed_state(booking, now)


@apart(most=2)
@never_cache
@require_safe
def bookings_file(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """The same list as CSV or XLSX, all of it; addresses and telephones for those who work at the desk."""
    hub = hub_for(request.user, slug, SEE_DESK)
    now, form, works = clock.now(), BookingsFilterForm(request.GET, hub), request.user.has_perm(WORK_DESK, hub)
    if not form.is_valid():
        return redirect(f"{reverse('bookings:list', args=[hub.slug])}?{request.GET.urlencode()}")
    found = queries.bookings_of(hub, form.wanted(), now, with_contact=works)
    kind = _("bookings")
    name = f"{kind}-{hub.slug}-{now.astimezone(hub.zone):%Y-%m-%d}"
    rows = found.only(*FILE_FIELDS).iterator(ROWS_AT_ONCE)
    return spreadsheet(extension, name, _columns(now, with_contact=works), rows, zone=hub.zone)


def _columns(now: datetime, *, with_contact: bool) -> list[ListColumn[Booking]]:
    contact: list[ListColumn[Booking]] = [
        ListColumn(_("E-mail address"), lambda b: b.email),
        ListColumn(_("Telephone"), lambda b: phones.words(b.guest_phone if b.person is None else b.person.phone)),
    ]
    return [
        ListColumn(_("Reference"), lambda b: codes.words(b.reference)),
        ListColumn(_("Space"), lambda b: b.space.name),
        ListColumn(_("From"), lambda b: b.starts_at, "instant"),
        ListColumn(_("Until"), lambda b: b.ends_at, "instant"),
        ListColumn(_("Hours"), lambda b: (b.ends_at - b.starts_at) / HOUR, "number"),
        ListColumn(_("How many"), lambda b: b.quantity, "number"),
        ListColumn(pgettext("a person", "For"), lambda b: b.who),
        *(contact if with_contact else []),
        ListColumn(_("Organisation"), lambda b: b.organisation and b.organisation.name),
        ListColumn(_("What for"), lambda b: b.purpose),
        ListColumn(_("State"), lambda b: STATES[wording.listed_state(b, now)][0]),
        ListColumn(_("Reason"), lambda b: b.given_reason),
        ListColumn(_("Price, VAT included"), lambda b: b.price, "amount"),
        ListColumn(_("of which VAT"), lambda b: b.vat, "amount"),
        ListColumn(_("Arrived at"), lambda b: b.checked_in_at, "instant"),
        ListColumn(_("Left at"), lambda b: b.checked_out_at, "instant"),
        ListColumn(_("Made on"), lambda b: b.created_at, "instant"),
    ]
