"""What people type about activity perimeters and stocks, checked with the message at its field."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import DateField
from totem.observatory.actions import BranchWords, DraftWords
from totem.observatory.models import Activity, ActivityPerimeter, ActivityVersion, Branch, Nomenclature
from totem.observatory.permissions import versions_seen, workspaces_of
from totem.organisations.numbers import compact_siren
from totem.territories.models import Workspace

if TYPE_CHECKING:
    PerimeterModelForm = forms.ModelForm[ActivityPerimeter]
else:
    PerimeterModelForm = forms.ModelForm

CODE = re.compile(r"(\d\d)\.?(\d\d)([A-Z])")
MOST_BRANCHES = 40


class CodesField(forms.CharField):
    """Codes of one nomenclature as people paste them: one a line with its wording, or several apart by commas.

    Cleaned to a tuple of known codes, each once, in their order; the message names the one that is not right.
    """

    def __init__(self, nomenclature: Nomenclature, **kwargs: Any) -> None:
        self.nomenclature = nomenclature
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}))
        super().__init__(**{"required": False, "max_length": 30_000, **kwargs})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        codes = list(dict.fromkeys(code for line in text.splitlines() for code in _codes_of(line)))
        known = set(
            Activity.objects.filter(nomenclature=self.nomenclature, code__in=codes).values_list("code", flat=True)
        )
        unknown = [code for code in codes if code not in known]
        if unknown:
            raise ValidationError(
                [
                    _("%(code)s is not an activity of %(nomenclature)s.")
                    % {"code": code, "nomenclature": self.nomenclature.label}
                    for code in unknown[:5]
                ]
            )
        return tuple(codes)


def _codes_of(line: str) -> list[str]:
    """The codes of a line; its words are left aside. Raises ValidationError."""
    codes = []
    for part in re.split(r"[,;|]", line):
        for place, word in enumerate(part.split()):
            if match := CODE.fullmatch(word.upper()):
                codes.append(f"{match[1]}.{match[2]}{match[3]}")
            elif place == 0 and word[0].isdigit():
                raise ValidationError(_("« %(word)s » is not a code: one reads 62.01Z.") % {"word": word[:20]})
    if line.strip() and not codes:
        raise ValidationError(_("« %(line)s » holds no code: one reads 62.01Z.") % {"line": line.strip()[:60]})
    return codes


def codes_text(codes: tuple[str, ...], labels: Mapping[str, str]) -> str:
    """The codes as the field shows them: one a line with its wording."""
    return "\n".join(f"{code} {labels.get(code, '')}".strip() for code in codes)


class NewPerimeterForm(forms.Form):
    """A territory's own activity perimeter, from scratch or from one that is there."""

    workspace = forms.ModelChoiceField(Workspace.objects.none(), label=gettext_lazy("Territory"), empty_label=None)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=120, required=False)
    start = forms.ModelChoiceField(
        ActivityVersion.objects.none(), label=gettext_lazy("Start from"), required=False,
        empty_label=gettext_lazy("An empty list"),
        help_text=gettext_lazy("Its branches and codes are copied; you change them then."),
    )  # fmt: skip
    public = forms.BooleanField(
        label=gettext_lazy("Public"), required=False,
        help_text=gettext_lazy("Everybody may read what is published, and ask for figures of it."),
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine: Any = self.fields["workspace"]
        mine.queryset = workspaces_of(user)
        start: Any = self.fields["start"]
        start.queryset = versions_seen(user)


class ActivityPerimeterForm(PerimeterModelForm):
    """Its names, and whether it is public."""

    class Meta:
        model = ActivityPerimeter
        fields = ("name", "name_en", "public")


class PerimeterDraftForm(forms.Form):
    """What a draft says besides its branches; `seen` is the state of it that was read."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)
    valid_from = DateField(label=gettext_lazy("Valid from"))
    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=300, required=False,
        help_text=gettext_lazy("Who says that this is the sector: a report, a deliberation, a study."),
    )  # fmt: skip
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What changed, and what readers should know."),
    )  # fmt: skip


class BranchForm(forms.Form):
    """One branch: its names, and the codes of both nomenclatures."""

    name = forms.CharField(label=gettext_lazy("Branch"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("Branch in English"), max_length=120, required=False)
    rev2 = CodesField(
        Nomenclature.REV2, label=gettext_lazy("Codes of NAF rev. 2"),
        help_text=gettext_lazy("One a line, such as 62.01Z; the wording after it is left aside."),
    )  # fmt: skip
    naf2025 = CodesField(
        Nomenclature.NAF2025, label=gettext_lazy("Codes of NAF 2025"),
        help_text=gettext_lazy("Without them nothing is counted in NAF 2025."),
    )  # fmt: skip


if TYPE_CHECKING:
    BranchForms = forms.BaseFormSet[BranchForm]
else:
    BranchForms = forms.BaseFormSet


class _BranchFormSet(BranchForms):
    """The branches of a draft, in their order; a code, and a name, stand once."""

    def clean(self) -> None:
        held: dict[tuple[str, str], str] = {}
        names: set[str] = set()
        for form in self._kept():
            name = form.cleaned_data.get("name", "")
            if name and name in names:
                form.add_error("name", _("Two branches are called « %(name)s ».") % {"name": name})
            names.add(name)
            for field in ("rev2", "naf2025"):
                for code in form.cleaned_data.get(field) or ():
                    other = held.setdefault((field, code), name)
                    if other != name:
                        form.add_error(
                            field, _("%(code)s is already in « %(other)s ».") % {"code": code, "other": other}
                        )

    def _kept(self) -> list[BranchForm]:
        return [form for form in self.forms if form not in self.deleted_forms and getattr(form, "cleaned_data", None)]

    @property
    def branches(self) -> tuple[BranchWords, ...]:
        """The branches as they were typed, in order. Of a valid formset."""
        read = [(form.cleaned_data.get("ORDER") or n, n, form.cleaned_data) for n, form in enumerate(self._kept(), 1)]
        return tuple(
            BranchWords(data["name"], data["name_en"], data["rev2"], data["naf2025"])
            for _order, _n, data in sorted(read, key=lambda line: line[:2])
        )


BranchFormSet: Any = forms.formset_factory(
    BranchForm, formset=_BranchFormSet, extra=1, can_delete=True, can_order=True,
    max_num=MOST_BRANCHES, validate_max=True, absolute_max=MOST_BRANCHES + 10,
)  # fmt: skip


def initial_branches(words: DraftWords) -> list[dict[str, str]]:
    """What the formset shows of a draft, codes with their wording."""
    labels: dict[str, dict[str, str]] = {naf: {} for naf in Nomenclature.values}
    codes = {code for branch in words.branches for code in (*branch.rev2, *branch.naf2025)}
    for naf, code, label in Activity.objects.filter(code__in=codes).values_list("nomenclature", "code", "label"):
        labels[naf][code] = label
    return [
        {
            "name": branch.name,
            "name_en": branch.name_en,
            "rev2": codes_text(branch.rev2, labels[Nomenclature.REV2]),
            "naf2025": codes_text(branch.naf2025, labels[Nomenclature.NAF2025]),
        }
        for branch in words.branches
    ]


class CorrectionForm(forms.Form):
    """A company counted, or left out, by hand."""

    siren = forms.CharField(label="SIREN", max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    branch = forms.ChoiceField(label=gettext_lazy("What to do"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, help_text=gettext_lazy("Shown with the perimeter.")
    )

    def __init__(self, *args: Any, draft: ActivityVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["branch"]
        choice.choices = [
            ("", _("Leave it out of the counts")),
            *((b.name, _("Count it in « %(branch)s »") % {"branch": b}) for b in Branch.objects.filter(version=draft)),
        ]

    def clean_siren(self) -> str:
        return compact_siren(self.cleaned_data["siren"])


class CodesForm(forms.Form):
    """Activities found by their words, put in a branch of the draft."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)
    branch = forms.ChoiceField(label=gettext_lazy("Branch"))
    activities = forms.ModelMultipleChoiceField(
        Activity.objects.all(), label=gettext_lazy("Activities"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick one activity at least.")},
    )  # fmt: skip

    def __init__(self, *args: Any, draft: ActivityVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["branch"]
        choice.choices = [(b.name, str(b)) for b in Branch.objects.filter(version=draft)]


class DecisionForm(forms.Form):
    """Why a stock that was kept aside is accepted or refused."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept with the edition: what makes these differences true, or not."),
    )  # fmt: skip
