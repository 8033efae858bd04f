"""Two who act on the same person, or twice on one button: one is done, the others are told in a sentence."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from totem.accounts import invitations
from totem.accounts.invitations import InvitationKind
from totem.accounts.models import Invitation, User
from totem.hubs import actions, founding
from totem.hubs.invitations import TEAM
from totem.hubs.models import Membership, MembershipRequest, Role, TeamMember
from totem.memberships.actions.admissions import accept_request
from totem.memberships.invitations import MEMBER, days_offered

NOW = datetime(2027, 3, 4, 9, tzinfo=UTC)
TODAY = NOW.date()
ONE_OF_THREE = Counter({"ValidationError": 2, "done": 1})


def test_of_those_who_act_at_once_one_does_and_the_others_are_told(committed_db: str) -> None:
    hub = HubFactory()
    by = TeamMemberFactory(hub=hub).person
    person = UserFactory()

    def invited(kind: InvitationKind, offer: object, somebody: User) -> Invitation:
        return invitations.invite(kind=kind, subject=hub, email=somebody.email, offer=offer, by=by, now=NOW)

    for kind, offer in ((TEAM, {"role": "desk"}), (MEMBER, days_offered(TODAY, None))):
        accept = partial(invitations.accept, invitation=invited(kind, offer, person), person=person, now=NOW)
        assert outcomes_at_once(accept, accept, accept) == ONE_OF_THREE
    assert TeamMember.objects.filter(person=person).count() == Membership.objects.filter(person=person).count() == 1

    joining = UserFactory()
    accept = partial(
        invitations.accept, invitation=invited(MEMBER, days_offered(TODAY, None), joining), person=joining, now=NOW
    )
    request = MembershipRequest.objects.create(hub=hub, person=joining)
    grant = partial(accept_request, request=request, starts_on=date(2027, 3, 4), by=by)
    assert not set(outcomes_at_once(accept, grant, grant)) - {"done", "ValidationError"}
    assert Membership.objects.filter(person=joining).count() == 1

    for once in (
        partial(actions.add_team_member, hub=hub, person=joining, role=Role.DESK, by=by),
        partial(actions.add_partner, hub=hub, name="La Presque Vraie", by=by),
        partial(actions.add_zone, hub=hub, kind="offices", name="Nord", area=12, by=by),
        partial(founding.ask, person=joining, name="Un autre lieu", message="Bientôt"),
    ):
        assert outcomes_at_once(once, once, once) == ONE_OF_THREE, once

    role = TeamMember.objects.get(person=joining)
    change = partial(actions.change_team_role, member=role, role=Role.MANAGER, by=by)
    remove = partial(actions.remove_team_member, member=role, by=by)
    assert not set(outcomes_at_once(change, remove)) - {"done", "ValidationError"}


def test_an_answer_is_never_written_over_by_another_invitation(committed_db: str) -> None:
    hub = HubFactory()
    by = TeamMemberFactory(hub=hub).person
    for answer in (invitations.accept, invitations.decline):
        person = UserFactory()
        offer = partial(
            invitations.invite, kind=TEAM, subject=hub, email=person.email, offer={"role": "desk"}, by=by, now=NOW
        )
        reply = partial(
            answer, invitation=offer(), now=NOW, **{"person" if answer is invitations.accept else "by": person}
        )
        outcomes_at_once(reply, offer)
        waiting = Invitation.objects.waiting().filter(email=person.email)
        assert not waiting.exists()
