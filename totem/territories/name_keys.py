"""Sort keys of the names of communes and of groupings (EPCI), as directories order them and as people write them."""

import re

from django.db import models

from totem.core.sort_keys import SortKeyField, sort_key

_GROUPING = re.compile(
    r"^(?:(?:c[cau]|metropole|agglomeration|communaute (?:de communes|d agglomeration|urbaine)"
    r"|de|du|des|d|la|le|les|l) (?=.))*"
)


def epci_key(text: str) -> str:
    """The sort key of an EPCI's name without what it is: `CA Amiens Métropole` -> `amiens metropole`."""
    return _GROUPING.sub("", sort_key(text))


ABBREVIATIONS = {"st": "saint", "ste": "sainte", "s": "sur", "ss": "sous"}


def commune_key(text: str) -> str:
    """The sort key of a commune's name without its article, as directories order them: `Le Havre` -> `havre`.

    As people write it too: `St-Valery s/ Somme` -> `saint valery sur somme`, `RENNES CEDEX 7` -> `rennes`.
    """
    key = re.sub(r"^(l|le|la|les) (?=.)", "", sort_key(text))
    key = re.sub(r" cedex( \d+)?$", "", key)
    return re.sub(r"\b(st|ste|s|ss)(?= .)", lambda short: ABBREVIATIONS[short[1]], key)


class CommuneKeyField(SortKeyField):
    """The sort key of a commune (`commune_key`)."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002
        key = commune_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, key)
        return key
