"""Model fields whose form field reads what people type."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

from totem.core.forms import CoordinateField, NumberField
from totem.core.visible_names import validate_name

if TYPE_CHECKING:
    Chars = models.CharField[str, str]
    Decimals = models.DecimalField[Any, Any]
else:
    Chars = models.CharField
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


class NameField(Chars):
    """The name of somebody or of something that others see: no web or e-mail address; to migrations it is Django's."""

    default_validators = [validate_name]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
