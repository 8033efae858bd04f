"""Several people at one draft at once: one text is written whole, the others are told."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityVersionFactory
from tests.factories.territories import WorkspaceFactory
from totem.core.edit_conflicts import version_token
from totem.observatory import actions
from totem.observatory.actions import BranchWords
from totem.observatory.models import ActivityPerimeter

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_of_eight_who_save_or_publish_what_they_read_one_succeeds(committed_db: str):
    person = UserFactory()
    perimeter = actions.create_activity_perimeter(
        workspace=WorkspaceFactory(), name="Filière", start=ActivityVersionFactory(), by=person, now=NOW
    )
    read = version_token(ActivityPerimeter.objects.get(pk=perimeter.pk))
    said = actions.words_of(actions.draft_of(perimeter))

    def saving(number: int) -> Callable[[], object]:
        words = actions.DraftWords(
            said.valid_from, "", f"Texte {number}", (BranchWords(f"Branche {number}", "", ("62.01Z",), ()),)
        )
        return lambda: actions.save_draft(perimeter=perimeter, words=words, seen=read, by=person)

    def publishing() -> object:
        return actions.publish_version(perimeter=perimeter, seen=read, by=person, now=NOW)

    outcomes = outcomes_at_once(*(saving(number) for number in range(6)), publishing, publishing)
    assert outcomes.pop("done") == 1
    assert set(outcomes) <= {"EditConflict", "NotADraft"}
    version = perimeter.versions.get()
    kept = actions.words_of(version)
    if version.published_at is None:
        assert kept.branches[0].name == f"Branche {kept.note[-1]}"
    else:
        assert kept.branches == said.branches


def test_two_who_begin_the_next_version_at_once_share_one_draft(committed_db: str):
    person = UserFactory()
    perimeter = ActivityVersionFactory().perimeter
    begin = partial(actions.draft_version, perimeter=perimeter, by=person, now=NOW)
    assert outcomes_at_once(begin, begin, begin) == {"done": 3}
    assert perimeter.versions.filter(published_at=None).count() == 1
