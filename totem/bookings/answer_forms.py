"""Forms of the team's answers and of cancelling (why), and of how the team is told of requests."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.bookings.models import RequestFrequency
from totem.bookings.reasons import LONGEST_REASON, Reason


class WithdrawalForm(forms.Form):
    """Why whoever booked cancels, if they wish to say it."""

    reason_words = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("If you wish to say it: the team reads it."),
    )


class ReasonForm(WithdrawalForm):
    """Why the team refuses or cancels: a ready-made reason, and its own words."""

    field_order = ("reason", "reason_words")
    reason = forms.ChoiceField(label=_("Reason"), error_messages={"required": _("Say why: the person reads it.")})

    def __init__(self, data: Any, reasons: Iterable[Reason]) -> None:
        super().__init__(data)
        choices = [("", _("Choose a reason")), *((reason.value, reason.label) for reason in reasons)]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]
        self.fields["reason_words"].label = _("In your own words")
        self.fields["reason_words"].help_text = _("The person reads the reason and these words, and nothing else.")


class NotificationForm(forms.Form):
    """How one is told of requests."""

    frequency = forms.TypedChoiceField(
        label=_("When a request comes"),
        choices=RequestFrequency.choices,
        coerce=RequestFrequency,
        widget=forms.RadioSelect,
    )
