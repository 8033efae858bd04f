"""What figures are about in this room: a hub whose money is meant, which no charter of a territory may add up."""

from django.utils.translation import gettext_lazy as _

from totem.core import subjects
from totem.core.subjects import SubjectKind

HUB_MONEY = "memberships.hub_money"

subjects.register(SubjectKind(HUB_MONEY, _("a hub, for its team alone"), _("hubs, for their teams alone")))
