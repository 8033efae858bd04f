"""Spaces of the tests: by default a public meeting room for six; traits make other kinds."""

from datetime import date
from decimal import Decimal

import factory

from tests.factories.hubs import HubFactory
from totem.spaces.models import Audience, Composition, Outage, Price, Space, SpaceKind, Unit


class SpaceFactory(factory.django.DjangoModelFactory[Space]):
    class Meta:
        model = Space
        skip_postgeneration_save = True

    class Params:
        pool = factory.Trait(kind=SpaceKind.HOT_DESKS, quantity=3, capacity=1)
        visiting = factory.Trait(kind=SpaceKind.VISITING_DESKS, quantity=2, capacity=1, audience=Audience.NETWORK)
        machine = factory.Trait(kind=SpaceKind.MACHINE, audience=Audience.MEMBERS)
        all_night = factory.Trait(hub=factory.SubFactory(HubFactory, always_open=True), max_minutes=60 * 72)

    hub = factory.SubFactory(HubFactory)
    kind = SpaceKind.MEETING_ROOM
    name = factory.Sequence(lambda n: f"Room {n}")
    slug = factory.Sequence(lambda n: f"room-{n}")
    capacity = 6
    quantity = 1
    audience = Audience.PUBLIC
    horizon_days = 400
    free_of_charge = True

    @factory.post_generation
    def units(obj: Space, create: bool, extracted: object, **kwargs: object) -> None:  # noqa: N805
        Unit.objects.bulk_create(Unit(space=obj, number=number) for number in range(1, obj.quantity + 1))

    @factory.post_generation
    def parts(obj: Space, create: bool, extracted: list[Space] | None, **kwargs: object) -> None:  # noqa: N805
        Composition.objects.bulk_create(Composition(whole=obj, part=part) for part in extracted or ())


class PriceFactory(factory.django.DjangoModelFactory[Price]):
    class Meta:
        model = Price

    space = factory.SubFactory(SpaceFactory)
    per = Price.Per.HOUR
    amount = Decimal("12.00")
    vat_rate = Decimal("20.00")
    starts_on = date(2020, 1, 1)


class OutageFactory(factory.django.DjangoModelFactory[Outage]):
    class Meta:
        model = Outage

    space = factory.SubFactory(SpaceFactory)
    reason = "Broken"
