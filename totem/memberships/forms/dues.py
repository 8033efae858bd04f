"""What is typed about dues. `cleaned_data` are the values of the actions."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Customer, Means
from totem.core.forms import DateField, EmailField, NumberField
from totem.core.money import VAT_RATES
from totem.hubs.forms import ConstraintsAtFields
from totem.memberships.models import AskedFor, DuesKind, DuesQuestion, MemberGroup, QuestionType
from totem.organisations.models import Organisation

if TYPE_CHECKING:
    KindModelForm = forms.ModelForm[DuesKind]
else:
    KindModelForm = forms.ModelForm
ANSWER = "answer_"


def _euros(label: Any, **more: Any) -> NumberField:
    return NumberField(label=label, unit="€", max_digits=8, decimal_places=2, min_value=Decimal(0), **more)


class RuleForm(forms.Form):
    """What the hub asks of its members, and whether it reminds them."""

    asked_for = forms.ChoiceField(
        label=_("A member, who books as one, is who has"),
        choices=AskedFor.choices,
        widget=forms.RadioSelect,
        help_text=_("Whom the team takes in is a member in every case."),
    )
    reminds = forms.BooleanField(label=_("Remind by mail, once, those whose dues have ended"), required=False)


class KindForm(ConstraintsAtFields, KindModelForm):
    """A kind of dues."""

    vat_rate = forms.TypedChoiceField(
        label=_("VAT (%)"),
        required=False,
        choices=[("", _("Outside the scope of VAT")), *((str(rate), str(rate)) for rate in VAT_RATES)],
        coerce=Decimal,
        empty_value=None,
        help_text=_("Dues without anything in return are outside the scope of VAT."),
    )
    constraint_fields = {"dues_name_once": "name"}

    class Meta:
        model = DuesKind
        fields = (
            "name", "description", "period", "opens_before_days", "late_days", "has_vote", "needs_approval", "vat_rate",
            "is_active",
        )  # fmt: skip
        widgets: ClassVar = {"description": forms.Textarea({"rows": 3})}


class AmountForm(forms.Form):
    """What a group pays from a day on."""

    group = forms.TypedChoiceField(label=_("For"), choices=MemberGroup.choices, coerce=int)
    amount = _euros(_("Amount, VAT included (€)"))
    minimum = _euros(
        _("At least (€)"),
        required=False,
        help_text=_("Where members choose what they pay; the amount is what is proposed."),
    )
    starts_on = DateField(label=_("From"))


class QuestionForm(forms.Form):
    """A question asked on joining."""

    label = forms.CharField(label=_("Question"), max_length=200)
    type = forms.ChoiceField(label=_("Answer"), choices=QuestionType.choices)
    options = forms.CharField(
        label=_("The list"), required=False, widget=forms.Textarea({"rows": 3}), help_text=_("One answer a line.")
    )
    is_required = forms.BooleanField(label=_("Has to be answered"), required=False)

    def clean_options(self) -> list[str]:
        lines = (line.strip()[:100] for line in self.cleaned_data["options"].splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class DuesForm(forms.Form):
    """One's own membership for a period: as what, for whom, how much, and the answers."""

    group = forms.TypedChoiceField(label=_("You join as"), coerce=int)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("Who joins"), required=False, empty_label=_("Myself")
    )
    following = forms.BooleanField(label=_("For the whole next period"), required=False)
    amount = _euros(_("What you pay (€, VAT included)"), required=False)

    def __init__(
        self,
        *args: Any,
        questions: Iterable[DuesQuestion],
        groups: Sequence[int],
        organisations: Iterable[int] = (),
        with_following: bool,
        is_free: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [(group, MemberGroup(group).label) for group in groups]  # type: ignore[attr-defined]
        if len(self.fields["group"].choices) == 1:  # type: ignore[attr-defined]
            self.fields["group"].widget = forms.HiddenInput()
            self.initial["group"] = next(iter(groups))
        ids = list(organisations)
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=ids)  # type: ignore[attr-defined]
        shown = {"organisation": bool(ids), "following": with_following, "amount": is_free}
        for name in [name for name, is_shown in shown.items() if not is_shown]:
            del self.fields[name]
        for question in questions:
            self.fields[f"{ANSWER}{question.key}"] = answer_field(question)

    def clean(self) -> dict[str, Any]:
        """The values of `ChosenDues`, with the organisation."""
        data = {name: value for name, value in self.cleaned_data.items() if not name.startswith(ANSWER)}
        answers = {
            name.removeprefix(ANSWER): _stored(value)
            for name, value in self.cleaned_data.items()
            if name.startswith(ANSWER) and value not in (None, "", [])
        }
        return {"organisation": None, "following": False, "amount": None} | data | {"answers": answers}


def _stored(value: Any) -> Any:
    """The answer as JSON keeps it."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def answer_field(question: DuesQuestion) -> forms.Field:
    """The field of a question, by its type."""
    options = [(option, option) for option in question.options]
    fields: dict[str, tuple[type[forms.Field], dict[str, Any]]] = {
        QuestionType.TEXT: (forms.CharField, {"max_length": 200}),
        QuestionType.LONG: (forms.CharField, {"max_length": 2000, "widget": forms.Textarea({"rows": 4})}),
        QuestionType.CHOICE: (forms.ChoiceField, {"choices": [("", "—"), *options]}),
        QuestionType.SEVERAL: (
            forms.MultipleChoiceField,
            {"choices": options, "widget": forms.CheckboxSelectMultiple},
        ),
        QuestionType.YES_NO: (forms.BooleanField, {}),
        QuestionType.NUMBER: (NumberField, {"max_digits": 12, "decimal_places": 2}),
        QuestionType.DATE: (DateField, {}),
    }
    field, options_of_field = fields[question.type]
    return field(label=question.label, required=question.is_required, **options_of_field)


class DeskJoinForm(forms.Form):
    """Somebody who joins at the desk, or is exempt."""

    email = EmailField(label=_("E-mail address of their account"))
    kind = forms.ModelChoiceField(DuesKind.objects.none(), label=_("Kind of dues"), empty_label=None)
    group = forms.TypedChoiceField(label=_("As"), choices=MemberGroup.choices, coerce=int)
    amount = _euros(
        _("Amount, VAT included (€)"), required=False, help_text=_("Leave empty: the amount of these dues.")
    )
    reason = forms.CharField(
        label=_("Exempt, because"), required=False, max_length=200, help_text=_("Leave empty for who pays.")
    )


class PayForm(forms.Form):
    """What was received for dues; with the address that the invoice names, where it is not known."""

    means = forms.ChoiceField(label=_("Means"), choices=Means.choices)
    received_on = DateField(label=_("On"))
    reference = forms.CharField(
        label=_("Reference"), required=False, max_length=60, help_text=_("Of the cheque, the transfer.")
    )
    street = forms.CharField(label=_("Street"), max_length=200)
    postcode = forms.CharField(label=_("Postcode"), max_length=10)
    city = forms.CharField(label=_("City"), max_length=100)

    def __init__(self, *args: Any, customer: Customer | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if customer and customer.street and customer.postcode and customer.city:
            for name in ("street", "postcode", "city"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        address = {name: data.pop(name) for name in ("street", "postcode", "city") if name in data}
        return {**data, "address": address or None}


class RefuseForm(forms.Form):
    """Why the association refuses a request."""

    reason = forms.CharField(label=_("What the mail says besides"), required=False, max_length=200)


class CancelForm(forms.Form):
    """Why a membership is taken back, and how what was paid is given back."""

    reason = forms.CharField(label=_("Why"), max_length=200)
    means = forms.ChoiceField(label=_("Given back by"), choices=Means.choices)

    def __init__(self, *args: Any, is_paid: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_paid:
            del self.fields["means"]
