"""Figures of organisations by closed year and relations by day: constraints of PostgreSQL, exact growth, queries."""

import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.organisations import (
    AffiliationFactory,
    OrganisationFactory,
    RelationFactory,
    YearFiguresFactory,
    siren,
)
from tests.factories.territories import CommuneFactory, PerimeterFactory, WorkspaceFactory
from totem.organisations import queries
from totem.organisations.models import Accounts, Organisation, OrganisationKind, Relation, RelationKind, YearFigures
from totem.organisations.queries import growth, relations_inside, year_figures_of

pytestmark = pytest.mark.django_db
DAY = datetime.date


def refused(constraint: str, make, **values: object) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make(**values)


class TestFigures:
    @pytest.mark.parametrize(
        ("constraint", "values"),
        [
            ("year_figures_have_readers", {"workspace": None}),
            ("year_figures_imported_or_declared", {"imported_from": "ratios.csv"}),
            ("year_figures_year_of_closing", {"closing_date": DAY(2024, 12, 31)}),
            (
                "year_figures_say_something",
                {"revenue": None, "staff_low": None, "staff_high": None, "international_share": None},
            ),
            ("year_figures_staff_band", {"staff_low": 20, "staff_high": 19}),
            ("year_figures_staff_band", {"staff_low": None, "staff_high": 19}),
            ("year_figures_share_in_percent", {"international_share": Decimal("100.000001")}),
            ("year_figures_share_in_percent", {"international_share": Decimal("-1")}),
        ],
    )
    def test_the_database_refuses(self, constraint, values):
        refused(constraint, YearFiguresFactory, **values)

    def test_one_declarer_says_a_year_once_and_several_say_it_side_by_side(self):
        mine = YearFiguresFactory()
        refused("year_figures_once", YearFiguresFactory, organisation=mine.organisation, workspace=mine.workspace)
        YearFiguresFactory(organisation=mine.organisation)
        YearFiguresFactory(organisation=mine.organisation, imported=True)
        refused("year_figures_once", YearFiguresFactory, organisation=mine.organisation, imported=True)
        assert mine.organisation.years.count() == 3

    def test_a_workspace_sees_its_own_and_what_is_public(self):
        mine, theirs = YearFiguresFactory(), YearFiguresFactory()
        published, imported = YearFiguresFactory(public=True), YearFiguresFactory(imported=True)
        assert set(YearFigures.objects.visible_to_workspace(mine.workspace)) == {mine, published, imported}
        assert theirs not in YearFigures.objects.visible_to_workspace(None)

    def test_amounts_go_beyond_32_bits(self):
        figures = YearFiguresFactory(revenue=Decimal("123456789012345.67"))
        figures.refresh_from_db()
        assert figures.revenue == Decimal("123456789012345.67")


def a_year(revenue: str | Decimal | None, accounts: str = "") -> YearFigures:
    return YearFigures(revenue=None if revenue is None else Decimal(revenue), accounts=accounts)


class TestGrowth:
    @pytest.mark.parametrize(
        ("after", "before", "expected"),
        [
            ("1250000", "1000000", Fraction(25)),
            ("1249999.99", "1000000", Fraction(24_999_999, 1_000_000)),
            ("500", "1000", Fraction(-50)),
            (None, "1000", None),
            ("1000", None, None),
            ("1000", "0", None),
            ("1000", "-5", None),
        ],
    )
    def test_is_computed(self, after, before, expected):
        assert growth(a_year(after), a_year(before)) == expected

    def test_nothing_is_known_without_the_year_before(self):
        assert growth(a_year("10"), None) is None

    def test_a_group_is_not_compared_to_its_company(self):
        company, group = a_year("100", Accounts.COMPANY), a_year("300", Accounts.CONSOLIDATED)
        assert growth(group, company) is None
        assert growth(company, group) is None
        assert growth(group, a_year("200", Accounts.CONSOLIDATED)) == 50
        assert growth(company, a_year("50", Accounts.SIMPLIFIED)) == 100
        assert growth(group, a_year("150")) == 100

    @given(
        before=st.decimals(min_value="0.01", max_value="999999999999", places=2),
        threshold=st.decimals(min_value=0, max_value=1000, places=3),
        cents=st.integers(min_value=-5, max_value=5),
    )
    def test_meets_a_threshold_exactly_when_the_revenue_reaches_it(self, before, threshold, cents):
        """Cents around the threshold decide: no intermediate result is rounded."""
        reached = (Fraction(before) * (100 + Fraction(threshold)) / 100 * 100).__ceil__()  # in cents
        after = Decimal(reached + cents) / 100
        found = growth(a_year(after), a_year(before))
        assert found is not None
        assert (found >= threshold) == (cents >= 0)


class TestRelations:
    @pytest.mark.parametrize(
        ("constraint", "values"),
        [
            ("relation_has_readers", {"workspace": None, "perimeter": None, "in_commune": True}),
            ("relation_has_one_target", {"perimeter": None}),
            ("relation_ends_after_it_starts", {"until": DAY(2024, 1, 1)}),
            ("relation_kind_known", {"kind": "befriends"}),
            ("relation_stage_of_an_investor", {"stage": "seed"}),
            ("relation_stage_of_an_investor", {"kind": RelationKind.INVESTS_IN, "stage": "late"}),
            ("relation_amount_positive", {"amount": Decimal("-0.01")}),
        ],
    )
    def test_the_database_refuses(self, constraint, values):
        refused(constraint, RelationFactory, **values)

    def test_two_targets_are_refused(self):
        refused("relation_has_one_target", RelationFactory, commune=CommuneFactory())

    def test_nobody_has_a_relation_with_itself(self):
        one = OrganisationFactory()
        refused("relation_not_with_itself", RelationFactory, organisation=one, perimeter=None, partner=one)

    @pytest.mark.parametrize(
        "target", [{}, {"with_partner": True}, {"in_commune": True}], ids=["perimeter", "partner", "commune"]
    )
    def test_the_same_relation_is_not_declared_twice_for_a_period(self, target):
        first = RelationFactory(**target, until=DAY(2025, 1, 1))
        same = {
            name: getattr(first, name)
            for name in ("organisation", "workspace", "kind", "perimeter", "partner", "commune")
        }
        refused("relation_once_at_a_time", RelationFactory, **same, since=DAY(2024, 12, 31))
        RelationFactory(**same, since=DAY(2025, 1, 1))
        RelationFactory(**same | {"workspace": WorkspaceFactory()})
        RelationFactory(**same | {"kind": RelationKind.ACCELERATES_IN})
        RelationFactory(**same | {"organisation": OrganisationFactory()})
        elsewhere = {"perimeter": PerimeterFactory(), "partner": None, "commune": None}
        RelationFactory(**same | elsewhere)

    def test_one_investor_may_invest_at_two_stages(self):
        seed = RelationFactory(seed=True)
        same = {"organisation": seed.organisation, "workspace": seed.workspace, "perimeter": seed.perimeter}
        RelationFactory(venture=True, **same)
        refused("relation_once_at_a_time", RelationFactory, seed=True, **same)

    def test_holds_from_its_day_until_the_day_it_ends(self):
        relation = RelationFactory(since=DAY(2025, 1, 1), until=DAY(2025, 2, 1))
        days = [DAY(2024, 12, 31), DAY(2025, 1, 1), DAY(2025, 1, 31), DAY(2025, 2, 1)]
        assert [relation in Relation.objects.on(day) for day in days] == [False, True, True, False]

    def test_where_it_holds(self):
        amiens, rouen = CommuneFactory(amiens=True), CommuneFactory(rouen=True)
        from_amiens = {"organisation": OrganisationFactory(commune=amiens)}
        in_rouen = from_amiens | {"perimeter": None, "partner": OrganisationFactory(commune=rouen)}
        perimeter = PerimeterFactory()
        assert RelationFactory(**from_amiens, perimeter=perimeter).where == perimeter
        assert RelationFactory(**from_amiens, perimeter=None, commune=rouen).where == rouen
        assert RelationFactory(**in_rouen, kind=RelationKind.MENTORS).where == rouen
        assert RelationFactory(**in_rouen, kind=RelationKind.SIMPLIFIES).where == amiens
        assert RelationFactory(**from_amiens, perimeter=perimeter, kind=RelationKind.RECIPROCAL_WITH).where == amiens
        nowhere = {"perimeter": None, "partner": OrganisationFactory(commune=None)}
        assert RelationFactory(**from_amiens | nowhere, kind=RelationKind.MENTORS).where == amiens

    def test_where_asks_nothing_of_the_database(self, django_assert_num_queries):
        RelationFactory(with_partner=True)
        related = ("organisation__commune", "partner__commune", "perimeter", "commune")
        (relation,) = Relation.objects.select_related(*related)
        with django_assert_num_queries(0):
            assert relation.where
            assert relation.target


class TestRowsForACharter:
    """The rows that an evaluation reads: one query for relations and one for figures, however many there are."""

    ON = DAY(2026, 1, 1)

    def test_relations_of_places_and_perimeters(self):
        amiens, rouen = CommuneFactory(amiens=True), CommuneFactory(rouen=True)
        district = PerimeterFactory()
        shown = {"public": True}
        inside = [
            RelationFactory(perimeter=district, **shown),
            RelationFactory(perimeter=None, commune=amiens, **shown),
            RelationFactory(perimeter=None, partner=OrganisationFactory(commune=amiens), mentor=True, **shown),
        ]
        RelationFactory(perimeter=None, commune=rouen, **shown)
        RelationFactory(**shown)
        RelationFactory(perimeter=district, over=True, **shown)
        rows = relations_inside([amiens.code], [district.pk], None, self.ON)
        assert {row.id for row in rows} == {relation.pk for relation in inside}
        everywhere = relations_inside(None, [], None, self.ON)
        assert len(everywhere) == 5

    def test_a_row_says_all_a_charter_filters_by(self):
        fund = OrganisationFactory(name="Fonds d’amorçage", siren=siren(70_001), kind=OrganisationKind.SEED_FUND)
        relation = RelationFactory(organisation=fund, seed=True, amount=Decimal("1500000.50"), places=3, detail="Tour")
        (row,) = relations_inside([], [relation.perimeter_id], relation.workspace, self.ON)
        assert (row.id, row.workspace_id, row.public, row.kind, row.stage) == (
            relation.pk,
            relation.workspace_id,
            False,
            "invests_in",
            "seed",
        )
        assert (row.organisation_id, row.name, row.siren, row.organisation_kind) == (
            fund.pk,
            "Fonds d’amorçage",
            siren(70_001),
            "seed_fund",
        )
        assert (row.amount, row.places, row.detail, row.since, row.until) == (
            Decimal("1500000.50"),
            3,
            "Tour",
            DAY(2024, 1, 1),
            None,
        )
        assert (row.at_perimeter, row.at_commune, row.document_id, row.document_sha256) == (
            relation.perimeter_id,
            None,
            None,
            None,
        )

    @pytest.mark.parametrize("kind", [RelationKind.MENTORS, RelationKind.SIMPLIFIES, RelationKind.RECIPROCAL_WITH])
    @pytest.mark.parametrize("target", [{}, {"with_partner": True}, {"in_commune": True}])
    def test_rows_and_models_agree_on_where(self, kind, target):
        home = OrganisationFactory(commune=CommuneFactory(rouen=True))
        relation = RelationFactory(kind=kind, organisation=home, public=True, **target)
        (row,) = relations_inside(None, [], None, self.ON)
        assert relation.where is not None
        assert relation.where.pk == (row.at_perimeter or row.at_commune)

    def test_what_a_territory_declares_is_read_by_it_alone_until_published(self):
        relation, figures = RelationFactory(), YearFiguresFactory()
        inside = ([], [relation.perimeter_id])
        of = [figures.organisation_id]
        assert relations_inside(*inside, None, self.ON) == []
        assert relations_inside(*inside, WorkspaceFactory(), self.ON) == []
        assert len(relations_inside(*inside, relation.workspace, self.ON)) == 1
        assert year_figures_of(of, None, self.ON) == []
        assert year_figures_of(of, WorkspaceFactory(), self.ON) == []
        assert len(year_figures_of(of, figures.workspace, self.ON)) == 1

    def test_years_closed_later_are_not_read(self):
        figures = YearFiguresFactory(public=True)
        assert year_figures_of([figures.organisation_id], None, DAY(2025, 12, 30)) == []
        (row,) = year_figures_of([figures.organisation_id], None, DAY(2025, 12, 31))
        assert (row.year, row.revenue, row.staff_low, row.staff_high, row.international_share) == (
            2025,
            Decimal("1000000.00"),
            12,
            12,
            Decimal(10),
        )

    def test_growth_is_of_the_same_declarer_else_of_public_data(self):
        mine = YearFiguresFactory(revenue=Decimal(150))
        same = {"organisation": mine.organisation, "year": 2024}
        YearFiguresFactory(**same, revenue=Decimal(10), public=True)
        of = ([mine.organisation_id], mine.workspace, self.ON)

        def found() -> Fraction | None:
            rows = year_figures_of(*of)
            (own,) = (row for row in rows if row.id == mine.pk)
            return growth(own, queries.year_before(own, rows))

        assert found() is None  # another territory's figures are not compared with ours
        YearFiguresFactory(**same, revenue=Decimal(100), imported=True)
        assert found() == 50
        YearFiguresFactory(**same, revenue=Decimal(120), workspace=mine.workspace)
        assert found() == 25

    def test_organisations_of_a_kind(self):
        lab = AffiliationFactory(organisation__kind=OrganisationKind.FAB_LAB).organisation
        AffiliationFactory(
            organisation__kind=OrganisationKind.FAB_LAB, organisation__commune=CommuneFactory(rouen=True)
        )
        AffiliationFactory(organisation__kind=OrganisationKind.SCHOOL)
        assert [row.id for row in queries.organisations_inside(["80021"], [OrganisationKind.FAB_LAB])] == [lab.pk]
        assert len(queries.organisations_inside(None, [OrganisationKind.FAB_LAB])) == 2

    def test_an_organisation_that_a_territory_noted_for_itself_is_counted_by_it_alone(self):
        declared = [
            RelationFactory(organisation__kind=OrganisationKind.FAB_LAB),
            YearFiguresFactory(organisation__kind=OrganisationKind.FAB_LAB),
        ]
        for one in declared:
            inside = partial(queries.organisations_inside, ["80021"], [OrganisationKind.FAB_LAB])
            assert [row.id for row in inside(one.workspace)] == [one.organisation_id]
            assert not inside(WorkspaceFactory())
            assert not inside()

    @pytest.mark.parametrize("count", [1, 3])
    def test_queries_do_not_grow(self, count, django_assert_num_queries):
        relations = RelationFactory.create_batch(count, in_commune=True, public=True)
        of = [relation.organisation_id for relation in relations]
        for pk in of:
            YearFiguresFactory(organisation=Organisation.objects.get(pk=pk), public=True)
        with django_assert_num_queries(3):
            assert len(relations_inside(["80021"], [], None, self.ON)) == count
            assert len(year_figures_of(of, None, self.ON)) == count
            assert len(queries.organisations_inside(["80021"], [OrganisationKind.HUB_OPERATOR])) == count
