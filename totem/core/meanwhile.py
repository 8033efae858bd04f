"""Two people at one row: nobody overwrites what they have not seen, and nobody's text is lost."""

from decimal import Decimal
from typing import Any

from django import forms

from totem.core.models import Dated
from totem.core.wording import number


class ChangedMeanwhile(Exception):
    """Somebody else has saved the row since it was shown; `now` is what stands there."""

    def __init__(self, now: Dated) -> None:
        super().__init__(f"{now._meta.label}:{now.pk}")
        self.now = now


def state_of(row: Dated) -> str:
    """What a form carries along, to tell whether the row has been saved since it was shown."""
    return row.updated_at.isoformat()


def unchanged(row: Dated, seen: str) -> None:
    """Raises ChangedMeanwhile when the row, which the caller holds, is not as `seen`."""
    if seen != state_of(row):
        raise ChangedMeanwhile(row)


class SeenForm(forms.Form):
    """Carries the state in which its author saw the row that it changes."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def see(self, row: Dated) -> None:
        """The row as it stands has been shown: sending the form, once more or for the first time, is a choice."""
        if self.is_bound:
            self.data = {**sent(self), self.add_prefix("seen"): state_of(row)}
        else:
            self.initial["seen"] = state_of(row)


def sent(form: forms.Form) -> dict[str, Any]:
    """What was sent, one value for each field."""
    return {name: form.data[name] for name in form.data}


def differences(form: forms.Form, typed: dict[str, Any], now: Dated) -> list[tuple[Any, Any]]:
    """The fields of the form in which what stands `now` is not what was `typed`: their label, and what stands."""
    names = [name for name, value in typed.items() if name in form.fields and getattr(now, name, value) != value]
    return [(form.fields[name].label, _words(now, name)) for name in names]


def _words(row: Dated, name: str) -> Any:
    told = getattr(row, f"get_{name}_display", None)
    value = told() if told is not None else getattr(row, name)
    return number(value) if isinstance(value, Decimal) else value
