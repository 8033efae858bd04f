"""The people of a hub: its team, its members, who asks to be one, and what is noted of them."""

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import Expression, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import EqualAsRange, InclusiveDates
from totem.core.models import Dated
from totem.core.wording import date_with_year
from totem.hubs.models.hub import Hub


class Role(models.TextChoices):
    """The roles of a team, from the widest permissions to the narrowest."""

    MANAGER = "manager", _("Manager")
    DESK = "desk", _("Front desk")
    FACILITATOR = "facilitator", _("Facilitator")
    MACHINES = "machines", _("Machine manager")
    READER = "reader", _("Reader")


class TeamMember(Dated):
    """A person's role in the team of a hub; one person may hold several."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="team")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_roles")
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hub", "person", "role"],
                name="team_role_once",
                violation_error_message=_("This person already has this role."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: date | Expression) -> Self:
        """Memberships in force on `day`, both ends included."""
        return self.ending_from(day).filter(starts_on__lte=day)

    def ending_from(self, day: date | Expression) -> Self:
        """Memberships in force on `day` or to come."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))


class Membership(Dated):
    """A membership from one day until another, both included; without an end, until further notice."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        indexes: ClassVar = [models.Index(fields=["person", "starts_on"], name="membership_of_person")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="membership_ends_after_start",
                violation_error_message=_("The end is before the start."),
            ),
            ExclusionConstraint(
                name="membership_once_at_a_time",
                expressions=[EqualAsRange.on("hub_id"), EqualAsRange.on("person_id"), InclusiveDates.overlap()],
                violation_error_message=_("This person is already a member during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} - {self.hub}"

    @property
    def dates(self) -> str:
        """« du 1er janvier 2026 au 31 mars 2026 », in the active language."""
        first = date_with_year(self.starts_on)
        if self.ends_on is None:
            return gettext("from %(first)s") % {"first": first}
        return gettext("from %(first)s to %(last)s") % {"first": first, "last": date_with_year(self.ends_on)}


class MembershipRequest(Dated):
    """Somebody asks to become a member of a hub; deleted once accepted or taken back.

    One that was declined stays, without its words, and keeps them from asking again for a time (`hubs.limits`).
    """

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="membership_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership_requests")
    message = models.TextField(_("what you want to say to the team"), max_length=600, blank=True)
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)

    class Meta:
        verbose_name = _("request to become a member")
        verbose_name_plural = _("requests to become a member")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "person"], name="membership_request_once"),
            models.CheckConstraint(
                condition=Q(declined_at__isnull=True) | Q(message=""), name="membership_request_declined_says_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.hub_id}"


class PersonNote(Dated):
    """What the team of a hub notes about somebody; read by those who work at the desk, and given to the person."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes_about")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"), max_length=2000)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes: ClassVar = [models.Index(fields=["hub", "person", "-id"], name="note_of_person")]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.person_id}"
