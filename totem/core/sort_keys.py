"""Sort and search keys of names: in Latin letters whatever their script, without accents, case or punctuation.

The embedded PostgreSQL has neither ICU collations nor `unaccent`; lists are ordered and searched by a stored key.
"""

import re
import unicodedata
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from anyascii import anyascii
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    Text = models.CharField[str, str]
else:
    Text = models.CharField


def sort_key(text: str) -> str:
    """The text in lower-case letters a to z and digits, words parted by a space: `L’Haÿ` -> `l hay`, `Đặng` -> `dang`.

    Letters and digits of other scripts are transliterated; other signs are left out (« n° 2 » would become « ndeg 2 »).
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join(re.findall(r"[a-z0-9]+", "".join(map(_latin, composed)).lower()))


def _latin(character: str) -> str:
    if unicodedata.category(character)[0] in "LM" or character.isdecimal():
        return "".join(filter(str.isalnum, anyascii(character)))
    return character


def words_begin(text: str, field: str = "sort_key") -> Q:
    """The rows in whose sort key each word of the text begins a word, in any order; none for a text without letters.

    « Zola Émi » finds Émile Zola.
    """
    words = sort_key(text).split()
    each = (Q(**{f"{field}__startswith": word}) | Q(**{f"{field}__contains": f" {word}"}) for word in words)
    return reduce(and_, each) if words else Q(pk__in=[])


def refresh_sort_keys(app: str, model: str, field: str = "sort_key") -> Any:
    """For a migration after the rule changed: a function that writes the keys of that model anew."""

    def refresh(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001 - as RunPython calls it
        rows = apps.get_model(app, model)
        source = rows._meta.get_field(field).source
        for pk, name, key in rows.objects.values_list("pk", source, field).iterator():
            if key != (anew := sort_key(name)[: rows._meta.get_field(field).max_length]):
                rows.objects.filter(pk=pk).update(**{field: anew})

    return refresh


class SortKeyField(Text):
    """The sort key of another field of the row, written whenever the row is."""

    def __init__(self, *args: Any, source: str = "name", **kwargs: Any) -> None:
        self.source = source
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **{**kwargs, "editable": False, "default": ""})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("editable", "default"):
            kwargs.pop(fixed, None)
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002
        key = sort_key(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, key)
        return key
