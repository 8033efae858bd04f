"""General assemblies: who is convened, proxies, presence, quorum, decisions, and minutes that nobody changes."""

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone, translation
from pypdf import PdfReader

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.labels import AssemblyFactory, BodyFactory, MeetingFactory
from tests.factories.memberships import DuesKindFactory, DuesTermFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.signatures import code_for
from tests.factories.territories import WorkspaceFactory
from totem.core.edit_conflicts import version_token
from totem.core.models import Mail, SigningRequest
from totem.core.signatures import sign
from totem.labels.assemblies import actions, mails, queries
from totem.labels.governance import actions as governance
from totem.labels.jobs import mail_convocations
from totem.labels.models import Assembly, Attendance, Decision, Majority, Proxy, Voter
from totem.labels.signatures import MINUTES

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
BEFORE = datetime.datetime(2027, 2, 10, 9, tzinfo=PARIS)
EVENING = datetime.datetime(2027, 3, 12, 18, 30, tzinfo=PARIS)


def convened(voters: int = 4, **fields: object) -> tuple[Assembly, list[Voter]]:
    assembly = AssemblyFactory(voters=voters, **fields)
    return assembly, list(assembly.voters.order_by("pk"))


def team(assembly: Assembly):
    return TeamMemberFactory(hub=assembly.hub).person


@contextmanager
def refused(match: str) -> Iterator[None]:
    with translation.override("en"), pytest.raises(ValidationError, match=match):
        yield


# -- Convening --------------------------------------------------------------------------------------------------------


def test_the_list_of_voters_is_who_is_up_to_date_with_a_vote_and_stays() -> None:
    hub = HubFactory()
    kind = DuesKindFactory(hub=hub)
    first = datetime.date(2026, 1, 1)
    paid = DuesTermFactory(kind=kind, ends_on=None).person
    DuesTermFactory(kind=kind, ends_on=datetime.date(2027, 2, 9))  # ended the day before
    DuesTermFactory(kind=kind, state="to_pay", reason="", starts_on=first, ends_on=None)
    DuesTermFactory(kind__hub=hub, kind__has_vote=False, ends_on=None)
    DuesTermFactory(ends_on=None)  # another association's
    until_march = DuesTermFactory(kind=kind, ends_on=datetime.date(2027, 3, 1)).person
    by = TeamMemberFactory(hub=hub).person
    assembly = actions.convene(assembly=AssemblyFactory(hub=hub), by=by, now=BEFORE)
    assert {voter.person for voter in assembly.voters.all()} == {paid, until_march}
    on_the_day = AssemblyFactory(hub=hub, voters_on="meeting")
    assert [one.person for one in actions.convene(assembly=on_the_day, by=by, now=BEFORE).voters.all()] == [paid]
    DuesTermFactory(kind=kind, ends_on=None)
    assert assembly.voters.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Voter.objects.create(assembly=assembly, person=UserFactory())
    for values in ({"place": "Ailleurs"}, {"proxies_each": 9}, {"held_on": datetime.date(2027, 3, 13)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Assembly.objects.filter(pk=assembly.pk).update(**values)
    with refused("convened"):
        actions.change(assembly=assembly, seen=version_token(assembly), by=by, place="Ailleurs")
    with refused("convened"):
        actions.convene(assembly=assembly, by=by, now=BEFORE)


def test_the_notice_is_long_enough_and_reaches_somebody() -> None:
    hub = HubFactory()
    by = TeamMemberFactory(hub=hub).person
    assembly = AssemblyFactory(hub=hub, notice_days=15)
    with refused("nobody to convene"):
        actions.convene(assembly=assembly, by=by, now=BEFORE)
    DuesTermFactory(kind__hub=hub, ends_on=None)
    with refused("15 days of notice"):
        actions.convene(assembly=assembly, by=by, now=datetime.datetime(2027, 2, 26, 9, tzinfo=PARIS))
    with pytest.raises(DatabaseError), transaction.atomic():
        Assembly.objects.filter(pk=assembly.pk).update(convened_on=datetime.date(2027, 2, 26))
    late = datetime.datetime(2027, 2, 25, 23, 30, tzinfo=PARIS)  # fifteen days before, by the hub's clock
    assert actions.convene(assembly=assembly, by=by, now=late).convened_on == datetime.date(2027, 2, 25)


def test_the_notice_is_mailed_once_to_each_though_the_job_is_killed_and_run_again(monkeypatch) -> None:
    assembly, voters = convened(3)
    Mail.objects.all().delete()
    sent = []
    whole = mails.write_to

    def dies(voter, about):
        if sent:
            raise KeyboardInterrupt
        sent.append(voter)
        whole(voter, about)

    monkeypatch.setattr(mails, "write_to", dies)
    with pytest.raises(KeyboardInterrupt):
        mail_convocations(assembly.pk)
    monkeypatch.setattr(mails, "write_to", whole)
    mail_convocations(assembly.pk)
    mail_convocations(assembly.pk)
    assert sorted(Mail.objects.values_list("to", flat=True)) == sorted(one.person.email for one in voters)
    assert queries.mailed(assembly) == 3
    notice = Mail.objects.get(to=voters[0].person.email)
    assert "La grande salle" in notice.text
    assert "Comptes de 2026" in notice.text
    assert f"/mes-assemblees/{voters[0].pk}/" in notice.text


def test_one_that_is_cancelled_is_told_and_over() -> None:
    assembly, voters = convened(2)
    mail_convocations(assembly.pk)
    actions.cancel(assembly=assembly, by=team(assembly), now=BEFORE)
    mail_convocations(assembly.pk)
    assert Mail.objects.filter(to=voters[0].person.email).count() == 2
    with refused("not open"):
        actions.give_proxy(giver=voters[0], holder=voters[1], by=voters[0].person, now=BEFORE)


# -- Proxies ----------------------------------------------------------------------------------------------------------


def test_a_proxy_goes_to_one_other_voter_who_comes() -> None:
    assembly, (a, b, c, d) = convened(4)
    other = convened(1)[1][0]

    def give(giver: Voter, holder: Voter, now: datetime.datetime = BEFORE, by=None) -> Proxy:
        return actions.give_proxy(giver=giver, holder=holder, by=by or giver.person, now=now)

    proxy = give(a, b)
    for giver, holder, words in (
        (c, c, "somebody else"), (c, other, "not convened"), (a, c, "given already"), (c, b, "as many as"),
        (b, c, "takes theirs back first"), (d, a, "gave their own"),
    ):  # fmt: skip
        with refused(words):
            give(giver, holder)
        with pytest.raises(DatabaseError), transaction.atomic():  # the database refuses it too
            Proxy.objects.create(giver=giver, holder=holder, given_at=BEFORE)
    actions.take_back(proxy=proxy, by=a.person, now=BEFORE)
    proxy = give(a, c)
    with refused("has begun"):
        actions.take_back(proxy=proxy, by=a.person, now=EVENING)
    with refused("has begun"):
        give(b, d, EVENING)
    with pytest.raises(DatabaseError, match="begun"), transaction.atomic():
        Proxy.objects.create(giver=b, holder=d, given_at=EVENING)
    give(b, d, EVENING, by=team(assembly))  # on paper, to the team
    with pytest.raises(DatabaseError), transaction.atomic():
        Proxy.objects.filter(pk=proxy.pk).update(holder=d)
    assert list(Proxy.objects.filter(withdrawn_at=None).values_list("giver", "holder")) == [(a.pk, c.pk), (b.pk, d.pk)]


def test_who_votes_for_an_organisation_too_holds_no_more_for_it() -> None:
    """The limit is of a person, who may be there for themselves and for an organisation."""
    _assembly, (a, b, c) = convened(3)
    twice = AssemblyFactory()
    own = Voter.objects.create(assembly=twice, person=a.person)
    for_it = Voter.objects.create(assembly=twice, person=a.person, organisation=OrganisationFactory())
    givers = [Voter.objects.create(assembly=twice, person=one.person) for one in (b, c)]
    twice.convened_on = datetime.date(2027, 2, 1)
    twice.save()
    actions.give_proxy(giver=givers[0], holder=own, by=givers[0].person, now=BEFORE)
    with refused("as many as"):
        actions.give_proxy(giver=givers[1], holder=for_it, by=givers[1].person, now=BEFORE)
    with refused("somebody else"):
        actions.give_proxy(giver=for_it, holder=own, by=a.person, now=BEFORE)


# -- Presence, quorum, decisions --------------------------------------------------------------------------------------


def test_the_quorum_and_what_is_decided_follow_from_who_came() -> None:
    assembly, (a, b, c, d, _e) = convened(5, quorum="1/2")
    by = team(assembly)
    with refused("on the day"):
        actions.sign_in(voter=a, by=by, now=BEFORE)
    actions.give_proxy(giver=b, holder=a, by=b.person, now=BEFORE)
    actions.give_proxy(giver=c, holder=d, by=c.person, now=BEFORE)
    actions.sign_in(voter=a, by=by, now=EVENING)
    found = queries.tally(assembly)
    assert (found.voters, found.present, found.represented, found.needed, found.missing) == (5, 1, 1, 3, 1)
    vote = {"text": "Les comptes sont approuvés.", "majority": Majority.SIMPLE, "votes_against": 0, "abstentions": 0}
    with refused("1 vote is missing"):
        actions.decide(assembly=assembly, by=by, now=EVENING, votes_for=1, **vote)
    with pytest.raises(DatabaseError, match="no quorum"), transaction.atomic():
        Decision.objects.create(assembly=assembly, votes_for=1, **vote)
    actions.sign_in(voter=c, by=by, now=EVENING)  # comes after all: the proxy ends
    assert not Proxy.objects.filter(giver=c, withdrawn_at=None).exists()
    assert (queries.tally(assembly).votes, queries.tally(assembly).missing) == (3, 0)
    with refused("4 votes are more"):
        actions.decide(assembly=assembly, by=by, now=EVENING, votes_for=3, **{**vote, "abstentions": 1})
    decision = actions.decide(assembly=assembly, by=by, now=EVENING, votes_for=3, **vote)
    with pytest.raises(DatabaseError, match="more votes"), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(votes_against=1)
    with refused("correct them first"):
        actions.sign_out(voter=a, by=by)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attendance.objects.filter(voter=a).delete()
    with refused("correct them first"):
        actions.take_back(proxy=Proxy.objects.get(giver=b), by=by, now=EVENING)
    with pytest.raises(DatabaseError), transaction.atomic():
        Proxy.objects.filter(giver=b).update(withdrawn_at=EVENING)
    actions.sign_in(voter=b, by=by, now=EVENING)  # represented, then present: one vote still
    assert queries.tally(assembly).votes == 3


@pytest.mark.parametrize(
    ("majority", "ayes", "noes", "adopted"),
    [
        ("simple", 3, 2, True), ("simple", 2, 2, False), ("simple", 0, 0, False), ("absolute", 5, 0, False),
        ("absolute", 6, 4, True), ("two_thirds", 4, 2, True), ("two_thirds", 5, 3, False), ("two_thirds", 0, 0, False),
        ("three_quarters", 3, 1, True), ("three_quarters", 5, 2, False),
    ],
)  # fmt: skip
def test_what_is_adopted_of_ten_votes(majority: str, ayes: int, noes: int, adopted: bool) -> None:
    assert queries.is_adopted(Decision(majority=majority, votes_for=ayes, votes_against=noes), 10) is adopted


def test_a_second_convening_follows_one_without_its_quorum() -> None:
    assembly, (a, *_others) = convened(4, quorum="1/2")
    by, later = team(assembly), {"held_on": datetime.date(2027, 4, 2), "hour": datetime.time(18)}
    with refused("without its quorum"):
        actions.prepare_second(first=assembly, by=by, now=BEFORE, **later)
    actions.sign_in(voter=a, by=by, now=EVENING)
    second = actions.prepare_second(first=assembly, by=by, now=EVENING, agenda="Autre chose", **later)
    assert (second.quorum, second.agenda, second.second_of) == ("0/1", assembly.agenda, assembly)
    with refused("without its quorum"):
        actions.prepare_second(first=assembly, by=by, now=EVENING, **later)


# -- Minutes ----------------------------------------------------------------------------------------------------------


def held(**fields: object) -> tuple[Assembly, list[Voter]]:
    """Three of four present or represented, and one decision."""
    assembly, voters = convened(4, **fields)
    by = team(assembly)
    actions.give_proxy(giver=voters[2], holder=voters[0], by=voters[2].person, now=BEFORE)
    for voter in voters[:2]:
        actions.sign_in(voter=voter, by=by, now=EVENING)
    actions.decide(
        assembly=assembly, by=by, now=EVENING, text="Le rapport moral est approuvé.", majority="two_thirds",
        votes_for=2, votes_against=1, abstentions=0,
    )  # fmt: skip
    return assembly, voters


def sent(assembly: Assembly, voters: list[Voter]) -> SigningRequest:
    return actions.send_minutes(
        assembly=assembly, purpose=MINUTES, president=voters[0].person, secretary=voters[1].person,
        by=team(assembly), now=timezone.now() if timezone.now() > EVENING else EVENING,
    )  # fmt: skip


def test_signed_minutes_are_the_document_of_the_meeting_and_nothing_changes_any_more() -> None:
    hub = HubFactory()
    body = BodyFactory(hub=hub, perimeter=None, workspace=WorkspaceFactory(), kind="vehicle")
    noted = MeetingFactory(body=body, held_on=datetime.date(2027, 3, 12), subject="À la main")
    assembly, voters = held(hub=hub, body=body, quorum="3/4")
    request = sent(assembly, voters)
    with refused("not open"):
        actions.sign_in(voter=voters[3], by=team(assembly), now=EVENING)
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(bytes(request.stored.content))).pages)
    text = re.sub(r"[ \n]+", " ", text)
    for words in (voters[0].person.name, f"Représenté par {voters[0].person.name}", "Le rapport moral est approuvé.",
                  "Adoptée", "soit 3 voix pour 4 votants."):  # fmt: skip
        assert words in text
    for signatory in request.signatories.all():
        code = code_for(signatory, now=EVENING)
        sign(signatory=signatory, code=code, client="", now=EVENING)
    assembly.refresh_from_db()
    assert (assembly.signed_at, assembly.minutes_id) == (EVENING, request.sha256)
    noted.refresh_from_db()
    assert (noted.assembly, noted.document.sha256) == (assembly, request.sha256)
    for change in (
        lambda: Assembly.objects.filter(pk=assembly.pk).update(closed_at=None, signed_at=None, minutes=None),
        lambda: Decision.objects.filter(assembly=assembly).update(votes_against=0),
        lambda: Decision.objects.filter(assembly=assembly).delete(),
        lambda: Attendance.objects.filter(voter=voters[1]).delete(),
        lambda: type(noted).objects.filter(pk=noted.pk).update(document=None),
        lambda: type(noted).objects.filter(pk=noted.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    for write in (governance.change, governance.remove):
        with refused("signed minutes"):
            write(row=noted, seen=version_token(noted), by=None)
