"""The people of a hub, for its team: the list, its file, and the page of one person."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.bookings.actions import give_card
from totem.bookings.models import LIVE, Booking
from totem.bookings.queries import hub_people
from totem.bookings.queries.hub_people import PersonRow
from totem.core import clock
from totem.core.components import Tab
from totem.core.expensive import apart
from totem.core.pages import SHOW_AND_SEND, errors_as_message, form_status
from totem.core.phones import words as phone_words
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.hubs import actions
from totem.hubs.models import Hub, PersonNote
from totem.hubs.people_forms import NoteForm
from totem.hubs.permissions import MANAGE, WORK_DESK, hub_for
from totem.spaces.models import Space

ON_A_PAGE = 50
PAST_SHOWN = 20
LABELS = {
    hub_people.NOW: gettext_lazy("Members"),
    hub_people.TO_COME: gettext_lazy("To come"),
    hub_people.FORMER: gettext_lazy("Former members"),
    hub_people.TEAM: gettext_lazy("Team"),
}


class PeopleSearchForm(forms.Form):
    """Which people of a hub to list."""

    hide_optional = True

    q = forms.CharField(label=gettext_lazy("Name or e-mail"), required=False, max_length=100)


class CardForm(forms.Form):
    """The number of somebody's card, typed by its reader."""

    hide_optional = True
    number = forms.CharField(
        label=gettext_lazy("Number of their card"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("Click here and read the card. Empty: no card."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


def _asked(request: HttpRequest, hub: Hub) -> tuple[PeopleSearchForm, str, str, dict[str, "QuerySet[User]"]]:
    """What the address asks: the form, what was typed, the group, and the people of each group."""
    form = PeopleSearchForm(request.GET or None)
    typed = form.cleaned_data["q"].strip() if form.is_valid() else ""
    groups = hub_people.people_by_group(hub, clock.today(hub.zone), typed)
    which = request.GET.get("qui", "")
    return form, typed, which if which in groups else "", groups


@never_cache
@require_safe
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Members, former ones and the team; searched by name or address."""
    hub = hub_for(request.user, slug, WORK_DESK)
    form, typed, which, groups = _asked(request, hub)
    counts = {name: rows.count() for name, rows in groups.items()}
    pages = Paginator(groups[which], ON_A_PAGE)
    pages.count = counts[which]
    page = pages.get_page(request.GET.get("page"))
    context = {
        "hub": hub,
        "form": form,
        "typed": typed,
        "which": which,
        "page": page,
        "rows": hub_people.person_rows(hub, list(page), clock.now()),
        "manages": request.user.has_perm(MANAGE, hub),
        "tabs": [
            Tab(LABELS[name], f"?{urlencode({'qui': name, 'q': typed})}", count, current=name == which)
            for name, count in counts.items()
        ],
    }
    return render(request, "bookings/people.html", context)


COLUMNS: tuple[ListColumn[PersonRow], ...] = (
    ListColumn(gettext_lazy("Name"), lambda row: row.person.name),
    ListColumn(gettext_lazy("E-mail"), lambda row: row.person.email),
    ListColumn(gettext_lazy("Telephone"), lambda row: phone_words(row.person.phone)),
    ListColumn(gettext_lazy("Organisations"), lambda row: ", ".join(row.organisations)),
    ListColumn(gettext_lazy("Team"), lambda row: ", ".join(map(str, row.roles))),
    ListColumn(gettext_lazy("Member from"), lambda row: row.membership and row.membership.starts_on, "date"),
    ListColumn(gettext_lazy("Member until"), lambda row: row.membership and row.membership.ends_on, "date"),
    ListColumn(gettext_lazy("Last visit"), lambda row: row.last_visit, "instant"),
    ListColumn(gettext_lazy("Next booking"), lambda row: row.next_booking, "instant"),
)


@apart(most=2)
@never_cache
@require_safe
def people_file(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """The list as it is filtered, as CSV or XLSX."""
    hub = hub_for(request.user, slug, WORK_DESK)
    _form, _typed, which, groups = _asked(request, hub)
    rows = hub_people.all_person_rows(hub, groups[which], clock.now())
    return spreadsheet(extension, f"personnes-{hub.slug}", COLUMNS, rows, zone=hub.zone)


# -- One person -------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(SHOW_AND_SEND)
def person(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What the team knows of somebody of its hub, and a form to note something."""
    hub = hub_for(request.user, slug, WORK_DESK)
    somebody = get_object_or_404(hub_people.people_known_to(hub), pk=pk)
    form = NoteForm(request.POST or None)
    if form.is_valid():
        actions.add_note(hub=hub, person=somebody, by=signed_in(request), **form.cleaned_data)
        messages.success(request, _("Noted."))
        return redirect("bookings:person", hub.slug, pk)
    now = clock.now()
    [row] = hub_people.person_rows(hub, [somebody], now)
    today = now.astimezone(hub.zone).date()
    open_memberships = [one for one in row.memberships if one.ends_on is None or one.ends_on >= today]
    context = {
        "hub": hub,
        "row": row,
        "form": form,
        "card_form": CardForm(initial={"number": getattr(somebody.cards.filter(hub=hub).first(), "number", "")}),
        "now": now,
        "open_memberships": open_memberships,
        **_bookings_of(hub, somebody, now),
        "notes": PersonNote.objects.filter(hub=hub, person=somebody).select_related("author").order_by("-pk"),
        "spaces": Space.objects.filter(hub=hub, is_active=True).order_by("position", "name"),
        "manages": request.user.has_perm(MANAGE, hub),
    }
    return render(request, "bookings/person.html", context, status=form_status(request))


def _bookings_of(hub: Hub, somebody: User, now: datetime) -> dict[str, object]:
    own = Booking.objects.filter(hub=hub, person=somebody).with_place()
    over = Q(ends_at__lte=now) | ~Q(status__in=LIVE) | Q(hold_expires_at__lte=now)
    past = list(own.filter(over).order_by("-starts_at", "-pk")[: PAST_SHOWN + 1])
    return {
        "coming": own.exclude(over).order_by("starts_at", "pk"),
        "past": past[:PAST_SHOWN],
        "more_past": len(past) > PAST_SHOWN,
    }


@require_POST
def card(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note the number of somebody's card, or that they have none any more."""
    hub = hub_for(request.user, slug, WORK_DESK)
    somebody = get_object_or_404(hub_people.people_known_to(hub), pk=pk)
    form = CardForm(request.POST)
    with errors_as_message(request):
        if not form.is_valid():
            raise ValidationError(list(form.errors["number"]))
        give_card(hub=hub, person=somebody, by=signed_in(request), **form.cleaned_data)
        messages.success(request, _("Noted."))
    return redirect("bookings:person", slug, pk)


@require_POST
def remove_note(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a note: one's own, or any for a manager."""
    hub = hub_for(request.user, slug, WORK_DESK)
    note = get_object_or_404(PersonNote.objects.select_related("hub"), hub=hub, pk=pk)
    if note.author_id != request.user.pk and not request.user.has_perm(MANAGE, hub):
        raise Http404
    actions.remove_note(note=note, by=signed_in(request))
    messages.success(request, _("The note is removed."))
    return redirect("bookings:person", hub.slug, note.person_id)
