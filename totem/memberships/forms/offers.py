"""What somebody types who asks for a plan on line."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.core.forms import DateField, NumberField
from totem.memberships.actions.agreements import ChosenTerms
from totem.memberships.forms.agreements import EUROS
from totem.memberships.models import PlanPrice
from totem.memberships.queries.agreements import price_on
from totem.memberships.queries.plans import PriceRow
from totem.organisations.models import Organisation


class ChangeForm(forms.Form):
    """Another plan or price of the same hub, from a day on."""

    price = forms.ChoiceField(label=pgettext_lazy("of a hub", "Plan"), widget=forms.RadioSelect)
    starts_on = DateField(label=_("From"))

    def __init__(self, data: Any = None, *, prices: Sequence[PriceRow], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.prices = {str(one.price.pk): one.price for one in prices}
        field = self.fields["price"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(str(one.price.pk), f"{one.price.plan.name}, {one.choice}") for one in prices]

    def clean_price(self) -> PlanPrice:
        return self.prices[self.cleaned_data["price"]]


class AskForm(forms.Form):
    """As whom, for how long and from when; `shown` is the choice of which the page has shown what is due first."""

    price = forms.ChoiceField(label=_("Price"), widget=forms.RadioSelect)
    amount = NumberField(
        label=_("What you pay, VAT included (€)"), required=False, min_value=0, **EUROS,
        help_text=_("Where the price is free. Leave empty: the price that is proposed."),
    )  # fmt: skip
    starts_on = DateField(label=_("From"))
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("For"), required=False, empty_label=_("Myself"),
        help_text=_("Who pays. Of an organisation: as you may book for it."),
    )  # fmt: skip
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, prices: Sequence[PriceRow], organisations: Iterable[int], **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.prices = {str(one.price.pk): one.price for one in prices}
        field = self.fields["price"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(str(one.price.pk), one.choice) for one in prices]
        field.initial = next(iter(self.prices))
        if all(one.price.minimum is None for one in prices):
            del self.fields["amount"]
        found = Organisation.objects.filter(pk__in=organisations)
        self.fields["organisation"].queryset = found  # type: ignore[attr-defined]
        if not found:
            del self.fields["organisation"]

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data.setdefault("organisation", None)
        if "price" in data and "starts_on" in data:
            price, amount = self.prices[data.pop("price")], data.pop("amount", None)
            data["chosen"] = ChosenTerms(price.plan, price.group, price.months, data.pop("starts_on"), amount)
            data["price"] = price_on(price.plan, price.group, price.months, data["chosen"].starts_on)
        return data
