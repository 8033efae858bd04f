"""The labels for everybody; of a territory where it stands, its figures and bodies; general assemblies."""

from collections.abc import Callable
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.bookings.navigation import PEOPLE
from totem.core.navigation import SITE, Entry, EntryTab, OwnWorkplace, add_entry, add_tab
from totem.hubs.permissions import WORK_DESK
from totem.labels.permissions import SEE, boards_of
from totem.memberships.navigation import MY_DUES
from totem.territories.navigation import TERRITORY


def _state(own: OwnWorkplace) -> str:
    """The board of the territory where there is one; else all of them, or the way to the first."""
    boards = boards_of(own.person, own.subject)
    return reverse("labels:board", args=[own.slug, *boards]) if len(boards) == 1 else reverse(BOARDS, args=[own.slug])


def _of_board(route: str) -> Callable[[OwnWorkplace], str]:
    """The page of the board one looks at, or looked at last; nowhere without a board."""

    def address(own: OwnWorkplace) -> str:
        board = own.preferred(boards_of(own.person, own.subject))
        return reverse(route, args=[own.slug, board]) if board else ""

    return address


BOARDS, FIGURES, BODIES = "labels:boards", "labels:figures", "labels:governance"
_of_territory = partial(Entry, TERRITORY, needs=SEE, detail="board")
add_entry(Entry(SITE, pgettext_lazy("navigation", "Labels"), "labels:index", 50))
STATE = add_entry(_of_territory(pgettext_lazy("navigation", "Where do we stand?"), BOARDS, 10, address=_state))
add_entry(
    _of_territory(
        pgettext_lazy("navigation", "Figures"), FIGURES, 20, also=("labels:observation",), address=_of_board(FIGURES)
    )
)
add_entry(_of_territory(pgettext_lazy("navigation", "Bodies"), BODIES, 50, address=_of_board(BODIES)))
add_tab(EntryTab(STATE, pgettext_lazy("tab", "Criteria"), "labels:board", 10))
add_tab(EntryTab(STATE, pgettext_lazy("tab", "Plan"), "labels:plan", 15))
add_tab(EntryTab(STATE, pgettext_lazy("tab", "Joint application"), "labels:together", 20))
add_tab(EntryTab(STATE, pgettext_lazy("tab", "Evaluations"), "labels:evaluations", 30))
add_tab(EntryTab(PEOPLE, _("General assemblies"), "labels:assemblies", 15, needs=WORK_DESK))
add_tab(EntryTab(MY_DUES, _("General assemblies"), "labels:my_assemblies", 20))
