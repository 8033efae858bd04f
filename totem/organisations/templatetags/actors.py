"""Template tag: a relation in one line."""

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core.wording import money
from totem.organisations.models import Relation

register = template.Library()


@register.filter
def relation_words(relation: Relation) -> str:
    """« Amiens (80) · Seed · since 01/03/2025 · For the team »: what it names, how much, when, who sees it."""
    parts = [str(relation.target), relation.get_stage_display() if relation.stage else "", relation.detail]
    if relation.places is not None:
        parts.append(ngettext("%(places)s place", "%(places)s places", relation.places) % {"places": relation.places})
    if relation.amount is not None:
        parts.append(money(relation.amount))
    since = date_format(relation.since, "SHORT_DATE_FORMAT")
    if relation.until is None:
        parts.append(_("since %(since)s") % {"since": since})
    else:
        until = date_format(relation.until, "SHORT_DATE_FORMAT")
        parts.append(_("from %(since)s until %(until)s") % {"since": since, "until": until})
    parts.append(_("Public") if relation.public else _("For the team"))
    return " · ".join(str(part) for part in parts if part)
