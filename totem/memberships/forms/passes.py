"""Selling a pass at the desk, for later or to somebody who comes in now: three fields."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Means
from totem.core import wording
from totem.core.visible_names import validate_name
from totem.memberships.actions.passes import PREFIX, PassBuyer, new_token
from totem.memberships.models import GRAIN, CreditUnit, MemberGroup, PlanPrice

ADDRESS = re.compile(r"\S+@\S+")


class PassForm(forms.Form):
    """Who, which pass, how it is paid. The credits that are used later are found by an e-mail address.

    `used_now`: the buyer comes in at once and spends the first day of it. `token`: the form sent twice sells once.
    """

    token = forms.RegexField(r"^[0-9a-f]{16}$", required=False, initial=new_token, widget=forms.HiddenInput)
    who = forms.CharField(
        label=_("Who: name, e-mail address, or both"),
        max_length=254,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("The address of their account, or one that they book with: they use it by themselves."),
    )
    price = forms.ChoiceField(label=_("Which pass"), widget=forms.RadioSelect)
    means = forms.ChoiceField(
        label=_("Paid now by"), choices=Means.choices, initial=Means.CASH, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, prices: Sequence[PlanPrice], used_now: bool = False, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.used_now = used_now
        self.prices = {str(price.pk): price for price in prices}
        field = self.fields["price"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(pk, _words(price)) for pk, price in self.prices.items()]
        if len(self.prices) == 1:
            field.initial = next(iter(self.prices))

    def clean_who(self) -> PassBuyer:
        """The name without the address, if one was typed."""
        words = " ".join(self.cleaned_data["who"].split())
        found = ADDRESS.search(words)
        email = found[0].strip("<>(),;") if found else ""
        if email:
            validate_email(email)
        name = " ".join(words.replace(found[0], " ").split()).strip(" ,;") if found else words
        if len(name) > 150:
            raise ValidationError(_("At most 150 characters."))
        if name:
            validate_name(name)
        return PassBuyer(name or email, email, f"{PREFIX}{self.cleaned_data.get('token') or new_token()}")

    def clean_price(self) -> PlanPrice:
        return self.prices[self.cleaned_data["price"]]

    def clean_means(self) -> Means:
        return Means(self.cleaned_data["means"])

    def clean(self) -> None:
        buyer, price = self.cleaned_data.get("who"), self.cleaned_data.get("price")
        if buyer and price and not buyer.email and not (self.used_now and _is_for_a_day(price)):
            self.add_error("who", _("Add an e-mail address: what is used later is found by it."))


def _is_for_a_day(price: PlanPrice) -> bool:
    """Whether nothing of the pass is left after one day."""
    included = [(benefit.unit, benefit.quantity <= GRAIN[CreditUnit.DAY]) for benefit in price.plan.benefits.all()]
    return included == [(CreditUnit.DAY, True)]


def _words(price: PlanPrice) -> str:
    """« Carnet de dix jours, étudiant : 60,00 € TTC »."""
    group = f", {price.get_group_display()}" if price.group != MemberGroup.EVERYBODY else ""
    amount = wording.money(price.amount)
    return str(_("%(name)s: %(amount)s, VAT included")) % {"name": f"{price.plan.name}{group}", "amount": amount}
