"""Why a booking was refused or cancelled: ready-made sentences, shown and mailed in the reader's language."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """What the team says. OTHER alone says nothing: the words typed beside it do."""

    NEEDED = "needed", _("The space is needed for something else.")
    CLOSED = "closed", _("The hub is closed at that time.")
    OUTAGE = "outage", _("The space or its equipment is out of order.")
    WITHDRAWN = "withdrawn", _("This space can no longer be booked.")
    UNSUITABLE = "unsuitable", _("The space does not suit what it was asked for.")
    UNCLEAR = "unclear", _("The request does not say what it is for.")
    NOT_ALLOWED = "not_allowed", _("The rules of the hub do not allow it.")
    ASKED = "asked", _("You asked the team to cancel it.")
    OTHER = "other", _("Another reason, in my own words")


REASONS_TO_REFUSE = [reason for reason in Reason if reason != Reason.ASKED]
REASONS_TO_CANCEL = [reason for reason in Reason if reason != Reason.UNCLEAR]
LONGEST_REASON = 300
