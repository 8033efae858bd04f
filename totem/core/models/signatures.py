"""What is signed on line (`totem.core.signatures`): a file, who is asked to sign it, and the signatures."""

from datetime import datetime
from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from totem.core.codes import new_reference
from totem.core.model_fields import NameField
from totem.core.models.shared import ChainLink, Dated, StoredFile
from totem.core.triggers import Refusal, Trigger, append_only, read_only


class SigningState(models.TextChoices):
    """Only `waiting` changes: each of the others is final."""

    WAITING = "waiting", _("Waiting for signatures")
    SIGNED = "signed", _("Signed by all")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class SigningRequestQuerySet(models.QuerySet["SigningRequest"]):
    def of_source(self, purpose: str, source: str) -> Self:
        """Those about one thing of a room, the newest first."""
        return self.filter(purpose=purpose, source=source).order_by("-pk")


class SigningRequest(Dated):
    """A file that people are asked to sign, until some moment; which bytes, and for what, never changes."""

    reference = models.CharField(_("reference"), max_length=10, unique=True, default=new_reference, editable=False)
    purpose = models.CharField(max_length=60, help_text="Name of a totem.core.signatures.SigningPurpose.")
    source = models.CharField(max_length=80, help_text="What of its room it is about, e.g. agreement:42")
    title = models.CharField(_("title"), max_length=200)
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", db_column="sha256")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("to sign before"))
    state = models.CharField(_("state"), max_length=10, choices=SigningState, default=SigningState.WAITING)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = SigningRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to sign")
        verbose_name_plural = _("requests to sign")
        indexes: ClassVar = [
            models.Index(fields=["purpose", "source"], name="signing_request_of_source"),
            models.Index(fields=["expires_at"], condition=models.Q(state="waiting"), name="signing_request_waiting"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purpose", "source"], condition=models.Q(state="waiting"), name="signing_request_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", ended_at=None)
                | (~models.Q(state="waiting") & models.Q(ended_at__isnull=False)),
                name="signing_request_ended_or_not",
            ),
        ]
        triggers: ClassVar = [
            read_only("signing_request_as_asked", "reference", "purpose", "source", "title", "stored"),
            Refusal(
                name="signing_request_ended_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.state <> 'waiting' AND OLD.state IS DISTINCT FROM NEW.state"),
            ),
            Trigger(
                name="signing_request_signed_by_all",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__state="signed"),
                func="""
                IF EXISTS (
                    SELECT FROM core_signatory AS y LEFT JOIN core_signature AS e ON e.signatory_id = y.id
                     WHERE y.request_id = NEW.id AND e.id IS NULL
                ) OR NOT EXISTS (SELECT FROM core_signatory WHERE request_id = NEW.id) THEN
                    RAISE EXCEPTION 'Not everybody has signed.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file that is signed, in hexadecimal."""
        return self.stored_id

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be signed."""
        return self.state == SigningState.WAITING and now < self.expires_at


class Signatory(Dated):
    """Who is asked to sign, at an address, in what capacity. Those of a lower `position` sign before the others.

    What they typed is kept with the digest of the code that was mailed for it, until they sign.
    """

    request = models.ForeignKey(SigningRequest, on_delete=models.CASCADE, related_name="signatories")
    position = models.PositiveSmallIntegerField(default=1)
    name = NameField(_("name"), max_length=150, blank=True)
    capacity = NameField(_("capacity"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=5)
    asked_at = models.DateTimeField(_("last mail"), null=True, help_text="Empty: those before have not signed yet.")
    typed_name = NameField(max_length=150, blank=True)
    typed_capacity = NameField(max_length=150, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True)
    code_attempts = models.PositiveSmallIntegerField(default=0)
    declined_at = models.DateTimeField(_("declined"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("signatory")
        verbose_name_plural = _("signatories")
        ordering: ClassVar = ["position", "id"]
        indexes: ClassVar = [models.Index(fields=["email"], name="signatory_at_address")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "email"], condition=~models.Q(email=""), name="signatory_address_once"
            ),
        ]
        triggers: ClassVar = [
            read_only("signatory_as_asked", "request", "position"),
            # Who was asked changes in one way: a person is erased (`core.signatures.erase_address`).
            Refusal(
                name="signatory_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((OLD.name, OLD.capacity, OLD.email) IS DISTINCT FROM (NEW.name, NEW.capacity, NEW.email)"
                    " AND (NEW.name, NEW.capacity, NEW.email) IS DISTINCT FROM ('', '', ''))"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.capacity}" if self.capacity else self.name

    @property
    def has_signed(self) -> bool:
        """One query, unless `signature` was read along."""
        return hasattr(self, "signature")


class Signature(models.Model):
    """A signature: of which bytes, by whom, in what capacity, what was agreed, at which address the code was received.

    Append-only and kept as evidence, also once the person is erased. Its link of the chain holds no personal value: a
    digest of them with `salt`.
    """

    signatory = models.OneToOneField(Signatory, on_delete=models.PROTECT, related_name="signature")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=150)
    capacity = models.CharField(_("capacity"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail address"))
    statement = models.TextField(_("what was agreed"))
    signed_at = models.DateTimeField(_("signed"))
    client = models.CharField(max_length=32, help_text="Keyed digest of the network address (core.limits).")
    salt = models.CharField(max_length=32)
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="of_what_was_asked",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (
                    SELECT FROM core_signatory AS y JOIN core_signingrequest AS r ON r.id = y.request_id
                     WHERE y.id = NEW.signatory_id AND y.email = NEW.email AND y.declined_at IS NULL
                       AND r.sha256 = NEW.sha256 AND r.state = 'waiting' AND r.expires_at > NEW.signed_at
                       AND NOT EXISTS (
                           SELECT FROM core_signatory AS b LEFT JOIN core_signature AS e ON e.signatory_id = b.id
                            WHERE b.request_id = r.id AND b.position < y.position AND e.id IS NULL
                       )
                ) THEN
                    RAISE EXCEPTION 'This signatory was not asked to sign this file now.'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.capacity}" if self.capacity else self.name
