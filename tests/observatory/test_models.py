"""What the database refuses: two stocks in service, a published version that changes; the lists that Totem ships."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model, ProtectedError

from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, StockFactory
from totem.observatory import activities
from totem.observatory.models import (
    Activity,
    ActivityPerimeter,
    ActivityVersion,
    Nomenclature,
    Stock,
)
from totem.observatory.nomenclature import ListMissing, read_bands, read_bridge, read_naf_rev2

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
NEVER = "A published version of an activity perimeter never changes"


def refused(words: str, do: Callable[[], Any], error: type[Exception] = DatabaseError) -> None:
    with pytest.raises(error, match=words), transaction.atomic():
        do()


def run(sql: str, *values: object) -> Callable[[], Any]:
    """That statement, behind the ORM's back."""

    def execute() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    return execute


# -- Stocks -----------------------------------------------------------------------------------------------------------


def test_one_stock_is_in_service_at_most():
    serving = StockFactory()
    refused("one_stock_in_service", StockFactory, IntegrityError)
    for state in (Stock.State.ARCHIVED, Stock.State.ARCHIVED):
        StockFactory(state=state)
    assert Stock.objects.serving() == serving


def test_a_stock_in_service_has_its_rows():
    refused("in_service_with_its_rows", lambda: StockFactory(complete=False), IntegrityError)


def test_a_stock_is_kept_aside_for_a_difference_and_refused_by_somebody_for_a_reason():
    refused("aside_for_a_difference", lambda: StockFactory(state=Stock.State.ASIDE), IntegrityError)
    aside = StockFactory(state=Stock.State.ASIDE, differences=[{"kind": "rows"}])
    aside.state = Stock.State.REFUSED
    refused("refused_by_somebody_with_a_reason", aside.save, IntegrityError)
    aside.decided_at = NOW
    refused("refused_by_somebody_with_a_reason", aside.save, IntegrityError)
    aside.reason = "Des établissements ouverts y sont fermés."
    aside.save()


def test_figures_can_be_asked_of_the_stock_in_service_and_of_those_before_it_alone():
    old = StockFactory(date=date(2026, 9, 1), state=Stock.State.ARCHIVED, complete=False)
    new = StockFactory(date=date(2026, 11, 1))
    StockFactory(date=date(2026, 12, 1), state=Stock.State.ASIDE, differences=[{"kind": "rows"}])
    StockFactory(date=date(2026, 10, 1), state=Stock.State.REFUSED, decided_at=NOW, reason="Fautif.")
    assert list(Stock.objects.answering()) == [new, old]


# -- Published for ever -----------------------------------------------------------------------------------------------


@pytest.fixture
def published() -> ActivityVersion:
    return ActivityVersionFactory(corrections={"900000001": 1, "900000002": None})


def part(version: ActivityVersion, name: str) -> Model:
    return version if name == "version" else getattr(version, name).first()


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("version", "note", "Autre chose."),
        ("version", "number", 7),
        ("version", "valid_from", date(2020, 1, 1)),
        ("version", "published_at", None),
        ("branches", "name", "Autre"),
        ("branches", "position", 9),
        ("corrections", "reason", "Autre raison."),
        ("corrections", "siren", "900000003"),
        ("corrections", "branch_id", None),
    ],
)
def test_nothing_of_a_published_version_can_be_changed(published, name, field, value):
    row = part(published, name)
    setattr(row, field, value)
    refused(NEVER, row.save)
    refused(NEVER, run(f"UPDATE {row._meta.db_table} SET {field} = %s WHERE id = %s", value, row.pk))  # noqa: S608
    refused(NEVER, lambda: type(row).objects.filter(pk=row.pk).update(**{field: value}))


@pytest.mark.parametrize("name", ["version", "branches", "codes", "corrections"])
def test_nothing_of_a_published_version_can_be_deleted(published, name):
    row = part(published, name)
    refused(NEVER, row.delete)
    refused(NEVER, run(f"DELETE FROM {row._meta.db_table} WHERE id = %s", row.pk))  # noqa: S608
    refused(NEVER, published.perimeter.delete)


def test_nothing_can_be_added_to_a_published_version(published):
    branch = published.branches.first()
    activity = Activity.objects.create(nomenclature=Nomenclature.REV2, code="86.10Z", label="Activités hospitalières")
    refused(NEVER, lambda: published.branches.create(position=9, name="Encore"))
    refused(NEVER, lambda: published.codes.create(branch=branch, activity=activity))
    refused(NEVER, lambda: published.corrections.create(siren="900000009", branch=branch, reason="Santé"))
    code = "INSERT INTO observatory_activitycode (version_id, branch_id, activity_id) VALUES (%s, %s, %s)"
    refused(NEVER, run(code, published.pk, branch.pk, activity.pk))


def test_an_activity_that_is_counted_stays(published):
    activity = published.codes.first().activity
    refused("protected foreign keys", activity.delete, ProtectedError)
    delete = "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM observatory_activity WHERE id = %s"
    refused("violates foreign key", run(delete, activity.pk), IntegrityError)


@pytest.mark.parametrize("name", ["branches", "codes", "corrections"])
def test_no_part_moves_from_one_version_to_another(published, name):
    draft = ActivityVersionFactory(corrections={"900000001": None}, published_at=None)
    for row, other in ((part(published, name), draft), (part(draft, name), published)):
        move = f"UPDATE {row._meta.db_table} SET version_id = %s WHERE id = %s"  # noqa: S608
        refused(NEVER, run(move, other.pk, row.pk))


def test_whoever_made_a_version_can_be_forgotten():
    version = ActivityVersionFactory(created_by=UserFactory())
    other = UserFactory()
    refused(NEVER, lambda: ActivityVersion.objects.filter(pk=version.pk).update(created_by=other))
    refused(NEVER, lambda: ActivityVersion.objects.filter(pk=version.pk).update(created_by=None, note="Autre chose."))
    version.created_by.delete()
    version.refresh_from_db()
    assert (version.created_by, version.published_at is None) == (None, False)


def test_a_draft_can_be_changed_emptied_and_thrown_away():
    draft = ActivityVersionFactory(corrections={"900000001": 1}, published_at=None)
    draft.branches.first().delete()
    draft.corrections.all().delete()
    draft.note = "On y travaille."
    draft.save()
    draft.delete()
    assert not ActivityVersion.objects.exists()


def test_a_branch_of_another_version_is_refused():
    one, other = ActivityVersionFactory(published_at=None), ActivityVersionFactory(published_at=None)
    foreign, activity = other.branches.first(), one.codes.first().activity
    words = "The branch is one of another version"
    refused(words, lambda: one.corrections.create(siren="900000001", branch=foreign, reason="Santé"))
    refused(words, lambda: one.codes.filter(activity=activity).update(branch=foreign))
    one.codes.filter(activity=activity).delete()
    refused(words, lambda: one.codes.create(branch=foreign, activity=activity))


def test_an_activity_is_in_one_branch_and_a_company_corrected_once():
    draft = ActivityVersionFactory(published_at=None)
    first, second = draft.branches.all()
    activity = first.codes.first().activity
    refused("an_activity_in_one_branch", lambda: draft.codes.create(branch=second, activity=activity))
    draft.corrections.create(siren="900000001", branch=first, reason="Santé")
    refused("one_correction_a_company", lambda: draft.corrections.create(siren="900000001", reason="Autre"))
    refused("correction_siren_has_nine_digits", lambda: draft.corrections.create(siren="90000001", reason="Autre"))
    refused("correction_with_its_reason", lambda: draft.corrections.create(siren="900000002", reason=""))


def test_versions_are_numbered_and_a_private_perimeter_has_a_territory():
    version = ActivityVersionFactory()
    refused("one_activity_version_a_number", lambda: ActivityVersionFactory(perimeter=version.perimeter))
    refused("private_perimeter_has_a_territory", lambda: ActivityPerimeterFactory(public=False))


@pytest.mark.parametrize("code", ["6201Z", "62.01", "62.01z", "62.1Z", "62,01Z", " 62.01Z", "62.01Z\n", ""])
def test_a_code_is_written_as_published(code):
    refused("activity_code_as_published|too long", lambda: Activity.objects.create(
        nomenclature=Nomenclature.REV2, code=code, label="Programmation"
    ))  # fmt: skip


# -- What Totem ships -------------------------------------------------------------------------------------------------


@pytest.fixture
def loaded() -> None:
    activities.load_activities(Path(settings.NODE_MODULES), now=NOW)


def codes(slug: str, nomenclature: str) -> list[str]:
    version = ActivityVersion.objects.get(perimeter__slug=slug)
    found = version.codes.filter(activity__nomenclature=nomenclature)
    return sorted(found.values_list("activity__code", flat=True))


def test_the_perimeters_are_loaded_with_the_official_lists(loaded):
    assert Activity.objects.filter(nomenclature=Nomenclature.REV2).count() == 732
    assert str(Activity.objects.get(code="62.01Z")) == "62.01Z Programmation informatique"
    assert set(ActivityPerimeter.objects.values_list("slug", "public", "versions__number")) == {
        ("tic-ocde", True, 1),
        ("picardie-24", True, 1),
        ("numerique-elargi", True, 1),
    }
    assert not ActivityVersion.objects.filter(published_at=None).exists()


@pytest.mark.parametrize(("slug", "how_many"), [("tic-ocde", 25), ("picardie-24", 24)])
def test_a_perimeter_has_its_codes_in_six_branches(loaded, slug, how_many):
    version = ActivityVersion.objects.get(perimeter__slug=slug)
    assert len(codes(slug, Nomenclature.REV2)) == how_many
    assert version.branches.count() == 6
    for branch in version.branches.all():
        assert set(branch.codes.values_list("activity__nomenclature", flat=True)) == set(Nomenclature.values)


def test_the_oecd_sector_is_the_definition_of_insee(loaded):
    """Section J without 58.1, 59, 60, 63.9; division 26 without 26.5, 26.6, 26.7; 46.5; 95.1 (INSEE, c1385)."""
    naf = [code for code, _label in read_naf_rev2(Path(settings.NODE_MODULES) / "@socialgouv/codes-naf")]
    section_j = [
        c for c in naf if "58" <= c[:2] <= "63" and c[:2] not in {"59", "60"} and c[:4] not in {"58.1", "63.9"}
    ]
    electronics = [c for c in naf if c.startswith("26.") and c[:4] not in {"26.5", "26.6", "26.7"}]
    others = [c for c in naf if c[:4] in {"46.5", "95.1"}]
    assert codes("tic-ocde", Nomenclature.REV2) == sorted(section_j + electronics + others)


def test_the_wider_perimeter_holds_the_oecd_sector_and_real_codes(loaded):
    for nomenclature in Nomenclature.values:
        assert set(codes("numerique-elargi", nomenclature)) > set(codes("tic-ocde", nomenclature))


@pytest.mark.parametrize("slug", ["tic-ocde", "picardie-24", "numerique-elargi"])
def test_the_naf_2025_codes_of_a_perimeter_come_from_the_official_bridge(loaded, slug):
    rev2 = set(codes(slug, Nomenclature.REV2))
    reached = {pair.naf2025 for pair in read_bridge() if pair.rev2 in rev2}
    later = set(codes(slug, Nomenclature.NAF2025))
    assert later <= reached
    assert {pair.naf2025 for pair in read_bridge() if pair.rev2 in rev2 and pair.kind == "Unique"} - later <= {"26.70Y"}


def test_a_branch_passes_whole_from_one_list_to_the_other(loaded):
    for slug in ("tic-ocde", "picardie-24"):
        branch_of = dict(
            ActivityVersion.objects.get(perimeter__slug=slug).codes.values_list("activity__code", "branch__position")
        )
        for pair in read_bridge():
            if pair.kind == "Unique" and {pair.rev2, pair.naf2025} <= branch_of.keys():
                assert branch_of[pair.rev2] == branch_of[pair.naf2025], pair


def test_loading_again_changes_nothing(loaded):
    def state() -> list[Any]:
        models = (Activity, ActivityPerimeter, ActivityVersion)
        return [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in models]

    before = state()
    activities.load_activities(Path(settings.NODE_MODULES), now=NOW)
    assert state() == before
    assert activities.all_codes() >= {"62.01Z", "62.10Y", "26.80Z"}


def test_without_the_package_one_line_says_what_to_run(tmp_path):
    with pytest.raises(ListMissing, match="npm ci"):
        activities.load_activities(tmp_path, now=NOW)
    assert not Activity.objects.exists()


def test_what_a_version_counts_in_each_list():
    version = ActivityVersionFactory(
        branches=[("Une", ["62.01Z", "58.29C"], ["58.29Y"]), ("Deux", ["61.10Z"], [])],
        corrections={"900000001": None},
    )
    rev2 = activities.activities_of(version)
    assert (rev2.codes, rev2.branch_of_code) == (("58.29C", "61.10Z", "62.01Z"), (1, 2, 1))
    later = activities.activities_of(version, Nomenclature.NAF2025)
    assert (later.codes, later.branch_of_code, later.branches) == (("58.29Y",), (1,), ("Une", "Deux"))
    assert (later.rev2, later.naf2025, later.corrected) == (rev2.codes, ("58.29Y",), True)
    assert activities.all_codes() == {"62.01Z", "58.29C", "58.29Y", "61.10Z"}


def test_a_draft_is_not_counted_yet():
    ActivityVersionFactory(published_at=None)
    assert activities.all_codes() == frozenset()


def test_the_bands_leave_no_headcount_out_and_count_none_twice():
    bands = [band for band in read_bands() if band.code not in {"NN", "00"}]
    assert [band.least for band in bands[1:]] == [band.most + 1 for band in bands[:-1] if band.most is not None]
    assert (bands[0].least, bands[-1].most) == (1, None)
    assert {(band.code, band.least, band.most) for band in read_bands()} >= {("NN", 0, 0), ("00", 0, 0)}
