"""Measures of spaces."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.measures import Combine, CountedUnit, Figure, measure
from totem.core.periods import Period
from totem.hubs.models import Hub
from totem.hubs.subjects import HUB
from totem.spaces.models import Audience, SpaceKind, Unit


def _units(hub: Hub, *kinds: SpaceKind) -> Figure:
    return Figure.of(
        Unit.objects.filter(is_active=True, space__hub=hub, space__kind__in=kinds, space__is_active=True).count()
    )


@measure(
    "bookable_desks",
    subject=HUB,
    label=_("Bookable desks"),
    unit=CountedUnit(_("desk"), _("desks")),
    method=_("Hot desks and fixed desks in service today; desks for visitors from other hubs are counted apart."),
    combine=Combine.SUM,
)
def bookable_desks(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the spaces of today
    return _units(hub, SpaceKind.HOT_DESKS, SpaceKind.FIXED_DESK)


@measure(
    "visiting_desks",
    subject=HUB,
    label=_("Visiting desks"),
    unit=CountedUnit(_("desk"), _("desks")),
    method=_("Desks in service today that are kept for members of other hubs."),
    combine=Combine.SUM,
)
def visiting_desks(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the spaces of today
    return _units(hub, SpaceKind.VISITING_DESKS)


@measure(
    "open_fab_labs",
    subject=HUB,
    label=_("Fab labs open to others"),
    unit=CountedUnit(_("fab lab"), _("fab labs")),
    method=_(
        "1 where a machine in service today can be booked by people who are neither members nor of the team; one hub "
        "counts once, however many machines it has."
    ),
    combine=Combine.SUM,
)
def open_fab_labs(hub: Hub, period: Period) -> Figure:  # noqa: ARG001 - the spaces of today
    open_to_others = Q(space__audience__in=(Audience.PUBLIC, Audience.SIGNED_IN))
    machines = Unit.objects.filter(open_to_others, is_active=True, space__hub=hub, space__kind=SpaceKind.MACHINE)
    return Figure.of(int(machines.filter(space__is_active=True).exists()))
