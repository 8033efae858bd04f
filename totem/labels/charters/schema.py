"""The published JSON Schema: the types of `format.py`, with what each key is for and the words it may take.

An editor that knows it completes and explains a charter as it is written. `totem charter schema` prints it,
`docs/charter.schema.json` is that print, and the page /labels/format/ shows it in words (`manual.py`).
"""

from typing import Any

import msgspec
from django.utils.translation import override

from totem.core import languages
from totem.labels.charters import format as form
from totem.labels.charters import keys
from totem.labels.charters.format import Charter
from totem.labels.charters.keys import Of, OrParameter
from totem.labels.charters.vocabulary import LABELS

PARAMETER = r"^\$[a-z][a-z0-9_-]{0,39}$"
TYPES = {OrParameter.NUMBER: "number", OrParameter.COUNT: "integer"}


def published() -> dict[str, Any]:
    """The schema of the format, explained in English: what `totem charter schema` prints."""
    with override(languages.ENGLISH):
        return explained()


def explained() -> dict[str, Any]:
    """The schema of the format, explained in the reader's language."""
    schema = msgspec.json.schema(Charter)
    tables = {name: _table(getattr(form, name, None), table) for name, table in schema["$defs"].items()}
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": "A charter of Totem", **schema, "$defs": tables}


def _table(cls: Any, table: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in table:
        return table
    return {**table, "properties": {key: _explained(cls, key, said) for key, said in table["properties"].items()}}


def _explained(table: type, key: str, said: dict[str, Any]) -> dict[str, Any]:
    said = _without_null(said)
    default = {"default": said["default"]} if said.get("default") else {}
    of, parameter = keys.mark(table, key, Of), keys.mark(table, key, OrParameter)
    words: dict[str, Any] = {"enum": list(LABELS[of])} if of else {}
    if of and said.get("type") == "array":
        said = {**said, "items": words}
    elif parameter and parameter is not OrParameter.YES_NO:
        said = {"anyOf": [words or {"type": TYPES[parameter]}, {"type": "string", "pattern": PARAMETER}]}
    elif of and "enum" not in said:
        said = words
    return {"description": keys.meaning(table, key), **said, **default}


def _without_null(said: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: a key that is not given is left out."""
    options = [option for option in said.get("anyOf", []) if option != {"type": "null"}]
    rest = {key: value for key, value in said.items() if key != "anyOf" and (key, value) != ("default", None)}
    if len(options) == 1:
        return {**options[0], **rest}
    return {"anyOf": options, **rest} if options else rest
