"""Forms of spaces. `cleaned_data` are the values of the actions."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField, FieldGroups, GroupedFields, HourField, NumberField, vat_rate_field
from totem.core.wording import minutes_words, weekdays_short
from totem.hubs.forms import ConstraintsAtFields
from totem.hubs.models import Hub
from totem.hubs.opening_forms import SpanForm
from totem.spaces.models import EVERY_DAY, FARTHEST_DAYS, STEPS, Feature, Outage, Price, Space, Unit

if TYPE_CHECKING:
    SpaceModelForm = forms.ModelForm[Space]
    PartsBase = forms.ModelMultipleChoiceField[Space]
else:
    SpaceModelForm = forms.ModelForm
    PartsBase = forms.ModelMultipleChoiceField

HOUR, DAY = 60, 24 * 60
MIDNIGHT = DAY
LENGTHS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480, 600, 720, *(DAY * n for n in (1, 2, 3, 7, 31)))
NOTICES = (0, 30, HOUR, 2 * HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
BUFFERS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
HORIZONS = (7, 14, 30, 60, 90, 120, 180, 365, 400, 730, FARTHEST_DAYS)


def _days_words(days: int) -> str:
    return minutes_words(days * DAY)


class AmongField(forms.TypedChoiceField):
    """A whole number chosen in a list of usual ones; the present value is always among them."""

    def __init__(
        self,
        usual: Sequence[int],
        *,
        none: str | Promise = "",
        words: Callable[[int], str] = minutes_words,
        **kw: Any,
    ) -> None:
        self.usual = usual
        self.none = none
        self.words = words
        super().__init__(choices=lambda: self.listed(()), coerce=int, **kw)

    def listed(self, more: Sequence[int]) -> list[tuple[int, str | Promise]]:
        """The choices, with `more` among them."""
        numbers = sorted({*self.usual, *more})
        return [(n, self.none if n == 0 and self.none else self.words(n)) for n in numbers]


class SpaceForm(GroupedFields, ConstraintsAtFields, SpaceModelForm):
    """A space and its rules."""

    features = forms.MultipleChoiceField(
        label=gettext_lazy("Features"),
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    step_minutes = AmongField(STEPS, label=gettext_lazy("A booking starts every"))
    min_minutes = AmongField(LENGTHS, label=gettext_lazy("Shortest booking"))
    max_minutes = AmongField(LENGTHS, label=gettext_lazy("Longest booking"))
    min_notice_minutes = AmongField(
        NOTICES, label=gettext_lazy("At least this long before"), none=gettext_lazy("until the last minute")
    )
    horizon_days = AmongField(HORIZONS, label=gettext_lazy("At most this long before"), words=_days_words)
    cancel_notice_minutes = AmongField(
        NOTICES, label=gettext_lazy("Can be cancelled until, before the start"), none=gettext_lazy("the start")
    )
    buffer_before_minutes = AmongField(BUFFERS, label=gettext_lazy("Kept free before"), none=gettext_lazy("nothing"))
    buffer_after_minutes = AmongField(
        BUFFERS,
        label=gettext_lazy("Kept free after"),
        none=gettext_lazy("nothing"),
        help_text=gettext_lazy("Between two bookings the longer of the two is kept, not the sum."),
    )
    constraint_fields = {
        "space_quantity_in_range": "quantity",
        "space_rooms_are_single": "quantity",
        "space_capacity_positive": "capacity",
        "space_area_positive": "area",
        "space_lengths_in_order": "min_minutes",
    }

    class Meta:
        model = Space
        fields: tuple[str, ...] = (
            "name",
            "kind",
            "zone",
            "capacity",
            "area",
            "description",
            "features",
            "position",
            "audience",
            "needs_approval",
            "takes_credits",
            "step_minutes",
            "min_minutes",
            "max_minutes",
            "min_notice_minutes",
            "horizon_days",
            "cancel_notice_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
        )
        widgets = {"description": forms.Textarea({"rows": 3})}
        help_texts = {"position": gettext_lazy("Smaller numbers come first in lists.")}

    groups: FieldGroups = (
        (
            gettext_lazy("The space"),
            ("name", "kind", "zone", "capacity", "area", "description", "features", "position"),
        ),
        (gettext_lazy("Who may book"), ("audience", "needs_approval", "takes_credits")),
        (
            gettext_lazy("How long, and how long before"),
            (
                "step_minutes",
                "min_minutes",
                "max_minutes",
                "min_notice_minutes",
                "horizon_days",
                "cancel_notice_minutes",
            ),
        ),
        (gettext_lazy("Time to air the room or clean the machine"), ("buffer_before_minutes", "buffer_after_minutes")),
    )

    def __init__(self, data: Any = None, *, hub: Hub, **kwargs: Any) -> None:
        kwargs.setdefault("instance", Space())  # so that the fields above start with the model's defaults
        super().__init__(data, **kwargs)
        self.instance.hub = hub
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ModelChoiceField)  # noqa: S101
        zone.queryset = hub.zones.order_by("name")
        zone.empty_label = _("None")
        for name, field in self.fields.items():
            if isinstance(field, AmongField):
                field.choices = field.listed([getattr(self.instance, name)])


class NewSpaceForm(SpaceForm):
    """A new space, with its number of units."""

    class Meta(SpaceForm.Meta):
        fields: tuple[str, ...] = ("quantity", *SpaceForm.Meta.fields)

    groups = (
        (
            gettext_lazy("The space"),
            ("name", "kind", "quantity", "zone", "capacity", "area", "description", "features", "position"),
        ),
        *SpaceForm.groups[1:],
    )


class QuantityForm(forms.Form):
    """How many units."""

    quantity = forms.IntegerField(label=gettext_lazy("How many"), min_value=1, max_value=1000)


class PartsField(PartsBase):
    """Single spaces of the hub, ticked."""

    widget = forms.CheckboxSelectMultiple


class PartsForm(forms.Form):
    """What a space is made of."""

    parts = PartsField(queryset=Space.objects.none(), label=gettext_lazy("It is made of"), required=False)

    def __init__(self, data: Any = None, *, space: Space) -> None:
        chosen = space.parts.filter(is_direct=True).values_list("part_id", flat=True)
        super().__init__(data, initial={"parts": list(chosen)})
        field = self.fields["parts"]
        assert isinstance(field, PartsField)  # noqa: S101
        field.queryset = (
            Space.objects.filter(hub=space.hub_id, quantity=1).exclude(pk=space.pk).order_by("position", "name")
        )


class AmountField(NumberField):
    """What one payment costs; empty: there is none for that time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=Decimal(0), max_digits=8, decimal_places=2, unit="€", **kwargs)


class PriceForm(forms.Form):
    """The prices for an hour, a half-day and a day from a day on, those that change; at least one."""

    hour = AmountField(label=gettext_lazy("One hour, VAT included (€)"))
    half_day = AmountField(label=gettext_lazy("Half a day, VAT included (€)"), help_text=gettext_lazy("Four hours."))
    day = AmountField(
        label=gettext_lazy("One day, VAT included (€)"),
        help_text=gettext_lazy("Leave empty what is not offered, or what keeps its price."),
    )
    vat_rate = vat_rate_field()
    starts_on = DateField(label=gettext_lazy("First day"))
    ends_on = DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave empty: until another price. With a last day, the former price comes back after."),
    )

    for_members = forms.BooleanField(
        label=gettext_lazy("For members of the hub only"),
        required=False,
        help_text=gettext_lazy("They pay whatever is cheapest of their prices and the public’s."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Off-peak: only on these days"),
        choices=lambda: list(enumerate(weekdays_short())),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick nothing: every day. The price without off-peak has to hold too, for other times."),
    )
    from_time = HourField(label=gettext_lazy("Off-peak: from"), required=False)
    until_time = HourField(
        label=gettext_lazy("Off-peak: until"),
        required=False,
        help_text=gettext_lazy("Leave both empty: all day."),
    )

    hide_optional = True

    def clean(self) -> dict[str, Any]:
        """The values of `actions.add_price`, with `amounts` by the minutes that each covers."""
        data = dict(self.cleaned_data)
        fields = {Price.Per.HOUR: "hour", Price.Per.HALF_DAY: "half_day", Price.Per.DAY: "day"}
        typed = {per: data.pop(name, None) for per, name in fields.items()}
        data["amounts"] = {per: amount for per, amount in typed.items() if amount is not None}
        if not data["amounts"] and not self.errors.keys() & fields.values():
            self.add_error("hour", _("Type at least one price."))
        data["weekdays"] = sum(1 << day for day in data.get("weekdays") or ()) or EVERY_DAY
        opens, closes = (data.pop(name, None) for name in ("from_time", "until_time"))
        data["from_minute"] = opens.hour * 60 + opens.minute if opens else 0
        data["until_minute"] = (closes.hour * 60 + closes.minute if closes else 0) or MIDNIGHT
        if data["until_minute"] <= data["from_minute"]:
            self.add_error("until_time", _("The end is before the start."))
        return data


class OutageForm(SpanForm):
    """An outage: of which space or unit, since when, and until when if known."""

    what = forms.ChoiceField(label=gettext_lazy("What"))
    reason = forms.CharField(
        label=gettext_lazy("What is wrong"), max_length=Outage._meta.get_field("reason").max_length
    )
    field_order = ("what", "reason", "first_day", "from_time", "last_day", "until_time")
    needs_end = False

    def __init__(self, data: Any = None, *, spaces: Sequence[Space], **kwargs: Any) -> None:
        """`spaces` come with their units."""
        super().__init__(data, **kwargs)
        self.known: dict[str, tuple[Space, Unit | None]] = {}
        choices: list[Any] = []
        for space in spaces:
            self.known[str(space.pk)] = (space, None)
            if not space.is_pool:
                choices.append((str(space.pk), space.name))
                continue
            units = [unit for unit in space.units.all() if unit.is_active]
            self.known |= {f"{space.pk}-{unit.pk}": (space, unit) for unit in units}
            single = [(f"{space.pk}-{unit.pk}", f"{space.name} · {unit}") for unit in units]
            choices.append((space.name, [(str(space.pk), _("%(name)s, all of it") % {"name": space.name}), *single]))
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    @property
    def space(self) -> Space:
        """Call it on a valid form."""
        return self.known[self.cleaned_data["what"]][0]

    @property
    def unit(self) -> Unit | None:
        """Call it on a valid form."""
        return self.known[self.cleaned_data["what"]][1]
