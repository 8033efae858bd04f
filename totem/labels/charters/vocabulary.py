"""The words that a charter may use: measures of Totem, kinds of organisations and of relations, classes, forms…"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from totem.core import languages, measures, subjects
from totem.core.measures import CountedUnit, Measure, Text
from totem.core.subjects import AreaKind, SubjectKind, UnknownSubjectError
from totem.labels.charters.keys import Of
from totem.labels.models import ActorClass, FundingLevel, FundingPurpose, Mode, Office, SeatRole
from totem.organisations.models import LegalForm, OrganisationKind, Relation, RelationKind

JUDGED: dict[AreaKind, Text] = {AreaKind.TERRITORY: _("territories"), AreaKind.HUB: _("hubs")}
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


def subject_of(measure: Measure) -> SubjectKind | None:
    """What a measure is about; None where no room registers it."""
    try:
        return subjects.kind_of(measure)
    except UnknownSubjectError:
        return None


def asked_of_areas() -> set[str]:
    """The names of the measures that some charter can ask for."""
    return {known.name for known in measures.everything() if (kind := subject_of(known)) and kind.inside is not None}


def units_of(measure: Measure) -> frozenset[str]:
    """The unit of a measure in every language, as people may write it, or wrote it in charters that are published."""
    units = set(measure.unit.former) if isinstance(measure.unit, CountedUnit) else set()
    for language in languages.codes():
        with override(language):
            units.add(str(measure.unit))
    return frozenset(units)
