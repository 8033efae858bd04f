"""Boards, charters and evidence of a territory."""

import datetime
import hashlib
from decimal import Decimal
from typing import Any

from factory import (
    LazyAttribute,
    LazyFunction,
    RelatedFactory,
    SelfAttribute,
    Sequence,
    SubFactory,
    Trait,
    post_generation,
)
from factory.django import DjangoModelFactory

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.territories import EpciFactory, PerimeterFactory, WorkspaceFactory
from totem.core.canonical import canonical
from totem.core.models import StoredFile
from totem.labels.models import (
    ActorClass,
    Appointment,
    Assembly,
    Board,
    Body,
    BodyKind,
    CharterVersion,
    Confidence,
    Evaluation,
    FundingLevel,
    FundingLine,
    FundingPurpose,
    Judgement,
    Meeting,
    Observation,
    ObservationVersion,
    Office,
    Reading,
    Search,
    Seat,
    Voter,
)

LONG_AGO = datetime.datetime(2020, 1, 1, 9, tzinfo=datetime.UTC)


def words(text: str) -> dict[str, str]:
    """A text of a charter in both languages."""
    return {"fr": text, "en": text}


def requirement(pk: str, kind: str, **fields: Any) -> dict[str, Any]:
    """A requirement as a charter's file has it."""
    return {"id": pk, "kind": kind, "title": words(pk), "rule": words(f"{pk}…"), **fields}


def content_of(*criteria: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """The content of a charter of which each criterion has these requirements: `q1`, `q2`…"""
    return {
        "format": 1,
        "slug": "essai",
        "version": "1",
        "title": words("Essai"),
        "summary": words("Une charte d’essai"),
        "valid_from": "2013-01-01",
        "sources": {},
        "criteria": [
            {"id": f"q{n}", "title": words(f"Q{n}"), "requirements": requirements}
            for n, requirements in enumerate(criteria, 1)
        ],
        **fields,
    }


class CharterVersionFactory(DjangoModelFactory[CharterVersion]):
    """Give `data=content_of(…)` for a charter of one's own."""

    class Meta:
        model = CharterVersion

    class Params:
        data = LazyFunction(lambda: content_of([requirement("q1a", "judgement", guide=words("?"))]))

    slug = LazyAttribute(lambda o: o.data["slug"])
    version = LazyAttribute(lambda o: o.data["version"])
    valid_from = LazyAttribute(lambda o: datetime.date.fromisoformat(o.data["valid_from"]))
    content = LazyAttribute(lambda o: canonical(o.data).decode())
    sha256 = LazyAttribute(lambda o: hashlib.sha256(o.content.encode()).hexdigest())
    published_at = LONG_AGO


class BoardFactory(DjangoModelFactory[Board]):
    """Of a perimeter made of Amiens Métropole, in a workspace of its own."""

    class Meta:
        model = Board

    slug = Sequence(lambda n: f"essai-{n}")
    charter = "essai"
    workspace = SubFactory(WorkspaceFactory)
    perimeter = SubFactory(PerimeterFactory, workspace=SelfAttribute("..workspace"))


class ObservationVersionFactory(DjangoModelFactory[ObservationVersion]):
    class Meta:
        model = ObservationVersion

    number = 1
    value = Decimal(12)
    ends_on = datetime.date(2026, 1, 31)
    source = "Rapport d’essai"
    confidence = Confidence.HIGH
    written_at = LONG_AGO


class ObservationFactory(DjangoModelFactory[Observation]):
    """About Amiens Métropole; `first=None` for one without a version, `first__value=3` for another value."""

    class Meta:
        model = Observation
        skip_postgeneration_save = True

    workspace = SubFactory(WorkspaceFactory)
    epci = SubFactory(EpciFactory)
    indicator = "events_held"
    first = RelatedFactory(ObservationVersionFactory, factory_related_name="observation")


class JudgementFactory(DjangoModelFactory[Judgement]):
    class Meta:
        model = Judgement

    board = SubFactory(BoardFactory)
    charter_version = SubFactory(CharterVersionFactory)
    requirement = "q1a"
    verdict = Judgement.Verdict.MET
    reason = "Vu sur place"
    conflicts = "Aucun"
    made_at = LONG_AGO


class EvaluationFactory(DjangoModelFactory[Evaluation]):
    """A frozen one, without anything in it."""

    class Meta:
        model = Evaluation

    board = SubFactory(BoardFactory)
    charter_version = SubFactory(CharterVersionFactory)
    day = datetime.date(2026, 11, 1)
    content = "{}"
    sha256 = LazyAttribute(lambda o: hashlib.sha256(o.content.encode()).hexdigest())
    state = "unknown"
    frozen = True
    made_at = LONG_AGO


class SearchFactory(DjangoModelFactory[Search]):
    """One that waits."""

    class Meta:
        model = Search

    board = SubFactory(BoardFactory)
    charter_version = SubFactory(CharterVersionFactory)
    day = datetime.date(2026, 11, 1)
    scope = "france"
    most = 2
    made_at = LONG_AGO


class ReadingFactory(DjangoModelFactory[Reading]):
    class Meta:
        model = Reading

    name = "usable_area"
    subject = "epci:248000531"
    period = "day"
    day = datetime.date(2026, 11, 1)
    value = Decimal(10_000)
    computed_at = LONG_AGO


class BodyFactory(DjangoModelFactory[Body]):
    """A governing body of a perimeter, without seats; `gip` and `sem` are vehicles."""

    class Meta:
        model = Body

    class Params:
        gip = Trait(kind=BodyKind.VEHICLE, legal_form="gip")
        sem = Trait(kind=BodyKind.VEHICLE, legal_form="sem", has_capital=True)

    workspace = SubFactory(WorkspaceFactory)
    perimeter = SubFactory(PerimeterFactory, workspace=SelfAttribute("..workspace"))
    kind = BodyKind.GOVERNING
    name = Sequence(lambda n: f"Comité {n}")
    since = datetime.date(2024, 1, 1)


class SeatFactory(DjangoModelFactory[Seat]):
    class Meta:
        model = Seat

    body = SubFactory(BodyFactory)
    holder = "La présidence de l’association"
    actor_class = ActorClass.COMPANY
    votes = Decimal(1)


class MeetingFactory(DjangoModelFactory[Meeting]):
    class Meta:
        model = Meeting

    body = SubFactory(BodyFactory)
    held_on = Sequence(lambda n: datetime.date(2025, 1, 1) + datetime.timedelta(days=n))


class AppointmentFactory(DjangoModelFactory[Appointment]):
    """A Chief Digital Officer named by an EPCI, without a name."""

    class Meta:
        model = Appointment

    workspace = SubFactory(WorkspaceFactory)
    perimeter = SubFactory(PerimeterFactory, workspace=SelfAttribute("..workspace"))
    office = Office.CHIEF_DIGITAL_OFFICER
    appointed_by = SubFactory(OrganisationFactory, authority=True)
    is_entrepreneur = True
    act = "Délibération 2024-12"
    since = datetime.date(2024, 1, 1)


class FundingLineFactory(DjangoModelFactory[FundingLine]):
    """100 000 € a year of the region for the team, from 2024 to 2030."""

    class Meta:
        model = FundingLine

    workspace = SubFactory(WorkspaceFactory)
    perimeter = SubFactory(PerimeterFactory, workspace=SelfAttribute("..workspace"))
    level = FundingLevel.REGION
    purpose = FundingPurpose.TEAM
    amount = Decimal(100_000)
    starts_on = datetime.date(2024, 1, 1)
    ends_on = datetime.date(2030, 12, 31)
    source = "Budget primitif"


class AssemblyFactory(DjangoModelFactory[Assembly]):
    """Prepared, on 12 March 2027 at six in the evening; `document=` a stored file, `voters=3` so many convened."""

    class Meta:
        model = Assembly
        skip_postgeneration_save = True

    hub = SubFactory(HubFactory)
    held_on = datetime.date(2027, 3, 12)
    hour = datetime.time(18)
    place = "La grande salle"
    agenda = "Rapport moral\nComptes de 2026"

    @post_generation
    def document(self: Assembly, _create: bool, given: StoredFile | None, **_fields: Any) -> None:  # type: ignore[misc]
        if given:
            self.documents.create(name="Comptes.pdf", content_type="application/pdf", stored=given)

    @post_generation
    def voters(self: Assembly, _create: bool, given: int | None, **_fields: Any) -> None:  # type: ignore[misc]
        for _ in range(given or 0):
            Voter.objects.create(assembly=self, person=UserFactory())
        if given:
            self.convened_on = datetime.date(2027, 2, 1)
            self.save()
