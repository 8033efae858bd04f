"""How the observatory writes days: with their year, without the day of the week, as stocks and versions are dated."""

from datetime import date

from django import template

from totem.observatory import words

register = template.Library()


@register.filter
def day_words(day: date) -> str:
    """« 1er novembre 2026 »."""
    return words.day_words(day)
