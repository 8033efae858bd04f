"""The published JSON Schema: the types of `charter.py`, with what each key is for and the words it may take.

An editor that knows it completes and explains a charter as it is written. `totem charter schema` prints it,
`docs/charter.schema.json` is that print, and the page /labels/format/ shows it in words (`manual.py`).
"""

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_noop, override
from django.utils.translation import gettext_lazy as _

from totem.core import languages
from totem.labels.charters import format as charter
from totem.labels.charters.format import COMPARATORS
from totem.labels.charters.vocabulary import WORDS, WORDS_OF

PARAMETER = r"^\$[a-z][a-z0-9_-]{0,39}$"


def _in(words: str, code: str) -> str:
    return lazy(lambda: gettext(words).format(language=languages.name(code)), str)()


# What a key is for, wherever it stands; « Table.key » where a table means something of its own by it.
MEANINGS = {
    **{code: _in(gettext_noop("In {language}."), code) for code in languages.codes()},
    **{
        f"{code}_one": _in(gettext_noop("In {language}, what a single one is called; may be left out."), code)
        for code in languages.codes()
    },
    "at_least": _("The value has to be this or more. A number, or « $name » of a parameter."),
    "more_than": _("The value has to be above this: the number itself fails."),
    "at_most": _("The value has to be this or less."),
    "less_than": _("The value has to be below this: the number itself fails."),
    "unit": _(
        "The unit: « m² », or words in both languages. A threshold without a unit is refused, as is another unit "
        "than the figure’s; a parameter brings its own."
    ),
    "source": _("Key of the source that says so, in [sources]."),
    "title": _("The name that people read."),
    "words": _("A few sentences for the reader."),
    "mandatory": _("false: shown and judged, but the whole does not depend on it."),
    "kinds": _("Kinds of organisations, one of which suffices."),
    "roles": _("Roles in force on the day, one of which suffices."),
    "where": _("Facts, each with a threshold, that hold together on the same organisation and the same closed year."),
    "requirements": _("What it asks."),
    "kind": _("Which kind of requirement it is."),
    "id": _("Name in the file, once; it stands in addresses."),
    "label": _("The name that people read."),
    "Charter.format": _("The format of the file: 1."),
    "Charter.slug": _("Name of the charter, the same for all its versions."),
    "Charter.version": _("A published version never changes: a correction is another version."),
    "Charter.summary": _("One sentence: what the label asks."),
    "Charter.authority": _("Who gives the label."),
    "Charter.subject": _("What is judged: a territory, or a hub."),
    "Charter.valid_from": _("First day on which this version is in force."),
    "Charter.valid_until": _("First day on which it is no longer in force."),
    "Charter.sources": _("Where the rules are written, by key."),
    "Charter.parameters": _("Values left open or that may be discussed, by name."),
    "Charter.indicators": _("Figures to fill: Totem’s, or the charter’s own."),
    "Charter.criteria": _("The criteria, in their order."),
    "Charter.process": _("How the label is asked for, given, kept and renewed: shown, not judged."),
    "Source.title": _("Author and name of the text."),
    "Source.url": _("Address: https://…"),
    "Source.date": _("Day of the text."),
    "Source.page": _("Page or article."),
    "Parameter.value": _("A number, a text, or true or false."),
    "Parameter.assumption": _("true: no source gives this value; it is shown as an assumption wherever it decides."),
    "Parameter.why": _("Why this value: needed for an assumption."),
    "Parameter.unit": _("The unit; needed where the parameter is a threshold and the requirement says none."),
    "Parameter.source": _("Key of the source that gives the value: a parameter has a source, or is an assumption."),
    "Indicator.name": _(
        "What requirements call it. The same name in two charters is the same figure: same unit, same combine."
    ),
    "Indicator.code": _("The code that the label gives it: F5."),
    "Indicator.measure": _(
        "The measure of Totem that it is; without it, territories declare it, and it needs label, unit and combine."
    ),
    "Indicator.unit": _(
        "The unit of a figure of the charter’s own. Left out with combine = any: it is declared by yes or no, and a "
        "threshold of 1 asks for yes."
    ),
    "Indicator.method": _("How it is counted."),
    "Indicator.combine": _(
        "How the figures of several territories become one; declared ones are added up (sum), or the largest "
        "counts (max), or one suffices (any)."
    ),
    "Indicator.period": _(
        "Over what it runs: a day, the twelve months up to it (year), the last calendar year that is over "
        "(closed_year)."
    ),
    "Indicator.validity_months": _("After so many months a declared figure is stale and counts no more."),
    "Indicator.note": _("What one has to know of it."),
    "Common.rule": _("The rule, in a sentence."),
    "Common.bonus": _("true: an asset, which counts for nothing against the subject."),
    "Common.may_not_apply": _("true: who judges may declare, with a reason, that it does not apply here."),
    "Common.only_if": _(
        "id of the requirement that has to be met for this one to be asked. Conditions may not go in a ring."
    ),
    "Common.evidence": _("What a jury would accept."),
    "Common.next_step": _("What to do when it is not met."),
    "MeasureRequirement.indicator": _("An indicator of this file, or a measure of Totem."),
    "TravelRequirement.to": _("Where one travels."),
    "TravelRequirement.mode": _("How one travels; any: the figure retained, whatever the way."),
    "OrganisationsRequirement.also_roles": _("Roles that the same organisation has too, all of them."),
    "OrganisationsRequirement.partner_kinds": _(
        "Kinds of the organisation that is the other side of the role: a scheme with a state_service."
    ),
    "OrganisationsRequirement.stage": _("Stage at which it invests; with the role invests_in."),
    "OrganisationsRequirement.detail": _("A text that the detail of the role contains."),
    "OrganisationsRequirement.number": _("How many distinct organisations, or « $name »."),
    "OrganisationsRequirement.years_running": _(
        "Closed years in a row over which the growth asked in « where » holds (the other facts: the last one), or "
        "« $name »."
    ),
    "OrganisationsRequirement.years_within_months": _("A year that was closed more months ago is stale."),
    "OrganisationsRequirement.with_document": _("true: a document has to show the role."),
    "OrganisationsRequirement.distinct_from": _(
        "id of a requirement of this kind: the same organisation does not serve both."
    ),
    "OrganisationsRequirement.distinct_if": _(
        "« $name » of a parameter that is true or false: whether distinct_from holds."
    ),
    "OrganisationsRequirement.roles": _(
        "Roles in force on the day, one of which suffices. Without any: organisations of « kinds » that are "
        "located here and have people on the site, or of which something is said."
    ),
    "DocumentRequirement.indicator": _(
        "An indicator of this file; left out, the requirement has its own. Met when it is declared with the "
        "document itself."
    ),
    "DocumentRequirement.signed": _("true: it is a signature."),
    "DocumentRequirement.number": _("How many distinct documents show it: letters of support."),
    "DocumentRequirement.term": _(
        "true: an award or an agreement with a term. Until when it holds is declared with it; after that day it is "
        "stale."
    ),
    "Seats.observers": _("true: seats of observers count in a share too; without it they do not."),
    "GeometryRequirement.drawn": _("true: a drawn limit is asked for, not whole communes."),
    "BodyRequirement.body": _("Governing body, or legal vehicle."),
    "BodyRequirement.forms": _("Legal forms that are accepted."),
    "BodyRequirement.legal_rules": _(
        "true: the rules of its form. GIP: public bodies and those with a public-service task have more than half. "
        "SEM: local authorities more than half of capital and votes, others at least 15 %, one of them private."
    ),
    "BodyRequirement.after_call": _("true: it was set up after a call."),
    "BodyRequirement.met_within_months": _("It met in so many months before the day."),
    "BodyRequirement.classes_represented": _("Each of these classes has a seat."),
    "BodyRequirement.seats": _(
        "Rules on its seats; all of them hold, on one and the same body. Each counts the seats that pass all its "
        "filters."
    ),
    "BodyRequirement.with_document": _("true: its statutes or agreement have to be there."),
    "Seats.of": _("Count seats, votes, or capital: unit « seats », « votes » or « % »."),
    "Seats.as_share": _("true: as a percentage of all of them; unit « % »."),
    "Seats.classes": _("Classes of members that count."),
    "Seats.roles": _("Roles that count: president."),
    "Seats.kinds": _("Kinds of the member’s organisation that count."),
    "Seats.member_roles": _("Roles that the member’s organisation plays here, one of which suffices."),
    "Seats.detail": _("A text that the detail of that role contains; with member_roles."),
    "Where.fact": _(
        "Of a closed year: revenue (€), staff (people), growth (%, computed from two years), international_share "
        "(%). Of the role: places (places), amount (€)."
    ),
    "AppointmentRequirement.office": _("The office."),
    "AppointmentRequirement.number": _("How many people are named to it: the posts of a team."),
    "AppointmentRequirement.appointed_by": _("Kinds of organisations that may appoint."),
    "AppointmentRequirement.entrepreneur": _("true: the person comes from the local digital entrepreneurs."),
    "AppointmentRequirement.with_document": _("true: the act has to be there."),
    "FundingRequirement.levels": _(
        "Levels whose lines are added up; none: all. Without any line it is not known, rather than 0."
    ),
    "FundingRequirement.purposes": _("Purposes whose lines are added up; none: all."),
    "JudgementRequirement.guide": _("What to look at. It stays open until an authorised person decides, with reasons."),
    "GroupRequirement.rule_of": _("all of them, any of them, or at_least n."),
    "GroupRequirement.n": _("With at_least: how many."),
    "GroupRequirement.requirements": _(
        "Its members; a bonus or optional one is shown and does not count. Groups may hold groups."
    ),
    "Criterion.prior": _("true: to be settled before the others count; shown first."),
    "Process.steps": _("The steps, in their order."),
    "Process.validity_months": _("How many months the label holds."),
    "Process.renewal": _("How it is renewed."),
    "Step.body": _("Who does it."),
    "Step.months": _("How many months it takes."),
    "Step.outcomes": _("What can come out."),
    "Outcome.to": _("id of the step that follows; empty: the end."),
}
_OR_PARAMETER = {*COMPARATORS, "number", "years_running", "mode"}


def published() -> dict[str, Any]:
    """The schema of the format, explained in English: what `totem charter schema` prints."""
    with override(languages.ENGLISH):
        return explained()


def explained() -> dict[str, Any]:
    """The schema of the format, explained in the reader's language."""
    schema = charter.schema()
    defs = {name: _table(name, table) for name, table in schema["$defs"].items()}
    return {"$schema": schema["$schema"], "title": "A charter of Totem", **schema, "$defs": defs}


def meaning(table: str, key: str) -> str:
    """What a key of a table is for. Raises KeyError where nobody has said it."""
    common = f"Common.{key}" if table.endswith("Requirement") else ""
    return next(str(MEANINGS[name]) for name in (f"{table}.{key}", common, key) if name in MEANINGS)


def _table(name: str, table: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in table:
        return table
    return {**table, "properties": {key: _explained(name, key, said) for key, said in table["properties"].items()}}


def _explained(table: str, key: str, said: dict[str, Any]) -> dict[str, Any]:
    said = _without_null(said)
    default = {"default": said["default"]} if said.get("default") else {}
    if of := WORDS_OF.get(f"{table}.{key}"):
        words: dict[str, Any] = {"enum": list(WORDS[of])}
        if said.get("type") == "array":
            said = {**said, "items": words}
        else:
            said = {"anyOf": [words, {"type": "string", "pattern": PARAMETER}]} if key in _OR_PARAMETER else words
    elif key in _OR_PARAMETER:
        said = {"anyOf": [{"type": "integer" if key in {"number", "years_running"} else "number"},
                          {"type": "string", "pattern": PARAMETER}]}  # fmt: skip
    return {"description": meaning(table, key), **said, **default}


def _without_null(said: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: a key that is not given is left out."""
    options = [option for option in said.get("anyOf", []) if option != {"type": "null"}]
    rest = {key: value for key, value in said.items() if key != "anyOf" and (key, value) != ("default", None)}
    if len(options) == 1:
        return {**options[0], **rest}
    return {"anyOf": options, **rest} if options else rest
