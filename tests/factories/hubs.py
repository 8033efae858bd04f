"""Hubs of the tests: by default in Amiens, open Monday to Saturday from nine to nineteen."""

from datetime import date, time

import factory

from tests.factories.accounts import UserFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.territories import CommuneFactory
from totem.hubs.models import ExceptionalHours, Hub, Membership, OpeningHours, Role, TeamMember, Zone, ZoneKind
from totem.memberships.models import Admission
from totem.territories.models import Commune


def amiens() -> Commune:
    """Its department and its region are looked for once only: most tests make several hubs."""
    return Commune.objects.filter(code="80021").first() or CommuneFactory(amiens=True)


class HubFactory(factory.django.DjangoModelFactory[Hub]):
    class Meta:
        model = Hub
        skip_postgeneration_save = True

    class Params:
        strasbourg = factory.Trait(
            commune=factory.SubFactory(CommuneFactory, strasbourg=True), postcode="67000", name="Strasbourg"
        )
        always_open = factory.Trait(closed_on_public_holidays=False)

    name = factory.Sequence(lambda n: f"Hub {n}")
    slug = factory.Sequence(lambda n: f"hub-{n}")
    operator = factory.SubFactory(OrganisationFactory)
    is_published = True
    tagline = "A place to work"
    street = "1 place de la Gare"
    postcode = "80000"
    commune = factory.LazyFunction(amiens)
    latitude = "49.890600"
    longitude = "2.308200"

    @factory.post_generation
    def opening_hours(obj: Hub, create: bool, extracted: list[tuple[int, str, str]] | None, **kwargs: object) -> None:  # noqa: N805
        """Lines of (weekday, opens, closes); by default Monday to Saturday from nine to nineteen."""
        if obj.closed_on_public_holidays is False and extracted is None:
            lines = [(day, "00:00", "00:00") for day in range(1, 8)]
        else:
            lines = [(day, "09:00", "19:00") for day in range(1, 7)] if extracted is None else extracted
        OpeningHours.objects.bulk_create(
            OpeningHours(hub=obj, weekday=day, opens_at=time.fromisoformat(opens), closes_at=time.fromisoformat(closes))
            for day, opens, closes in lines
        )


class ZoneFactory(factory.django.DjangoModelFactory[Zone]):
    class Meta:
        model = Zone

    hub = factory.SubFactory(HubFactory)
    kind = ZoneKind.COWORKING
    name = factory.Sequence(lambda n: f"Zone {n}")
    area = 100


class TeamMemberFactory(factory.django.DjangoModelFactory[TeamMember]):
    class Meta:
        model = TeamMember

    hub = factory.SubFactory(HubFactory)
    person = factory.SubFactory(UserFactory)
    role = Role.MANAGER


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    """A membership that the team gave: the row that pages read comes with the admission that it is derived from."""

    class Meta:
        model = Membership
        skip_postgeneration_save = True

    hub = factory.SubFactory(HubFactory)
    person = factory.SubFactory(UserFactory)
    starts_on = date(2020, 1, 1)

    @factory.post_generation
    def admission(self: Membership, create: bool, _given: object) -> None:  # type: ignore[misc]
        if create:
            days = {"starts_on": self.starts_on, "ends_on": self.ends_on}
            Admission.objects.create(hub=self.hub, person=self.person, **days)


class ExceptionalHoursFactory(factory.django.DjangoModelFactory[ExceptionalHours]):
    class Meta:
        model = ExceptionalHours

    hub = factory.SubFactory(HubFactory)
    kind = ExceptionalHours.Kind.CLOSED
    reason = "Works"
