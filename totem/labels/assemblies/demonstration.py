"""The general assemblies of the demonstration: one that was held, with signed minutes, and one that is convened."""

from datetime import datetime, time, timedelta
from typing import Any

from totem.accounts.models import User
from totem.core.codes import parse
from totem.core.demonstration import Sheet
from totem.core.models import Mail, SigningRequest
from totem.core.periods import at_wall_clock
from totem.core.signatures import send_code, sign
from totem.hubs.models import Hub, Role
from totem.labels.assemblies import actions
from totem.labels.assemblies.queries import electorate, tally
from totem.labels.models import Assembly, Voter
from totem.labels.signatures import MINUTES

MORNING = time(9)
FEWEST = 4


def save_assembly(hub: Hub, row: Sheet, now: datetime) -> bool:
    """Prepare and convene an assembly of the sheet on its days; where it is past, hold it and have it signed.

    False, and nothing is written, where the members of a shortened world are too few for its votes.
    """
    by = User.objects.filter(team_roles__hub=hub, team_roles__role=Role.MANAGER).order_by("pk")[0]
    today = now.astimezone(hub.zone).date()
    told: dict[str, Any] = {name: row[name] for name in ("kind", "place", "agenda")} | row["rules"]
    held_on = today - timedelta(days=row["ago"])
    convened_on = today - timedelta(days=row["convened_ago"])
    if electorate(Assembly(hub=hub, held_on=held_on), convened_on).count() < FEWEST:
        return False
    assembly = actions.prepare(hub=hub, by=by, held_on=held_on, hour=time(row["hour"]), **told)
    convened_at = at_wall_clock(convened_on, MORNING, hub.zone)
    assembly = actions.convene(assembly=assembly, by=by, now=convened_at)
    if row["ago"] > 0:
        _hold(assembly, row, by, convened_at)
    return True


def _hold(assembly: Assembly, row: Sheet, by: User, convened_at: datetime) -> None:
    begun = assembly.starts_at + timedelta(minutes=20)
    voters = list(assembly.voters.select_related("person").order_by("pk"))
    came = voters[: max(2, round(len(voters) * row["came"]))]
    for giver, holder in zip(voters[len(came) :][: row["proxies"]], came, strict=False):
        actions.give_proxy(giver=giver, holder=holder, by=giver.person, now=convened_at + timedelta(days=3))
    for voter in came:
        actions.sign_in(voter=voter, by=by, now=begun)
    for decision in row["decisions"]:
        against, abstentions = decision["against"], decision["abstentions"]
        values = {"votes_against": against, "abstentions": abstentions}
        votes_for = tally(assembly).votes - against - abstentions
        told = {"text": decision["text"], "majority": decision["majority"], "votes_for": votes_for}
        actions.decide(assembly=assembly, by=by, now=begun, **told, **values)
    _sign(_minutes(assembly, came, by, begun), begun)


def _minutes(assembly: Assembly, came: list[Voter], by: User, now: datetime) -> SigningRequest:
    signing = {"president": came[0].person, "secretary": came[1].person}
    return actions.send_minutes(assembly=assembly, purpose=MINUTES, by=by, now=now + timedelta(hours=2), **signing)


def _sign(request: SigningRequest, begun: datetime) -> None:
    """Each types the code that the mail to them carries."""
    for hours, signatory in enumerate(request.signatories.all(), 3):
        at = begun + timedelta(hours=hours)
        send_code(signatory=signatory, name=signatory.name, capacity=signatory.capacity, now=at)
        mail = Mail.objects.filter(key__startswith="core.signing_code:", to=signatory.email).latest("pk")
        sign(signatory=signatory, code=parse(mail.subject.split()[0]), client="", now=at)
