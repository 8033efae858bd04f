"""Boards: opened, shown, judged by people, evaluated each day and frozen."""

import datetime
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.locks import LockKind, lock
from totem.core.measures import Text
from totem.core.slugs import free_slug
from totem.hubs.models import Hub
from totem.labels.charters.format import JudgementRequirement, Requirement
from totem.labels.judging.evaluations import Evaluated, changes, charter_of, evaluate, kept
from totem.labels.models import Board, CharterVersion, Evaluation, Judgement
from totem.territories.approvals import check_may_publish
from totem.territories.models import Perimeter, Workspace


def record(verb: str, board: Board, by: User | None, **facts: object) -> None:
    """A line of the journal about a board."""
    journal.record(verb, board, actor_id=by.pk if by else None, scope=board.workspace, facts=facts)


@transaction.atomic
def create_board(
    *,
    workspace: Workspace,
    charter: CharterVersion,
    perimeter: Perimeter | None = None,
    hub: Hub | None = None,
    by: User | None,
) -> Board:
    """A board for a label: of a perimeter of the workspace or of a hub, as the charter asks. Raises ValidationError."""
    wants_hub = charter_of(charter).subject == "hub"
    if wants_hub != (hub is not None) or wants_hub == (perimeter is not None):
        raise ValidationError(
            {"hub": _("This label is a hub’s: choose one.")}
            if wants_hub
            else {"perimeter": _("This label is a territory’s: choose one of its perimeters.")}
        )
    if perimeter is not None and perimeter.workspace_id != workspace.pk:
        raise ValidationError({"perimeter": _("This perimeter is not one of the territory’s.")})
    Workspace.objects.select_for_update().get(pk=workspace.pk)  # two at once: the second is told that there is one
    # One board at a time: an address that is free stays so, and who opens the same one twice is told.
    lock(LockKind.BOARDS, [0])
    board = Board(
        workspace=workspace,
        charter=charter.slug,
        perimeter=perimeter,
        hub=hub,
        slug=free_slug(Board.objects.all(), f"{charter.slug}-{perimeter or hub}"),
    )
    board.full_clean()
    board.save(force_insert=True)
    record("labels.board_created", board, by, charter=charter.slug)
    return board


@transaction.atomic
def set_board_public(*, board: Board, public: bool, by: User) -> None:
    """Show the board to everybody, as what is published makes it; or to the workspace alone."""
    row = Board.objects.select_for_update().get(pk=board.pk)
    if row.public != public:
        if public:
            check_may_publish(row.workspace)
        row.public = public
        row.save(update_fields=["public", "updated_at"])
        record("labels.board_public_set", row, by, public=public)


@transaction.atomic
def choose_register(*, board: Board, activities: str, edition: datetime.date | None, by: User) -> None:
    """Which activities and which edition of the register its figures are counted in; empty: those in force.

    It holds for all boards of the workspace about the same place: their computed figures are the same rows.
    """
    chosen = {"stock": edition.isoformat() if edition else "", "activites": activities}
    parameters = urlencode({name: value for name, value in chosen.items() if value}, safe="@")
    same = Board.objects.filter(workspace=board.workspace_id, perimeter=board.perimeter_id, hub=board.hub_id)
    same.update(parameters=parameters)
    record("labels.register_chosen", board, by, parameters=parameters)


def verdicts_on(asked: Requirement) -> list[tuple[str, Text]]:
    """What a person may say of a requirement, with the words of each; empty where it is not for people to judge."""
    said = [Judgement.Verdict.MET, Judgement.Verdict.NOT_MET] if isinstance(asked, JudgementRequirement) else []
    if asked.may_not_apply:
        said += [Judgement.Verdict.NOT_APPLICABLE, *([] if said else [Judgement.Verdict.APPLIES])]
    return [(one.value, one.label) for one in said]


@transaction.atomic
def record_judgement(
    *,
    board: Board,
    version: CharterVersion,
    requirement: str,
    verdict: str,
    reason: str,
    conflicts: str,
    by: User | None,
    now: datetime.datetime,
) -> Judgement:
    """What an authorised person says of a requirement that asks for a judgement, on that version of the charter.

    Of another one, whether it applies, where the charter lets people say so (`may_not_apply`).
    Raises ValidationError: not such a requirement, no verdict, no reason, nothing said of conflicts of interest.
    """
    asked = next((one for one in charter_of(version).requirements() if one.id == requirement), None)
    if version.slug != board.charter or asked is None or verdict not in dict(verdicts_on(asked)):
        raise ValidationError(_("This requirement is not for a person to judge."))
    judgement = Judgement(
        board=board,
        charter_version=version,
        requirement=requirement,
        verdict=verdict,
        reason=reason.strip(),
        conflicts=conflicts.strip(),
        made_by=by,
        made_at=now,
    )
    judgement.full_clean(exclude=["made_by"])
    judgement.save(force_insert=True)
    facts = {"requirement": requirement, "verdict": verdict, "version": version.version}
    record("labels.requirement_judged", board, by, **facts)
    return judgement


@transaction.atomic
def freeze(*, evaluated: Evaluated, note: str, by: User | None, now: datetime.datetime) -> Evaluation:
    """Keep an evaluation as it is, for ever, with its sum."""
    evaluation = _kept(evaluated, frozen=True, note=note.strip(), by=by, now=now)
    record("labels.evaluation_frozen", evaluated.board, by, evaluation=evaluation.pk, sha256=evaluation.sha256)
    return evaluation


@transaction.atomic
def keep_daily(*, board: Board, day: datetime.date, now: datetime.datetime) -> Evaluation | None:
    """The board as its workspace sees it that day, kept where its result is not that of the last time; else None."""
    Board.objects.select_for_update().get(pk=board.pk)
    evaluated = evaluate(board, day=day, workspace=board.workspace)
    last = Evaluation.objects.filter(board=board, frozen=False).order_by("-day", "-pk").first()
    if last is not None and (last.day > day or not changes(kept(last).result, evaluated.result)):
        return None
    return _kept(evaluated, frozen=False, note="", by=None, now=now)


def _kept(evaluated: Evaluated, *, frozen: bool, note: str, by: User | None, now: datetime.datetime) -> Evaluation:
    return Evaluation.objects.create(
        board=evaluated.board,
        charter_version=evaluated.version,
        day=evaluated.day,
        content=evaluated.content,
        sha256=evaluated.sha256,
        state=evaluated.result.state,
        frozen=frozen,
        note=note,
        made_by=by,
        made_at=now,
    )
