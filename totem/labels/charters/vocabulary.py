"""The words that a charter may use: measures of Totem, kinds of organisations and of relations, classes, forms…"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from totem.core import languages, measures, subjects
from totem.core.measures import Combine, Text
from totem.core.subjects import AreaKind, SubjectKind, UnknownSubjectError
from totem.labels.models import ActorClass, FundingLevel, FundingPurpose, Mode, Office, SeatRole
from totem.organisations.models import LegalForm, OrganisationKind, Relation, RelationKind

JUDGED: dict[AreaKind, Text] = {AreaKind.TERRITORY: _("territories"), AreaKind.HUB: _("hubs")}


class Of(StrEnum):
    """What a list of words is about."""

    KINDS = "kinds of organisations"
    ROLES = "relations"
    STAGES = "stages of investment"
    CLASSES = "classes of members"
    SEATS = "roles in a body"
    FORMS = "legal forms"
    OFFICES = "offices"
    LEVELS = "levels of funding"
    PURPOSES = "purposes of funding"
    MODES = "ways to travel"
    FACTS = "facts of an organisation"


@dataclass(frozen=True)
class KnownMeasure:
    """A figure that Totem computes: its unit as people may write it, how it combines, what it is about.

    `kind` is None where no room registers what it is about.
    """

    subject: str
    kind: SubjectKind | None
    units: frozenset[str]
    combine: Combine

    @property
    def is_asked_of_areas(self) -> bool:
        """Whether some charter can ask for it."""
        return self.kind is not None and self.kind.inside is not None


@dataclass(frozen=True)
class Known:
    """Everything that a charter may name without declaring it."""

    measures: Mapping[str, KnownMeasure]
    words: Mapping[Of, tuple[str, ...]]

    @cached_property
    def asked_of_areas(self) -> frozenset[str]:
        """The names of the measures that some charter can ask for."""
        return frozenset(name for name, known in self.measures.items() if known.is_asked_of_areas)


def known_here() -> Known:
    """The words of this installation."""
    return Known({known.name: _measure(known) for known in measures.everything()}, WORDS)


LABELS: dict[Of, dict[str, Text]] = {
    Of.KINDS: dict(OrganisationKind.choices),
    Of.ROLES: dict(RelationKind.choices),
    Of.STAGES: dict(Relation.Stage.choices),
    Of.CLASSES: dict(ActorClass.choices),
    Of.SEATS: dict(SeatRole.choices),
    Of.FORMS: dict(LegalForm.choices),
    Of.OFFICES: dict(Office.choices),
    Of.LEVELS: dict(FundingLevel.choices),
    Of.PURPOSES: dict(FundingPurpose.choices),
    Of.MODES: {"any": _("Whatever the way"), **{mode: label for mode, label in Mode.choices if mode}},
    Of.FACTS: {
        "revenue": _("revenue"),
        "staff": _("staff"),
        "growth": _("growth of revenue over a year"),
        "international_share": _("share of revenue made abroad"),
        "places": _("places"),
        "amount": _("amount"),
    },
}
WORDS: dict[Of, tuple[str, ...]] = {of: tuple(labels) for of, labels in LABELS.items()}
TITLES: dict[Of, Text] = {
    Of.KINDS: _("kinds of organisations"),
    Of.ROLES: _("roles of organisations"),
    Of.STAGES: _("stages of investment"),
    Of.CLASSES: _("classes of members"),
    Of.SEATS: _("roles in a body"),
    Of.FORMS: _("legal forms"),
    Of.OFFICES: _("offices"),
    Of.LEVELS: _("levels of funding"),
    Of.PURPOSES: _("purposes of funding"),
    Of.MODES: _("ways to travel"),
    Of.FACTS: _("facts of an organisation"),
}
# The list that a key of a table takes its words from.
WORDS_OF: dict[str, Of] = {
    "OrganisationsRequirement.roles": Of.ROLES,
    "OrganisationsRequirement.also_roles": Of.ROLES,
    "OrganisationsRequirement.kinds": Of.KINDS,
    "OrganisationsRequirement.partner_kinds": Of.KINDS,
    "OrganisationsRequirement.stage": Of.STAGES,
    "TravelRequirement.mode": Of.MODES,
    "BodyRequirement.forms": Of.FORMS,
    "BodyRequirement.classes_represented": Of.CLASSES,
    "Seats.classes": Of.CLASSES,
    "Seats.roles": Of.SEATS,
    "Seats.kinds": Of.KINDS,
    "Seats.member_roles": Of.ROLES,
    "AppointmentRequirement.office": Of.OFFICES,
    "AppointmentRequirement.appointed_by": Of.KINDS,
    "FundingRequirement.levels": Of.LEVELS,
    "FundingRequirement.purposes": Of.PURPOSES,
}


def _measure(known: measures.Measure) -> KnownMeasure:
    units = set(known.unit.former) if isinstance(known.unit, measures.CountedUnit) else set()
    for language in languages.codes():
        with override(language):
            units.add(str(known.unit))
    try:
        kind = subjects.kind_of(known)
    except UnknownSubjectError:
        kind = None
    return KnownMeasure(known.subject, kind, frozenset(units), known.combine)
