"""The words that a charter may use: measures of Totem, kinds of organisations and of relations, classes, forms…"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from totem.core import languages, measures
from totem.core.measures import Combine, Text
from totem.hubs.measures import HUB
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


def _measure(known: measures.Measure) -> KnownMeasure:
    units = set()
    for language in languages.codes():
        with override(language):
            units.add(str(known.unit))
    return KnownMeasure(known.subject, frozenset(units), known.combine)
