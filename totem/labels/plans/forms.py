"""Who is in charge of what is missing; what the public page of a board says of it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core.edit_conflicts import VersionedForm
from totem.core.forms import DateField, EmailField
from totem.labels.models import Assignment, Board

if TYPE_CHECKING:
    AssignmentModelForm = forms.ModelForm[Assignment]
    BoardModelForm = forms.ModelForm[Board]
    People = forms.ModelChoiceField[User]
else:
    AssignmentModelForm = BoardModelForm = forms.ModelForm
    People = forms.ModelChoiceField


class MemberField(People):
    """Somebody of the team, by name."""

    def label_from_instance(self, obj: User) -> str:
        return obj.name or obj.email


class AssignmentForm(VersionedForm, AssignmentModelForm):
    """Somebody of the team, or a name with or without an address; the day it is due."""

    person = MemberField(
        label=_("Somebody of the team"), required=False, queryset=User.objects.none(), empty_label=_("Nobody")
    )
    invited = forms.BooleanField(
        label=_("Invite this address: one mail, and reminders once they accept"), required=False
    )
    field_order = ("person", "name", "email", "invited", "due_on", "seen")

    class Meta:
        model = Assignment
        fields = ("person", "name", "email", "due_on")
        field_classes = {"due_on": DateField, "email": EmailField}
        help_texts = {
            "name": _("An office is enough: the head of networks of the region."),
            "email": _("May be left out. Nobody is written to unless you tick the box."),
            "due_on": _("Whoever is in charge gets a mail a week before, and on that day."),
        }

    def __init__(self, *args: Any, board: Board, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(workspaces__workspace=board.workspace, is_active=True)
        own = User.objects.filter(pk=self.instance.person_id or 0)
        self.fields["person"].queryset = (people | own).distinct()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("person") and (data.get("name") or data.get("email")):
            self.add_error("name", _("One person in charge: choose somebody of the team, or name somebody else."))
        if data.get("invited") and not data.get("email") and "email" not in self.errors:
            self.add_error("email", _("Give the address to invite."))
        return data

    def _post_clean(self) -> None:
        """The action checks the row, once an address of the team is that person."""


class BoardForm(VersionedForm, BoardModelForm):
    """Whom the public writes to, and since when the territory has the label."""

    class Meta:
        model = Board
        fields = ("contact_name", "contact_email", "labelled_on", "labelled_until")
        field_classes = {"labelled_on": DateField, "labelled_until": DateField, "contact_email": EmailField}
        help_texts = {
            "contact_name": _("A service or somebody who agreed: everybody reads it on the public page."),
            "labelled_on": _("The day of the decision that grants the label; empty as long as there is none."),
            "labelled_until": _("The last day, where it was granted for a time."),
        }
