"""What figures are about in this room: one organisation. What a territory has of them is a figure of the place."""

from django.utils.translation import gettext_lazy as _

from totem.core import subjects
from totem.core.subjects import SubjectKind

ORGANISATION = "organisations.organisation"

subjects.register(SubjectKind(ORGANISATION, _("an organisation"), _("organisations")))
