"""Invitations of those in charge of what a board lacks, who may be of no team."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from totem.accounts.invitations import InvitationKind, Offer, register
from totem.accounts.models import User
from totem.core.components import Words
from totem.labels.boards.links import page_of
from totem.labels.models import Assignment, Board
from totem.labels.permissions import EDIT
from totem.labels.plans.actions import join_owner


def _words(offer: Offer) -> Words:  # noqa: ARG001
    return _("be in charge of requirements of a label, with a reminder before each due date")


def _check(board: Board, email: str, offer: Offer) -> None:  # noqa: ARG001
    if not Assignment.objects.filter(board=board, email=email).exists():
        raise ValidationError(_("Nothing is due from this address any more."))


def _join(board: Board, person: User, offer: Offer, now: datetime) -> None:
    _check(board, person.email, offer)
    join_owner(board=board, person=person, now=now)


def _may_invite(person: User, board: Board) -> bool:
    return person.has_perm(EDIT, board.workspace)


def _page(board: Board) -> str:
    return page_of(board, "plan")


OWNER = register(
    InvitationKind(
        "labels.owner",
        Board,
        words=_words,
        check=_check,
        join=_join,
        may_invite=_may_invite,
        managed_at=_page,
        home=_page,
    )
)
