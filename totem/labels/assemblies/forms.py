"""What is typed about a general assembly. `cleaned_data` are the values of the actions."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core.edit_conflicts import VersionedForm
from totem.core.files import DocumentField
from totem.core.forms import DateField, EmailField, GroupedFields, HourField, TimeInput
from totem.labels.models import Assembly, Body, Decision, Voter

if TYPE_CHECKING:
    AssemblyModelForm = forms.ModelForm[Assembly]
    DecisionModelForm = forms.ModelForm[Decision]
    People = forms.ModelChoiceField[User]
    Voters = forms.ModelChoiceField[Voter]
else:
    AssemblyModelForm = DecisionModelForm = forms.ModelForm
    People = Voters = forms.ModelChoiceField

OF_THE_FIRST = ("kind", "agenda", "quorum")  # fields that a second convening has of the first one


class AssemblyForm(GroupedFields, VersionedForm, AssemblyModelForm):
    """What the notice says, and what the statutes say."""

    hour = HourField(label=_("Hour"), widget=TimeInput)
    groups = (
        (_("The notice"), ("kind", "held_on", "hour", "place", "agenda", "body")),
        (
            _("What the statutes say"),
            ("voters_on", "notice_days", "proxies_each", "quorum", "second_without_quorum", "majority"),
        ),
    )

    class Meta:
        model = Assembly
        fields = (
            "kind", "held_on", "hour", "place", "agenda", "body", "voters_on", "notice_days", "proxies_each", "quorum",
            "second_without_quorum", "majority",
        )  # fmt: skip
        field_classes = {"held_on": DateField}
        labels = {"place": _("Place")}
        widgets: ClassVar = {"agenda": forms.Textarea({"rows": 6})}
        help_texts = {
            "body": _("Once signed, the minutes are the document of a meeting of this body, which labels read."),
            "majority": _("Proposed for each decision."),
        }

    def __init__(self, *args: Any, bodies: QuerySet[Body], is_second: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].queryset = bodies  # type: ignore[attr-defined]
        if not bodies:
            del self.fields["body"]
        for name in OF_THE_FIRST if is_second else ():
            self.fields[name].disabled = True


class AssemblyDocumentForm(forms.Form):
    """A document that is sent with the notice."""

    file = DocumentField(label=_("A document"))


class VoteForm(DecisionModelForm):
    """A decision with its votes; the result is computed."""

    class Meta:
        model = Decision
        fields = ("text", "majority", "votes_for", "votes_against", "abstentions")
        widgets: ClassVar = {"text": forms.Textarea({"rows": 3})}


class VoterField(Voters):
    """A voter, by name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Voter.objects.none(), **kwargs)


class ProxyForm(forms.Form):
    """A proxy on paper, noted by the team."""

    giver = VoterField(label=_("Who does not come"))
    holder = VoterField(label=_("Gives their vote to"))

    def __init__(self, *args: Any, voters: QuerySet[Voter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            self.fields[name].queryset = voters  # type: ignore[attr-defined]


class OwnProxyForm(forms.Form):
    """To whom one gives one's vote: the names of the other voters are not shown."""

    holder = EmailField(label=_("E-mail address of the member who will vote for you"))


class MinutesForm(forms.Form):
    """Who signs the minutes."""

    president = People(label=_("President of the meeting"), queryset=User.objects.none())
    secretary = People(label=_("Secretary of the meeting"), queryset=User.objects.none())

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            self.fields[name].queryset = people  # type: ignore[attr-defined]
