"""The words that a charter may use: measures of Totem, kinds of organisations and of relations, classes, forms…"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from django.utils.translation import override

from totem.core import measures
from totem.core.measures import Combine
from totem.hubs.measures import HUB
from totem.labels.charter import Fact
from totem.labels.models import ActorClass, FundingLevel, FundingPurpose, Mode, Office, SeatRole
from totem.organisations.measures import ORGANISATION
from totem.organisations.models import LegalForm, OrganisationKind, Relation, RelationKind
from totem.territories.places import SUBJECT as PLACE

SUBJECTS = (PLACE, HUB)


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
    """A figure that Totem computes: whom it is about, its unit as people may write it, and how it combines."""

    subject: str
    units: frozenset[str]
    combine: Combine


@dataclass(frozen=True)
class Known:
    """Everything that a charter may name without declaring it."""

    measures: Mapping[str, KnownMeasure]
    words: Mapping[Of, tuple[str, ...]]
    of_organisations: frozenset[str] = frozenset()  # measures that no territory and no hub can be asked for


def known_here() -> Known:
    """The words of this installation."""
    everything = [known for subject in SUBJECTS for known in measures.about(subject)]
    of_organisations = frozenset(known.name for known in measures.about(ORGANISATION))
    return Known({known.name: _measure(known) for known in everything}, WORDS, of_organisations)


WORDS: dict[Of, tuple[str, ...]] = {
    Of.KINDS: tuple(OrganisationKind.values),
    Of.ROLES: tuple(RelationKind.values),
    Of.STAGES: tuple(Relation.Stage.values),
    Of.CLASSES: tuple(ActorClass.values),
    Of.SEATS: tuple(SeatRole.values),
    Of.FORMS: tuple(LegalForm.values),
    Of.OFFICES: tuple(Office.values),
    Of.LEVELS: tuple(FundingLevel.values),
    Of.PURPOSES: tuple(FundingPurpose.values),
    Of.MODES: ("any", *(value for value in Mode.values if value)),
    Of.FACTS: get_args(Fact),
}


def _measure(known: measures.Measure) -> KnownMeasure:
    units = set()
    for language in ("fr", "en"):
        with override(language):
            units.add(str(known.unit))
    return KnownMeasure(known.subject, frozenset(units), known.combine)
