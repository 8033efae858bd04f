"""Asking for a search among territories."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.core import clock
from totem.labels.models import Board
from totem.labels.subjects import subject_of
from totem.territories.models import Department, Region


class CoalitionSearchForm(forms.Form):
    """Among which territories, and how many of them at most."""

    scope = forms.ChoiceField(label=_("Among the groupings of communes of"))
    most = forms.TypedChoiceField(
        label=_("At most"),
        coerce=int,
        choices=[(1, _("one partner")), (2, _("two partners")), (3, _("three partners")), (4, _("four partners"))],
        initial=3,
        help_text=_("Four: among 150 territories at most."),
    )

    def __init__(self, *args: Any, board: Board, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = self.scopes(board)  # type: ignore[attr-defined]

    @staticmethod
    def scopes(board: Board) -> list[tuple[str, str]]:
        """The regions and departments that the board's territory lies in, then France."""
        if board.perimeter is None:
            return [("france:fr", str(_("France")))]
        codes = subject_of(board, clock.today()).place.communes
        departments = Department.objects.filter(communes__in=list(codes)).distinct().order_by("sort_key")
        regions = Region.objects.filter(departments__in=departments).distinct().order_by("sort_key")
        return [
            *((f"region:{region.pk}", region.name) for region in regions),
            *((f"departement:{department.pk}", department.name) for department in departments),
            ("france:fr", str(_("France"))),
        ]
