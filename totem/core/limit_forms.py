"""The forms of limits: the amounts of a scope, and lifting them for one taker."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import limits
from totem.core.forms import DateField
from totem.core.limits import Scope, Text

MOST = 2_000_000_000  # what the column holds: bytes are counted too
LONGEST_LIFT = timedelta(days=366)


class AmountsForm(forms.Form):
    """The amount of each limit of a scope for each group of takers; an empty one is no limit."""

    hide_optional = True

    def __init__(self, data: Mapping[str, Any] | None = None, *, scope: Scope) -> None:
        super().__init__(data)
        self.keys: dict[str, tuple[str, str]] = {}
        for (name, group), amount in limits.amounts_set(scope).items():
            field = f"{name}-{group}".replace(".", "_")
            self.keys[field] = name, group
            self.fields[field] = forms.IntegerField(
                label=limits.GROUPS[group], required=False, min_value=0, max_value=MOST, initial=amount
            )

    def grouped(self) -> Iterator[tuple[Text, list[forms.BoundField]]]:
        """The fields under the names of their limits."""
        for name, fields in groupby(self.keys, key=lambda field: self.keys[field][0]):
            yield limits.named(name).label, [self[field] for field in fields]

    def values(self) -> dict[tuple[str, str], int | None]:
        """What `limits.set_amounts` takes. Call it on a valid form."""
        return {key: self.cleaned_data[field] for field, key in self.keys.items()}


class LiftForm(forms.Form):
    """The last day for which limits are lifted; `today` is the first that may be chosen."""

    until = DateField(label=gettext_lazy("Until the end of"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, today: date) -> None:
        super().__init__(data, initial={"until": today + timedelta(days=30)})
        self.today = today

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.today <= until <= self.today + LONGEST_LIFT:
            raise forms.ValidationError(_("From today on, a year at most."))
        return until
