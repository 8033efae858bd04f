"""What a charter asks, in words: amounts, thresholds, requirements, parameters, when a version is in force."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core import wording
from totem.core.measures import Combine, CountedUnit, Text
from totem.labels.charters.format import (
    YES_NO,
    AppointmentRequirement,
    BodyRequirement,
    Bounded,
    Charter,
    DocumentRequirement,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Parameter,
    PeriodKind,
    Requirement,
    Seats,
    TravelRequirement,
    Unit,
    UnitWords,
    Where,
    Words,
)
from totem.labels.charters.keys import Of, mark
from totem.labels.charters.requirements import OF_ROLE
from totem.labels.charters.vocabulary import LABELS
from totem.labels.figures import figures_of
from totem.labels.models import Mode

FACTS = LABELS[Of.FACTS]


# -- Amounts ----------------------------------------------------------------------------------------------------------


def unit_words(value: Decimal | int, unit: Unit | Any = "") -> str:
    """« fab lab » for one, « fab labs » for several, « m² » for any number."""
    return unit.counted(value) if isinstance(unit, UnitWords | CountedUnit) else str(unit)


def amount_words(value: Decimal | int, unit: Unit | Any = "") -> str:
    """« 50 000 m² », « 25 % », « 5 000 000 € »: a number and its unit, held together."""
    if unit == YES_NO:
        return _("yes") if value else _("no")
    said = unit_words(value, unit)
    if said == "%":
        return wording.percent_words(wording.number(value))
    return f"{wording.number(value)}{wording.NBSP}{said}" if said else wording.number(value)


def share_shown(percentage: Decimal | Fraction | int, *, up: bool = False) -> Decimal:
    """A computed share, to a tenth: cut, so that it never looks like more than it is; `up` for the most it may be."""
    return Decimal(ceil(10 * percentage) if up else floor(10 * percentage)) / 10


def gap_amount(gap: Decimal, unit: Unit | Any = "") -> str:
    """« 40 000 m² » that are missing or too many; of a share « 3 points », up to the next tenth of one."""
    if str(unit) != "%":
        return amount_words(gap, unit)
    gap = share_shown(gap, up=True)
    said = {"number": wording.number(gap)}
    return ngettext("%(number)s point", "%(number)s points", 1 if abs(gap) < 2 else 2) % said


def threshold_words(comparator: str, threshold: Decimal | int, unit: Unit | Any = "") -> str:
    """« au moins 50 000 m² », « moins de 30 min »."""
    amount = amount_words(threshold, unit)
    match comparator:
        case "at_least" if unit == YES_NO:
            return amount
        case "at_least" if not threshold:
            return _("the figure, whatever it is (no threshold is known)")
        case "at_least":
            return _("at least %(amount)s") % {"amount": amount}
        case "more_than":
            return _("more than %(amount)s") % {"amount": amount}
        case "at_most":
            return _("%(amount)s at most") % {"amount": amount}
        case _less:
            return _("less than %(amount)s") % {"amount": amount}


def bound_words(charter: Charter, compared: Bounded) -> str:
    """The threshold that something is compared to; empty where there is none."""
    if compared.bound is None:
        return ""
    comparator, value = compared.bound
    return threshold_words(comparator, charter.amount(value), charter.unit_of(compared))


# -- What is asked ----------------------------------------------------------------------------------------------------


# What a key adds to what is asked, in the order in which it is said; words of a list follow.
SAID: dict[str, Text] = {
    "forms": gettext_lazy("legal form"),
    "legal_rules": gettext_lazy("the legal rules of its form are kept"),
    "after_call": gettext_lazy("set up after a call"),
    "met_within_months": gettext_lazy("it met in the last %(months)s months"),
    "classes_represented": gettext_lazy("with a seat for each of"),
    "kinds": gettext_lazy("kind"),
    "roles": gettext_lazy("what it does here"),
    "partner_kinds": gettext_lazy("with"),
    "also_roles": gettext_lazy("and also"),
    "stage": gettext_lazy("stage of investment"),
    "appointed_by": gettext_lazy("named by"),
    "entrepreneur": gettext_lazy("who is an entrepreneur"),
    "detail": gettext_lazy("« %(words)s » in its details"),
}


def asked_words(requirement: Requirement, charter: Charter) -> list[str]:
    """What a requirement asks, as a program reads it: one line for each thing, thresholds with their units."""
    match requirement:
        case MeasureRequirement() | TravelRequirement():
            lines = [_figure_asked(requirement, charter)]
        case DocumentRequirement():
            lines = _document_asked(requirement, charter)
        case GeometryRequirement():
            lines = [_("limits that are drawn") if requirement.drawn else _("limits that are known")]
        case JudgementRequirement():
            lines = [_("judged by a person, with this guide")]
        case GroupRequirement():
            lines = [group_rule(requirement)]
        case FundingRequirement():
            names = ", ".join(_either(requirement, key) for key in ("levels", "purposes") if getattr(requirement, key))
            said = _("funding (%(of)s)") % {"of": names} if names else _("funding")
            lines = [label_and_words(said, bound_words(charter, requirement))]
        case _:
            lines = _filters_asked(requirement, charter)
    return lines


def _filters_asked(
    requirement: OrganisationsRequirement | BodyRequirement | AppointmentRequirement, charter: Charter
) -> list[str]:
    others: list[str] = []
    match requirement:
        case OrganisationsRequirement():
            number = int(charter.amount(requirement.number))
            first = threshold_words("at_least", number, organisations_unit(requirement, charter, number))
            lines = [where_words(where, charter) for where in requirement.where]
            if any(where.fact not in OF_ROLE for where in requirement.where):
                lines.append(_years_words(requirement, charter))
            others = _others_than(requirement, charter)
        case BodyRequirement():
            first = _("a governing body") if requirement.body == "governing" else _("a legal vehicle")
            lines = [seats_words(seats, charter) for seats in requirement.seats]
        case AppointmentRequirement():
            first, lines = str(LABELS[Of.OFFICES][requirement.office]), []
            number = int(charter.amount(requirement.number))
            if number > 1:
                first = label_and_words(first, _("at least %(amount)s") % {"amount": number})
    shown = [_("with a document")] if requirement.with_document else []
    return [first, *_keys_said(requirement), *lines, *shown, *others]


def _keys_said(requirement: Requirement) -> Iterator[str]:
    for key, words in SAID.items():
        value = getattr(requirement, key, None)
        if value and mark(type(requirement), key, Of):
            yield label_and_words(str(words), _either(requirement, key))
        elif value:
            yield str(words) % {"words": value, "months": value}


def _labels(piece: Requirement | Seats, key: str) -> list[str]:
    """The words of a key in the reader's language."""
    of, value = mark(type(piece), key, Of), getattr(piece, key)
    return [str(LABELS[of][code]) for code in (value if isinstance(value, tuple) else (value,))] if of else []


def _either(piece: Requirement, key: str) -> str:
    *others, last = _labels(piece, key)
    if key == "classes_represented" or not others:
        return ", ".join([*others, last])
    return _("%(first)s or %(last)s") % {"first": ", ".join(others), "last": last}


def _document_asked(requirement: DocumentRequirement, charter: Charter) -> list[str]:
    number = int(charter.amount(requirement.number))
    if number > 1:
        said = _("at least %(n)s signed documents") if requirement.signed else _("at least %(n)s documents")
        lines = [said % {"n": number}]
    else:
        lines = [_("a signed document, sent to Totem") if requirement.signed else _("a document, sent to Totem")]
    return [*lines, _("it says until when it holds")] if requirement.term else lines


def _figure_asked(requirement: MeasureRequirement | TravelRequirement, charter: Charter) -> str:
    if is_figure_alone(requirement, charter):
        return _("the figure is to be given")
    asked = bound_words(charter, requirement)
    if isinstance(requirement, TravelRequirement):
        mode = charter.text(requirement.mode)
        by = _("whatever the way of travelling") if mode == "any" else str(Mode(mode).label)
        asked = f"{asked}, {by}"
    return label_and_words(str(figures_of(charter)[requirement.indicator].label), asked)


def group_rule(group: GroupRequirement) -> str:
    """The logic of a group in words."""
    if group.rule_of == "any":
        return _("one is enough")
    if group.rule_of == "at_least":
        return ngettext("at least %(n)s is needed", "at least %(n)s are needed", group.n or 1) % {"n": group.n}
    return _("all are needed")


def label_and_words(label: str, words: str) -> str:
    """« chiffre d’affaires : plus de 5 000 000 € »."""
    return _("%(label)s: %(words)s") % {"label": label, "words": words}


def organisations_unit(requirement: OrganisationsRequirement, charter: Charter, number: int) -> Unit:
    """What is counted: the unit of the parameter that says how many, or else organisations."""
    named = requirement.number
    unit: Unit = charter.parameters[named[1:]].unit if isinstance(named, str) else ""
    return unit or ngettext("organisation", "organisations", number)


def _others_than(requirement: OrganisationsRequirement, charter: Charter) -> list[str]:
    yes = not requirement.distinct_if or charter.says(requirement.distinct_if)
    if not requirement.distinct_from or not yes:
        return []
    return [_("others than those of « %(title)s »") % {"title": _title(charter, requirement.distinct_from)}]


def _title(charter: Charter, name: str) -> Words:
    return next(one.title for one in charter.requirements() if one.id == name)


def _years_words(requirement: OrganisationsRequirement, charter: Charter) -> str:
    running = int(charter.amount(requirement.years_running))
    said = {"running": running, "months": requirement.years_within_months}
    return (
        ngettext(
            "all together, on the same closed year: the last one, closed in the last %(months)s months",
            "all together, on the last closed year (of the last %(months)s months); growth on each of %(running)s",
            running,
        )
        % said
    )


def where_words(where: Where, charter: Charter) -> str:
    """A filter on organisations: « chiffre d’affaires : plus de 5 000 000 € »."""
    return label_and_words(str(FACTS[where.fact]), bound_words(charter, where))


def seats_words(seats: Seats, charter: Charter) -> str:
    """What is asked of the seats of a body: which ones, how many or which share."""
    of = {"seats": _("seats"), "votes": _("votes"), "capital": _("capital")}[seats.of]
    names = [word for key in ("roles", "classes", "kinds", "member_roles") for word in _labels(seats, key)]
    if seats.detail:
        names.append(str(SAID["detail"]) % {"words": seats.detail})
    names += [where_words(where, charter) for where in seats.where]
    return label_and_words(f"{of} ({', '.join(names)})" if names else of, bound_words(charter, seats))


def condition_words(requirement: Requirement, charter: Charter) -> str:
    """« Demandé seulement si « … » est rempli »; empty without a condition."""
    if not requirement.only_if:
        return ""
    return _("Asked only if « %(title)s » is met.") % {"title": _title(charter, requirement.only_if)}


def not_in_force_words(start: datetime.date, end: datetime.date | None, day: datetime.date) -> str:
    """That a version of a charter is not in force on a day, and from or until when it is; empty where it is."""
    if day < start:
        return _("It is not in force before %(day)s.") % {"day": wording.date_with_year(start)}
    if end is not None and end <= day:
        return _("It has not been in force since %(day)s.") % {"day": wording.date_with_year(end)}
    return ""


# -- Indicators -------------------------------------------------------------------------------------------------------

PERIODS = {
    PeriodKind.DAY: gettext_lazy("on the day"),
    PeriodKind.YEAR: gettext_lazy("over the last twelve months"),
    PeriodKind.CLOSED_YEAR: gettext_lazy("over the last calendar year that is over"),
}
COMBINED = {
    Combine.SUM: gettext_lazy("added up"),
    Combine.MAX: gettext_lazy("the largest counts"),
    Combine.ANY: gettext_lazy("one that has it is enough"),
    Combine.ALL: gettext_lazy("all have to have it: the lowest counts"),
    Combine.UNION: gettext_lazy("counted once each, together"),
    Combine.RATIO: gettext_lazy("the share of the whole"),
}


def parameter_words(parameter: Parameter) -> str:
    """The value of a parameter, as people write it."""
    value = parameter.value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return str(dict(Mode.choices).get(value, _("any of them") if value == "any" else value))
    return amount_words(Decimal(str(value)), parameter.unit)


def is_figure_alone(requirement: Requirement, charter: Charter) -> bool:
    """Whether a requirement asks for a figure without a threshold: at least zero."""
    if not isinstance(requirement, MeasureRequirement) or requirement.bound is None:
        return False
    comparator, value = requirement.bound
    return comparator == "at_least" and not charter.amount(value)


def parameters_of(requirement: Requirement) -> list[str]:
    """Names of the parameters that decide in a requirement, in the order they are met."""
    found: dict[str, None] = {}
    if not isinstance(requirement, GroupRequirement):
        _collect(requirement, found)
    return list(found)


def _collect(value: object, found: dict[str, None]) -> None:
    if isinstance(value, str) and value.startswith("$"):
        found[value[1:]] = None
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, found)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _collect(getattr(value, name), found)
