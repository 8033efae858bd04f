"""Sort and search keys of names: in Latin letters whatever their script, without accents, case or punctuation.

The embedded PostgreSQL has neither ICU collations nor `unaccent`; lists are ordered and searched by a stored key.
"""

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
    return " ".join(key for _, key in _words(text))


def _words(text: str) -> list[tuple[str, str]]:
    """Each word of the text with its key."""
    composed = unicodedata.normalize("NFC", text)
    words = "".join(mark if _is_letter(mark) else " " for mark in composed).split()
    return [(word, key) for word in words if (key := "".join(filter(str.isalnum, anyascii(word))).lower())]


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character.isdecimal()


def words_begin(text: str, field: str = "sort_key") -> Q:
    """The rows in whose sort key each word of the text begins a word, in any order; none for a text without letters.

    « Zola Émi » finds Émile Zola. Chinese, Japanese and Korean put no space between family and given name: a word of
    theirs is found inside a word too, « 小明 » in 王小明.
    """
    words = _words(text)
    return reduce(and_, (_begins(word, key, field) for word, key in words)) if words else Q(pk__in=[])


def _begins(word: str, key: str, field: str) -> Q:
    if any(unicodedata.east_asian_width(character) == "W" for character in word):
        return Q(**{f"{field}__contains": key})
    return Q(**{f"{field}__startswith": key}) | Q(**{f"{field}__contains": f" {key}"})


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
