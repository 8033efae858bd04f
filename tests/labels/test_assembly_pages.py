"""General assemblies as the team and the members meet them."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.labels import AssemblyFactory
from tests.factories.memberships import DuesTermFactory
from totem.core import clock
from totem.core.models import Mail, Signatory
from totem.core.signatures import decline
from totem.hubs.models import Role
from totem.labels.jobs import mail_convocations
from totem.labels.models import Assembly, Attendance, Proxy
from totem.labels.receivers import give_assemblies

pytestmark = pytest.mark.django_db

STATUTES = {
    "voters_on": "convening", "notice_days": "15", "proxies_each": "2", "quorum": "1/3", "second_without_quorum": "on",
    "majority": "two_thirds",
}  # fmt: skip


def signed_in(person) -> Client:
    person.language = "en"
    person.save()
    client = Client()
    client.force_login(person)
    return client


def words(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def march(monkeypatch):
    """Says what time it is."""

    def at(*moment: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime.datetime(*moment, tzinfo=datetime.UTC))

    at(2027, 2, 1, 9)
    return at


def test_a_notice_is_prepared_convened_and_mailed(march) -> None:
    hub = HubFactory()
    manager = signed_in(TeamMemberFactory(hub=hub).person)
    people = [DuesTermFactory(kind__hub=hub, ends_on=None).person for _ in range(3)]
    at = lambda route, *more: reverse(f"labels:{route}", args=[hub.slug, *more])  # noqa: E731
    assert "No general assembly yet" in words(manager.get(at("assemblies")))
    notice = {
        "kind": "ordinary",
        "held_on": "2027-02-10",
        "hour": "18:00",
        "place": "Grande salle",
        "agenda": "Comptes",
    }
    manager.post(at("assembly_create"), notice | STATUTES)
    assembly = Assembly.objects.get()
    page = words(manager.get(at("assembly", assembly.pk)))
    assert "3 voters would get the notice" in page
    convene = at("assembly_step", assembly.pk, "convoquer")
    assert "15 days of notice: from 16 February 2027 on" in words(manager.post(convene, follow=True))
    seen = manager.get(at("assembly_edit", assembly.pk)).context["form"]["seen"].value()
    stale = {**notice, **STATUTES, "held_on": "2027-03-12", "seen": "before"}
    assert manager.post(at("assembly_edit", assembly.pk), stale).status_code == 409
    manager.post(at("assembly_edit", assembly.pk), stale | {"seen": seen})
    assert "It is convened" in words(manager.post(convene, follow=True))
    mail_convocations(assembly.pk)
    assert "3 notices are mailed" in words(manager.get(at("assembly", assembly.pk)))
    assert Mail.objects.get(to=people[0].email).reply_to == hub.email


def test_members_give_proxies_and_the_team_holds_the_assembly(march) -> None:
    assembly = AssemblyFactory(voters=3, quorum="1/3")
    hub, voters = assembly.hub, list(assembly.voters.all())
    people = [voter.person for voter in voters]
    manager = signed_in(TeamMemberFactory(hub=hub).person)
    at = lambda route, *more: reverse(f"labels:{route}", args=[hub.slug, *more])  # noqa: E731
    member = signed_in(people[0])
    mine = reverse("labels:my_assembly", args=[voters[0].pk])
    assert hub.name in words(member.get(reverse("labels:my_assemblies")))
    assert "Nobody who is convened" in words(member.post(mine, {"holder": "nobody@example.org"}))
    assert "A proxy is given to somebody else" in words(member.post(mine, {"holder": people[0].email}))
    page = words(member.post(mine, {"holder": people[1].email}, follow=True))
    assert f"{people[1].name} votes for you" in page
    assert people[2].name not in page
    assert "You represent:" in words(signed_in(people[1]).get(reverse("labels:my_assembly", args=[voters[1].pk])))
    assert signed_in(people[1]).get(mine).status_code == 404
    assert signed_in(people[1]).post(reverse("labels:my_proxy_end", args=[voters[0].pk])).status_code == 404
    assert "you vote yourself" in words(member.post(reverse("labels:my_proxy_end", args=[voters[0].pk]), follow=True))
    member.post(mine, {"holder": people[1].email})

    march(2027, 3, 12, 18)
    desk = signed_in(TeamMemberFactory(hub=hub, role=Role.DESK).person)
    assert desk.get(at("decision_create", assembly.pk)).status_code == 404
    attendance = at("attendance", assembly.pk)
    assert "It is not reached: 1 vote is missing." in words(desk.get(attendance))
    assert desk.post(attendance, {"voter": "9" * 5000}).status_code == 404
    assert desk.post(attendance, {"voter": voters[1].pk}).url == f"{attendance}#voter-{voters[1].pk}"
    page = words(desk.get(attendance))
    assert "1 present and 1 represented: 2 votes of 3 voters." in page
    assert "It is reached." in page
    decision = {
        "text": "Comptes approuvés",
        "majority": "two_thirds",
        "votes_for": 3,
        "votes_against": 0,
        "abstentions": 0,
    }
    assert "3 votes are more than the 2" in words(manager.post(at("decision_create", assembly.pk), decision))
    manager.post(at("decision_create", assembly.pk), decision | {"votes_for": 1, "votes_against": 1})
    assert "Rejected" in words(manager.get(at("assembly", assembly.pk)))


def test_minutes_are_sent_to_be_signed_and_corrected_once_declined(march) -> None:
    assembly = AssemblyFactory(voters=3)
    voters = list(assembly.voters.all())
    people = [voter.person for voter in voters]
    march(2027, 3, 12, 18)
    manager = signed_in(TeamMemberFactory(hub=assembly.hub).person)
    at = lambda route, *more: reverse(f"labels:{route}", args=[assembly.hub.slug, assembly.pk, *more])  # noqa: E731
    sent = {"president": people[1].pk, "secretary": people[1].pk}
    assert "who came is signed in" in words(manager.post(at("minutes_send"), sent | {"secretary": people[2].pk}))
    manager.post(at("attendance"), {"voter": voters[1].pk})
    assert "are two people" in words(manager.post(at("minutes_send"), sent))
    manager.post(at("minutes_send"), sent | {"secretary": people[2].pk})
    assert "The minutes wait for their signatures" in words(manager.get(at("assembly")))
    assert manager.get(at("minutes_file")).content.startswith(b"%PDF-")
    assert "is not open" in words(manager.get(at("decision_create")))
    assert signed_in(people[0]).get(reverse("labels:my_assembly_minutes", args=[voters[0].pk])).status_code == 404
    president = Signatory.objects.get(email=people[1].email)
    decline(signatory=president, reason="Une erreur", now=clock.now())
    manager.post(at("attendance"), {"voter": voters[0].pk})
    assert Attendance.objects.count() == 2


def test_a_second_convening_is_prepared_from_the_first(march) -> None:
    assembly = AssemblyFactory(voters=3, quorum="1/2", agenda="Dissolution")
    manager = signed_in(TeamMemberFactory(hub=assembly.hub).person)
    march(2027, 3, 12, 18)
    url = reverse("labels:assembly_create", args=[assembly.hub.slug]) + f"?seconde={assembly.pk}"
    assert url in words(manager.get(reverse("labels:assembly", args=[assembly.hub.slug, assembly.pk])))
    form = manager.get(url).context["form"]
    assert form["quorum"].value() == "0/1"
    manager.post(url, {"held_on": "2027-04-02", "hour": "18:00", "place": "Ici", "agenda": "Autre", **STATUTES})
    second = assembly.second
    assert (second.agenda, second.quorum, second.kind) == ("Dissolution", "0/1", "ordinary")
    assert manager.get(url).status_code == 302  # no other one


@pytest.mark.parametrize("more", [1, 3])
def test_the_attendance_page_asks_the_same_number_of_queries(more: int, django_assert_num_queries) -> None:
    assembly = AssemblyFactory(voters=2 * more)
    voters = list(assembly.voters.all())
    for giver, holder in zip(voters[:more], voters[more:], strict=True):
        Proxy.objects.create(giver=giver, holder=holder, given_at=datetime.datetime(2027, 2, 2, tzinfo=datetime.UTC))
    desk = signed_in(TeamMemberFactory(hub=assembly.hub, role=Role.DESK).person)
    with django_assert_num_queries(9):
        desk.get(reverse("labels:attendance", args=[assembly.hub.slug, assembly.pk]))


def test_what_is_kept_of_a_person_is_theirs_to_read() -> None:
    assembly = AssemblyFactory(voters=2)
    giver, holder = assembly.voters.all()
    Proxy.objects.create(giver=giver, holder=holder, given_at=datetime.datetime(2027, 2, 2, tzinfo=datetime.UTC))
    given = give_assemblies(giver.person)
    assert [one["hub"] for one in given["general assemblies"]] == [assembly.hub.name]
    assert [one["to"] for one in given["proxies"]] == [str(holder)]
    assert give_assemblies(UserFactory()) == {"general assemblies": [], "proxies": []}
