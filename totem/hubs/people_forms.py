"""Forms about the people of a hub. `cleaned_data` are the values of the actions."""

from django import forms
from django.utils.translation import gettext_lazy

from totem.core.forms import EmailField
from totem.hubs.models import Role


class TeamInvitationForm(forms.Form):
    """Somebody to invite to the team, by e-mail address and role."""

    email = EmailField(label=gettext_lazy("E-mail address"), help_text=gettext_lazy("They receive a mail, and choose."))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.DESK)


class RoleForm(forms.Form):
    """The new role of a team member."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)


class JoinForm(forms.Form):
    """What somebody who asks to become a member says to the team."""

    message = forms.CharField(
        label=gettext_lazy("What you want to say to the team"),
        max_length=600,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("They read it with your name and your e-mail address."),
    )


class NoteForm(forms.Form):
    """A note about a person, for the team."""

    text = forms.CharField(
        label=gettext_lazy("A note for the team"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Read by the desk and the managers; the person finds it in their data."),
    )
