"""The form of another end for a booking under way."""

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.bookings.forms import parse_instant
from totem.bookings.models import Booking


class BookingEndForm(forms.Form):
    """One of the ends that a page offered (`choices`), and the end that it knew."""

    hide_optional = True
    end = forms.CharField(label=_("Until"), max_length=40, widget=forms.Select)
    known = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, booking: Booking, choices: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.booking = booking
        self.fields["end"].widget.choices = choices

    def clean_end(self) -> datetime.datetime:
        ends_at = parse_instant(self.cleaned_data["end"])
        if ends_at is None:
            raise forms.ValidationError(_("Choose one of these ends."))
        return ends_at

    def clean(self) -> None:
        known = self.cleaned_data.get("known")
        if known and parse_instant(known) != self.booking.ends_at:
            raise forms.ValidationError(_("The booking has changed since this page was shown. Please choose again."))
