"""Forms about agreements, for the team. `cleaned_data` are the values of the actions."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.accounts.models import User
from totem.billing.models import Customer, IssuedDocument, Means
from totem.billing.queries import overdue
from totem.core.edit_conflicts import VersionedForm
from totem.core.files import DocumentField
from totem.core.forms import DateField, EmailField, NumberField
from totem.hubs.models import Hub, Membership
from totem.memberships.actions.agreements import ChosenTerms
from totem.memberships.models import Agreement, DepositMovement, MemberGroup, Plan, PlanPrice
from totem.memberships.queries.agreements import of_agreement_kind
from totem.organisations.models import Affiliation
from totem.spaces.models import Unit

EUROS: dict[str, Any] = {"unit": "€", "max_digits": 8, "decimal_places": 2}


if TYPE_CHECKING:
    UnitChoiceField = forms.ModelChoiceField[Unit]
else:
    UnitChoiceField = forms.ModelChoiceField


class UnitField(UnitChoiceField):
    """A desk or an office of the spaces that come with plans."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.space.name}, {obj}"


class TermsForm(VersionedForm):
    """The plan, for whom and for how long, from one day on; `chosen` are its values."""

    plan = forms.ModelChoiceField(
        Plan.objects.none(), label=pgettext_lazy("of a hub", "Plan"), empty_label=_("Choose a plan")
    )
    group = forms.TypedChoiceField(label=_("As"), coerce=int, choices=MemberGroup.choices)
    months = forms.TypedChoiceField(
        label=_("For one"), coerce=int, choices=[one for one in PlanPrice.Months.choices if one[0]], initial=1
    )
    starts_on = DateField(label=_("From"))
    amount = NumberField(
        label=_("Price, VAT included (€)"), required=False, min_value=0, **EUROS,
        help_text=_("Leave empty: the price of the plan. Of a plan whose price is free, what was agreed."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, hub: Hub, today: date, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["plan"].queryset = of_agreement_kind(hub, today)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        names = ("plan", "group", "months", "starts_on", "amount")
        if all(name in data for name in names):
            data["chosen"] = ChosenTerms(**{name: data.pop(name) for name in names})
        return data


class AgreementForm(TermsForm):
    """A new agreement of a customer."""

    customer = forms.ModelChoiceField(Customer.objects.none(), label=_("Customer"), empty_label=_("Choose a customer"))
    ends_on = DateField(label=_("Until (included)"), required=False, help_text=_("Leave empty: until notice is given."))
    unit = UnitField(
        Unit.objects.none(), label=_("Desk, office"), required=False, empty_label=_("The first that is free"),
        help_text=_("Of a plan that comes with one."),
    )  # fmt: skip
    field_order = ("customer", "plan", "group", "months", "amount", "starts_on", "ends_on", "unit")

    def __init__(self, data: Any = None, *, hub: Hub, today: date, **kwargs: Any) -> None:
        super().__init__(data, hub=hub, today=today, **kwargs)
        self.fields["customer"].queryset = Customer.objects.filter(hub=hub)  # type: ignore[attr-defined]
        units = Unit.objects.filter(space__plans__hub=hub, is_active=True).select_related("space").distinct()
        self.fields["unit"].queryset = units.order_by("space__name", "number")  # type: ignore[attr-defined]
        if not units.exists():
            del self.fields["unit"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data.pop("seen", None)
        return data


class AnnouncedPriceForm(VersionedForm):
    """Another price of the same plan, to announce."""

    amount = NumberField(label=_("New price, VAT included (€)"), min_value=0, **EUROS)
    starts_on = DateField(label=_("From"))


class PauseForm(VersionedForm):
    """Days that are not invoiced."""

    starts_on = DateField(label=_("From"))
    ends_on = DateField(label=_("Until (included)"), required=False, help_text=_("Leave empty: until it is ended."))


class AgreementSeatForm(forms.Form):
    """Somebody known to the hub who is to work under the agreement."""

    email = EmailField(label=_("E-mail address of their account"))
    starts_on = DateField(label=_("From"))

    def __init__(self, data: Any = None, *, agreement: Agreement, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.agreement = agreement

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        if "email" in data:
            data["person"] = self._person(data.pop("email"))
        return data

    def _person(self, email: str) -> User:
        hub, organisation = self.agreement.hub_id, self.agreement.customer.organisation_id
        mine = {"person": OuterRef("pk")}
        known = (
            Q(Exists(Membership.objects.filter(hub=hub, **mine)))
            | Q(Exists(Customer.objects.filter(hub=hub, **mine)))
            | Q(Exists(Affiliation.objects.filter(organisation=organisation, **mine)))
        )
        found = User.objects.filter(known, email__iexact=email, is_active=True).first()
        if found is None:
            text = _("Nobody of this hub has this address: they become a member first, or join the organisation.")
            raise ValidationError({"email": text})
        return found


class LastSeatDayForm(forms.Form):
    """The last day of somebody under an agreement."""

    ends_on = DateField(label=_("Last day"))


class NoticeForm(VersionedForm):
    """The last day. `shown` is the one of which the page has shown what is left to invoice."""

    ends_on = DateField(label=_("Last day"))
    reason = forms.CharField(label=_("Why"), required=False, max_length=200, help_text=_("For the team alone."))
    shown = forms.CharField(required=False, widget=forms.HiddenInput)


class PaperForm(forms.Form):
    """A contract that was signed on paper."""

    signed_on = DateField(label=_("Signed on"))
    file = DocumentField(label=_("The signed contract (PDF or image)"), required=False)


class RefusalForm(forms.Form):
    """Why something is refused; it is mailed."""

    reason = forms.CharField(
        label=_("Why"), required=False, max_length=200, widget=forms.Textarea({"rows": 3}),
        help_text=_("The mail says it."),
    )  # fmt: skip


class SuspensionForm(forms.Form):
    """Why an agreement is suspended."""

    reason = forms.CharField(label=_("Why"), max_length=200)


class DepositForm(VersionedForm):
    """What was received as a deposit, or given back of it."""

    Kind = DepositMovement.Kind
    kind = forms.TypedChoiceField(
        label=_("What"), coerce=Kind, choices=[(one, one.label) for one in (Kind.RECEIVED, Kind.RETURNED)],
        widget=forms.RadioSelect,
    )  # fmt: skip
    amount = NumberField(label=_("Amount (€)"), min_value=Decimal("0.01"), **EUROS)
    means = forms.TypedChoiceField(label=_("Means"), coerce=Means, choices=Means.choices)
    moved_on = DateField(label=_("On"))


class KeepDepositForm(VersionedForm):
    """What is kept of a deposit, for an invoice of its customer that is not paid."""

    document = forms.ModelChoiceField(
        IssuedDocument.objects.none(), label=_("For the invoice"), empty_label=_("Choose an invoice")
    )
    amount = NumberField(label=_("Amount (€)"), min_value=Decimal("0.01"), **EUROS)

    def __init__(self, data: Any = None, *, agreement: Agreement, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        owed = overdue(IssuedDocument.objects.filter(customer=agreement.customer_id), date.max)
        self.fields["document"].queryset = owed  # type: ignore[attr-defined]
