"""Forms about the people of a hub. `cleaned_data` are the values of the actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField, EmailField
from totem.hubs.forms import LastDayForm
from totem.hubs.models import Role


class TeamInvitationForm(forms.Form):
    """Somebody to invite to the team, by e-mail address and role."""

    email = EmailField(label=gettext_lazy("E-mail address"), help_text=gettext_lazy("They receive a mail, and choose."))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.DESK)


class RoleForm(forms.Form):
    """The new role of a team member."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)


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


class JoinForm(forms.Form):
    """What somebody who asks to become a member says to the team."""

    message = forms.CharField(
        label=gettext_lazy("What you want to say to the team"),
        max_length=600,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("They read it with your name and your e-mail address."),
    )


class DeclineForm(forms.Form):
    """Why a request is declined, for the mail."""

    reason = forms.CharField(
        label=gettext_lazy("What the mail says besides"),
        max_length=600,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )


class NoteForm(forms.Form):
    """A note about a person, for the team."""

    text = forms.CharField(
        label=gettext_lazy("A note for the team"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Read by the desk and the managers; the person finds it in their data."),
    )
