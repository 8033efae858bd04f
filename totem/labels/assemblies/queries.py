"""What a general assembly comes to: its voters, who is present or represented, the quorum, what is adopted."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from totem.accounts.models import User
from totem.core.models import Mail
from totem.hubs.models import Hub
from totem.labels.models import Assembly, Attendance, Body, Decision, Majority, Proxy, Voter, VotersOn
from totem.memberships.models.dues import DuesTermQuerySet
from totem.memberships.queries.dues import up_to_date
from totem.territories.permissions import EDIT, workspaces_of

SIGNING = "labels.minutes"


def source_of(assembly: Assembly) -> str:
    """The `source` of the requests to sign its minutes."""
    return f"assembly:{assembly.pk}"


def convocation_key(assembly: Assembly, voter: Voter | None = None) -> str:
    """The key of the mail of its notice to a voter; without one, what all of them begin with."""
    return f"labels.convocation:{assembly.pk}:{voter.pk if voter else ''}"


# -- Voters -----------------------------------------------------------------------------------------------------------


def electorate(assembly: Assembly, today: date) -> DuesTermQuerySet:
    """The dues with a vote of who is up to date on the day that the statutes say, where it is convened today."""
    day = today if assembly.voters_on == VotersOn.CONVENING else assembly.held_on
    return up_to_date(assembly.hub, day).filter(kind__has_vote=True, person__erased_at=None)


def live_proxies() -> QuerySet[Proxy]:
    """Those that were not taken back."""
    return Proxy.objects.filter(withdrawn_at=None)


def voters_of(assembly: Assembly) -> list[Voter]:
    """The voters by name, each with `attendance` and, as `given`, their live proxy or None."""
    given = {one.giver_id: one for one in live_proxies().filter(giver__assembly=assembly)}
    rows = list(
        assembly.voters.select_related("person", "organisation", "attendance").order_by("person__sort_key", "pk")
    )
    by_pk = {voter.pk: voter for voter in rows}
    for voter in rows:
        proxy = given.get(voter.pk)
        if proxy is not None:
            proxy.holder = by_pk[proxy.holder_id]
        voter.given = proxy  # type: ignore[attr-defined]
    return rows


def convocations_of(person: User) -> QuerySet[Voter]:
    """The votes that the person has in assemblies they were convened to, the last ones first."""
    rows = Voter.objects.filter(person=person, assembly__convened_on__isnull=False)
    return rows.select_related("assembly__hub", "person", "organisation").order_by("-assembly__held_on", "pk")


def mailed(assembly: Assembly) -> int:
    """How many notices were queued."""
    return Mail.objects.filter(key__startswith=convocation_key(assembly)).count()


def bodies_for(hub: Hub, person: User) -> QuerySet[Body]:
    """The bodies of the hub in which the person may record a meeting."""
    theirs = [workspace for workspace in workspaces_of(person) if person.has_perm(EDIT, workspace)]
    return Body.objects.filter(hub=hub, workspace__in=theirs)


# -- Quorum and majority ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """The votes of an assembly: of how many voters, how many present, how many represented by somebody present."""

    voters: int
    present: int
    represented: int
    quorum: Fraction

    @property
    def votes(self) -> int:
        return self.present + self.represented

    @property
    def needed(self) -> int:
        return ceil(self.quorum * self.voters)

    @property
    def missing(self) -> int:
        return max(self.needed - self.votes, 0)


def tally(assembly: Assembly) -> Tally:
    """The votes as they are noted now."""
    by_present = live_proxies().filter(giver=OuterRef("pk"), holder__attendance__isnull=False)
    present = Exists(Attendance.objects.filter(voter=OuterRef("pk")))
    found = assembly.voters.aggregate(
        voters=Count("pk"),
        present=Count("pk", filter=Q(present)),
        represented=Count("pk", filter=~Q(present) & Q(Exists(by_present))),
    )
    return Tally(**found, quorum=Fraction(assembly.quorum))


def is_adopted(decision: Decision, votes: int) -> bool:
    """Whether it has its majority; `votes` are those present or represented. Abstentions are not votes cast."""
    ayes, cast = decision.votes_for, decision.votes_for + decision.votes_against
    match decision.majority:
        case Majority.ABSOLUTE:
            return 2 * ayes > votes
        case Majority.TWO_THIRDS:
            return ayes > 0 and 3 * ayes >= 2 * cast
        case Majority.THREE_QUARTERS:
            return ayes > 0 and 4 * ayes >= 3 * cast
    return 2 * ayes > cast


def held_by(voter: Voter) -> QuerySet[Proxy]:
    """The live proxies that the voter's person holds in that assembly."""
    theirs = Q(holder__person=voter.person_id, holder__assembly=voter.assembly_id)
    return live_proxies().filter(theirs).select_related("giver__person", "giver__organisation", "holder")
