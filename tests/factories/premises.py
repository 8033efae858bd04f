"""Buildings of the tests, invented."""

import datetime
from decimal import Decimal

from django.db import transaction
from factory import LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from tests.factories.organisations import OrganisationFactory
from tests.factories.territories import CommuneFactory, WorkspaceFactory
from totem.premises.models import Building, LeaseForm, Lot, Network, Offer, Phase, PhaseRevision, PhaseState, Technology

NOON = datetime.datetime(2026, 11, 1, 11, tzinfo=datetime.UTC)


class BuildingFactory(DjangoModelFactory[Building]):
    """In Amiens, its workspace's own, without a phase."""

    class Meta:
        model = Building

    class Params:
        shown = Trait(public=True)
        of_everybody = Trait(public=True, workspace=None)

    name = Sequence(lambda n: f"Bâtiment {n}")
    workspace = SubFactory(WorkspaceFactory)
    commune = SubFactory(CommuneFactory)


class PhaseFactory(DjangoModelFactory[Phase]):
    """1,000 m² delivered on 1 June 2020, with the announcement that says so."""

    class Meta:
        model = Phase

    class Params:
        planned = Trait(state=PhaseState.PLANNED, delivered_on=None, due_on=datetime.date(2027, 12, 31))
        under_way = Trait(state=PhaseState.UNDER_WAY, delivered_on=None, due_on=datetime.date(2027, 6, 30))
        cancelled = Trait(state=PhaseState.CANCELLED, delivered_on=None, due_on=datetime.date(2022, 1, 1))

    building = SubFactory(BuildingFactory)
    name = Sequence(lambda n: f"Phase {n}")
    state = PhaseState.DELIVERED
    usable_m2 = Decimal(1000)
    delivered_on = datetime.date(2020, 6, 1)

    @classmethod
    @transaction.atomic
    def _create(cls, model_class, *args, announced_on=datetime.date(2020, 6, 1), source="", **values):
        phase = super()._create(model_class, *args, **values)
        announced = {name: value for name, value in values.items() if name not in {"building", "name"}}
        PhaseRevision.objects.create(phase=phase, announced_on=announced_on, source=source, at=NOON, **announced)
        return phase


class LotFactory(DjangoModelFactory[Lot]):
    """100 m² under a commercial lease of three years; its building's phases have to hold it."""

    class Meta:
        model = Lot

    class Params:
        monthly = Trait(lease_form=LeaseForm.SERVICE, period_months=Decimal(1), notice_months=Decimal(1))

    building = LazyFunction(lambda: PhaseFactory().building)
    name = Sequence(lambda n: f"Lot {n}")
    usable_m2 = Decimal(100)
    lease_form = LeaseForm.COMMERCIAL
    period_months = Decimal(36)
    notice_months = Decimal(6)


class OfferFactory(DjangoModelFactory[Offer]):
    """Fibre at 1,000 Mbit/s since 2020."""

    class Meta:
        model = Offer

    class Params:
        mobile = Trait(
            network=Network.MOBILE, technology="", generation=5, mbits_down=None, coverage_percent=Decimal(98)
        )

    building = SubFactory(BuildingFactory)
    operator = SubFactory(OrganisationFactory, company=True)
    network = Network.FIXED
    technology = Technology.FIBRE
    mbits_down = Decimal(1000)
    since = datetime.date(2020, 1, 1)
