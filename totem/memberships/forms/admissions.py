"""Forms about the members that a team takes in. `cleaned_data` are the values of the actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField, EmailField
from totem.hubs.forms import LastDayForm


class MembershipForm(forms.Form):
    """The days of a membership."""

    starts_on = DateField(label=gettext_lazy("First day"))
    ends_on = DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave empty: until further notice."),
    )


class MemberInvitationForm(MembershipForm):
    """Somebody to invite to become a member, by e-mail address."""

    email = EmailField(label=gettext_lazy("E-mail address"), help_text=gettext_lazy("They receive a mail, and choose."))
    field_order = ("email", "starts_on", "ends_on")


class EndMembershipForm(LastDayForm):
    """The last day of a membership, and what becomes of the bookings after it that are for members alone."""

    hide_optional = True
    KEEP, CANCEL = "keep", "cancel"

    bookings = forms.ChoiceField(
        label=gettext_lazy("These bookings"),
        choices=[(KEEP, gettext_lazy("keep them")), (CANCEL, gettext_lazy("cancel them: each gives a mail"))],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        # Shown once they are known, with what becomes of them already chosen.
        super().__init__({"bookings": self.KEEP, **data.dict()} if data else None, **kwargs)

    def clean(self) -> dict[str, Any]:
        """The values of the action."""
        data = dict(self.cleaned_data)
        data["cancel"] = data.pop("bookings", "") == self.CANCEL
        return data


class DeclineForm(forms.Form):
    """Why a request is declined, for the mail."""

    reason = forms.CharField(
        label=gettext_lazy("What the mail says besides"),
        max_length=600,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
