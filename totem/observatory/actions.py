"""What is done to activity perimeters. A draft can be changed; what is published never is.

A draft has one writer at a time: whoever saves says which state of it was read (`seen`), and a newer one is not
overwritten. Changing it holds the perimeter's row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core.edit_conflicts import check_version
from totem.core.journal import record
from totem.core.models import assign_changes
from totem.core.slugs import free_slug
from totem.observatory import corrections
from totem.observatory.activities import all_codes, fill_version
from totem.observatory.models import (
    Activity,
    ActivityPerimeter,
    ActivityVersion,
    Correction,
    Nomenclature,
    Stock,
)
from totem.organisations.numbers import compact_siren
from totem.territories.approvals import check_may_publish
from totem.territories.models import Workspace

RESERVED = frozenset({"nouveau", "codes"})


class NotADraft(Exception):
    """There is no draft to change, or it has been published since."""


class BranchWords(NamedTuple):
    """A branch as it is typed: names, and the codes of each nomenclature."""

    name: str
    name_en: str
    rev2: tuple[str, ...]
    naf2025: tuple[str, ...]


@dataclass(frozen=True)
class DraftWords:
    """All that a draft says but its corrections; `branches` in their order."""

    valid_from: date
    source: str
    note: str
    branches: tuple[BranchWords, ...]


# -- Perimeters -------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_activity_perimeter(
    *,
    workspace: Workspace,
    name: str,
    name_en: str = "",
    public: bool = False,
    start: ActivityVersion | None = None,
    by: User,
    now: datetime,
) -> ActivityPerimeter:
    """A territory's own perimeter with a first draft: a copy of `start`, or empty. Its address is made of its name."""
    if public:
        check_may_publish(workspace)
    perimeter = ActivityPerimeter(
        workspace=workspace,
        name=name.strip(),
        name_en=name_en.strip(),
        public=public,
        slug=free_slug(ActivityPerimeter.objects.all(), name, RESERVED),
    )
    perimeter.full_clean()
    perimeter.save(force_insert=True)
    draft = perimeter.versions.create(number=1, valid_from=now.date(), created_by=by)
    if start is not None:
        _copy(start, draft, with_corrections=start.perimeter.workspace_id == workspace.pk)
    _record("observatory.activities_created", perimeter, by)
    return perimeter


@transaction.atomic
def change_activity_perimeter(
    *, perimeter: ActivityPerimeter, name: str, name_en: str, public: bool, by: User
) -> ActivityPerimeter:
    """The perimeter under this name, public or its territory's. What has been published stays under its address."""
    row = ActivityPerimeter.objects.select_for_update().get(pk=perimeter.pk)
    wanted = {"name": name.strip(), "name_en": name_en.strip(), "public": public}
    if public and not row.public:
        check_may_publish(row.workspace)
    changed = assign_changes(row, wanted)
    row.full_clean()
    if changed:
        row.save(update_fields=[*changed, "updated_at"])
        _record("observatory.activities_changed", row, by, fields=changed)
    return row


# -- Drafts -----------------------------------------------------------------------------------------------------------


def draft_of(perimeter: ActivityPerimeter) -> ActivityVersion | None:
    """The version that is not published yet."""
    return perimeter.versions.filter(published_at__isnull=True).first()


@transaction.atomic
def draft_version(*, perimeter: ActivityPerimeter, by: User, now: datetime) -> ActivityVersion:
    """The draft of the next version, a copy of the last one; the one that is there if there is one."""
    row = ActivityPerimeter.objects.select_for_update().get(pk=perimeter.pk)
    if (draft := draft_of(row)) is not None:
        return draft
    last = row.versions.order_by("-number").first()
    highest = row.versions.aggregate(highest=Max("number"))["highest"] or 0
    draft = row.versions.create(number=highest + 1, valid_from=now.date(), created_by=by)
    if last is not None:
        draft.source = last.source
        draft.save(update_fields=["source"])
        _copy(last, draft, with_corrections=True)
    row.save(update_fields=["updated_at"])
    _record("observatory.activities_drafted", row, by, number=draft.number)
    return draft


def words_of(version: ActivityVersion) -> DraftWords:
    """What a version says, as it is typed."""
    codes: dict[tuple[int, str], list[str]] = {}
    for branch_id, nomenclature, code in version.codes.order_by("activity__code").values_list(
        "branch_id", "activity__nomenclature", "activity__code"
    ):
        codes.setdefault((branch_id, nomenclature), []).append(code)
    return DraftWords(
        version.valid_from,
        version.source,
        version.note,
        tuple(
            BranchWords(
                branch.name,
                branch.name_en,
                tuple(codes.get((branch.pk, Nomenclature.REV2), ())),
                tuple(codes.get((branch.pk, Nomenclature.NAF2025), ())),
            )
            for branch in version.branches.order_by("position")
        ),
    )


@transaction.atomic
def save_draft(*, perimeter: ActivityPerimeter, words: DraftWords, seen: str, by: User) -> ActivityVersion:
    """The draft saying these words; corrections keep their branch by its place in the order.

    Raises EditConflict, NotADraft, ValidationError (a code that is unknown, or in two branches).
    """
    return _written(_held(perimeter, seen), words, by)


def _written(draft: ActivityVersion, words: DraftWords, by: User) -> ActivityVersion:
    check_codes(words.branches)
    kept = [(c.siren, c.branch.name if c.branch else None, c.reason) for c in _corrections(draft)]
    draft.corrections.all().delete()
    draft.branches.all().delete()  # their codes with them
    draft.valid_from, draft.source, draft.note = words.valid_from, words.source, words.note
    draft.full_clean(exclude=["perimeter", "created_by", "published_at"])
    draft.save(update_fields=["valid_from", "source", "note"])
    fill_version(draft, [(b.name, b.name_en, _keyed(b)) for b in words.branches])
    branches = {branch.name: branch for branch in draft.branches.all()}
    lost = [name for _siren, name, _reason in kept if name is not None and name not in branches]
    if lost:
        raise ValidationError(
            _("Companies are counted by hand in « %(branch)s »: move or remove them before this branch goes.")
            % {"branch": lost[0]}
        )
    Correction.objects.bulk_create(
        Correction(version=draft, siren=siren, branch=branches[name] if name else None, reason=reason)
        for siren, name, reason in kept
    )
    _record("observatory.activities_draft_saved", draft.perimeter, by, number=draft.number)
    return draft


def check_codes(branches: Sequence[BranchWords]) -> None:
    """Raises ValidationError naming the first code that is unknown, or in two branches."""
    known = set(Activity.objects.order_by().values_list("nomenclature", "code"))
    held: dict[tuple[str, str], str] = {}
    names: set[str] = set()
    for branch in branches:
        if branch.name in names:
            raise ValidationError(_("Two branches are called « %(name)s ».") % {"name": branch.name})
        names.add(branch.name)
        for key in _keyed(branch):
            if key not in known:
                raise ValidationError(_unknown(*key))
            if key in held:
                raise ValidationError(
                    _("%(code)s is in two branches: « %(one)s » and « %(other)s ».")
                    % {"code": key[1], "one": held[key], "other": branch.name}
                )
            held[key] = branch.name


def _unknown(nomenclature: str, code: str) -> str:
    return _("%(code)s is not an activity of %(nomenclature)s.") % {
        "code": code,
        "nomenclature": Nomenclature(nomenclature).label,
    }


@transaction.atomic
def add_codes(
    *, perimeter: ActivityPerimeter, branch_name: str, activities: Iterable[Activity], seen: str, by: User
) -> ActivityVersion:
    """These activities in that branch of the draft. Raises as save_draft."""
    draft = _held(perimeter, seen)
    held = words_of(draft)
    if branch_name not in {branch.name for branch in held.branches}:
        raise ValidationError(_("There is no such branch in the draft."))
    chosen = list(activities)

    def with_more(branch: BranchWords) -> BranchWords:
        if branch.name != branch_name:
            return branch
        more = {naf: [a.code for a in chosen if a.nomenclature == naf] for naf in Nomenclature.values}
        return branch._replace(
            rev2=tuple(dict.fromkeys([*branch.rev2, *more[Nomenclature.REV2]])),
            naf2025=tuple(dict.fromkeys([*branch.naf2025, *more[Nomenclature.NAF2025]])),
        )

    wanted = DraftWords(held.valid_from, held.source, held.note, tuple(map(with_more, held.branches)))
    return _written(draft, wanted, by)


@transaction.atomic
def drop_draft(*, perimeter: ActivityPerimeter, seen: str, by: User) -> None:
    """The perimeter without its draft; one that was never published goes with it. Raises as save_draft."""
    draft = _held(perimeter, seen)
    number = draft.number
    _record("observatory.activities_draft_dropped", perimeter, by, number=number)
    draft.delete()
    if not perimeter.versions.exists():
        perimeter.delete()


# -- Corrections ------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_correction(
    *, perimeter: ActivityPerimeter, siren: str, branch_name: str | None, reason: str, by: User
) -> Correction:
    """A company counted in that branch of the draft (None: left out), with the reason; one that is there is replaced.

    Raises ValidationError at `siren`, `branch` or `reason`; NotADraft.
    """
    draft = _held(perimeter, None)
    try:
        number = compact_siren(siren)
    except ValidationError as wrong:
        raise ValidationError({"siren": wrong}) from None
    if not reason.strip():
        raise ValidationError({"reason": _("Say why: the reason is shown with the figures.")})
    branch = draft.branches.filter(name=branch_name).first() if branch_name else None
    if branch_name and branch is None:
        raise ValidationError({"branch": _("There is no such branch in the draft.")})
    made, _new = Correction.objects.update_or_create(
        version=draft, siren=number, defaults={"branch": branch, "reason": reason.strip()}
    )
    # A company's number is its own, but that of a sole trader is somebody's: not for the journal, which never forgets.
    _record("observatory.correction_made", perimeter, by, number=draft.number, included=made.included)
    return made


@transaction.atomic
def remove_correction(*, perimeter: ActivityPerimeter, siren: str, by: User) -> None:
    """The draft without that correction; without a word when it has gone already. Raises NotADraft."""
    draft = _held(perimeter, None)
    gone, _by_model = draft.corrections.filter(siren=siren).delete()
    if gone:
        _record("observatory.correction_removed", perimeter, by, number=draft.number)


# -- Publishing -------------------------------------------------------------------------------------------------------


@transaction.atomic
def publish_version(*, perimeter: ActivityPerimeter, seen: str, by: User, now: datetime) -> ActivityVersion:
    """The draft published: it never changes again, and figures can be asked of it.

    Its corrections are looked up in the stock in service before anybody can ask. Where it counts codes that the cube
    does not hold yet, a job makes the cube again. Raises EditConflict, NotADraft, ValidationError.
    """
    draft = _held(perimeter, seen)
    held = words_of(draft)
    if not any(branch.rev2 or branch.naf2025 for branch in held.branches):
        raise ValidationError(_("A perimeter counts one activity at least: give a branch its codes."))
    for branch in held.branches:
        if not branch.rev2 and not branch.naf2025:
            raise ValidationError(_("« %(name)s » has no activity: give it one, or remove it.") % {"name": branch.name})
    stock = Stock.objects.serving()
    if stock is not None:
        corrections.write_corrections(stock, draft)
    before = all_codes()
    draft.published_at = now
    draft.save(update_fields=["published_at"])
    new = sorted({code for branch in held.branches for code in (*branch.rev2, *branch.naf2025)} - before)
    _record("observatory.activities_published", perimeter, by, number=draft.number, new_codes=new)
    if new and stock is not None:
        _defer_widening()
    return draft


def _defer_widening() -> None:
    from procrastinate.contrib.django import app  # noqa: PLC0415 - only here; jobs imports this module
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

    try:
        with transaction.atomic():
            app.configure_task("observatory.widen_cube", queueing_lock="observatory.widen_cube").defer()
    except AlreadyEnqueued:
        pass  # the job that waits will see these codes too


# -- Their parts ------------------------------------------------------------------------------------------------------


def _held(perimeter: ActivityPerimeter, seen: str | None) -> ActivityVersion:
    """The draft, its perimeter's row held, and marked as changed where `seen` is given (corrections are apart).

    Raises EditConflict, NotADraft.
    """
    row = ActivityPerimeter.objects.select_for_update().get(pk=perimeter.pk)
    draft = draft_of(row)
    if draft is None:
        raise NotADraft
    if seen is not None:
        check_version(row, seen)
        row.save(update_fields=["updated_at"])
    return draft


def _copy(source: ActivityVersion, target: ActivityVersion, *, with_corrections: bool) -> None:
    held = words_of(source)
    fill_version(target, [(b.name, b.name_en, _keyed(b)) for b in held.branches])
    if not with_corrections:
        return
    branches = dict(zip(source.branches.order_by("position"), target.branches.order_by("position"), strict=True))
    by_id = {old.pk: new for old, new in branches.items()}
    Correction.objects.bulk_create(
        Correction(version=target, siren=c.siren, branch=by_id[c.branch_id] if c.branch_id else None, reason=c.reason)
        for c in _corrections(source)
    )


def _corrections(version: ActivityVersion) -> Iterable[Correction]:
    return version.corrections.select_related("branch")


def _keyed(branch: BranchWords) -> list[tuple[str, str]]:
    return [
        *((str(Nomenclature.REV2), code) for code in branch.rev2),
        *((str(Nomenclature.NAF2025), code) for code in branch.naf2025),
    ]


def _record(verb: str, perimeter: ActivityPerimeter, by: User, **facts: object) -> None:
    record(verb, perimeter, actor_id=by.pk, scope=perimeter.workspace, facts=facts)
