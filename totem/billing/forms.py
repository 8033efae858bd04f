"""What people type about sellers, customers, drafts and payments. `cleaned_data` are the values of the actions."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from totem.billing.models import (
    Customer,
    CustomerKind,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    Means,
    Seller,
    VatPeriod,
    VatStatus,
    Wording,
)
from totem.billing.numbers import bic_field, iban_field, vat_field
from totem.billing.wording import NAMES
from totem.core.edit_conflicts import VersionedForm
from totem.core.forms import DateField, GroupedFields, NumberField, vat_rate_field
from totem.core.money import VAT_RATES
from totem.core.phones import PhoneField
from totem.hubs.forms import ConstraintsAtFields
from totem.organisations.numbers import SirenField, SiretField, of_one_company

if TYPE_CHECKING:
    SellerModelForm = forms.ModelForm[Seller]
    CustomerModelForm = forms.ModelForm[Customer]
    DraftModelForm = forms.ModelForm[Draft]
    LineModelForm = forms.ModelForm[DraftLine]
    LineFormSet = forms.BaseInlineFormSet[DraftLine, Draft, LineModelForm]
    VatModelForm = forms.ModelForm[VatPeriod]
    WordingModelForm = forms.ModelForm[Wording]
else:
    LineFormSet = forms.BaseInlineFormSet
    SellerModelForm = CustomerModelForm = DraftModelForm = LineModelForm = forms.ModelForm
    VatModelForm = WordingModelForm = forms.ModelForm

MOST_LINES = 200


class OneCompany:
    """Reads the SIREN from the SIRET where it is missing, and refuses a pair of two companies."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}  # type: ignore[misc]
        if "siren" in data and "siret" in data:
            data["siren"] = of_one_company(data["siren"], data["siret"])
        return data


class SellerForm(GroupedFields, OneCompany, ConstraintsAtFields, VersionedForm, SellerModelForm):
    """The legal entity, as its invoices name it."""

    siren = SirenField(label=_("SIREN"))
    siret = SiretField(label=_("SIRET"), required=False)
    vat_number = vat_field()
    iban = iban_field()
    bic = bic_field()
    phone = PhoneField(label=_("Telephone"), required=False)
    constraint_fields = {
        "seller_siret_of_its_siren": "siret",
        "seller_postcode_is_five_digits": "postcode",
        "seller_vat_number_of_its_siren": "vat_number",
        "seller_electronic_address_of_its_siren": "electronic_address",
    }

    class Meta:
        model = Seller
        fields = (
            "name", "legal_form", "siren", "siret", "vat_number", "rna", "registration", "share_capital", "street",
            "postcode", "city", "email", "phone", "iban", "bic", "electronic_address", "einvoices_since",
            "payment_days",
            "pays_vat_on_debits", "is_regie",
        )  # fmt: skip
        field_classes: ClassVar = {"einvoices_since": DateField}

    groups = (
        (_("Identity"), ("name", "legal_form", "siren", "siret", "vat_number", "is_regie")),
        (_("Address and contact"), ("street", "postcode", "city", "email", "phone")),
        (_("How it is paid"), ("iban", "bic", "payment_days", "pays_vat_on_debits")),
        (_("Where it applies"), ("rna", "registration", "share_capital", "electronic_address", "einvoices_since")),
    )


class VatStatusForm(ConstraintsAtFields, VatModelForm):
    """A VAT status, from a day on."""

    starts_on = DateField(label=_("From"))
    status = forms.ChoiceField(label=_("Status"), choices=VatStatus.choices, widget=forms.RadioSelect)
    constraint_fields = {"vat_status_once_a_day": "starts_on"}

    class Meta:
        model = VatPeriod
        fields = ("starts_on", "status", "threshold")


class WordingForm(ConstraintsAtFields, WordingModelForm):
    """A text of invoices, from a day on."""

    code = forms.ChoiceField(label=_("In place of"), choices=NAMES.items())
    starts_on = DateField(label=_("From"))
    constraint_fields = {"wording_once_a_day": "starts_on"}

    class Meta:
        model = Wording
        fields = ("code", "starts_on", "text")
        widgets: ClassVar = {"text": forms.Textarea({"rows": 3})}


class CustomerForm(GroupedFields, OneCompany, ConstraintsAtFields, VersionedForm, CustomerModelForm):
    """Whom the hub invoices."""

    kind = forms.ChoiceField(label=_("Kind of customer"), choices=CustomerKind.choices, widget=forms.RadioSelect)
    siren = SirenField(label=_("SIREN"), required=False, help_text=_("Needed for a company; read from its SIRET."))
    siret = SiretField(label=_("SIRET"), required=False, help_text=_("Needed for a public body."))
    vat_number = vat_field()
    constraint_fields = {
        "customer_business_has_siren": "siren",
        "customer_public_has_siret": "siret",
        "customer_siret_of_its_siren": "siret",
        "customer_vat_number_of_its_siren": "vat_number",
        "customer_electronic_address_of_its_siren": "electronic_address",
    }

    class Meta:
        model = Customer
        fields = (
            "kind", "name", "siren", "siret", "street", "postcode", "city", "email", "vat_number", "electronic_address",
            "purchase_order", "service_code", "needs_commitment",
        )  # fmt: skip

    groups = (
        (_("Identity"), ("kind", "name", "siren", "siret", "vat_number")),
        (_("Public body"), ("service_code", "needs_commitment")),
        (_("Address and contact"), ("street", "postcode", "city", "email")),
        (_("Where it applies"), ("purchase_order", "electronic_address")),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("kind") != CustomerKind.PUBLIC:
            data |= {"service_code": "", "needs_commitment": False}
        return data


class StartDraftForm(forms.Form):
    """What is written, for whom; of a public body that asks for it, its commitment number first."""

    customer = forms.ModelChoiceField(Customer.objects.none(), label=_("Customer"), empty_label=_("Choose a customer"))
    kind = forms.ChoiceField(
        label=_("What"),
        choices=[(kind, kind.label) for kind in (DocumentKind.QUOTE, DocumentKind.INVOICE, DocumentKind.DEPOSIT)],
        widget=forms.RadioSelect,
    )
    commitment = forms.CharField(
        label=_("Commitment number (public body)"),
        required=False,
        max_length=50,
        help_text=_("Needed for an invoice to a public body that asks for it; a quote has none yet."),
    )

    def __init__(self, data: Any = None, *, customers: QuerySet[Customer], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["customer"].queryset = customers  # type: ignore[attr-defined]
        if not customers.filter(needs_commitment=True).exists():
            del self.fields["commitment"]


class InvoiceDraftForm(VersionedForm, DraftModelForm):
    """The head of a draft, and the deposits that it deducts."""

    class Meta:
        model = Draft
        fields = ("purchase_order", "commitment", "note", "deposits")
        widgets = {"note": forms.Textarea({"rows": 2}), "deposits": forms.CheckboxSelectMultiple()}

    def __init__(self, *args: Any, deposits: QuerySet[IssuedDocument], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deposits"].queryset = deposits  # type: ignore[attr-defined]
        self.fields["deposits"].label = _("Deposits to deduct")
        if self.instance.kind != DocumentKind.INVOICE or not deposits:
            del self.fields["deposits"]
        if self.instance.customer.kind != CustomerKind.PUBLIC:
            del self.fields["commitment"]


class InvoiceLineForm(ConstraintsAtFields, LineModelForm):
    """A line: left empty, it is none."""

    quantity = NumberField(label=_("Quantity"), max_digits=10, decimal_places=3, initial=1)
    unit_price = NumberField(label=_("Price with VAT (€)"), unit="€", max_digits=11, decimal_places=4, min_value=0)
    vat_rate = vat_rate_field()
    starts_on = DateField(label=_("From"), required=False)
    ends_on = DateField(label=_("Until (included)"), required=False)
    constraint_fields = {
        "line_quantity_not_zero": "quantity",
        "line_exempt_at_zero": "exemption",
        "line_period_in_order": "ends_on",
    }

    class Meta:
        model = DraftLine
        fields = (
            "label",
            "quantity",
            "unit",
            "unit_price",
            "vat_rate",
            "exemption",
            "is_goods",
            "starts_on",
            "ends_on",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rate = next(rate for rate in VAT_RATES if rate == self.instance.vat_rate)
            self.initial["vat_rate"] = str(rate)

    def main_fields(self) -> list[forms.BoundField]:
        """What every line says."""
        return [self[name] for name in ("label", "quantity", "unit", "unit_price", "vat_rate")]

    def rare_fields(self) -> list[forms.BoundField]:
        """What few lines say."""
        return [self[name] for name in ("starts_on", "ends_on", "exemption", "is_goods")]

    def says_more(self) -> bool:
        """Whether one of the rare fields is filled, or refused."""
        return any(field.value() or field.errors for field in self.rare_fields())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("starts_on") and not data.get("ends_on"):
            data["ends_on"] = data["starts_on"]
        if data.get("ends_on") and not data.get("starts_on"):
            self.add_error("starts_on", _("Say from when, or leave both empty."))
        return data


class LinesOfDraft(LineFormSet):
    """The lines of a draft; what other rooms sell may leave it while somebody writes."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        gone = _(
            "This line has left the draft since you opened it: what it came from has changed. Open the draft again."
        )
        form.fields["id"].error_messages["invalid_choice"] = gone


DraftLines = forms.inlineformset_factory(
    Draft,
    DraftLine,
    form=InvoiceLineForm,
    formset=LinesOfDraft,
    extra=3,
    max_num=MOST_LINES,
    validate_max=True,
    can_delete_extra=False,
)


class PaymentForm(forms.Form):
    """What was received for an invoice, or given back; `cleaned_data["amount"]` is then negative."""

    is_given_back = forms.TypedChoiceField(
        label=_("What"),
        coerce=lambda value: value == "True",
        choices=[("False", _("Received from the customer")), ("True", _("Given back to the customer"))],
        widget=forms.RadioSelect,
    )
    amount = NumberField(
        label=_("Amount with VAT (€)"), unit="€", max_digits=12, decimal_places=2, min_value=Decimal("0.01")
    )
    means = forms.ChoiceField(label=_("Means"), choices=Means.choices)
    received_on = DateField(label=_("On"))
    reference = forms.CharField(
        label=_("Reference"), required=False, max_length=60, help_text=_("Of the cheque, the transfer.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.pop("is_given_back", False) and "amount" in data:
            data["amount"] = -data["amount"]
        return data


class DrawerForm(forms.Form):
    """What is in the drawer, and what stays in it."""

    counted = NumberField(label=_("Counted in the drawer (€)"), unit="€", max_digits=12, decimal_places=2, min_value=0)
    float_left = NumberField(
        label=_("Left in it for change (€)"), unit="€", max_digits=12, decimal_places=2, min_value=0
    )
