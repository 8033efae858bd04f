"""Forms of plans and of their prices. `cleaned_data` are the values of the actions."""

from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.edit_conflicts import VersionedForm
from totem.core.forms import DateField, NumberField, vat_rate_field
from totem.core.money import VAT_RATES
from totem.hubs.forms import ConstraintsAtFields
from totem.memberships.actions.plans import Included
from totem.memberships.models import GRAIN, CreditUnit, MemberGroup, Plan, PlanKind, PlanPrice
from totem.spaces.models import Space

if TYPE_CHECKING:
    PlanModelForm = forms.ModelForm[Plan]
    PriceModelForm = forms.ModelForm[PlanPrice]
else:
    PlanModelForm = PriceModelForm = forms.ModelForm


def _euros(label: Any, **more: Any) -> NumberField:
    return NumberField(label=label, unit="€", min_value=0, max_digits=8, decimal_places=2, required=False, **more)


def _quantity(unit: CreditUnit) -> NumberField:
    return NumberField(label=capfirst(unit.label), min_value=0, max_value=999, decimal_places=2, required=False)


class PlanForm(ConstraintsAtFields, VersionedForm, PlanModelForm):
    """A plan and what it includes; a new one with its prices from today on."""

    price = _euros(gettext_lazy("Price with VAT (€)"), help_text=gettext_lazy("By the month; once for a pass."))
    price_quarter = _euros(gettext_lazy("Price of a quarter, with VAT (€)"))
    price_year = _euros(gettext_lazy("Price of a year, with VAT (€)"))
    minimum = _euros(
        gettext_lazy("Free price: at least, with VAT (€)"),
        help_text=gettext_lazy("Who takes it chooses what they pay, from this on; the price is what is proposed."),
    )
    vat_rate = vat_rate_field()
    room = _quantity(CreditUnit.ROOM)
    machine = _quantity(CreditUnit.MACHINE)
    day = _quantity(CreditUnit.DAY)
    event = _quantity(CreditUnit.EVENT)
    rolls_over = forms.MultipleChoiceField(
        label=gettext_lazy("What is left at the end of a month is kept for the next"),
        choices=[(unit.value, capfirst(unit.label)) for unit in CreditUnit],
        required=False, widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    deposit = _euros(gettext_lazy("Security deposit (€)"))
    market_value = _euros(
        gettext_lazy("Market price by the month, without VAT (€)"),
        help_text=gettext_lazy("What the aid of a free or cheaper place is counted from."),
    )
    constraint_fields = {
        "plan_name_once": "name",
        "plan_exempt_at_zero": "exemption",
        "plan_incubation_has_a_market_price": "market_value",
    }
    main = ("name", "price", "room", "machine", "day", "event")
    of_pass = ("valid_days",)
    of_agreement = (
        "price_quarter", "price_year", "capacity", "space", "contract", "cycle", "notice_days", "deposit",
        "is_incubation", "market_value", "is_domiciliation", "rolls_over",
    )  # fmt: skip

    class Meta:
        model = Plan
        fields = (
            "name", "description", "is_public", "is_active", "position", "vat_rate", "exemption", "reserved_to",
            "capacity", "contract", "cycle", "notice_days", "deposit", "space", "is_incubation", "market_value",
            "is_domiciliation", "valid_days",
        )  # fmt: skip
        widgets = {
            "description": forms.Textarea({"rows": 3}),
            "reserved_to": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = self.instance
        self.is_new = plan.pk is None
        self.group_prices: dict[str, tuple[MemberGroup, int]] = {}  # the group and the months of each field
        if self.is_new:
            self._add_group_prices()
        self.fields["price"].required = self.is_new
        self.fields["space"].queryset = Space.objects.filter(hub=plan.hub)  # type: ignore[attr-defined]
        others = Plan.objects.filter(hub=plan.hub).exclude(pk=plan.pk)
        self.fields["reserved_to"].queryset = others  # type: ignore[attr-defined]
        dropped = self.of_pass if plan.kind == PlanKind.AGREEMENT else self.of_agreement
        priced = () if self.is_new else ("price", "price_quarter", "price_year", "minimum")
        for name in (*dropped, *priced, *(() if others.exists() else ("reserved_to",))):
            self.fields.pop(name, None)
        if not self.is_new:
            self._show_saved(plan)

    def _add_group_prices(self) -> None:
        """A line for the price of each group; of a plan by the month, for its quarter and its year too."""
        groups = [group for group in MemberGroup if group != MemberGroup.EVERYBODY]
        first = self._first_months()
        for group in groups:
            name = f"price_{group.value}"
            self.fields[name] = _euros(_("Price for: %(group)s, with VAT (€)") % {"group": group.label.lower()})
            self.group_prices[name] = group, first
        longer = () if first == PlanPrice.Months.ONCE else (PlanPrice.Months.QUARTER, PlanPrice.Months.YEAR)
        for months, group in product(longer, groups):
            name, words = f"price_{group.value}_{months.value}", {"group": group.label.lower(), "period": months.label}
            self.fields[name] = _euros(_("Price for: %(group)s, by the %(period)s, with VAT (€)") % words)
            self.group_prices[name] = group, months

    def _first_months(self) -> PlanPrice.Months:
        return PlanPrice.Months.ONCE if self.instance.kind == PlanKind.PASS else PlanPrice.Months.MONTH

    def _show_saved(self, plan: Plan) -> None:
        self.initial["vat_rate"] = str(next(rate for rate in VAT_RATES if rate == plan.vat_rate))
        benefits = list(plan.benefits.all())
        self.initial.update({one.unit: Decimal(one.quantity) / GRAIN[CreditUnit(one.unit)] for one in benefits})
        self.initial["rolls_over"] = [one.unit for one in benefits if one.rolls_over]

    def main_fields(self) -> list[forms.BoundField]:
        """What is enough for a plan."""
        return [self[name] for name in self.main if name in self.fields]

    def rare_fields(self) -> list[forms.BoundField]:
        """Everything else but `longer_fields`."""
        kept = {*self.main, *(field.name for field in self.longer_fields())}
        return [field for field in self.visible_fields() if field.name not in kept]

    def longer_fields(self) -> list[forms.BoundField]:
        """The prices of a group by the quarter and by the year."""
        return [self[name] for name, (_group, months) in self.group_prices.items() if months > PlanPrice.Months.MONTH]

    def says_more(self) -> bool:
        """Whether one of the rare fields is refused: they are shown then."""
        return any(field.errors for field in self.rare_fields())

    def says_longer(self) -> bool:
        """Whether one of the prices of `longer_fields` is refused."""
        return any(field.errors for field in self.longer_fields())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for unit in CreditUnit:
            quantity = data.get(unit)
            if quantity and (quantity * GRAIN[unit]) % 1:
                self.add_error(unit, _("Days are counted by halves, hours by the minute, events whole."))
        return data

    def values(self) -> dict[str, Any]:
        """What `save_plan` takes."""
        data = self.cleaned_data
        names = {*self.Meta.fields, "seen"} - {"reserved_to"}
        kept = {name: value for name, value in data.items() if name in names}
        if "deposit" in kept:
            kept["deposit"] = kept["deposit"] or Decimal(0)
        rolls = data.get("rolls_over", [])
        included = {
            unit: Included(int(data[unit] * GRAIN[unit]), rolls_over=unit in rolls) for unit in CreditUnit if data[unit]
        }
        return {**kept, "included": included, "reserved_to": list(data.get("reserved_to", []))}

    def new_prices(self) -> list[dict[str, Any]]:
        """What `set_price` takes for each price that was typed; `field` is where it was."""
        data, first = self.cleaned_data, self._first_months()
        found = [{"field": "price", "months": first, "amount": data["price"], "minimum": data["minimum"]}]
        more = {"price_quarter": (MemberGroup.EVERYBODY, 3), "price_year": (MemberGroup.EVERYBODY, 12)}
        found += [
            {"field": name, "months": months, "group": group.value, "amount": data[name]}
            for name, (group, months) in (more | self.group_prices).items()
            if data.get(name) is not None
        ]
        return found


class PlanPriceForm(ConstraintsAtFields, PriceModelForm):
    """A price of a plan from a day on."""

    amount = NumberField(
        label=gettext_lazy("Price with VAT (€)"), unit="€", min_value=0, max_digits=8, decimal_places=2
    )
    minimum = _euros(gettext_lazy("Free price: at least, with VAT (€)"))
    starts_on = DateField(label=gettext_lazy("From"))
    constraint_fields = {"plan_minimum_below_price": "minimum"}

    class Meta:
        model = PlanPrice
        fields = ("amount", "group", "months", "starts_on", "minimum")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_pass = self.instance.plan.kind == PlanKind.PASS
        kept = [one for one in PlanPrice.Months.choices if (one[0] == PlanPrice.Months.ONCE) == is_pass]
        self.fields["months"].choices = kept  # type: ignore[attr-defined]
        self.fields["months"].initial = kept[0][0]
        self.initial["months"] = kept[0][0]
