"""Activity perimeters: drafted by several, corrected by hand, published for good."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityVersionFactory, establishment
from tests.factories.territories import WorkspaceFactory
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.models import JournalEntry
from totem.observatory import actions
from totem.observatory.actions import BranchWords, DraftWords
from totem.observatory.corrections import reach
from totem.observatory.models import Activity, ActivityPerimeter, ActivityVersion, Nomenclature

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SIREN = "552100554"


@pytest.fixture
def start() -> ActivityVersion:
    return ActivityVersionFactory()


@pytest.fixture
def perimeter(start: ActivityVersion) -> ActivityPerimeter:
    return actions.create_activity_perimeter(
        workspace=WorkspaceFactory(), name="Filière de l’Estuaire", start=start, by=UserFactory(), now=NOW
    )


def state(perimeter: ActivityPerimeter) -> str:
    return version_token(ActivityPerimeter.objects.get(pk=perimeter.pk))


def said(*branches: BranchWords, note: str = "") -> DraftWords:
    return DraftWords(date(2026, 12, 1), "Délibération du 3 novembre", note, branches)


SOFTWARE = BranchWords("Logiciels", "Software", ("58.21Z", "62.01Z"), ("58.21Y",))
SERVICES = BranchWords("Services", "", ("62.02A",), ())


def save(perimeter: ActivityPerimeter, *branches: BranchWords, seen: str | None = None) -> ActivityVersion:
    seen = state(perimeter) if seen is None else seen
    return actions.save_draft(perimeter=perimeter, words=said(*branches), seen=seen, by=UserFactory())


def publish(perimeter: ActivityPerimeter) -> ActivityVersion:
    return actions.publish_version(perimeter=perimeter, seen=state(perimeter), by=UserFactory(), now=NOW)


def test_a_new_perimeter_begins_with_a_copy_that_is_its_own(perimeter, start):
    draft = actions.draft_of(perimeter)
    assert draft is not None
    assert perimeter.slug == "filiere-de-l-estuaire"
    assert not perimeter.public
    assert actions.words_of(draft).branches == actions.words_of(start).branches
    assert JournalEntry.objects.get(subject_id=perimeter.pk).verb == "observatory.activities_created"


def test_two_perimeters_of_one_name_and_reserved_words_have_addresses_of_their_own(start):
    made = [
        actions.create_activity_perimeter(workspace=WorkspaceFactory(), name=name, by=UserFactory(), now=NOW)
        for name in ("Codes", "Nouveau", "Numérique", "Numérique")
    ]
    assert [each.slug for each in made] == ["codes-2", "nouveau-2", "numerique", "numerique-2"]


def test_a_draft_says_what_was_saved(perimeter):
    draft = save(perimeter, SERVICES, SOFTWARE)
    assert actions.words_of(draft) == said(SERVICES, SOFTWARE)
    assert [branch.position for branch in draft.branches.all()] == [1, 2]


def test_nobodys_text_is_lost_when_two_people_change_one_draft(perimeter):
    read = state(perimeter)
    save(perimeter, SOFTWARE, seen=read)
    with pytest.raises(EditConflict):
        save(ActivityPerimeter.objects.get(pk=perimeter.pk), SERVICES, seen=read)
    draft = actions.draft_of(perimeter)
    assert draft is not None
    assert actions.words_of(draft).branches == (SOFTWARE,)


@pytest.mark.parametrize(
    ("branches", "named"),
    [
        ((BranchWords("A", "", ("62.99Z",), ()),), "62.99Z"),
        ((BranchWords("A", "", (), ("62.01Z",)),), "62.01Z"),
        ((BranchWords("A", "", ("62.01Z",), ()), BranchWords("B", "", ("62.01Z",), ())), "62.01Z"),
        ((BranchWords("A", "", ("62.01Z",), ()), BranchWords("A", "", ("58.21Z",), ())), "«.*A.*»"),
    ],
)
def test_a_code_that_is_unknown_or_in_two_branches_is_named_and_nothing_is_written(perimeter, branches, named):
    before = actions.words_of(actions.draft_of(perimeter))
    with pytest.raises(ValidationError, match=named):
        save(perimeter, *branches)
    assert actions.words_of(actions.draft_of(perimeter)) == before


def test_activities_are_added_to_a_branch_once(perimeter):
    save(perimeter, SOFTWARE, SERVICES)
    found = Activity.objects.filter(nomenclature=Nomenclature.REV2, code__in=["62.02A", "62.03Z"])
    draft = actions.add_codes(
        perimeter=perimeter,
        branch_name="Services",
        activities=found,
        seen=state(perimeter),
        by=UserFactory(),
    )
    assert actions.words_of(draft).branches[1].rev2 == ("62.02A", "62.03Z")


def correct(perimeter, siren=SIREN, branch="Logiciels", reason="Éditeur codé en santé."):
    return actions.add_correction(perimeter=perimeter, siren=siren, branch_name=branch, reason=reason, by=UserFactory())


@pytest.mark.parametrize(
    ("told", "field"),
    [({"siren": "552100555"}, "siren"), ({"siren": "Dupont"}, "siren"), ({"reason": " "}, "reason"),
     ({"branch": "Autre"}, "branch")],
)  # fmt: skip
def test_a_correction_needs_a_company_a_branch_of_the_draft_and_a_reason(perimeter, told, field):
    save(perimeter, SOFTWARE)
    with pytest.raises(ValidationError) as refused:
        correct(perimeter, **told)
    assert set(refused.value.error_dict) == {field}
    assert not actions.draft_of(perimeter).corrections.exists()


def test_corrections_stay_with_their_branch_while_the_draft_is_rewritten(perimeter):
    save(perimeter, SOFTWARE, SERVICES)
    correct(perimeter, siren="552 100 554")
    correct(perimeter, siren="732829320", branch=None)
    draft = save(perimeter, SERVICES, SOFTWARE)
    assert [(c.siren, c.branch and c.branch.name) for c in draft.corrections.all()] == [
        (SIREN, "Logiciels"), ("732829320", None)
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="Logiciels"):
        save(perimeter, SERVICES)
    actions.remove_correction(perimeter=perimeter, siren=SIREN, by=UserFactory())
    assert save(perimeter, SERVICES).corrections.get().siren == "732829320"


def test_a_correction_made_while_somebody_writes_the_draft_does_not_stop_them(perimeter):
    save(perimeter, SOFTWARE)
    read = state(perimeter)
    correct(perimeter)
    assert save(perimeter, SOFTWARE, seen=read).corrections.get().siren == SIREN


def test_the_journal_does_not_keep_who_was_corrected(perimeter):
    save(perimeter, SOFTWARE)
    correct(perimeter)
    entry = JournalEntry.objects.get(verb="observatory.correction_made")
    assert SIREN not in str(entry.facts)


def test_what_is_published_never_changes(perimeter):
    save(perimeter, SOFTWARE)
    correct(perimeter)
    version = publish(perimeter)
    assert version.published_at == NOW
    for change in (
        lambda: version.corrections.all().delete(),
        lambda: version.branches.update(name="Autre"),
        version.delete,
    ):
        with pytest.raises(ProgrammingError, match="never changes"), transaction.atomic():
            change()
    with pytest.raises(actions.NotADraft):
        save(perimeter, SERVICES)


def test_the_next_version_begins_as_the_last_one_with_its_corrections(perimeter):
    save(perimeter, SOFTWARE)
    correct(perimeter)
    first = publish(perimeter)
    draft = actions.draft_version(perimeter=perimeter, by=UserFactory(), now=NOW)
    assert actions.draft_version(perimeter=perimeter, by=UserFactory(), now=NOW) == draft
    assert draft.number == 2
    assert actions.words_of(draft).branches == actions.words_of(first).branches
    assert draft.corrections.get().branch.version == draft


@pytest.mark.parametrize("branches", [(), (SOFTWARE, BranchWords("Vide", "", (), ()))])
def test_a_perimeter_without_activities_is_not_published(perimeter, branches):
    save(perimeter, *branches)
    with pytest.raises(ValidationError):
        publish(perimeter)
    assert actions.draft_of(perimeter) is not None


def test_a_draft_that_changed_since_it_was_read_is_not_published(perimeter):
    save(perimeter, SOFTWARE)
    read = state(perimeter)
    save(perimeter, SERVICES)
    with pytest.raises(EditConflict):
        actions.publish_version(perimeter=perimeter, seen=read, by=UserFactory(), now=NOW)


def test_publishing_looks_the_corrections_up_and_has_the_cube_made_again_for_new_codes_only(perimeter, made_stock):
    stock = made_stock([establishment(siren=SIREN)])
    save(perimeter, SOFTWARE)
    correct(perimeter)
    assert reach(stock, publish(perimeter).pk)
    assert not ProcrastinateJob.objects.filter(task_name="observatory.widen_cube").exists()
    Activity.objects.create(nomenclature=Nomenclature.REV2, code="73.11Z", label="Agences de publicité")
    for number in (1, 2):
        actions.draft_version(perimeter=perimeter, by=UserFactory(), now=NOW)
        save(perimeter, SOFTWARE, BranchWords("Publicité", "", ("73.11Z",), ()))
        publish(perimeter)
        assert ProcrastinateJob.objects.filter(task_name="observatory.widen_cube").count() == 1, number


def test_a_draft_that_was_never_published_goes_with_its_perimeter(perimeter):
    actions.drop_draft(perimeter=perimeter, seen=state(perimeter), by=UserFactory())
    assert not ActivityPerimeter.objects.filter(slug="filiere-de-l-estuaire").exists()


def test_what_was_published_stays_when_the_next_draft_is_dropped(perimeter):
    save(perimeter, SOFTWARE)
    publish(perimeter)
    actions.draft_version(perimeter=perimeter, by=UserFactory(), now=NOW)
    perimeter.refresh_from_db()
    actions.drop_draft(perimeter=perimeter, seen=state(perimeter), by=UserFactory())
    assert [version.number for version in perimeter.versions.all()] == [1]
