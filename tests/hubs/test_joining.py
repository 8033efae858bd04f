"""Joining a hub: invitations to the team and to become a member, requests, and leaving."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory
from totem.accounts import invitations
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import Invitation
from totem.core import clock
from totem.core.limits import LimitReached
from totem.core.models import Mail
from totem.hubs import actions
from totem.hubs.models import Hub, Membership, MembershipRequest, PersonNote, Role, TeamMember
from totem.memberships.invitations import MEMBER, days_offered

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
STRANGER = "stranger@example.org"
INVITATIONS = reverse("accounts:invitations")


@pytest.fixture(scope="module")
def rows(module_db: ModuleRows) -> TeamMember:
    """The manager of a hub that takes requests."""
    with module_db():
        return TeamMemberFactory(hub=HubFactory(accepts_requests=True, name="La Fabrique", email="hub@example.org"))


@pytest.fixture
def hub(rows: TeamMember) -> Hub:
    return Hub.objects.select_related("commune__department").get(pk=rows.hub_id)


@pytest.fixture
def manager(rows: TeamMember) -> Client:
    client = Client()
    client.force_login(rows.person)
    return client


def signed_in(person: object) -> Client:
    client = Client()
    client.force_login(person)
    return client


def url(name: str, hub: Hub, *more: object) -> str:
    room = "memberships" if name in {"member_add", "request"} else "hubs"
    return reverse(f"{room}:{name}", args=[hub.slug, *more])


def answer(verb: str) -> str:
    return reverse(f"accounts:invitation_{verb}", args=[Invitation.objects.get().pk])


class TestInvited:
    def test_to_the_team_with_an_account_or_without(self, manager: Client, hub: Hub):
        for email in (UserFactory().email, STRANGER):
            sent = manager.post(url("team", hub), {"email": email, "role": Role.DESK})
            assert sent.status_code == 302
            assert email in manager.get(url("team", hub)).content.decode()
            mail = Mail.objects.get(to=email)
            assert (mail.sender_name, mail.reply_to) == ("La Fabrique", "hub@example.org")
            Invitation.objects.exclude(email=STRANGER).delete()
        person = UserFactory(email=STRANGER)
        assert signed_in(person).post(answer("accept")).url == reverse("website:hub", args=[hub.slug])
        assert TeamMember.objects.get(person=person).role == Role.DESK

    def test_nobody_learns_who_has_an_account(self, manager: Client, hub: Hub):
        known = UserFactory(name="Nom Secret")
        pages = [
            manager.post(url("team", hub), {"email": email, "role": Role.DESK}) for email in (known.email, STRANGER)
        ]
        assert [page.status_code for page in pages] == [302, 302]
        assert "Nom Secret" not in manager.get(url("team", hub)).content.decode()

    def test_to_become_a_member_from_the_day_one_accepts(self, manager: Client, hub: Hub):
        person, today = UserFactory(), clock.today(hub.zone)
        days = {"starts_on": str(today - timedelta(days=5)), "ends_on": str(today + timedelta(days=90))}
        manager.post(url("member_add", hub), {"email": person.email, **days})
        page = signed_in(person).get(INVITATIONS).content.decode()
        assert "La Fabrique" in page
        signed_in(person).post(answer("accept"))
        membership = Membership.objects.get(person=person)
        assert (membership.starts_on, membership.ends_on) == (today, today + timedelta(days=90))

    @pytest.mark.parametrize("ends_on", ["2020-01-01", "yesterday"])
    def test_not_for_days_that_are_over(self, manager: Client, hub: Hub, ends_on: str):
        days = {"starts_on": "2020-01-02", "ends_on": ends_on}
        sent = manager.post(url("member_add", hub), {"email": STRANGER, **days})
        assert (sent.status_code, list(sent.context["form"].errors)) == (422, ["ends_on"])

    def test_an_offer_that_is_over_makes_nobody_a_member(self, hub: Hub, rows: TeamMember):
        person = UserFactory()
        offer = days_offered(date(2027, 3, 1), date(2027, 3, 9))
        clocked = {"kind": MEMBER.name, "subject_id": hub.pk, "email": person.email, "sent_at": NOW}
        invitation = Invitation.objects.create(offer=offer, **clocked)
        with pytest.raises(ValidationError):
            invitations.accept(invitation=invitation, person=person, now=NOW + timedelta(days=10))
        assert not Membership.objects.exists()

    def test_who_is_in_already_is_not_invited(self, manager: Client, hub: Hub, rows: TeamMember):
        member = MembershipFactory(hub=hub)
        for page, data in (
            (url("team", hub), {"email": rows.person.email, "role": Role.MANAGER}),
            (url("member_add", hub), {"email": member.person.email, "starts_on": "2027-01-01"}),
        ):
            sent = manager.post(page, data)
            assert (sent.status_code, list(sent.context["form"].errors)) == (422, ["email"])
        assert not Mail.objects.exists()

    def test_withdrawn_by_a_manager_of_this_hub_alone(self, manager: Client, hub: Hub):
        manager.post(url("team", hub), {"email": STRANGER, "role": Role.DESK})
        others = [TeamMemberFactory().person, TeamMemberFactory(hub=hub, role=Role.DESK).person]
        assert {signed_in(person).post(answer("withdraw")).status_code for person in others} == {404}
        assert manager.post(answer("withdraw")).url == url("team", hub)
        assert not Invitation.objects.waiting().exists()


class TestRequest:
    def test_asked_told_to_the_managers_accepted_and_told(self, manager: Client, hub: Hub):
        person = UserFactory()
        assert url("ask", hub) in signed_in(person).get(reverse("website:hub", args=[hub.slug])).content.decode()
        assert signed_in(person).post(url("ask", hub), {"message": "Bonjour"}).status_code == 302
        request = MembershipRequest.objects.get()
        assert url("request", hub, request.pk) in Mail.objects.get().text
        assert "Bonjour" in manager.get(url("request", hub, request.pk)).content.decode()
        sent = manager.post(url("request", hub, request.pk), {"starts_on": "2027-05-03"})
        assert sent.status_code == 302
        assert Membership.objects.get(person=person).starts_on == date(2027, 5, 3)
        assert "3 mai" in Mail.objects.get(to=person.email).text
        assert not MembershipRequest.objects.exists()

    def test_declined_with_a_reason_and_not_asked_again_for_a_month(self, manager: Client, hub: Hub):
        person = UserFactory()
        actions.ask_to_join(hub=hub, person=person, message="Mon histoire", now=NOW)
        request = MembershipRequest.objects.get()
        actions.decline_request(request=request, by=UserFactory(), now=NOW, reason="Complet jusqu’à mai.")
        assert "Complet jusqu’à mai." in Mail.objects.get(to=person.email).text
        assert MembershipRequest.objects.get().message == ""
        with pytest.raises(ValidationError):
            actions.ask_to_join(hub=hub, person=person, message="", now=NOW + timedelta(days=29))
        assert actions.ask_to_join(hub=hub, person=person, message="", now=NOW + timedelta(days=31))

    def test_refused_where_it_makes_no_sense(self, hub: Hub):
        person = MembershipFactory(hub=hub).person
        closed = HubFactory()
        for place, somebody in ((hub, person), (closed, UserFactory())):
            with pytest.raises(ValidationError):
                actions.ask_to_join(hub=place, person=somebody, message="", now=NOW)
        assert signed_in(person).get(url("ask", closed)).status_code == 404
        assert url("ask", closed) not in Client().get(reverse("website:hub", args=[closed.slug])).content.decode()

    def test_answered_by_an_invitation_that_is_accepted(self, hub: Hub, rows: TeamMember):
        person = UserFactory()
        actions.ask_to_join(hub=hub, person=person, message="Bonjour", now=NOW)
        offer = days_offered(NOW.date(), None)
        sent = invitations.invite(kind=MEMBER, subject=hub, email=person.email, offer=offer, by=rows.person, now=NOW)
        invitations.accept(invitation=sent, person=person, now=NOW)
        assert not MembershipRequest.objects.exists()

    def test_five_at_once_and_each_can_be_taken_back(self):
        person = UserFactory()
        hubs = HubFactory.create_batch(6, accepts_requests=True)
        for place in hubs[:5]:
            actions.ask_to_join(hub=place, person=person, message="", now=NOW)
        with pytest.raises(LimitReached):
            actions.ask_to_join(hub=hubs[5], person=person, message="", now=NOW)
        request = MembershipRequest.objects.earliest("pk")
        assert signed_in(UserFactory()).post(reverse("hubs:request_withdraw", args=[request.pk])).status_code == 404
        signed_in(person).post(reverse("hubs:request_withdraw", args=[request.pk]))
        assert actions.ask_to_join(hub=hubs[5], person=person, message="", now=NOW)


class TestLeaving:
    def test_a_member_leaves_by_themselves(self, hub: Hub):
        membership, today = MembershipFactory(hub=hub), clock.today(hub.zone)
        client, leave = signed_in(membership.person), reverse("memberships:leave", args=[membership.pk])
        assert leave in client.get(reverse("hubs:mine")).content.decode()
        assert client.post(leave, {"ends_on": str(today - timedelta(days=1))}).status_code == 422
        assert client.post(leave, {"ends_on": str(today)}).status_code == 302
        membership.refresh_from_db()
        assert membership.ends_on == today

    def test_a_team_too_but_not_its_last_manager(self, hub: Hub, rows: TeamMember):
        desk = TeamMemberFactory(hub=hub, role=Role.DESK)
        for member in (desk, rows):
            signed_in(member.person).post(reverse("hubs:leave_team", args=[member.pk]))
        assert list(TeamMember.objects.filter(hub=hub)) == [rows]
        assert signed_in(desk.person).post(reverse("hubs:leave_team", args=[rows.pk])).status_code == 404


def test_what_is_kept_of_a_person_is_given_to_them_and_erased(hub: Hub, rows: TeamMember):
    person = UserFactory()
    actions.ask_to_join(hub=hub, person=person, message="Bonjour", now=NOW)
    actions.add_note(hub=hub, person=person, text="Préfère le matin", by=rows.person)
    offer = {"role": Role.DESK}
    kind = {"kind": "hubs.team", "subject_id": hub.pk, "offer": offer, "sent_at": NOW}
    Invitation.objects.create(email=person.email, **kind)
    data = export_personal_data(person=person)
    assert data["membership_requests"][0]["message"] == "Bonjour"
    assert data["notes_of_teams"][0]["text"] == "Préfère le matin"
    assert data["invitations"][0]["offer"] == offer
    erase_person(person=person, actor_id=person.pk, now=NOW)
    assert not any(model.objects.exists() for model in (MembershipRequest, PersonNote, Invitation))
