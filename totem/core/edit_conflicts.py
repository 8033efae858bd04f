"""Optimistic locking: a form carries the version of the row that its author saw; a save over a newer one is refused.

Nothing that either person typed is lost: the page is shown again with 409, what was typed in the fields and, beside
them, what the other one saved (`differences`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from totem.core.models import Dated
from totem.core.wording import number


class EditConflict(Exception):
    """Somebody else has saved the row since the author of this edit saw it; `current` is the row as it stands.

    Where they have removed it, `current` is a new one, not saved.
    """

    def __init__(self, current: Dated) -> None:
        super().__init__(f"{current._meta.label}:{current.pk}")
        self.current = current


def version_token(row: Dated) -> str:
    """What tells one saved version of the row from the next; forms carry it as `seen`. Empty: it is not saved."""
    return row.updated_at.isoformat() if row.pk else ""


def check_version(row: Dated, seen: str) -> None:
    """Raises EditConflict when the row, which the caller has locked, was saved after the version token `seen`."""
    if seen != version_token(row):
        raise EditConflict(row)


@contextmanager
def conflict_as_message(request: HttpRequest) -> Iterator[None]:
    """For the action of a button, which has nothing typed to show again: a conflict is a message on the next page.

    The button's form carries `{{ row|version_token }}` as `seen`.
    """
    try:
        yield
    except EditConflict:
        messages.error(request, _("Somebody else has saved this meanwhile. Nothing was done: read what stands now."))


class VersionedForm(forms.Form):
    """Carries the version token of the row that it changes."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def show_version(self, row: Dated) -> None:
        """Carry the version of the row that the page shows; a form that comes back without it is a conflict."""
        self.initial["seen"] = version_token(row)

    def accept_version(self, row: Dated) -> None:
        """After a conflict, carry the version of the `current` row: sending the form again overwrites it by choice."""
        self.data = {**submitted(self), self.add_prefix("seen"): version_token(row)}


def submitted(form: forms.Form) -> dict[str, Any]:
    """What was submitted, one value a field."""
    return {name: form.data[name] for name in form.data}


def differences(form: forms.Form, typed: dict[str, Any], current: Dated) -> list[tuple[Any, Any]]:
    """The fields in which the `current` row differs from what was `typed`, as (label, the row's value)."""
    names = [name for name, value in typed.items() if name in form.fields and getattr(current, name, value) != value]
    return [(form.fields[name].label, _display(current, name)) for name in names]


def _display(row: Dated, name: str) -> Any:
    get_display = getattr(row, f"get_{name}_display", None)
    value = get_display() if get_display is not None else getattr(row, name)
    return number(value) if isinstance(value, Decimal) else value
