"""Models shared by every room: dated rows, the append-only journal, the outbox of mails, stored files, limits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from totem.core import clock
from totem.core.constraints import is_sha256_of
from totem.core.locks import LockKind, key_of
from totem.core.triggers import Refusal, Trigger, append_only


def assign_changes(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Set the fields of the row that have another value; returns their names, sorted. Nothing is saved."""
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    return changed


class Dated(models.Model):
    """A row with the times of its creation and of its last change."""

    created_at = clock.TimestampField(_("created"), auto_now_add=True)
    updated_at = clock.TimestampField(_("changed"), auto_now=True)

    class Meta:
        abstract = True


class JournalEntry(models.Model):
    """One action of somebody: ids, field names and non-personal values. Append-only, kept for ever.

    Rows are inserted by `totem.core.journal.record` only; triggers refuse UPDATE, DELETE and TRUNCATE. There are no
    foreign keys: an entry outlives its subject.
    """

    at = models.DateTimeField(_("at"), db_index=True)
    actor_id = models.BigIntegerField(_("by"), null=True, help_text=_("Empty: a visitor or the system itself."))
    verb = models.CharField(_("what"), max_length=80)
    subject_model = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    scope = models.CharField(max_length=40, help_text="The place it happened in, as model:id (hub:3), or empty.")
    facts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        indexes: ClassVar = [
            models.Index(fields=["subject_model", "subject_id", "id"], name="journal_of_subject"),
            models.Index(fields=["scope", "-id"], name="journal_of_scope"),
        ]
        triggers: ClassVar = [
            append_only(),
            # By the database and not by `journal.record`: whoever inserts takes it, before the id is drawn.
            Trigger(
                name="shared_lock",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"PERFORM pg_advisory_xact_lock_shared({key_of(LockKind.JOURNAL, 0)}); RETURN NULL;",
            ),
            # An id of the writer's own choice could stand before what is sealed, or above every id to come.
            Trigger(
                name="id_of_the_sequence",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.id <> currval('core_journalentry_id_seq') THEN
                        RAISE EXCEPTION 'the id of a journal entry is that of its sequence'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_id_of_the_sequence';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_model}:{self.subject_id}"


class JournalPersonalValue(models.Model):
    """Personal values of a journal entry, in a table of their own so that erasing a person leaves the journal whole."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.DO_NOTHING, related_name="personal_values")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    values = models.JSONField()

    class Meta:
        verbose_name = _("personal value in the journal")
        verbose_name_plural = _("personal values in the journal")

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class JournalSeal(models.Model):
    """The entries from the last seal to `last_id`: how many, the digest of them, and the digest of all this.

    Inserted by `totem.core.seals` only. Two seals never follow the same one.
    """

    at = clock.TimestampField(_("at"), auto_now_add=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    entries = models.PositiveIntegerField(_("journal entries"))
    content = models.CharField(max_length=64, help_text="SHA-256 of the entries, each as a line of canonical JSON.")
    previous = models.CharField(max_length=64, unique=True, help_text="Digest of the seal before; empty: the first.")
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = _("seal of the journal")
        verbose_name_plural = _("seals of the journal")
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.first_id}-{self.last_id} {self.digest}"


class ChainHead(models.Model):
    """The last link of a chain: the row that whoever appends to it locks (`totem.core.chain`)."""

    key = models.CharField(max_length=120, unique=True)
    length = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("head of a chain")
        verbose_name_plural = _("heads of chains")

    def __str__(self) -> str:
        return f"{self.key} {self.length}"


class ChainLink(models.Model):
    """One link of a chain: canonical JSON, and the digest of the link before. Two links never follow the same one."""

    key = models.CharField(max_length=120)
    number = models.PositiveIntegerField()
    content = models.TextField(help_text="Canonical JSON, without personal values: it is kept for ever.")
    previous = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    at = clock.TimestampField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("link of a chain")
        verbose_name_plural = _("links of chains")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "number"], name="chain_link_once")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.key} {self.number}"


class Mail(Dated):
    """A mail of the outbox, sent or not. One row per key: queueing the same mail twice writes one row."""

    key = models.CharField(max_length=200, unique=True, help_text="What it is about, e.g. bookings.confirmed:42")
    message_id = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField()
    sender_name = models.CharField(max_length=160, blank=True, help_text="Who writes; empty: the site.")
    reply_to = models.EmailField(blank=True)
    calendar = models.TextField(blank=True, help_text="An iCalendar file to attach.")
    attached = models.ForeignKey("StoredFile", on_delete=models.PROTECT, null=True, related_name="+")
    attached_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        indexes: ClassVar = [models.Index(fields=["-created_at"], name="mail_newest")]

    def __str__(self) -> str:
        return self.subject


class JobFailure(models.Model):
    """Why a job failed the last time it was tried; a job that is no longer kept may have one until the next night."""

    job_id = models.BigIntegerField(primary_key=True)
    error = models.CharField(max_length=500)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("failure of a job")
        verbose_name_plural = _("failures of jobs")

    def __str__(self) -> str:
        return f"job {self.job_id}"


class StoredFile(models.Model):
    """The bytes of an uploaded file, by their SHA-256 digest: the same file sent twice is stored once.

    Stored in the database beside the rows that refer to it: one transaction, one backup, every machine. Never changed;
    deleted only to erase its content (see `totem.core.files.delete_content`).
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveIntegerField(_("size (bytes)"))
    content = models.BinaryField()
    created_at = clock.TimestampField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")
        constraints: ClassVar = [
            models.CheckConstraint(condition=is_sha256_of("content", is_text=False), name="stored_file_is_its_sum"),
            models.CheckConstraint(
                condition=models.lookups.Exact(
                    models.F("size"),
                    models.Func(models.F("content"), function="octet_length", output_field=models.IntegerField()),
                ),
                name="stored_file_has_its_size",
            ),
        ]
        triggers: ClassVar = [Refusal(name="stored_file_kept", operation=pgtrigger.Update | pgtrigger.Truncate)]

    def __str__(self) -> str:
        return self.sha256


class LimitAmountQuerySet(models.QuerySet["LimitAmount"]):
    def in_force(self, now: datetime | models.Expression) -> Self:
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))


class LimitAmount(models.Model):
    """The amount of a limit that replaces its default: for a group of takers, or for one taker until some moment."""

    limit = models.CharField(max_length=60, help_text="Its name in totem.core.limits, e.g. bookings.holds")
    scope = models.CharField(max_length=40, blank=True, help_text="As model:id (hub:3); empty: the installation.")
    taker = models.CharField(max_length=80, help_text="A group (member), or kind:key (person:12).")
    amount = models.PositiveIntegerField(_("at most"), null=True, help_text="Empty: no limit.")
    until = models.DateTimeField(_("until"), null=True)

    objects = LimitAmountQuerySet.as_manager()

    class Meta:
        verbose_name = _("amount of a limit")
        verbose_name_plural = _("amounts of limits")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["limit", "scope", "taker"], name="limit_amount_once"),
            models.CheckConstraint(
                condition=models.Q(taker__contains=":", until__isnull=False)
                | (~models.Q(taker__contains=":") & models.Q(until=None)),
                name="limit_lifted_for_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.limit} {self.scope} {self.taker}"


class LimitRefusal(models.Model):
    """When a limit last refused something to a taker; read by those who may lift it, and kept for thirty days."""

    limit = models.CharField(max_length=60)
    scope = models.CharField(max_length=40, blank=True)
    taker = models.CharField(max_length=80, help_text="As kind:key; of a network address the key is a keyed digest.")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("refusal by a limit")
        verbose_name_plural = _("refusals by limits")
        indexes: ClassVar = [models.Index(fields=["scope", "-at"], name="limit_refusal_of_scope")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["limit", "scope", "taker"], name="limit_refusal_once"),
        ]

    def __str__(self) -> str:
        return f"{self.limit} {self.scope} {self.taker}"


class BackupRun(models.Model):
    """A backup that was made, with its size in bytes, its SHA-256 digest, the journal's last seal; or why it was not.

    Written when it ends: of one that was killed there is nothing.
    """

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), db_index=True)
    path = models.TextField(_("file"))
    size = models.PositiveBigIntegerField(_("size (bytes)"), null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(error="", size__isnull=False) & ~models.Q(sha256="")
                | (~models.Q(error="") & models.Q(size__isnull=True, sha256="")),
                name="backup_made_or_not",
            ),
        ]

    def __str__(self) -> str:
        return self.path
