"""Plans, agreements, dues and credits of the tests: « Mois complet », 180 € with VAT, ten hours of room."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from factory import LazyAttribute, RelatedFactory, SelfAttribute, Sequence, SubFactory, Trait, post_generation
from factory.django import DjangoModelFactory

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory
from tests.factories.hubs import HubFactory
from tests.factories.organisations import siren
from tests.factories.spaces import SpaceFactory
from totem.memberships.models import (
    Admission,
    Agreement,
    AgreementSeat,
    AgreementState,
    AgreementTerms,
    CreditUnit,
    DomiciliationApproval,
    DomiciliationFile,
    DuesAmount,
    DuesKind,
    DuesState,
    DuesTerm,
    Plan,
    PlanBenefit,
    PlanKind,
    PlanPrice,
)


class AdmissionFactory(DjangoModelFactory[Admission]):
    class Meta:
        model = Admission

    hub = SubFactory(HubFactory)
    person = SubFactory(UserFactory)
    starts_on = date(2026, 1, 1)


class PlanPriceFactory(DjangoModelFactory[PlanPrice]):
    class Meta:
        model = PlanPrice

    amount = Decimal("180.00")
    starts_on = date(2020, 1, 1)


class PlanBenefitFactory(DjangoModelFactory[PlanBenefit]):
    class Meta:
        model = PlanBenefit

    unit = CreditUnit.ROOM
    quantity = 600


class PlanFactory(DjangoModelFactory[Plan]):
    """A plan by the month at 180 €; `a_pass`: ten days at a desk for 90 €, within a year."""

    class Meta:
        model = Plan
        skip_postgeneration_save = True

    class Params:
        a_pass = Trait(
            kind=PlanKind.PASS,
            valid_days=365,
            price=RelatedFactory(PlanPriceFactory, "plan", months=0, amount=Decimal("90.00")),
            benefit=RelatedFactory(PlanBenefitFactory, "plan", unit=CreditUnit.DAY, quantity=20),
        )

    hub = SubFactory(HubFactory)
    name = Sequence(lambda n: f"Plan {n}")
    price = RelatedFactory(PlanPriceFactory, "plan")
    benefit = RelatedFactory(PlanBenefitFactory, "plan")


class AgreementTermsFactory(DjangoModelFactory[AgreementTerms]):
    class Meta:
        model = AgreementTerms

    plan = SubFactory(PlanFactory, hub=SelfAttribute("..agreement.hub"))
    amount = Decimal("180.00")
    vat_rate = Decimal(20)
    starts_on = SelfAttribute("agreement.starts_on")
    market_value = LazyAttribute(lambda terms: terms.plan.market_value if terms.plan.is_incubation else None)


class AgreementSeatFactory(DjangoModelFactory[AgreementSeat]):
    class Meta:
        model = AgreementSeat

    person = SubFactory(UserFactory)
    starts_on = SelfAttribute("agreement.starts_on")


class AgreementFactory(DjangoModelFactory[Agreement]):
    """Signed, since the first of January 2026, of one consumer, who works under it; `plan` is that of its terms."""

    class Meta:
        model = Agreement
        skip_postgeneration_save = True

    class Params:
        person = SubFactory(UserFactory)

    hub = SubFactory(HubFactory)
    customer = SubFactory(CustomerFactory, consumer=True, hub=SelfAttribute("..hub"), person=SelfAttribute("..person"))
    state = AgreementState.ACTIVE
    starts_on = date(2026, 1, 1)
    signed_on = LazyAttribute(lambda agreement: agreement.starts_on if agreement.state == "active" else None)

    @post_generation
    def plan(self: Agreement, _create: bool, given: Plan | None, **fields: Any) -> None:  # type: ignore[misc]
        terms = {"plan": given} if given else {}
        AgreementTermsFactory.create(agreement=self, **terms, **fields)
        if self.customer.person:
            AgreementSeatFactory.create(agreement=self, person=self.customer.person)


class DuesAmountFactory(DjangoModelFactory[DuesAmount]):
    class Meta:
        model = DuesAmount

    amount = Decimal("30.00")
    starts_on = date(2020, 1, 1)


class DuesKindFactory(DjangoModelFactory[DuesKind]):
    class Meta:
        model = DuesKind
        skip_postgeneration_save = True

    hub = SubFactory(HubFactory)
    name = Sequence(lambda n: f"Dues {n}")
    amount = RelatedFactory(DuesAmountFactory, "kind")


class DuesTermFactory(DjangoModelFactory[DuesTerm]):
    """Exempt for 2026, so that no document is needed."""

    class Meta:
        model = DuesTerm

    kind = SubFactory(DuesKindFactory)
    hub = SelfAttribute("kind.hub")
    person = SubFactory(UserFactory)
    state = DuesState.EXEMPT
    reason = "Founder"
    starts_on = date(2026, 1, 1)
    ends_on = date(2026, 12, 31)
    amount = Decimal(0)


class DomiciliationApprovalFactory(DjangoModelFactory[DomiciliationApproval]):
    """Six years from the first of January 2024 on."""

    class Meta:
        model = DomiciliationApproval

    hub = SubFactory(HubFactory)
    number = "80-2024-07"
    prefecture = "Préfecture de la Somme"
    starts_on = date(2024, 1, 1)
    ends_on = date(2029, 12, 31)


class DomiciliationFileFactory(DjangoModelFactory[DomiciliationFile]):
    """All facts of a company that is domiciled since the first of January 2026; no papers and no check.

    `agreed` are fields of its agreement.
    """

    class Meta:
        model = DomiciliationFile

    class Params:
        hub = SubFactory(HubFactory)
        agreed: ClassVar = {}

    agreement = LazyAttribute(
        lambda file: AgreementFactory(
            hub=file.hub, plan=PlanFactory(hub=file.hub, is_domiciliation=True), **file.agreed
        )
    )
    company = "Mirabelle Logiciels"
    siren = siren(7001)
    representative = "Zoé Lefèvre"
    representative_address = "3 rue du Bac, 80000 Amiens"
    representative_phone = "+33322000000"
    beneficial_owner = "Zoé Lefèvre, 100 %"
    accounts_here = True
    room = SubFactory(SpaceFactory, hub=SelfAttribute("..hub"))
    mandate_on = date(2026, 1, 1)
    registry = "Greffe du tribunal de commerce d’Amiens"
