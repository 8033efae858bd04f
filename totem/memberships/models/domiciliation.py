"""Domiciliation: a company has its seat at the hub. Approval, file of each company, mail, lists for the authorities.

Source: Code de commerce, art. L123-11-2 to L123-11-8, R123-166-1 to R123-166-5 and R123-167 to R123-171; Code monétaire
et financier, art. L561-5 (who is checked) and L561-12 (papers are kept for five years after the end).
"""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import EqualAsRange, InclusiveDates, is_sha256_of
from totem.core.model_fields import NameField
from totem.core.models import Dated, StoredFile
from totem.core.triggers import Refusal, Trigger, append_only, read_only
from totem.hubs.models import Hub
from totem.memberships.models.agreements import Agreement
from totem.memberships.models.plans import dates_in_order
from totem.spaces.models import Space


class SixYears(models.Func):
    """The same day six years later (R123-166-3)."""

    template = "(%(expressions)s + interval '6 years')::date"
    output_field = models.DateField()


class DomiciliationApproval(Dated):
    """What lets a hub take companies' addresses: the prefect's approval, or why none is needed."""

    class Ground(models.TextChoices):
        APPROVED = "approved", _("Approved by the prefect")
        EXEMPT = "exempt", _("No approval is needed (a public body, an association of public bodies)")

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="domiciliation_approvals")
    ground = models.CharField(_("on which ground"), max_length=10, choices=Ground, default=Ground.APPROVED)
    number = models.CharField(_("number of the approval"), max_length=60, blank=True)
    prefecture = models.CharField(_("prefecture"), max_length=100, blank=True)
    reason = models.CharField(
        _("why none is needed"), max_length=300, blank=True, help_text=_("Of a hub that needs no approval.")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until (included)"), null=True, blank=True,
        help_text=_("Six years at most. Where the prefect suspends or withdraws it, the day before."),
    )  # fmt: skip
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=150, blank=True)
    content_type = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("approval of domiciliation")
        verbose_name_plural = _("approvals of domiciliation")
        ordering: ClassVar = ["-starts_on"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(ground="approved", ends_on__isnull=False) & ~Q(number="") & ~Q(prefecture=""))
                | (Q(ground="exempt") & ~Q(reason="")),
                name="domiciliation_approval_says_which",
                violation_error_message=_(
                    "An approval has a number, a prefecture and an end; where none is needed, say why."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ground="exempt") | Q(ends_on__lt=SixYears(F("starts_on"))),
                name="domiciliation_approval_six_years",
                violation_error_message=_("An approval holds for six years at most (Code de commerce, R123-166-3)."),
            ),
            dates_in_order("domiciliation_approval_dates_in_order"),
            ExclusionConstraint(
                name="domiciliation_approval_once_at_a_time",
                expressions=[EqualAsRange.on("hub_id"), InclusiveDates.overlap()],
                violation_error_message=_("Another one holds during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.number or self.reason}"


class DomiciliationFile(Dated):
    """What the hub keeps of a company that has its seat there (R123-168, 1°); emptied five years after the end."""

    agreement = models.OneToOneField(Agreement, on_delete=models.PROTECT, related_name="domiciliation")
    company = NameField(_("company"), max_length=150)
    siren = models.CharField(
        _("SIREN"), max_length=9, blank=True, help_text=_("Leave empty until the company is registered.")
    )
    representative = models.CharField(_("legal representative"), max_length=150, blank=True)
    representative_address = models.CharField(_("their home address"), max_length=250, blank=True)
    representative_phone = models.CharField(_("their telephone"), max_length=20, blank=True)
    beneficial_owner = models.CharField(
        _("beneficial owner"), max_length=300, blank=True,
        help_text=_("Who holds more than a quarter of it, or controls it (Code monétaire et financier, L561-2-2)."),
    )  # fmt: skip
    accounts_here = models.BooleanField(_("its accounts are kept at the hub"), default=False)
    accounts_place = models.CharField(
        _("where else its accounts are kept"), max_length=250, blank=True, help_text=_("Name and address.")
    )
    activity_places = models.CharField(
        _("where it works"), max_length=500, blank=True, help_text=_("Each place of activity, other than the hub.")
    )
    room = models.ForeignKey(
        Space, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("private room"),
        help_text=_("Where it can meet and consult its books in confidence."),
    )  # fmt: skip
    mandate_on = models.DateField(
        _("mandate to receive its mail, given on"), null=True, blank=True, help_text=_("Often in the contract itself.")
    )
    registry = models.CharField(
        _("court registry"), max_length=200, blank=True, help_text=_("Greffe: its name and address, for the letters.")
    )
    emptied_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("file of domiciliation")
        verbose_name_plural = _("files of domiciliation")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(siren="") | Q(siren__regex=r"^[0-9]{9}$"), name="domiciliation_siren"),
        ]
        triggers: ClassVar = [
            read_only("domiciliation_of_its_agreement", "agreement"),
            Refusal(name="domiciliation_file_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.company}"


class DomiciliationDocument(models.Model):
    """A private paper of a file. Its row stays when its bytes and its name are erased; the journal has its readings."""

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("Identity of the legal representative")
        ADDRESS = "address", _("Proof of the representative’s address")
        OWNER = "owner", _("Beneficial owner")
        ACCOUNTS = "accounts", _("Where the accounts are kept")
        ACTIVITY = "activity", _("A place of activity")
        REGISTRATION = "registration", _("Extract of the register (Kbis)")
        OTHER = "other", _("Another paper")

    class Erased(models.TextChoices):
        RETENTION = "retention", _("kept as long as the law asks")
        MISTAKE = "mistake", _("sent by mistake")

    file = models.ForeignKey(DomiciliationFile, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(_("what it is"), max_length=15, choices=Kind)
    name = models.CharField(max_length=150, blank=True)
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    dated_on = models.DateField(_("dated"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    added_at = models.DateTimeField()
    added_by = models.BigIntegerField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    erased_for = models.CharField(max_length=10, choices=Erased, blank=True)

    class Meta:
        verbose_name = _("paper of domiciliation")
        verbose_name_plural = _("papers of domiciliation")
        ordering: ClassVar = ["kind", "-dated_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[
                "identity", "address", "owner", "accounts", "activity", "registration", "other",
            ]), name="domiciliation_document_kind_known"),
            models.CheckConstraint(
                condition=Q(erased_at=None, erased_for="", stored=F("sha256"))
                | (Q(erased_at__isnull=False, stored=None, name="") & ~Q(erased_for="")),
                name="domiciliation_document_has_its_bytes_until_erased",
            ),
        ]  # fmt: skip
        triggers: ClassVar = [
            Refusal(name="domiciliation_document_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            read_only(
                "domiciliation_document_as_sent", "file", "kind", "content_type", "sha256", "dated_on", "added_at"
            ),
            Refusal(
                name="domiciliation_document_stays_erased",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__erased_at__isnull=False),
            ),
            Trigger(
                name="domiciliation_document_five_years",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__erased_for="retention"),
                func="""
                IF EXISTS (
                    SELECT FROM memberships_domiciliationfile AS f
                      JOIN memberships_agreement AS a ON a.id = f.agreement_id
                     WHERE f.id = NEW.file_id AND a.state = 'active'
                       AND (a.ends_on IS NULL OR a.ends_on + interval '5 years' >= CURRENT_DATE)
                ) THEN
                    RAISE EXCEPTION 'this paper is kept for five years after the end'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'domiciliation_document_five_years';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.kind}"


class VigilanceCheck(models.Model):
    """Somebody of the team checked the company against money laundering (CMF, L561-5); the last one counts."""

    class Result(models.TextChoices):
        CLEAR = "clear", _("Nothing to report")
        WATCH = "watch", _("Accepted, to be watched closely")
        REFUSED = "refused", _("Not to be accepted")

    file = models.ForeignKey(DomiciliationFile, on_delete=models.PROTECT, related_name="checks")
    checked_on = models.DateField(_("checked on"))
    result = models.CharField(_("result"), max_length=10, choices=Result)
    note = models.CharField(_("what was looked at"), max_length=500, blank=True)
    by = models.BigIntegerField()

    class Meta:
        verbose_name = _("check against money laundering")
        verbose_name_plural = _("checks against money laundering")
        ordering: ClassVar = ["-checked_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(result__in=["clear", "watch", "refused"]), name="vigilance_result_known")
        ]
        triggers: ClassVar = [
            read_only("vigilance_check_as_made", "file", "checked_on", "result", "by"),
            Refusal(name="vigilance_check_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.checked_on}"


class MailCollection(models.Model):
    """The company took its mail that day."""

    file = models.ForeignKey(DomiciliationFile, on_delete=models.PROTECT, related_name="collections")
    collected_on = models.DateField(_("mail collected on"))
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        verbose_name = _("collection of mail")
        verbose_name_plural = _("collections of mail")
        ordering: ClassVar = ["-collected_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["file", "collected_on"], name="mail_collection_once",
                violation_error_message=_("This day is noted already."),
            )
        ]  # fmt: skip
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.file_id} {self.collected_on}"


class RegistryNotice(models.Model):
    """The court registry was told that the company left, or has not taken its mail for three months since a day."""

    class Reason(models.TextChoices):
        MAIL = "mail", _("Mail not collected for three months")
        END = "end", _("End of the domiciliation")

    file = models.ForeignKey(DomiciliationFile, on_delete=models.PROTECT, related_name="registry_notices")
    reason = models.CharField(max_length=5, choices=Reason)
    since = models.DateField(
        help_text="The last day on which mail was collected, or the last day of the domiciliation."
    )
    told_on = models.DateField(_("told on"))
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        verbose_name = _("notice to the court registry")
        verbose_name_plural = _("notices to the court registry")
        ordering: ClassVar = ["-told_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(reason__in=["mail", "end"]), name="registry_notice_reason_known"),
            models.UniqueConstraint(
                fields=["file", "reason", "since"], name="registry_notice_once",
                violation_error_message=_("The registry was told already."),
            ),
            models.CheckConstraint(condition=Q(told_on__gte=F("since")), name="registry_notice_told_after"),
        ]  # fmt: skip
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.file_id} {self.reason} {self.since}"


class AuthoritiesList(models.Model):
    """A list for the tax office and the URSSAF as it was made (R123-168, 4°); made again after a change it is another.

    `starts_on` is the first day of the quarter, or the first of January of those who are domiciled on that day.
    """

    class Kind(models.TextChoices):
        QUARTER = "quarter", _("Arrivals and departures of a quarter")
        YEAR = "year", _("Domiciled on 1 January")

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="authorities_lists")
    kind = models.CharField(max_length=10, choices=Kind)
    starts_on = models.DateField()
    number = models.PositiveSmallIntegerField()
    content = models.TextField(help_text="Its rows as canonical JSON.")
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(_("made"))
    made_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("list for the authorities")
        verbose_name_plural = _("lists for the authorities")
        ordering: ClassVar = ["-starts_on", "kind", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "kind", "starts_on", "number"], name="authorities_list_once"),
            models.CheckConstraint(
                condition=Q(kind="quarter", starts_on__day=1, starts_on__month__in=[1, 4, 7, 10])
                | Q(kind="year", starts_on__day=1, starts_on__month=1),
                name="authorities_list_of_a_quarter_or_year",
            ),
            models.CheckConstraint(condition=is_sha256_of("content"), name="authorities_list_is_its_sum"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.kind} {self.starts_on} {self.number}"


class AuthoritiesListSending(models.Model):
    """A list was sent to an authority on a day."""

    class Authority(models.TextChoices):
        TAX = "tax", _("Tax office (SIE)")
        URSSAF = "urssaf", _("URSSAF")

    list = models.ForeignKey(AuthoritiesList, on_delete=models.PROTECT, related_name="sendings")
    authority = models.CharField(_("sent to"), max_length=10, choices=Authority)
    sent_on = models.DateField(_("sent on"))
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        verbose_name = _("sending of a list")
        verbose_name_plural = _("sendings of lists")
        ordering: ClassVar = ["sent_on", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(authority__in=["tax", "urssaf"]), name="list_sending_authority_known"),
            models.UniqueConstraint(
                fields=["list", "authority"], name="list_sending_once",
                violation_error_message=_("It is noted as sent to them already."),
            ),
        ]  # fmt: skip
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.list_id} {self.authority}"
