"""Bookings, and the occupancy rows whose exclusion constraint makes double booking impossible."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from totem.bookings.reasons import LONGEST_REASON, Reason
from totem.core.codes import new_reference
from totem.core.constraints import EqualAsRange
from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.core.periods import Period
from totem.core.sort_keys import SortKeyField
from totem.core.triggers import Trigger
from totem.hubs.models import Hub
from totem.organisations.models import Organisation
from totem.spaces.models import Space, Unit


class Status(models.TextChoices):
    HELD = "held", _("Held")
    PENDING = "pending", _("Waiting for approval")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


EARLY_ARRIVAL = timedelta(hours=2)
LIVE = (Status.HELD, Status.PENDING, Status.CONFIRMED)


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> Self:
        """Bookings in a state that blocks their space; an expired hold blocks nobody, released or not."""
        return self.filter(status__in=LIVE)

    def touching(self, period: Period) -> Self:
        return self.filter(starts_at__lt=period.ends_at, ends_at__gt=period.starts_at)

    def with_place(self) -> Self:
        """With the related rows that a list shows, in one query."""
        return self.select_related("space", "hub", "person", "organisation")


class Booking(Dated):
    """A booking of a space for a period, under the rules and at the price of when it was made."""

    reference = models.CharField(_("reference"), max_length=10, unique=True, default=new_reference, editable=False)
    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="bookings")
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("space"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    quantity = models.PositiveSmallIntegerField(_("how many"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    hold_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="bookings", verbose_name=_("for")
    )
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
        verbose_name=_("organisation"),
    )
    guest_name = NameField(_("name"), max_length=120, blank=True)
    guest_key = SortKeyField(source="guest_name", db_default="")  # the former version inserts during an upgrade
    guest_email = models.EmailField(_("e-mail"), blank=True)
    guest_phone = models.CharField(_("telephone"), max_length=20, blank=True, default="", db_default="")
    guest_language = models.CharField(max_length=5, blank=True)
    client = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",  # the former version inserts during an upgrade
        help_text="Of a guest who booked: the digest of the network address, while it counts (core.limits).",
    )
    exemption = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="Why it does not count in limits (core.limits.Exemption).",
    )
    code_digest = models.CharField(max_length=64, blank=True)
    code_attempts = models.PositiveSmallIntegerField(default=0)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )
    purpose = models.CharField(_("what for"), max_length=120, blank=True)

    price = DecimalField(_("price, VAT included (€)"), max_digits=10, decimal_places=2, default=Decimal(0))
    vat = DecimalField(_("of which VAT (€)"), max_digits=10, decimal_places=2, default=Decimal(0))
    price_lines = models.JSONField(
        default=list, help_text="What the price is made of, copied when it was made; see spaces.pricing.Line."
    )
    credit_unit = models.CharField(max_length=10, blank=True, default="", db_default="")
    credits_spent = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Grains of credits spent on it, by memberships.models.CreditUnit."
    )
    uses_credits = models.BooleanField(default=True, db_default=True)
    priced_until = models.DateTimeField(
        null=True, help_text="Until when the price holds, where the booking ends earlier: what is given back stays due."
    )
    reason = models.CharField(
        _("reason"),
        max_length=12,
        choices=Reason,
        blank=True,
        default="",
        db_default="",
        help_text="Why the team refused or cancelled it.",
    )
    reason_words = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True, default="", db_default="")
    not_invoiced = models.CharField(_("why it is not invoiced"), max_length=120, blank=True, default="", db_default="")
    not_invoiced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    not_invoiced_at = models.DateTimeField(null=True, blank=True)
    cancellable_until = models.DateTimeField(_("can be cancelled until"))
    checked_in_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    checked_out_at = models.DateTimeField(_("left"), null=True, blank=True)
    no_show_at = models.DateTimeField(_("marked as absent"), null=True, blank=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        indexes: ClassVar = [
            models.Index(fields=["hub", "starts_at"], name="booking_of_hub"),
            models.Index(fields=["space", "starts_at"], name="booking_of_space"),
            models.Index(fields=["person", "-starts_at"], name="booking_of_person"),
            models.Index(fields=["client"], name="booking_of_client", condition=~Q(client="")),
            models.Index(fields=["hold_expires_at"], name="booking_held", condition=Q(status="held")),
            models.Index(fields=["hub", "starts_at"], name="booking_pending", condition=Q(status="pending")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="booking_ends_after_start"),
            models.CheckConstraint(condition=Q(priced_until__gt=F("ends_at")), name="booking_priced_beyond_its_end"),
            models.CheckConstraint(
                condition=Q(reason="", reason_words="") | Q(status__in=("refused", "cancelled")),
                name="booking_reason_of_what_ended",
            ),
            models.CheckConstraint(condition=Q(reason__in=["", *Reason.values]), name="booking_reason_known"),
            models.CheckConstraint(
                condition=Q(not_invoiced="", not_invoiced_by=None, not_invoiced_at=None)
                | (~Q(not_invoiced="") & Q(not_invoiced_by__isnull=False, not_invoiced_at__isnull=False)),
                name="booking_not_invoiced_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="booking_of_something"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="booking_status_known"),
            models.CheckConstraint(
                condition=Q(status="held", hold_expires_at__isnull=False)
                | (~Q(status="held") & Q(hold_expires_at__isnull=True)),
                name="booking_held_until_some_time",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, guest_email="", guest_name="", guest_phone="")
                | (Q(person__isnull=True) & ~Q(guest_name="") & (~Q(guest_email="") | Q(made_by__isnull=False))),
                name="booking_for_a_person_or_a_guest",
            ),
            models.CheckConstraint(
                condition=Q(checked_in_at__isnull=True) | Q(status="confirmed"), name="booking_arrived_if_confirmed"
            ),
            models.CheckConstraint(
                condition=Q(no_show_at__isnull=True) | Q(status="confirmed", checked_in_at__isnull=True),
                name="booking_absent_if_expected",
            ),
            models.CheckConstraint(
                condition=Q(checked_out_at__isnull=True) | Q(checked_in_at__lte=F("checked_out_at")),
                name="booking_left_after_arrival",
            ),
            models.CheckConstraint(condition=Q(credits_spent=0) | ~Q(credit_unit=""), name="booking_credits_of_a_unit"),
            models.CheckConstraint(
                condition=Q(price__gte=0, vat__gte=0, vat__lte=F("price")), name="booking_price_not_negative"
            ),
        ]
        triggers: ClassVar = [
            Trigger(
                name="status_moves_forward",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Condition("OLD.status IS DISTINCT FROM NEW.status"),
                func="""
                    IF (OLD.status, NEW.status) NOT IN (
                        ('held', 'pending'), ('held', 'confirmed'), ('held', 'cancelled'), ('held', 'expired'),
                        ('pending', 'confirmed'), ('pending', 'refused'), ('pending', 'cancelled'),
                        ('pending', 'expired'), ('confirmed', 'cancelled'), ('confirmed', 'pending')
                    ) THEN
                        RAISE EXCEPTION 'a booking does not go from % to %', OLD.status, NEW.status
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'booking_status_moves_forward';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Trigger(
                name="of_a_space_of_its_hub",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("hub_id", "space_id"),
                func="""
                    IF NOT EXISTS (SELECT FROM spaces_space WHERE id = NEW.space_id AND hub_id = NEW.hub_id) THEN
                        RAISE EXCEPTION 'a booking is of a space of its hub'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'booking_of_a_space_of_its_hub';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Trigger(
                name="occupancy_follows_status",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status", "hold_expires_at"),
                func="""
                    IF NEW.status IN ('refused', 'cancelled', 'expired') THEN
                        DELETE FROM bookings_occupancy WHERE booking_id = NEW.id;
                    ELSIF NEW.hold_expires_at IS DISTINCT FROM OLD.hold_expires_at THEN
                        UPDATE bookings_occupancy SET held_until = NEW.hold_expires_at WHERE booking_id = NEW.id;
                    END IF;
                    RETURN NULL;
                """,
            ),
            Trigger(
                name="occupancy_follows_end",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("ends_at"),
                condition=pgtrigger.Condition("OLD.ends_at <> NEW.ends_at AND OLD.starts_at = NEW.starts_at"),
                # What is given back is free, and the buffers follow; what is added has been occupied before.
                func="""
                    DELETE FROM bookings_occupancy o
                     WHERE booking_id = NEW.id AND lower(during) >= NEW.ends_at
                       AND NOT (is_buffer AND EXISTS (
                           SELECT FROM bookings_occupancy t WHERE t.booking_id = NEW.id AND t.unit_id = o.unit_id
                              AND NOT t.is_buffer AND lower(t.during) < NEW.ends_at));
                    UPDATE bookings_occupancy SET during = tstzrange(lower(during), NEW.ends_at)
                     WHERE booking_id = NEW.id AND NOT is_buffer AND upper(during) > NEW.ends_at;
                    UPDATE bookings_occupancy
                       SET during = tstzrange(NEW.ends_at, NEW.ends_at + (upper(during) - lower(during)))
                     WHERE booking_id = NEW.id AND is_buffer AND lower(during) > NEW.ends_at;
                    IF (SELECT max(upper(during)) FROM bookings_occupancy WHERE booking_id = NEW.id AND NOT is_buffer)
                       <> NEW.ends_at THEN
                        RAISE EXCEPTION 'a booking takes its place until its end'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'booking_takes_its_place';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def period(self) -> Period:
        return Period(self.starts_at, self.ends_at)

    def taken_periods(self) -> list[tuple[Period, bool]]:
        """What it takes of its units by today's rules: its time, and the buffers around it (True) if there are any."""
        before = Period(self.starts_at - self.space.buffer_before, self.starts_at)
        after = Period(self.ends_at, self.ends_at + self.space.buffer_after)
        spans = [(before, True), (self.period, False), (after, True)]
        return [(span, is_buffer) for span, is_buffer in spans if span.length]

    @property
    def who(self) -> str:
        """The name of the person or guest, for the desk."""
        return self.guest_name if self.person is None else self.person.name

    @property
    def email(self) -> str:
        """Where mails about it go; empty for a guest of whom the team knows no address: then none is sent."""
        return self.guest_email if self.person is None else self.person.email

    @property
    def given_reason(self) -> str:
        """Why it was refused or cancelled, as it was said; empty where nothing was."""
        ready_made = "" if self.reason in {"", Reason.OTHER} else str(Reason(self.reason).label)
        return " ".join(part for part in (ready_made, self.reason_words) if part)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def hold_has_run_out(self, now: datetime) -> bool:
        return self.hold_expires_at is not None and self.hold_expires_at <= now

    def can_move(self, now: datetime, *, by_team: bool) -> bool:
        """Whether it can still be moved; the action raises with the reason where not."""
        return self._is_open(now) and (by_team or now <= self.cancellable_until)

    def can_cancel(self, now: datetime, *, by_team: bool) -> bool:
        """Whether it can still be cancelled; the action raises with the reason where not."""
        return self._is_open(now) and (by_team or now <= self.withdrawn_until)

    @property
    def withdrawn_until(self) -> datetime:
        """Until when its author may cancel it: a request that nobody has answered until it begins."""
        return self.starts_at if self.status == Status.PENDING else self.cancellable_until

    def _is_open(self, now: datetime) -> bool:
        return (
            self.is_live
            and not self.hold_has_run_out(now)
            and self.checked_in_at is None
            and self.no_show_at is None
            and self.ends_at > now
            and not self.has_lapsed(now)
        )

    def can_change_end(self, now: datetime, *, by_team: bool) -> bool:
        """Whether it is under way, so that it can be lengthened or shortened; the team may for who stays longer too."""
        is_under_way = self.starts_at <= now or self.checked_in_at is not None
        is_over = self.ends_at <= now and not (by_team and self.checked_in_at is not None)
        is_kept = self.status == Status.CONFIRMED and self.checked_out_at is None and self.no_show_at is None
        return is_kept and is_under_way and not is_over

    def has_lapsed(self, now: datetime) -> bool:
        """Whether it is a request whose time came without an answer, released or not."""
        return self.status == Status.PENDING and self.starts_at <= now

    def can_check_in(self, now: datetime) -> bool:
        """Whether it can be checked in: not arrived yet, and under way or starting within two hours."""
        is_due = self.starts_at - EARLY_ARRIVAL <= now < self.ends_at
        return self.is_awaited and is_due

    @property
    def is_awaited(self) -> bool:
        """Whether it is confirmed, and nobody has come or is known not to come."""
        return self.status == Status.CONFIRMED and self.checked_in_at is None and self.no_show_at is None


class Guard(Func):
    """The range of all ids for time taken, the booking's own id for a buffer: two buffers do not overlap in it."""

    template = "CASE WHEN is_buffer THEN int8range(booking_id, booking_id, '[]') ELSE int8range(NULL, NULL) END"
    output_field: ClassVar["models.Field[Any, Any]"] = BigIntegerRangeField()
    arity = 0


class Occupancy(models.Model):
    """Time of a unit taken by a live booking, or kept free around it (`is_buffer`). Other bookings have no rows.

    Between two bookings the larger buffer holds, not the sum: time taken excludes everything, while two buffers may
    overlap. `Guard` expresses this in the exclusion constraint.
    """

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="occupancy")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="occupancy", db_index=False)
    during = DateTimeRangeField(_("when"))
    is_buffer = models.BooleanField(default=False)
    held_until = models.DateTimeField(null=True, help_text="The hold's end, kept equal to the booking's by a trigger.")

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancy")
        indexes: ClassVar = [
            # Queries read a unit's rows that end after some instant: the past is never visited.
            models.Index(
                F("unit"),
                Func(F("during"), function="upper", output_field=models.DateTimeField()),
                name="occupancy_of_unit_from",
            ),
            models.Index(fields=["held_until"], name="occupancy_held", condition=Q(held_until__isnull=False)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="occupancy_bounded",
            ),
            ExclusionConstraint(
                name="never_twice",
                expressions=[
                    EqualAsRange.on("unit_id"),
                    ("during", RangeOperators.OVERLAPS),
                    (Guard(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"unit {self.unit_id} {self.during}"
