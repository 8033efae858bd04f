"""General assemblies of a hub's association: who is convened, proxies, who came, what was decided, the minutes.

What counts as a vote is counted by the database under a lock of the assembly's row: two proxies, two decisions at the
same time see each other.
"""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from totem.core.models import Dated, StoredFile
from totem.core.triggers import Refusal, Trigger, append_only, read_only
from totem.hubs.models import Hub
from totem.labels.models.bodies import Body, optional
from totem.organisations.models import Organisation


class AssemblyKind(models.TextChoices):
    ORDINARY = "ordinary", _("Ordinary general assembly")
    EXTRAORDINARY = "extraordinary", _("Extraordinary general assembly")


class VotersOn(models.TextChoices):
    """The day on which a member has to be up to date to have a vote."""

    CONVENING = "convening", _("the day of the convening")
    MEETING = "meeting", _("the day of the meeting")


class Quorum(models.TextChoices):
    """The share of the voters that has to be present or represented: "part/whole", which a trigger reads too."""

    NONE = "0/1", _("no quorum")
    TENTH = "1/10", _("a tenth of the voters")
    FIFTH = "1/5", _("a fifth of the voters")
    QUARTER = "1/4", _("a quarter of the voters")
    THIRD = "1/3", _("a third of the voters")
    HALF = "1/2", _("half of the voters")
    TWO_THIRDS = "2/3", _("two thirds of the voters")
    THREE_QUARTERS = "3/4", _("three quarters of the voters")


class Majority(models.TextChoices):
    """What carries a decision; votes cast are those for and against, without abstentions."""

    SIMPLE = "simple", _("simple: more votes for than against")
    ABSOLUTE = "absolute", _("absolute: more than half of the votes present or represented")
    TWO_THIRDS = "two_thirds", _("two thirds of the votes cast")
    THREE_QUARTERS = "three_quarters", _("three quarters of the votes cast")


_NOTICE = (
    *("hub_id", "kind", "held_on", "hour", "place", "agenda", "second_of_id", "convened_on"),
    *("notice_days", "voters_on", "proxies_each", "quorum", "second_without_quorum", "majority"),
)
_NOTICE_CHANGES = "({}) IS DISTINCT FROM ({})".format(
    *(", ".join(f"{row}.{column}" for column in _NOTICE) for row in ("OLD", "NEW"))
)


class Assembly(Dated):
    """A general assembly with what the statutes say of it; what its notice says is frozen once it is convened.

    Prepared, then convened (`convened_on`), held and closed (`closed_at`: its minutes wait for signatures), signed
    (`signed_at`): nothing changes any more. `body` is the body in which its minutes are recorded, if any.
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="assemblies")
    body = optional(Body, _("recorded as a meeting of"))
    kind = models.CharField(_("kind"), max_length=15, choices=AssemblyKind, default=AssemblyKind.ORDINARY)
    held_on = models.DateField(_("day"))
    hour = models.TimeField(_("hour"))
    place = models.CharField(_("place"), max_length=200)
    agenda = models.TextField(_("agenda"), max_length=5000, help_text=_("One point a line."))
    second_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="second", verbose_name=_("second of")
    )
    notice_days = models.PositiveSmallIntegerField(
        _("days of notice, at least"), default=15, validators=[MaxValueValidator(366)]
    )
    voters_on = models.CharField(
        _("has a vote who is up to date on"), max_length=10, choices=VotersOn, default=VotersOn.CONVENING,
        help_text=_("Of the dues with a vote. The list is frozen by the convening."),
    )  # fmt: skip
    proxies_each = models.PositiveSmallIntegerField(
        _("proxies that one person may hold"), default=1, validators=[MaxValueValidator(100)]
    )
    quorum = models.CharField(
        _("quorum"), max_length=5, choices=Quorum, default=Quorum.NONE,
        help_text=_("Of voters present or represented."),
    )  # fmt: skip
    second_without_quorum = models.BooleanField(_("a second convening needs no quorum"), default=True)
    majority = models.CharField(_("majority"), max_length=15, choices=Majority, default=Majority.SIMPLE)
    convened_on = models.DateField(_("convened on"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    signed_at = models.DateTimeField(_("minutes signed"), null=True, blank=True)
    minutes = optional(StoredFile, _("minutes"))

    class Meta:
        verbose_name = _("general assembly")
        verbose_name_plural = _("general assemblies")
        ordering: ClassVar = ["-held_on", "-hour", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=AssemblyKind.values)
                & Q(voters_on__in=VotersOn.values)
                & Q(quorum__in=Quorum.values)
                & Q(majority__in=Majority.values),
                name="assembly_rules_known",
            ),
            models.CheckConstraint(
                condition=Q(convened_on=None)
                | Q(
                    held_on__gte=ExpressionWrapper(F("convened_on") + F("notice_days"), output_field=models.DateField())
                ),
                name="assembly_noticed_in_time",
            ),
            models.CheckConstraint(
                condition=Q(convened_on__isnull=False)
                | Q(cancelled_at=None, closed_at=None, signed_at=None, minutes=None),
                name="assembly_convened_first",
            ),
            models.CheckConstraint(condition=Q(cancelled_at=None) | Q(closed_at=None), name="assembly_one_end"),
            models.CheckConstraint(
                condition=Q(signed_at=None, minutes=None)
                | Q(signed_at__isnull=False, minutes__isnull=False, closed_at__isnull=False),
                name="assembly_signed_minutes",
            ),
        ]
        triggers: ClassVar = [
            Refusal(
                name="assembly_as_convened",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.convened_on IS NOT NULL AND {_NOTICE_CHANGES}"),
            ),
            Refusal(
                name="assembly_convened_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__convened_on__isnull=False),
            ),
            Refusal(
                name="assembly_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__signed_at__isnull=False) | pgtrigger.Q(old__cancelled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.held_on}"

    @property
    def starts_at(self) -> datetime:
        """When it begins, in the hub's zone."""
        return datetime.combine(self.held_on, self.hour, self.hub.zone)

    @property
    def is_open(self) -> bool:
        """Whether proxies, presence and decisions are noted: convened, neither cancelled nor closed."""
        return self.convened_on is not None and self.cancelled_at is None and self.closed_at is None


# -- Triggers of what belongs to an assembly ---------------------------------------------------------------------------

_VARIABLES = [("held", "record"), ("voters", "bigint"), ("votes", "bigint")]


_LOCK = """
SELECT * INTO held FROM labels_assembly WHERE id = ({}) FOR NO KEY UPDATE;
IF {} THEN
    RAISE EXCEPTION 'This assembly is not open to that.' USING ERRCODE = 'check_violation';
END IF;
"""


def _lock(assembly: str, *, is_open: bool) -> str:
    """Lock the row of the assembly, and refuse unless it is open; or, for what its notice says, still prepared."""
    wrong = "held.convened_on IS NULL OR held.closed_at IS NOT NULL OR held.cancelled_at IS NOT NULL"
    return _LOCK.format(assembly, wrong if is_open else "held.convened_on IS NOT NULL")


# A voter counts once, present or represented by somebody who is.
_DECISIONS_FIT = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM labels_attendance a WHERE a.voter_id = v.id) OR EXISTS (
           SELECT FROM labels_proxy p JOIN labels_attendance a ON a.voter_id = p.holder_id
            WHERE p.giver_id = v.id AND p.withdrawn_at IS NULL))
  INTO voters, votes FROM labels_voter v WHERE v.assembly_id = held.id;
IF EXISTS (
    SELECT FROM labels_decision d WHERE d.assembly_id = held.id AND (
        d.votes_for + d.votes_against + d.abstentions > votes
        OR votes * split_part(held.quorum, '/', 2)::int < voters * split_part(held.quorum, '/', 1)::int)
) THEN
    RAISE EXCEPTION 'A decision has more votes than there are, or no quorum.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
_PROXY_FITS = """
IF NEW.entered_by_id IS NULL AND NEW.given_at >= (
    SELECT (held.held_on + held.hour) AT TIME ZONE h.time_zone FROM hubs_hub h WHERE h.id = held.hub_id
) THEN
    RAISE EXCEPTION 'The assembly has begun.' USING ERRCODE = 'check_violation';
END IF;
IF NOT EXISTS (
    SELECT FROM labels_voter g JOIN labels_voter h ON h.assembly_id = g.assembly_id AND h.person_id <> g.person_id
     WHERE g.id = NEW.giver_id AND h.id = NEW.holder_id
) OR EXISTS (SELECT FROM labels_attendance WHERE voter_id = NEW.giver_id) OR EXISTS (
    SELECT FROM labels_proxy WHERE withdrawn_at IS NULL AND (giver_id = NEW.holder_id OR holder_id = NEW.giver_id)
) THEN
    RAISE EXCEPTION 'A proxy goes to another voter, who comes.' USING ERRCODE = 'check_violation';
END IF;
IF held.proxies_each < (
    SELECT count(*) FROM labels_voter one JOIN labels_voter h ON h.assembly_id = one.assembly_id
           AND h.person_id = one.person_id JOIN labels_proxy p ON p.holder_id = h.id AND p.withdrawn_at IS NULL
     WHERE one.id = NEW.holder_id
) THEN
    RAISE EXCEPTION 'This person holds as many proxies as the statutes allow.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
_OF_VOTER = "SELECT assembly_id FROM labels_voter WHERE id = {}"


def _after(name: str, operation: pgtrigger.Operation, func: str) -> Trigger:
    return Trigger(
        name=name, level=pgtrigger.Row, when=pgtrigger.After, operation=operation, declare=_VARIABLES, func=func
    )


class AssemblyDocument(Dated):
    """A document that comes with the notice; frozen as it."""

    assembly = models.ForeignKey(Assembly, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(_("type"), max_length=100)
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("document of an assembly")
        verbose_name_plural = _("documents of assemblies")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assembly", "stored"], name="assembly_document_once"),
        ]
        triggers: ClassVar = [
            Refusal(name="assembly_document_as_sent", operation=pgtrigger.Update | pgtrigger.Truncate),
            _after(
                "assembly_document_before",
                pgtrigger.Insert,
                _lock("NEW.assembly_id", is_open=False) + "RETURN NULL;",
            ),
            _after(
                "assembly_document_stays",
                pgtrigger.Delete,
                _lock("OLD.assembly_id", is_open=False) + "RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Voter(models.Model):
    """A member of the association who is convened, with one vote; an organisation votes through `person`."""

    assembly = models.ForeignKey(Assembly, on_delete=models.PROTECT, related_name="voters")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organisation = optional(Organisation, _("organisation"))

    class Meta:
        verbose_name = _("voter")
        verbose_name_plural = _("voters")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "assembly", Coalesce(F("organisation_id"), -F("person_id")), name="voter_has_one_vote"
            ),
        ]
        triggers: ClassVar = [
            append_only(),
            _after(
                "voter_of_the_convening", pgtrigger.Insert, _lock("NEW.assembly_id", is_open=False) + "RETURN NULL;"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.organisation})" if self.organisation else str(self.person)


class Attendance(models.Model):
    """A voter who came and was signed in."""

    voter = models.OneToOneField(Voter, on_delete=models.PROTECT, related_name="attendance")
    noted_at = models.DateTimeField(_("signed in"))
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        triggers: ClassVar = [
            Refusal(name="attendance_as_noted", operation=pgtrigger.Update | pgtrigger.Truncate),
            _after(
                "attendance_of_the_open",
                pgtrigger.Insert,
                _lock(_OF_VOTER.format("NEW.voter_id"), is_open=True) + "RETURN NULL;",
            ),
            _after(
                "attendance_decisions_fit",
                pgtrigger.Delete,
                _lock(_OF_VOTER.format("OLD.voter_id"), is_open=True) + _DECISIONS_FIT,
            ),
        ]

    def __str__(self) -> str:
        return str(self.voter_id)


class Proxy(models.Model):
    """The vote of somebody who does not come, given to another voter; on line, or `entered_by` the team."""

    giver = models.ForeignKey(Voter, on_delete=models.PROTECT, related_name="proxies_given")
    holder = models.ForeignKey(Voter, on_delete=models.PROTECT, related_name="proxies_held")
    given_at = models.DateTimeField(_("given"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("proxy")
        verbose_name_plural = _("proxies")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["giver"], condition=Q(withdrawn_at=None), name="proxy_one_of_a_voter"),
            models.CheckConstraint(condition=~Q(giver=F("holder")), name="proxy_to_another"),
        ]
        triggers: ClassVar = [
            read_only("proxy_as_given", "giver", "holder", "given_at", "entered_by"),
            Refusal(name="proxy_is_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            Refusal(
                name="proxy_taken_back_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
            _after(
                "proxy_fits",
                pgtrigger.Insert,
                _lock(_OF_VOTER.format("NEW.giver_id"), is_open=True) + _PROXY_FITS,
            ),
            _after(
                "proxy_decisions_fit",
                pgtrigger.Update,
                _lock(_OF_VOTER.format("NEW.giver_id"), is_open=True) + _DECISIONS_FIT,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} -> {self.holder_id}"


class Decision(Dated):
    """What was put to the vote and how it was voted; whether it is adopted is computed from that."""

    assembly = models.ForeignKey(Assembly, on_delete=models.PROTECT, related_name="decisions")
    text = models.TextField(_("what is decided"), max_length=3000)
    majority = models.CharField(_("majority"), max_length=15, choices=Majority)
    votes_for = models.PositiveIntegerField(_("for"))
    votes_against = models.PositiveIntegerField(_("against"), default=0)
    abstentions = models.PositiveIntegerField(_("abstentions"), default=0)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(majority__in=Majority.values), name="decision_majority_known"),
        ]
        triggers: ClassVar = [
            read_only("decision_of_its_assembly", "assembly"),
            _after(
                "decision_fits",
                pgtrigger.Insert | pgtrigger.Update,
                _lock("NEW.assembly_id", is_open=True) + _DECISIONS_FIT,
            ),
            _after("decision_of_the_open", pgtrigger.Delete, _lock("OLD.assembly_id", is_open=True) + "RETURN NULL;"),
        ]

    def __str__(self) -> str:
        return f"{self.assembly_id} {self.pk}"
