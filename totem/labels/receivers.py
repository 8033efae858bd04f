"""Receivers of the signals about people: leaving a team, export and erasure of personal data."""

import datetime
from typing import Any

from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver

from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.core import clock
from totem.labels.assemblies.actions import take_back_all
from totem.labels.assemblies.queries import convocations_of
from totem.labels.models import Assignment, Board, Proxy
from totem.labels.plans.actions import forget_owner, release_owner
from totem.territories.models import WorkspaceMember


@receiver(person_erasing, dispatch_uid="labels.forget_owner")
def forget_when_erased(person: User, now: datetime.datetime, **_kwargs: object) -> None:
    """An erased person is in charge of nothing, the contact of no board, and represents nobody in an assembly to come.

    That they had a vote, came or were represented stays: it is what a general assembly was held with.
    """
    forget_owner(person=person, now=now)
    take_back_all(person=person, now=now)


@receiver(post_delete, sender=WorkspaceMember, dispatch_uid="labels.release_owner")
def release_who_left(instance: WorkspaceMember, **_kwargs: object) -> None:
    """Who left the team of a territory has no account on its plans any more."""
    release_owner(workspace=instance.workspace, person=instance.person, now=clock.now())


@receiver(personal_data_requested, dispatch_uid="labels.assignments")
def give_assignments(person: User, **_kwargs: object) -> dict[str, Any]:
    """What the person is in charge of, and the boards whose contact has their address."""
    rows = Assignment.objects.filter(Q(person=person) | Q(email=person.email)).select_related("board").order_by("pk")
    return {
        "in charge of": [
            {
                "board": row.board.slug,
                "requirement": row.requirement,
                "name": row.name,
                "due_on": row.due_on.isoformat() if row.due_on else None,
            }
            for row in rows
        ],
        "contact of boards": [
            {"board": board.slug, "name": board.contact_name}
            for board in Board.objects.filter(contact_email__iexact=person.email).order_by("pk")
        ],
    }


@receiver(personal_data_requested, dispatch_uid="labels.assemblies")
def give_assemblies(person: User, **_kwargs: object) -> dict[str, Any]:
    """The general assemblies that the person was convened to, whether they came, the proxies they gave and held."""
    proxies = Proxy.objects.filter(Q(giver__person=person) | Q(holder__person=person))
    return {
        "general assemblies": [
            {
                "hub": voter.assembly.hub.name,
                "held_on": voter.assembly.held_on.isoformat(),
                "organisation": voter.organisation.name if voter.organisation else "",
                "present": hasattr(voter, "attendance"),
            }
            for voter in convocations_of(person).select_related("attendance")
        ],
        "proxies": [
            {
                "held_on": proxy.giver.assembly.held_on.isoformat(),
                "from": str(proxy.giver),
                "to": str(proxy.holder),
                "given": proxy.given_at.isoformat(),
                "taken back": proxy.withdrawn_at.isoformat() if proxy.withdrawn_at else "",
            }
            for proxy in proxies.select_related("giver__assembly", "giver__person", "holder__person").order_by("pk")
        ],
    }
