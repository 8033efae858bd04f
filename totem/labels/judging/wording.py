"""What was found, in words: figures and their gaps, reasons, the next thing to do, the whole."""

import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from totem.core import wording
from totem.core.measures import CountedUnit
from totem.core.templatetags.totem import STATES as BADGES
from totem.labels.charters.format import (
    YES_NO,
    Charter,
    GroupRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Requirement,
    Unit,
    UnitWords,
)
from totem.labels.charters.wording import (
    FACTS,
    amount_words,
    gap_amount,
    group_rule,
    label_and_words,
    organisations_unit,
    share_shown,
    threshold_words,
)
from totem.labels.figures import Evidence, EvidenceKind, figures_of
from totem.labels.judging.facts import FINE, Finding, NextStep, Result, State
from totem.labels.judging.logic import UPWARDS, worst
from totem.labels.models import ActorClass, FundingLevel, SeatRole
from totem.organisations.models import LegalForm, OrganisationKind, RelationKind


def state_word(state: str) -> str:
    """The word of a state, as its badge has it."""
    return str(BADGES[state][0])


# -- What was found ---------------------------------------------------------------------------------------------------


def finding_words(finding: Finding, requirement: Requirement, charter: Charter) -> str:
    """What was found, its gap, and why it is so: « 10 000 m² sur 50 000 : il en manque 40 000. »"""
    note = nobody_words(requirement) if finding.note == "nobody" else note_words(finding)
    said = [_figure_words(finding, requirement, charter), _seats_missing(finding), note]
    return " ".join(part for part in said if part)


def _seats_missing(finding: Finding) -> str:
    """« Il faudrait encore un siège. »"""
    number = finding.seats_missing
    if number is None:
        return ""
    words = ngettext("One more seat is needed.", "%(number)s more seats are needed.", number)
    return words % {"number": wording.number(number)}


def short_words(finding: Finding, requirement: Requirement, charter: Charter) -> str:
    """What was found without what is asked, to stand beside what was found before: « 148 sur 200 », « 12 min »."""
    if not _is_figure(finding) or isinstance(requirement, GroupRequirement):
        return note_words(finding)
    if finding.value is not None and finding.gap:
        return _figure_words(finding, requirement, charter)
    return _value_words(finding, _unit(finding, requirement, charter)) or note_words(finding)


def figure_alone(finding: Finding, requirement: Requirement) -> str:
    """The figure without its threshold, for a cell of a matrix: « 10 000 m² », « Entre 3 et 12 », « 1 »; or nothing.

    A unit of words is left to the head of the line.
    """
    if not _is_figure(finding):
        return ""
    if isinstance(requirement, GroupRequirement):
        return _members_words(finding, requirement)
    unit = finding.unit if isinstance(finding.unit, str) else ""
    if isinstance(requirement, OrganisationsRequirement) and finding.state in {State.UNKNOWN, State.STALE}:
        return _("At least %(low)s") % {"low": amount_words(finding.value, unit)} if finding.value else ""
    return _value_words(finding, unit)


def joint_words(finding: Finding, requirement: Requirement) -> str:
    """What several territories make together, and what is missing: « 130, il en manque 20 »."""
    value = figure_alone(finding, requirement)
    is_short = value and finding.gap and finding.state is State.NOT_MET and finding.comparator in UPWARDS
    if not is_short or isinstance(requirement, GroupRequirement):
        return value
    unit = finding.unit if isinstance(finding.unit, str) else ""
    return _("%(value)s: %(gap)s missing") % {"value": value, "gap": amount_words(finding.gap or 0, unit)}


def gap_words(finding: Finding, requirement: Requirement, charter: Charter) -> str:
    """What is missing or too much, alone: « 40 000 m² »; empty where it is not a number."""
    if finding.seats_missing:
        return amount_words(finding.seats_missing, ngettext("seat", "seats", finding.seats_missing))
    is_number = finding.unit != YES_NO and finding.note != "classes" and not isinstance(requirement, GroupRequirement)
    return gap_amount(finding.gap, _unit(finding, requirement, charter)) if finding.gap and is_number else ""


def _is_figure(finding: Finding) -> bool:
    return finding.threshold is not None and finding.state is not State.NOT_APPLICABLE


def _figure_words(finding: Finding, requirement: Requirement, charter: Charter) -> str:
    """What there is, what is asked, and what is missing or too much."""
    if finding.threshold is None or not _is_figure(finding):
        return ""
    if isinstance(requirement, GroupRequirement):
        met = {"met": _members_words(finding, requirement), "rule": group_rule(requirement)}
        return _("%(met)s: %(rule)s.") % met
    unit = _unit(finding, requirement, charter)
    have, asked = _value_words(finding, unit), threshold_words(finding.comparator, finding.threshold, unit)
    is_counted = isinstance(requirement, OrganisationsRequirement)
    if not have or (is_counted and finding.state is State.UNKNOWN and not finding.value):
        return "" if is_counted and finding.threshold == 1 else _("Asked: %(asked)s.") % {"asked": asked}
    if finding.value is not None and finding.gap and finding.state is not State.STALE and unit != YES_NO:
        return _gap_words(finding, unit, asked)
    # Met, open, out of date, or right at a strict threshold.
    is_stale = finding.state is State.STALE
    words = _("%(have)s, out of date; asked: %(asked)s.") if is_stale else _("%(have)s; asked: %(asked)s.")
    return words % {"have": have, "asked": asked}


def _gap_words(finding: Finding, unit: Unit | Any, asked: str) -> str:
    """« 10 000 m² sur 50 000 : il en manque 40 000. »; of a word that is counted, it stands once, in the middle."""
    value, threshold, gap = finding.value or 0, finding.threshold or 0, finding.gap or Decimal(0)
    if finding.comparator in UPWARDS and (finding.unit == "" or is_noun(finding.unit)):
        counted = {"found": wording.number(value), "threshold": amount_words(threshold, unit)}
        return _("%(found)s of %(threshold)s: %(gap)s missing.") % (counted | {"gap": wording.number(gap)})
    said = {"have": _amount(value, unit), "gap": gap_amount(gap, unit)}
    if finding.comparator in UPWARDS:
        return _("%(have)s of %(threshold)s: %(gap)s missing.") % (said | {"threshold": wording.number(threshold)})
    return _("%(have)s: %(gap)s too many; asked: %(asked)s.") % (said | {"asked": asked})


def is_noun(unit: Unit) -> bool:
    """Whether a unit is a word that is counted (`lots`, `fab labs`) and no symbol (m², min, €)."""
    return isinstance(unit, UnitWords) or " " in unit


def _value_words(finding: Finding, unit: Unit | Any) -> str:
    """The value or its bounds; empty where nothing is known."""
    if finding.value is not None:
        return _amount(finding.value, unit)
    if finding.low is None:
        return "" if finding.high is None else _("%(high)s at most") % {"high": _amount(finding.high, unit, up=True)}
    if finding.high is None:
        return _("At least %(low)s") % {"low": _amount(finding.low, unit)}
    low, high = wording.number(_shown(finding.low, unit)), _amount(finding.high, unit, up=True)
    return _("Between %(low)s and %(high)s") % {"low": low, "high": high}


def _amount(value: Decimal | int, unit: Unit | Any, *, up: bool = False) -> str:
    return amount_words(_shown(value, unit, up=up), unit)


def _shown(value: Decimal | int, unit: Unit | Any, *, up: bool = False) -> Decimal | int:
    return share_shown(value, up=up) if str(unit) == "%" else value


def _members_words(finding: Finding, group: GroupRequirement) -> str:
    counted = sum(not member.bonus for member in group.requirements)
    return _("%(found)s of %(all)s met") % {"found": wording.number(finding.value or 0), "all": counted}


def _unit(finding: Finding, requirement: Requirement, charter: Charter) -> Unit | Any:
    """The unit of the figure: a count of organisations says so, and a measure of Totem has the words of its own."""
    if isinstance(requirement, OrganisationsRequirement):
        return organisations_unit(requirement, charter, int(finding.threshold or 1))
    if isinstance(requirement, MeasureRequirement) and isinstance(finding.unit, UnitWords):
        measure = figures_of(charter)[requirement.indicator].measure
        return measure.unit if measure and isinstance(measure.unit, CountedUnit) else finding.unit
    return finding.unit


# -- Why --------------------------------------------------------------------------------------------------------------

NOTES = {
    "missing": gettext_lazy("No figure is known yet."),
    "interval": gettext_lazy("The figure is only known between two bounds."),
    "from_zero": gettext_lazy("No lower bound is known: the figure itself has to be given."),
    "mode": gettext_lazy("The time that is known is by another way of travelling."),
    "contradicted": gettext_lazy("Several sources contradict each other: none is retained yet."),
    "stale": gettext_lazy("The figure is no longer valid."),
    "unavailable": gettext_lazy("Declared as not available."),
    "no_document": gettext_lazy("The document is not there yet."),
    "no_term": gettext_lazy("Until when it holds is not declared."),
    "holds_until": gettext_lazy("It holds until this day."),
    "not_shown": gettext_lazy("It is declared, and no document shows it yet."),
    "no_place": gettext_lazy("The limits are not known."),
    "not_drawn": gettext_lazy("The perimeter is made of whole communes: no limit is drawn."),
    "nobody": gettext_lazy("No organisation of this kind is recorded here yet."),
    "ended": gettext_lazy("Those who were recorded here in this role have left it."),
    "too_few": gettext_lazy("There are not enough of them."),
    "not_distinct": gettext_lazy("The same organisation would serve twice."),
    "also_role": gettext_lazy("The other role that is asked for is not recorded."),
    "facts": gettext_lazy("What is known of them does not reach the thresholds together."),
    "facts_missing": gettext_lazy("Too little is known of them."),
    "no_year": gettext_lazy("No closed year of theirs is known."),
    "old_year": gettext_lazy("The last closed year that is known is too old."),
    "no_body": gettext_lazy("No such body is recorded."),
    "body_ended": gettext_lazy("The body that was recorded has ended."),
    "form": gettext_lazy("It does not have one of the legal forms asked for."),
    "gip_half": gettext_lazy(
        "In a GIP, public bodies and those with a public-service task have over half of the votes or of the capital."
    ),
    "sem_half": gettext_lazy("In a SEM, local authorities have more than half of the capital and of the votes."),
    "sem_others": gettext_lazy("In a SEM, those who are not local authorities have at least 15% of the capital."),
    "sem_private": gettext_lazy("A SEM has at least one private shareholder."),
    "no_capital": gettext_lazy("The shares of the capital are not all known."),
    "no_votes": gettext_lazy("The votes are not known."),
    "no_seats": gettext_lazy("The members are not recorded."),
    "seats_ended": gettext_lazy("All seats that were recorded have ended."),
    "no_call": gettext_lazy("It was not set up after a call."),
    "never_met": gettext_lazy("No meeting is recorded."),
    "old_meeting": gettext_lazy("It has not met recently enough."),
    "classes": gettext_lazy("Some of those who have to sit in it are not there."),
    "seats": gettext_lazy("The seats are not shared as asked."),
    "nobody_appointed": gettext_lazy("Nobody is named yet."),
    "appointment_ended": gettext_lazy("The last appointment has ended."),
    "appointed_by": gettext_lazy("The appointment was not made by one of those who have to."),
    "not_entrepreneur": gettext_lazy("The person is not recorded as an entrepreneur."),
    "no_judgement": gettext_lazy("Nobody has judged it yet."),
    "judged": "",
    "group": "",
    "not_applicable": gettext_lazy("The condition does not hold: it is not asked."),
    "condition": gettext_lazy("Whether the condition holds is not settled."),
}
OPEN = {  # of what is not known: the reason that stands where it is known to fail would be untrue
    "form": gettext_lazy("Its legal form is not recorded."),
    "seats": gettext_lazy("What is known of the members does not settle it."),
    "facts": NOTES["facts_missing"],
}
REASON_SHOWN = 200  # characters of a judgement's reason; the whole stands on the page of the criterion


def note_words(finding: Finding) -> str:
    """Why it is so, with the names it speaks of; empty where there is nothing to say."""
    if finding.note == "judged":
        return _judged_words(finding)
    is_open = finding.state is State.UNKNOWN and finding.note in OPEN
    said = str(OPEN[finding.note] if is_open else NOTES.get(finding.note, ""))
    names = ", ".join(word_of(name) for name in finding.about if name)
    if not said or not names:
        return said
    facts = ", ".join(str(FACTS[name]) for name in finding.facts if name in FACTS)
    return f"{label_and_words(said[:-1], f'{names} ({facts})' if facts else names)}."


def _judged_words(finding: Finding) -> str:
    """When it was judged, and how the reason begins."""
    said = next(iter(finding.evidence), None)
    if said is None or said.on is None:
        return ""
    reason = said.label
    if len(reason) > REASON_SHOWN:  # no word is cut in two
        reason = reason[:REASON_SHOWN].rsplit(" ", 1)[0] + "…"
    return _("Judged on %(day)s: %(reason)s") % {"day": wording.date_with_year(said.on), "reason": reason}


_CODES = {code: label for of in (LegalForm, OrganisationKind, SeatRole, ActorClass) for code, label in of.choices}


def word_of(code: str) -> str:
    """The word of a code of the vocabulary (`company`, `gip`); a day in words, anything else as it is."""
    if code in _CODES:
        return str(_CODES[code])
    try:
        return wording.date_with_year(datetime.date.fromisoformat(code))
    except ValueError:
        return code


NOBODY = {
    RelationKind.LARGE_ACCOUNT_IN: gettext_lazy("No large digital account is recorded here yet."),
    RelationKind.MENTORS: gettext_lazy("No company that mentors young ones here is recorded yet."),
    RelationKind.TRAINS_IN: gettext_lazy("No school or training course is recorded here yet."),
    RelationKind.INVESTS_IN: gettext_lazy("No investor is recorded here yet."),
    RelationKind.INCUBATES_IN: gettext_lazy("No incubator or accelerator is recorded here yet."),
    RelationKind.ACCELERATES_IN: gettext_lazy("No accelerator is recorded here yet."),
    RelationKind.MOBILISED_IN: gettext_lazy("Nobody who has signed up is recorded here yet."),
}


def nobody_words(requirement: Requirement) -> str:
    """That no organisation of the kind that is asked for is recorded here, in the words of that kind."""
    if isinstance(requirement, OrganisationsRequirement):
        if requirement.roles and (words := NOBODY.get(RelationKind(requirement.roles[0]))):
            return str(words)
        if not requirement.roles and OrganisationKind.STARTUP in requirement.kinds:
            return _("No startup located here is recorded yet.")
    return str(NOTES["nobody"])


def evidence_kind(item: Evidence) -> str:
    """What kind of thing a piece of evidence is; its day is that of the last meeting of a body that has met."""
    return _("body, last meeting") if item.kind is EvidenceKind.BODY and item.on is not None else str(item.kind.label)


def evidence_label(item: Evidence) -> str:
    """What a piece of evidence says; of a funding line its level and its amount."""
    if item.kind is EvidenceKind.FUNDING:
        level, _mark, amount = item.label.partition(": ")
        return label_and_words(str(FundingLevel(level).label), amount_words(Decimal(amount), "€"))
    return item.label


# -- What to do -------------------------------------------------------------------------------------------------------

# The charter's own words say how to get there; they say nothing of figures that contradict each other or grow old.
_NOT_IN_THE_CHARTER = {NextStep.RETAIN, NextStep.RENEW, NextStep.FIND, NextStep.JUDGE, NextStep.SETTLE}


def next_words(finding: Finding, requirement: Requirement) -> str:
    """The next thing to do; empty where there is nothing."""
    if finding.state in FINE:
        return ""
    if finding.step is NextStep.NOTHING:  # somebody judged that it is not met
        return str(requirement.next_step or _("Answer the reason of the judgement, then have it judged again."))
    if isinstance(requirement, OrganisationsRequirement) and finding.step is NextStep.SETTLE:
        return _("Complete what is known of these organisations: closed years, documents.")
    if requirement.next_step is not None and finding.step not in _NOT_IN_THE_CHARTER:
        return str(requirement.next_step)
    return str(finding.step.label)


# -- The whole --------------------------------------------------------------------------------------------------------

_COUNTED = {
    State.NOT_MET: ngettext_lazy("%(number)s is not", "%(number)s are not", "number"),
    State.STALE: ngettext_lazy("%(number)s is out of date", "%(number)s are out of date", "number"),
    State.UNKNOWN: ngettext_lazy("%(number)s is not known yet", "%(number)s are not known yet", "number"),
    State.HUMAN: ngettext_lazy("%(number)s has to be judged", "%(number)s have to be judged", "number"),
}


def whole_words(result: Result, charter: Charter) -> str:
    """The whole state in a sentence or two: « 5 critères sur 8 sont remplis ; 2 ne le sont pas. »

    What has to be settled before the criteria count is told apart.
    """
    pairs = [pair for pair in zip(charter.criteria, result.criteria, strict=True) if pair[0].mandatory]
    states = [found.state for criterion, found in pairs if not criterion.prior]
    first = [found.state for criterion, found in pairs if criterion.prior and found.state not in FINE]
    sentences = [_counts_words(states)] if states else []
    if first:
        sentences.append(_("What has to be settled first: %(state)s.") % {"state": state_word(worst(first)).lower()})
    return " ".join(sentences)


def _counts_words(states: list[State]) -> str:
    fine = sum(state in FINE for state in states)
    if fine == len(states):
        return _("All criteria are met.")
    said = {"fine": fine, "asked": len(states)}
    head = ngettext("%(fine)s criterion of %(asked)s is met", "%(fine)s criteria of %(asked)s are met", fine) % said
    rest = ", ".join(words % {"number": states.count(state)} for state, words in _COUNTED.items() if state in states)
    return _("%(met)s; %(rest)s.") % {"met": head, "rest": rest}
