"""Opening a board, judging a requirement, freezing an evaluation."""

import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField
from totem.core.measures import Text
from totem.hubs.models import Hub
from totem.labels.models import CharterVersion
from totem.territories.models import Perimeter

if TYPE_CHECKING:
    HubChoice = forms.ModelChoiceField[Hub]
else:
    HubChoice = forms.ModelChoiceField


class HubField(HubChoice):
    """Hubs by name; one that the public does not see yet is in preparation."""

    def label_from_instance(self, obj: Hub) -> str:
        return obj.name if obj.is_published else _("%(name)s, in preparation") % {"name": obj.name}


class OpeningForm(forms.Form):
    """For which hub, of those whose team one manages; or for which perimeter of the territory."""

    def __init__(
        self, *args: Any, hubs: QuerySet[Hub] | None = None, perimeters: QuerySet[Perimeter] | None = None
    ) -> None:
        super().__init__(*args)
        if hubs is not None:
            self.fields["hub"] = HubField(hubs, label=_("Hub"))
        else:
            self.fields["perimeter"] = forms.ModelChoiceField(perimeters, label=_("Perimeter"))


class JudgementForm(forms.Form):
    """Met or not, why, and which interests the person has in it."""

    verdict = forms.ChoiceField(label=gettext_lazy("Verdict"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        help_text=gettext_lazy("Everybody reads it once the board is shown; neither your name nor the conflicts."),
        widget=forms.Textarea({"rows": 5}),
    )
    conflicts = forms.CharField(
        label=gettext_lazy("Conflicts of interest declared"),
        max_length=1000,
        help_text=gettext_lazy("« None » when there are none."),
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, *args: Any, verdicts: list[tuple[str, Text]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verdict"].choices = verdicts  # type: ignore[attr-defined]


class FreezeForm(forms.Form):
    """Which day and which version of the charter to keep, and why."""

    day = DateField(label=gettext_lazy("As of"))
    version = forms.ChoiceField(label=gettext_lazy("Version of the charter"))
    note = forms.CharField(
        label=gettext_lazy("Why it is frozen"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("What it is sent for: a call, a council, a jury."),
    )

    def __init__(self, *args: Any, versions: list[CharterVersion], today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["version"].choices = [(row.version, row.version) for row in versions]  # type: ignore[attr-defined]

    def clean_day(self) -> datetime.date:
        """A day that was, as far back as anything is known."""
        day: datetime.date = self.cleaned_data["day"]
        if day > self.today:
            raise ValidationError(_("What is to come cannot be frozen: choose today or a day before."))
        if day < EARLIEST:
            raise ValidationError(_("Nothing is known of a day so long ago."))
        return day


EARLIEST = datetime.date(1990, 1, 1)
