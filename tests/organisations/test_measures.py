"""Measures of an organisation by closed year, and of a place by the relations declared in it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import shapely

from tests.factories.organisations import OrganisationFactory, RelationFactory, YearFiguresFactory
from tests.factories.territories import CommuneFactory, PerimeterFactory, WorkspaceFactory
from totem.core import measures
from totem.core.measures import Combine, Figure
from totem.core.periods import Period
from totem.organisations.models import Accounts, Organisation, RelationKind
from totem.territories.places import Place

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
YEAR = Period(datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC))  # 2025 in Paris
OF_ORGANISATIONS = ("revenue", "staff", "revenue_growth", "international_share")


def taken(name: str, *subjects: object, period: Period = YEAR) -> Figure:
    return measures.take(name, subjects, period, NOW).figure


def declare(organisation: Organisation, year: int = 2025, **values: object) -> None:
    """Public figures of the organisation for a closed year."""
    YearFiguresFactory(organisation=organisation, year=year, public=True, **values)


def test_each_is_published_with_its_unit_its_method_and_how_it_combines():
    published = {known.name: known for known in measures.about("organisations.organisation")}
    assert {name: str(known.combine) for name, known in published.items()} == {
        "revenue": "sum",
        "staff": "sum",
        "revenue_growth": "ratio",
        "international_share": "ratio",
    }
    roles = [known for known in measures.about("territories.place") if known.name.startswith("declared_")]
    assert {known.name for known in roles} == {f"declared_{kind}" for kind in RelationKind if kind != "other"}
    assert {known.combine for known in roles} == {Combine.UNION}
    assert all(known.label and known.unit and known.method for known in [*published.values(), *roles])


class TestOfOneOrganisation:
    def test_the_last_closed_year_is_measured(self):
        company = OrganisationFactory(company=True)
        mine = WorkspaceFactory()
        declare(company, 2024, revenue=4_000_000, staff_low=20, staff_high=20, international_share=30, workspace=mine)
        declare(company, 2025, revenue=5_000_000, staff_low=26, staff_high=26, international_share=40, workspace=mine)
        assert [taken(name, company).value for name in OF_ORGANISATIONS] == [5_000_000, 26, 25, 40]

    def test_a_year_counts_from_the_day_it_closes(self):
        company = OrganisationFactory(company=True)
        declare(company, 2024, revenue=3_000_000)
        declare(company, 2025, revenue=5_000_000, closing_date=date(2025, 6, 30))
        until = datetime(2025, 6, 29, 22, tzinfo=UTC)  # the 30th begins in Paris
        assert taken("revenue", company, period=Period(YEAR.starts_at, until)).value == 3_000_000
        assert taken("revenue", company, period=Period(YEAR.starts_at, until + timedelta.resolution)).value == 5_000_000

    def test_figures_of_two_years_are_never_mixed(self):
        company = OrganisationFactory(company=True)
        declare(company, 2024, revenue=4_000_000, international_share=60)
        declare(company, 2025, revenue=None, staff_low=26, staff_high=26, international_share=None)
        assert taken("staff", company).value == 26
        assert [taken(name, company).value for name in ("revenue", "revenue_growth", "international_share")] == [
            None
        ] * 3

    def test_what_is_not_published_does_not_count(self):
        company = OrganisationFactory(company=True)
        YearFiguresFactory(organisation=company)
        assert [taken(name, company).value for name in OF_ORGANISATIONS] == [None] * 4

    def test_equal_figures_agree_and_a_missing_one_contradicts_none(self):
        company = OrganisationFactory(company=True)
        declare(company, revenue=Decimal("5000000"))
        declare(company, revenue=Decimal("5000000.00"), staff_low=None, staff_high=None, international_share=None)
        assert [taken(name, company).value for name in ("revenue", "staff", "international_share")] == [
            5_000_000,
            12,
            10,
        ]

    def test_a_figure_that_two_declare_differently_is_unknown(self):
        company = OrganisationFactory(company=True)
        declare(company, 2024, revenue=1_000_000, imported=True)
        declare(company, revenue=5_000_000, staff_low=20, staff_high=49, international_share=40)
        declare(company, revenue=5_000_001, staff_low=20, staff_high=48, international_share=41)
        for name in OF_ORGANISATIONS:
            assert taken(name, company).bounds == (None, None)

    def test_a_band_of_staff_is_an_interval(self):
        banded, unbounded, exact = OrganisationFactory.create_batch(3, company=True)
        declare(banded, staff_low=20, staff_high=49)
        declare(unbounded, staff_low=10_000, staff_high=None)
        declare(exact, staff_low=5, staff_high=5)
        assert taken("staff", banded).bounds == (20, 49)
        assert taken("staff", banded, exact).bounds == (25, 54)
        assert taken("staff", unbounded).bounds == (10_000, None)
        assert taken("staff", unbounded, exact).bounds == (10_005, None)

    def test_growth_of_several_is_that_of_their_revenue_together(self):
        small, large, new = OrganisationFactory.create_batch(3, company=True)
        for company, before, after in ((small, 100, 200), (large, 900, 900)):
            declare(company, 2024, revenue=before, imported=True)
            declare(company, 2025, revenue=after)
        declare(new, 2025, revenue=5_000)  # no year before: left out
        assert taken("revenue_growth", small).value == 100
        assert taken("revenue_growth", small, large, new).value == 10
        assert taken("revenue_growth", new).value is None

    def test_growth_is_not_computed_between_a_company_and_its_group(self):
        company = OrganisationFactory(company=True)
        declare(company, 2024, revenue=100, imported=True, accounts=Accounts.CONSOLIDATED)
        declare(company, 2025, revenue=200, accounts=Accounts.COMPANY)
        assert taken("revenue_growth", company).value is None

    def test_shares_weigh_by_the_revenue_and_one_alone_needs_none(self):
        small, large, silent = OrganisationFactory.create_batch(3, company=True)
        declare(small, revenue=100, international_share=100)
        declare(large, revenue=300, international_share=20)
        declare(silent, revenue=None, international_share=Decimal("39.999999"))
        assert taken("international_share", small, large).value == 40
        assert taken("international_share", silent).value == Decimal("39.999999")
        assert taken("international_share", small, large, silent).value == 40


def place(*communes: str, level: str = "epci", code: str = "here", cut: tuple[str, ...] = ()) -> Place:
    shape = shapely.box(0, 0, 1, 1) if cut else None
    return Place(level, code, code, (*communes, *cut), None, None, shape, communes, cut)


class TestOfAPlace:
    def test_organisations_count_once_however_many_relations_they_have(self):
        amiens = CommuneFactory(amiens=True)
        mentor = OrganisationFactory(company=True)
        for _twice in range(2):
            RelationFactory(in_commune=True, mentor=True, commune=amiens, organisation=mentor, public=True)
        RelationFactory(in_commune=True, mentor=True, commune=amiens, public=True)
        RelationFactory(in_commune=True, seed=True, commune=amiens, public=True)
        assert taken("declared_mentors", place("80021")).value == 2
        assert taken("declared_invests_in", place("80021")).value == 1

    def test_two_places_that_share_an_organisation_count_it_once(self):
        amiens, rouen = CommuneFactory(amiens=True), CommuneFactory(rouen=True)
        both = OrganisationFactory(company=True)
        for commune in (amiens, rouen):
            large = {"in_commune": True, "commune": commune, "kind": RelationKind.LARGE_ACCOUNT_IN, "public": True}
            RelationFactory(organisation=both, **large)
            RelationFactory(**large)
        here, there = place("80021"), place("76540")
        assert [taken("declared_large_account_in", one).value for one in (here, there)] == [2, 2]
        assert taken("declared_large_account_in", here, there).value == 3
        assert taken("declared_large_account_in", here, there, place("14118")).value == 3  # nothing is declared in Caen

    def test_what_is_private_or_elsewhere_or_not_in_force_does_not_count_and_nobody_is_not_none(self):
        amiens, rouen = CommuneFactory(amiens=True), CommuneFactory(rouen=True)
        RelationFactory(in_commune=True, mentor=True, commune=amiens)
        RelationFactory(in_commune=True, mentor=True, commune=rouen, public=True)
        RelationFactory(in_commune=True, mentor=True, commune=amiens, public=True, until=date(2025, 12, 31))
        RelationFactory(in_commune=True, mentor=True, commune=amiens, public=True, since=date(2026, 1, 1))
        assert taken("declared_mentors", place("80021")).bounds == (None, None)
        RelationFactory(in_commune=True, mentor=True, commune=amiens, public=True, since=date(2025, 12, 31))
        assert taken("declared_mentors", place("80021")).value == 1

    def test_what_names_a_perimeter_holds_in_it_and_in_no_other(self):
        perimeter, other = PerimeterFactory(), PerimeterFactory()
        RelationFactory(kind=RelationKind.MOBILISED_IN, perimeter=perimeter, public=True)
        for code in (perimeter.slug, f"{perimeter.slug}@2"):
            assert taken("declared_mobilised_in", place("80021", level="perimetre", code=code)).value == 1
        assert taken("declared_mobilised_in", place("80021", level="perimetre", code=other.slug)).value is None
        assert taken("declared_mobilised_in", place("80021")).value is None

    def test_those_of_a_commune_that_the_limits_cut_may_be_inside(self):
        amiens, rouen = CommuneFactory(amiens=True), CommuneFactory(rouen=True)
        sure = RelationFactory(in_commune=True, mentor=True, commune=amiens, public=True).organisation
        RelationFactory(in_commune=True, mentor=True, commune=rouen, public=True, organisation=sure)
        RelationFactory(in_commune=True, mentor=True, commune=rouen, public=True)
        assert taken("declared_mentors", place("80021", cut=("76540",))).bounds == (1, 2)
        assert taken("declared_mentors", place(cut=("76540",))).bounds == (0, 2)
