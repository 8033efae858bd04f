"""Model fields whose form field reads what people type."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

from totem.core.forms import CoordinateField, NumberField

if TYPE_CHECKING:
    Decimals = models.DecimalField[Any, Any]
else:
    Decimals = models.DecimalField


class DecimalField(Decimals):
    """Django's, with `NumberField` in forms; to migrations it is Django's."""

    form_field: type[forms.DecimalField] = NumberField

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": self.form_field, **kwargs})

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DecimalField", args, kwargs


class DegreesField(DecimalField):
    """A latitude or a longitude in degrees, six decimals."""

    form_field = CoordinateField
