"""Permissions in a hub. Fetching and authorising are one call (`hub_for`); what is not allowed is a 404."""

import rules
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from totem.accounts.models import User
from totem.hubs.models import Hub, Role, TeamMember

Person = User | AnonymousUser
KNOWN = "_hubs_with_roles"

MANAGE = "hubs.manage"  # hours, closures, zones, team, members, spaces, prices and rules
MANAGE_MACHINES = "hubs.manage_machines"  # put machines and equipment out of order and back in service
WORK_DESK = "hubs.work_desk"  # bookings of others, approvals, arrivals, people, their addresses, what is noted
SEE_DESK = "hubs.see_desk"  # the day, the bookings, the figures; no address and no telephone


def _posts_of(person: Person) -> dict[int, tuple[Hub, frozenset[str]]]:
    """The hubs where the person holds a role (by id, with name and address alone), by name, with the roles.

    Asked once a request, as the answer stays on the person.
    """
    if not isinstance(person, User) or not person.is_active:
        return {}
    # By name: `request.user` is not the person but stands for them, and both are asked.
    known: dict[int, tuple[Hub, frozenset[str]]] | None = getattr(person, KNOWN, None)
    if known is None:
        known = {}
        held = TeamMember.objects.filter(person=person).select_related("hub").order_by("hub__name", "hub_id")
        for post in held.only("role", "hub__slug", "hub__name"):
            _hub, roles = known.get(post.hub_id, (None, frozenset()))
            known[post.hub_id] = post.hub, roles | {post.role}
        setattr(person, KNOWN, known)
    return known


def hubs_of(person: Person) -> list[Hub]:
    """The hubs where the person holds a role, by name; only their names and addresses are read."""
    return [hub for hub, _roles in _posts_of(person).values()]


def roles_in(person: Person, hub: Hub) -> frozenset[str]:
    """The person's roles in the hub."""
    post = _posts_of(person).get(hub.pk)
    return post[1] if post else frozenset()


def _holds(*roles: Role) -> rules.Predicate:
    wanted = frozenset(roles)
    return rules.predicate(lambda person, hub: bool(roles_in(person, hub) & wanted))


rules.add_perm(MANAGE, _holds(Role.MANAGER))
rules.add_perm(MANAGE_MACHINES, _holds(Role.MANAGER, Role.DESK, Role.MACHINES))
rules.add_perm(WORK_DESK, _holds(Role.MANAGER, Role.DESK, Role.FACILITATOR))
rules.add_perm(SEE_DESK, _holds(*Role))


def hub_for(person: Person, slug: str, permission: str | None = None) -> Hub:
    """The hub at `slug`, with commune and department, if the person may do that there.

    Without a permission: if the person may see its public page. Raises Http404 for anything else: what is not yours
    does not exist.
    """
    hub = Hub.objects.select_related("commune__department", "operator").filter(slug=slug).first()
    if hub is None:
        raise Http404
    allowed = (
        hub.is_published or bool(roles_in(person, hub)) if permission is None else person.has_perm(permission, hub)
    )
    if not allowed:
        raise Http404
    return hub
