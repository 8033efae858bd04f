"""Forms to book, to move a booking and to type a code. `rules` and the actions decide what is allowed."""

import datetime
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.bookings import queries, rules
from totem.bookings.actions import Booker, Guest
from totem.bookings.costs import Payer
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.forms import DateField, EmailField, TimeInput
from totem.core.periods import NonexistentTimeError, Period, parse_wall_clock
from totem.core.phones import PhoneField
from totem.core.visible_names import validate_name
from totem.core.wording import minutes_words
from totem.organisations.models import Organisation
from totem.organisations.queries import bookable_by
from totem.spaces.models import LONGEST_MINUTES, Space
from totem.spaces.rules import listed_lengths

# Beyond every space's horizon, and where the arithmetic of zones still holds.
FARTHEST = datetime.timedelta(days=1200)

# Where the page shows what a rule is about.
FIELD_OF_RULE = {"day": "date", "start": "time"}


def parse_instant(words: str) -> datetime.datetime | None:
    """The instant of an ISO 8601 text with an offset, within FARTHEST; None for anything else."""
    try:
        # A plus that was not escaped in an address arrives as a space.
        instant = datetime.datetime.fromisoformat(words.strip().replace(" ", "+"))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None and abs(instant - clock.now()) < FARTHEST else None


class LengthSelect(forms.Select):
    """A select of lengths; a submitted length that is not in the list (from an external link) is added to it."""

    def optgroups(self, name: str, value: list[Any], attrs: dict[str, Any] | None = None) -> list[Any]:
        known = {str(choice) for choice, _words in self.choices}
        asked = [v for v in value if v.isdecimal() and len(v) <= 5 and v not in known and 0 < int(v) <= LONGEST_MINUTES]
        if asked:
            minutes = sorted({int(v) for v in [*known, *asked]})
            self.choices = [(m, minutes_words(m)) for m in minutes]
        return super().optgroups(name, value, attrs)


class SlotForm(forms.Form):
    """A day, an hour and a length in the hub's time zone, cleaned to `period`.

    `start` is the exact instant of the slot that was chosen on a grid: it holds as long as day and hour still say the
    same, so that the hour that comes twice in October keeps its meaning. `shown` tells which period the page gave the
    price of.
    """

    date = DateField(label=_("Day"), input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    time = forms.TimeField(
        label=_("From"),
        widget=TimeInput,
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": _("As 14:30.")},
    )
    minutes = forms.IntegerField(label=_("How long"), min_value=1, max_value=LONGEST_MINUTES, widget=LengthSelect)
    start = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    shown = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, space: Space, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = space
        self.fields["time"].widget.attrs["step"] = space.step_minutes * 60
        self.fields["minutes"].widget.choices = [(m, minutes_words(m)) for m in listed_lengths(space)]

    def clean_date(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["date"]
        if abs(day - clock.now().date()) > FARTHEST:
            raise forms.ValidationError(_("This day is too far away."))
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"date", "time", "minutes"} <= data.keys():
            try:
                starts_at = self._start(data)
            except NonexistentTimeError:
                self.add_error("time", _("The clocks go forward that night: this hour does not exist."))
            else:
                data["period"] = Period(starts_at, starts_at + datetime.timedelta(minutes=data["minutes"]))
        return data

    def _start(self, data: dict[str, Any]) -> datetime.datetime:
        zone, exact = self.place.hub.zone, parse_instant(data.get("start", ""))
        wall_clock = datetime.datetime.combine(data["date"], data["time"])
        if exact is not None and exact.astimezone(zone).replace(tzinfo=None) == wall_clock:
            return exact
        return parse_wall_clock(data["date"], data["time"], zone)

    def period(self) -> Period | None:
        """The period asked for; None where it is invalid."""
        period: Period | None = self.cleaned("period")
        return period

    def cleaned(self, name: str) -> Any:
        """The cleaned value of a field; None where it is missing or invalid."""
        if not self.is_bound:
            return None
        self.is_valid()
        return self.cleaned_data.get(name)

    def typed(self, name: str) -> Any:
        """What was typed in one field, cleaned before the form is; None where it is missing or invalid."""
        try:
            return self.fields[name].clean(self.data.get(name))
        except forms.ValidationError:
            return None

    def period_error(self) -> str:
        """The first error of the fields of the period; empty without one."""
        return next((str(self.errors[name][0]) for name in ("date", "time", "minutes") if name in self.errors), "")

    def payer(self) -> Payer:
        """Whose prices and credits the page shows."""
        raise NotImplementedError

    def quantity_wanted(self) -> int:
        """How many units; always one except of a pool."""
        return int(self.cleaned("quantity") or 1)

    def refuse(self, broken: rules.RuleBrokenError) -> None:
        """Put a broken rule at the field it is about, or above the form where it is not on the page."""
        field = FIELD_OF_RULE.get(broken.field, broken.field)
        self.add_error(field if field in self.fields else None, broken.message)


class RequestForm(SlotForm):
    """The fields of every booking besides the slot: quantity and purpose."""

    quantity = forms.IntegerField(label=_("How many"), min_value=1, max_value=1000)
    purpose = forms.CharField(label=_("What for"), max_length=120, required=False, help_text=_("For the team only."))

    def __init__(self, *args: Any, space: Space, **kwargs: Any) -> None:
        super().__init__(*args, space=space, **kwargs)
        if not space.is_pool:
            del self.fields["quantity"]

    def prepare_page(self) -> None:
        """Prepare what only the page needs; call it before the form is rendered."""

    def booker(self) -> Booker:
        """The Booker of a valid form."""
        raise NotImplementedError

    def payer(self) -> Payer:
        """Whose prices and credits the page shows: as filled in, else those of who looks."""
        if self.is_bound and self.is_valid():
            return self.booker().payer
        return Payer(getattr(self, "by", None))

    def hold_for(self) -> datetime.timedelta | None:
        """How long an option is held; None for a firm booking."""
        return None

    def carried_fields(self) -> list[tuple[str, str]]:
        """The hidden fields of an alternative's button besides the slot: everything else that was filled in."""
        slot = {*SlotForm.base_fields, "quantity"}
        return [
            (name, str(value))
            for name in self.fields
            if name not in slot and (value := self[name].value()) not in (None, "")
        ]


class VisitorForm(RequestForm):
    """Booking without an account: a name, and the address that a code is mailed to."""

    guest_name = forms.CharField(
        validators=[validate_name],
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    guest_email = EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email"}),
        help_text=_("We send a code there; the space is yours once you have typed it."),
    )
    guest_phone = PhoneField(
        label=_("Your telephone number"),
        required=False,
        help_text=_("So that the team can reach you if something changes."),
    )

    def __init__(self, *args: Any, space: Space, client: str = "", **kwargs: Any) -> None:
        super().__init__(*args, space=space, **kwargs)
        self.client = client
        _read_phone_in(self, space)

    def booker(self) -> Booker:
        return Booker(by=None, guest=_guest(self.cleaned_data, self.client))


class BookForm(RequestForm):
    """Booking for oneself, or for an organisation one belongs to."""

    organisation = forms.ModelChoiceField(
        label=_("In the name of"), queryset=Organisation.objects.none(), required=False
    )

    def __init__(self, *args: Any, space: Space, person: User, **kwargs: Any) -> None:
        super().__init__(*args, space=space, **kwargs)
        self.by = person
        self._offer_organisations_of(person)

    def _offer_organisations_of(self, person: User) -> None:
        field = _list_of(self, "organisation")
        day = self.typed("date") or self.initial.get("date") or clock.today(self.place.hub.zone)
        field.queryset = bookable_by(person, day)
        field.empty_label = str(_("Myself") if person == self.by else _("Nobody but the person"))

    def prepare_page(self) -> None:
        """Leave out the list of organisations where there are none; one query."""
        field = _list_of(self, "organisation")
        offered = [(o.pk, o.name) for o in field.queryset or ()]
        if offered or "organisation" in self.errors:
            field.widget.choices = [("", field.empty_label), *offered]
        else:
            del self.fields["organisation"]

    def booker(self) -> Booker:
        return Booker.oneself(self.by, self.cleaned_data.get("organisation"))


def _list_of(form: forms.Form, name: str) -> "forms.ModelChoiceField[Any]":
    return cast("forms.ModelChoiceField[Any]", form.fields[name])


def _guest(data: dict[str, Any], client: str = "") -> Guest:
    return Guest(" ".join(data["guest_name"].split()), data["guest_email"], client, data["guest_phone"])


def _read_phone_in(form: forms.Form, space: Space) -> None:
    cast("PhoneField", form.fields["guest_phone"]).region = space.hub.commune.department.phone_region


class TeamForm(BookForm):
    """For the team: booking for somebody else, or holding an option."""

    hide_optional = True

    class Whom:
        SELF, PERSON, GUEST = "self", "person", "guest"

    whom = forms.ChoiceField(
        label=_("For whom"),
        required=False,
        initial=Whom.SELF,
        choices=[
            (Whom.SELF, _("Myself")),
            (Whom.PERSON, _("Somebody with an account")),
            (Whom.GUEST, _("A guest without an account")),
        ],
        widget=forms.RadioSelect,
    )
    who = forms.CharField(
        label=_("Their name or e-mail address"),
        max_length=254,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "type": "search"}),
        help_text=_("A member of the hub by name, or anybody by their whole address."),
    )
    person = forms.ModelChoiceField(
        label=_("Who it is"), queryset=User.objects.none(), required=False, widget=forms.RadioSelect, empty_label=None
    )
    guest_name = forms.CharField(
        validators=[validate_name],
        label=_("The guest's name"),
        max_length=120,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    guest_email = EmailField(
        label=_("The guest's e-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput({"autocomplete": "off"}),
        help_text=_("Without an address no mail is sent: neither a confirmation nor a reminder."),
    )
    guest_phone = PhoneField(
        label=_("The guest's telephone number"),
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
    )
    without_credits = forms.BooleanField(
        label=_("Leave their credits alone"),
        required=False,
        help_text=_("The whole price is due then. Otherwise what is included in their plan or pass is used first."),
    )
    hold = forms.TypedChoiceField(
        label=_("Lay an option"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", _("No, book for good")),
            (60, _("For one hour")),
            (1440, _("For 24 hours")),
            (2880, _("For 48 hours")),
            (10080, _("For seven days")),
        ],
        help_text=_("The space is held, then free again unless the team makes it firm."),
    )

    def __init__(self, *args: Any, space: Space, person: User, **kwargs: Any) -> None:
        super().__init__(*args, space=space, person=person, **kwargs)
        _read_phone_in(self, space)
        self.found: list[User] = []
        words = self.typed("who") or ""
        if self.data.get("whom") == self.Whom.PERSON and words:
            self.found = queries.people_to_book_for(space.hub, words, clock.now())
            self._offer(self.found)
            if picked := self._picked():
                self._offer_organisations_of(picked)
                self.data = {**self.data.dict(), "person": str(picked.pk)}  # type: ignore[attr-defined]

    def _offer(self, people: list[User]) -> None:
        field = _list_of(self, "person")
        field.queryset = User.objects.filter(pk__in=[p.pk for p in people])
        field.widget.choices = [(p.pk, f"{p.name} ({p.email})") for p in people]

    def _picked(self) -> User | None:
        """The person chosen among those found, or given by their full address."""
        ticked, words = self.data.get("person", ""), (self.typed("who") or "").lower()
        for person in self.found:
            if str(person.pk) == ticked or (not ticked and person.email == words):
                return person
        return None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        whom = data.get("whom") or self.Whom.SELF
        if whom == self.Whom.GUEST:
            if not data.get("guest_name") and "guest_name" not in self.errors:
                self.add_error("guest_name", _("Needed for a guest."))
        elif whom == self.Whom.PERSON and "person" not in self.errors:
            data["person"] = self._picked()
            if not self.found:
                self.add_error(
                    "who", _("Nobody is found. Type the whole address of their account, or book for a guest.")
                )
            elif data["person"] is None and "look" not in self.data:
                self.add_error("person", _("Choose who it is."))
        return data

    def prepare_page(self) -> None:
        super().prepare_page()
        if not self.found:
            self.fields["person"].widget = forms.HiddenInput()

    def booker(self) -> Booker:
        data, by = self.cleaned_data, self.by
        person: User | None = by
        guest = None
        if data.get("whom") == self.Whom.GUEST:
            person, guest = None, _guest(data)
        elif data.get("whom") == self.Whom.PERSON:
            person = data["person"]
        organisation, uses_credits = data.get("organisation"), not data.get("without_credits")
        return Booker(by=by, person=person, guest=guest, organisation=organisation, uses_credits=uses_credits)

    def hold_for(self) -> datetime.timedelta | None:
        minutes = self.cleaned_data.get("hold")
        return datetime.timedelta(minutes=minutes) if minutes else None


class MoveForm(SlotForm):
    """Another time for a booking, or another space of the same kind."""

    hide_optional = True
    space = forms.ModelChoiceField(
        label=_("Space"), queryset=Space.objects.none(), to_field_name="slug", required=False, empty_label=None
    )
    field_order = ("space", "date", "time", "minutes")

    def __init__(self, *args: Any, booking: Booking, spaces: "QuerySet[Space]", **kwargs: Any) -> None:
        super().__init__(*args, space=booking.space, **kwargs)
        self.booking = booking
        _list_of(self, "space").queryset = spaces

    def target(self) -> Space:
        """The space it moves to."""
        return self.cleaned("space") or self.booking.space

    def quantity_wanted(self) -> int:
        return self.booking.quantity

    def payer(self) -> Payer:
        return Payer.of(self.booking)


def slot_initial(space: Space, period: Period, shown: str = "") -> dict[str, Any]:
    """The initial values of the slot's fields for a period, in the hub's time zone."""
    local = period.starts_at.astimezone(space.hub.zone)
    return {
        "date": local.date(),
        "time": local.time().replace(second=0, microsecond=0),
        "minutes": period.minutes,
        "start": period.starts_at.isoformat(),
        "shown": shown,
    }


def has_team_fields(data: Any) -> bool:
    """Whether posted data have fields of the team's form only, so that other requests cost no query."""
    return bool(data.get("whom") or data.get("hold"))
