"""The published JSON Schema: the types of `charter.py`, with what each key is for and the words it may take.

An editor that knows it completes and explains a charter as it is written. `totem charter schema` prints it;
`docs/charter.schema.json` is that print.
"""

from typing import Any

from totem.labels import charter
from totem.labels.charter import COMPARATORS
from totem.labels.vocabulary import WORDS, Of

PARAMETER = r"^\$[a-z][a-z0-9_-]{0,39}$"

# What a key is for, wherever it stands; « Table.key » where a table means something of its own by it.
MEANINGS = {
    "fr": "In French.",
    "en": "In English.",
    "fr_one": "In French, what a single one is called.",
    "en_one": "In English, what a single one is called.",
    "at_least": "The value has to be this or more. A number, or « $name » of a parameter.",
    "more_than": "The value has to be above this: the number itself fails.",
    "at_most": "The value has to be this or less.",
    "less_than": "The value has to be below this: the number itself fails.",
    "unit": "The unit: « m² », or both languages. A threshold without a unit is refused; a parameter brings its own.",
    "source": "Key of the source that says so, in [sources].",
    "title": "The name that people read.",
    "words": "A few sentences for the reader.",
    "mandatory": "false: shown and judged, but the whole does not depend on it.",
    "kinds": "Kinds of organisations.",
    "roles": "Relations in force on the day.",
    "where": "Facts that hold together, on the same closed year.",
    "requirements": "What it asks.",
    "kind": "Which kind of requirement it is.",
    "id": "Name in the file, once: small letters, digits, - and _.",
    "label": "The name that people read.",
    "Charter.format": "The format of the file: 1.",
    "Charter.slug": "Name of the charter, the same for all its versions.",
    "Charter.version": "A published version never changes: a correction is another version.",
    "Charter.summary": "One sentence: what the label asks.",
    "Charter.authority": "Who gives the label.",
    "Charter.subject": "What is judged: a territory, or a hub.",
    "Charter.valid_from": "First day on which this version is in force.",
    "Charter.valid_until": "First day on which it is no longer in force.",
    "Charter.sources": "Where the rules are written, by key.",
    "Charter.parameters": "Values left open or that may be discussed, by name; read as « $name ».",
    "Charter.indicators": "Figures to fill: Totem's, or the charter's own.",
    "Charter.criteria": "The criteria, in their order.",
    "Charter.process": "How the label is asked for, given, kept and renewed: shown, not judged.",
    "Source.title": "Author and name of the text.",
    "Source.url": "Address: https://…",
    "Source.date": "Day of the text.",
    "Source.page": "Page or article.",
    "Parameter.value": "A number, a text, or true or false.",
    "Parameter.assumption": "true: no source gives this value; it is shown as an assumption wherever it decides.",
    "Parameter.why": "Why this value: needed for an assumption.",
    "Indicator.name": "Name in the file; the same name in two charters is the same figure.",
    "Indicator.code": "The code that the label gives it: F5.",
    "Indicator.measure": "Name of the measure of Totem that it is; without it, the figure is declared.",
    "Indicator.method": "How it is counted.",
    "Indicator.combine": "How the figures of several territories become one: declared ones sum, max or any.",
    "Indicator.period": "Over what it runs: a day, the twelve months up to it, the last calendar year that is over.",
    "Indicator.validity_months": "After so many months a declared figure is stale and counts no more.",
    "Indicator.note": "What one has to know of it.",
    "Common.rule": "The rule, in a sentence.",
    "Common.bonus": "true: counts for nothing against the subject.",
    "Common.only_if": "id of the requirement that has to be met for this one to be asked.",
    "Common.evidence": "What a jury would accept.",
    "Common.next_step": "What to do when it is not met.",
    "MeasureRequirement.indicator": "An indicator of this file, or a measure of Totem.",
    "TravelRequirement.to": "Where one travels.",
    "TravelRequirement.mode": "How one travels; any: the best known.",
    "OrganisationsRequirement.also_roles": "Roles that the same organisation has too.",
    "OrganisationsRequirement.partner_kinds": "Kinds of the organisation that is the other side of the role.",
    "OrganisationsRequirement.stage": "Stage at which it invests; with the role invests_in.",
    "OrganisationsRequirement.detail": "A text that the detail of the role contains.",
    "OrganisationsRequirement.number": "How many distinct organisations, or « $name ».",
    "OrganisationsRequirement.years_running": "Closed years in a row in which the growth asked holds, or « $name ».",
    "OrganisationsRequirement.years_within_months": "Closed years that ended longer ago are stale.",
    "OrganisationsRequirement.with_document": "true: a document has to show it.",
    "OrganisationsRequirement.distinct_from": "id of a requirement whose organisations do not serve here too.",
    "OrganisationsRequirement.distinct_if": "« $name » of a parameter: `distinct_from` holds where it is true.",
    "DocumentRequirement.indicator": "An indicator of this file; left out, the requirement has its own.",
    "DocumentRequirement.signed": "true: it is signed.",
    "GeometryRequirement.drawn": "true: a drawn limit is asked for, not whole communes.",
    "BodyRequirement.body": "Governing body, or legal vehicle.",
    "BodyRequirement.forms": "Legal forms that are accepted.",
    "BodyRequirement.legal_rules": "true: the rules of a GIP or a SEM are checked on its seats.",
    "BodyRequirement.after_call": "true: it was set up after a call.",
    "BodyRequirement.met_within_months": "It met in so many months before the day.",
    "BodyRequirement.classes_represented": "Each of these classes has a seat.",
    "BodyRequirement.seats": "Rules on its seats; all of them hold.",
    "BodyRequirement.with_document": "true: its statutes or agreement have to be there.",
    "Seats.of": "Count seats, votes, or capital.",
    "Seats.as_share": "true: as a percentage of all of them; unit « % ».",
    "Seats.classes": "Classes of members that count.",
    "Seats.roles": "Roles that count: president.",
    "Seats.kinds": "Kinds of the member's organisation that count.",
    "Where.fact": "revenue, staff, growth or international_share of a year; places or amount of the role.",
    "AppointmentRequirement.office": "The office.",
    "AppointmentRequirement.appointed_by": "Kinds of organisations that may appoint.",
    "AppointmentRequirement.entrepreneur": "true: the person comes from the local digital entrepreneurs.",
    "AppointmentRequirement.with_document": "true: the act has to be there.",
    "FundingRequirement.levels": "Levels whose lines are added up; none: all.",
    "FundingRequirement.purposes": "Purposes whose lines are added up; none: all.",
    "JudgementRequirement.guide": "What to look at before judging.",
    "GroupRequirement.rule_of": "all of them, any of them, or at least n.",
    "GroupRequirement.n": "With at_least: how many.",
    "Criterion.prior": "true: to be settled before the others count.",
    "Process.steps": "The steps, in their order.",
    "Process.validity_months": "How long the label holds.",
    "Process.renewal": "How it is renewed.",
    "Step.body": "Who does it.",
    "Step.months": "How long it takes.",
    "Step.outcomes": "What can come out.",
    "Outcome.to": "id of the step that follows; empty: the end.",
}
_WORDS_OF = {
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
    "AppointmentRequirement.office": Of.OFFICES,
    "AppointmentRequirement.appointed_by": Of.KINDS,
    "FundingRequirement.levels": Of.LEVELS,
    "FundingRequirement.purposes": Of.PURPOSES,
}
_OR_PARAMETER = {*COMPARATORS, "number", "years_running", "mode"}


def published() -> dict[str, Any]:
    """The schema of the format, explained: what `totem charter schema` prints."""
    schema: dict[str, Any] = charter.schema()
    for name, table in schema["$defs"].items():
        for key, said in table.get("properties", {}).items():
            table["properties"][key] = _explained(name, key, said)
    return {"$schema": schema["$schema"], "title": "A charter of Totem", **schema}


def meaning(table: str, key: str) -> str:
    """What a key of a table is for. Raises KeyError where nobody has said it."""
    common = f"Common.{key}" if table.endswith("Requirement") else ""
    return next(MEANINGS[name] for name in (f"{table}.{key}", common, key) if name in MEANINGS)


def _explained(table: str, key: str, said: dict[str, Any]) -> dict[str, Any]:
    said = _without_null(said)
    if of := _WORDS_OF.get(f"{table}.{key}"):
        words: dict[str, Any] = {"enum": list(WORDS[of])}
        if said.get("type") == "array":
            said["items"] = words
        else:
            said = {"anyOf": [words, {"type": "string", "pattern": PARAMETER}]} if key in _OR_PARAMETER else words
    elif key in _OR_PARAMETER:
        said = {"anyOf": [{"type": "integer" if key in {"number", "years_running"} else "number"},
                          {"type": "string", "pattern": PARAMETER}]}  # fmt: skip
    return {"description": meaning(table, key), **said}


def _without_null(said: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: a key that is not given is left out."""
    options = [option for option in said.get("anyOf", []) if option != {"type": "null"}]
    rest = {key: value for key, value in said.items() if key != "anyOf" and (key, value) != ("default", None)}
    if len(options) == 1:
        return {**options[0], **rest}
    return {"anyOf": options, **rest} if options else rest
