"""Race conditions: six people declare or change the same relation or year; one succeeds, the others are refused."""

from datetime import UTC, date, datetime
from functools import partial

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.organisations import OrganisationFactory, RelationFactory
from tests.factories.territories import CommuneFactory, WorkspaceFactory
from totem.core.edit_conflicts import version_token
from totem.organisations import actions
from totem.organisations.models import Relation, RelationKind, YearFigures

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_of_six_who_declare_the_same_relation_one_does_without_deadlock(committed_db: str):
    values = {"organisation": OrganisationFactory(), "kind": RelationKind.MENTORS, "commune": CommuneFactory()}
    declaring = partial(
        actions.declare_relation,
        workspace=WorkspaceFactory(),
        by=UserFactory(),
        since=date(2025, 1, 1),
        **values,
    )
    assert outcomes_at_once(*[declaring] * 6) == {"done": 1, "ValidationError": 5}
    assert Relation.objects.count() == 1


def test_of_six_who_declare_the_same_year_one_does(committed_db: str):
    declaring = partial(
        actions.declare_figures,
        workspace=WorkspaceFactory(),
        by=UserFactory(),
        now=NOW,
        organisation=OrganisationFactory(),
        closing_date=date(2025, 12, 31),
        revenue=1,
    )
    assert outcomes_at_once(*[declaring] * 6) == {"done": 1, "ValidationError": 5}
    assert YearFigures.objects.count() == 1


def test_of_six_who_change_what_they_read_one_does(committed_db: str):
    relation, person = RelationFactory(), UserFactory()
    token = version_token(Relation.objects.get())
    changes = [
        partial(actions.change_relation, relation=relation, seen=token, by=person, detail=f"Texte {n}")
        for n in range(6)
    ]
    assert outcomes_at_once(*changes) == {"done": 1, "EditConflict": 5}
    assert Relation.objects.get().detail.startswith("Texte")
