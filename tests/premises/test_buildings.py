"""Buildings: constraints of PostgreSQL, validation errors of the actions, and the history of announcements."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.factories.accounts import UserFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.premises import BuildingFactory, LotFactory, OfferFactory, PhaseFactory
from tests.factories.territories import CommuneFactory, WorkspaceFactory
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.models import JournalEntry, StoredFile
from totem.premises import actions
from totem.premises.models import Building, Lot, Network, Offer, Phase, PhaseRevision, PhaseState
from totem.premises.queries import building_summaries
from totem.territories.models import Document

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def refused(row, error=IntegrityError):
    """Whether PostgreSQL refuses to save the row."""
    try:
        with transaction.atomic():
            row.save()
            connection.check_constraints()
    except error:
        return True
    return False


def document(workspace, **more) -> Document:
    content = b"A plan."
    kept, _new = StoredFile.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(), defaults={"size": len(content), "content": content}
    )
    values = {"name": "plan.txt", "content_type": "text/plain", "size": kept.size, "sha256": kept.sha256} | more
    return Document.objects.create(workspace=workspace, stored=kept, **values)


def phase_of(building: Building, **more) -> Phase:
    values = {
        "name": "Cité numérique",
        "state": PhaseState.PLANNED,
        "usable_m2": Decimal(3000),
        "due_on": date(2017, 12, 31),
        "announced_on": date(2015, 11, 10),
    } | more
    return actions.add_phase(building=building, by=UserFactory(), now=NOW, **values)


def revise(phase: Phase, **more) -> PhaseRevision:
    values = {
        "state": phase.state,
        "usable_m2": phase.usable_m2,
        "due_on": phase.due_on,
        "cost": phase.cost,
        "announced_on": TODAY,
    } | more
    return actions.revise_phase(phase=phase, by=UserFactory(), now=NOW, **values)


class TestWhatTheDatabaseRefuses:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"workspace": None},
            {"latitude": 49.4},
            {"latitude": 91.0, "longitude": 1.0},
            {"latitude": 49.0, "longitude": -181.0},
        ],
    )
    def test_a_building_nobody_sees_or_that_is_not_on_earth(self, wrong):
        assert refused(BuildingFactory.build(**{"commune": CommuneFactory(), "workspace": WorkspaceFactory()} | wrong))

    def test_a_building_twice(self):
        first = BuildingFactory(name="Cité numérique")
        assert refused(Building(workspace=first.workspace, commune=first.commune, name="cite NUMERIQUE"))
        other = BuildingFactory(name="Cité numérique")
        Building.objects.filter(pk=first.pk).update(public=True)
        other.public = True
        assert refused(other)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"state": "planned"},
            {"state": "unheard"},
            {"delivered_on": None},
            {"state": "planned", "delivered_on": None, "due_on": None},
            {"usable_m2": Decimal(-1)},
            {"cost": Decimal(-1)},
        ],
    )
    def test_a_phase_that_contradicts_itself(self, wrong):
        phase = PhaseFactory()
        for name, value in wrong.items():
            setattr(phase, name, value)
        assert refused(phase)

    def test_a_phase_that_nobody_announced_so(self):
        phase = PhaseFactory()
        phase.usable_m2 = Decimal(2000)
        assert refused(phase)
        fresh = Phase(
            building=phase.building, name="x", state=PhaseState.PLANNED, usable_m2=Decimal(1), due_on=date(2030, 1, 1)
        )
        assert refused(fresh)

    def test_an_announcement_that_the_phase_does_not_follow(self):
        phase = PhaseFactory()
        assert refused(
            PhaseRevision(
                phase=phase,
                state=PhaseState.PLANNED,
                usable_m2=Decimal(1),
                due_on=TODAY,
                announced_on=date(2021, 1, 1),
                at=NOW,
            )
        )

    @pytest.mark.parametrize(
        "wrong",
        [
            {"announced_on": date(2026, 11, 23), "retained": False},
            {"delivered_on": date(2026, 11, 23), "retained": False},
            {"delivered_on": date(2026, 11, 21), "announced_on": date(2026, 11, 20), "retained": False},
        ],
    )
    def test_an_announcement_of_tomorrow(self, wrong):
        values = {"state": "delivered", "usable_m2": 1, "delivered_on": TODAY, "announced_on": TODAY, "at": NOW} | wrong
        assert refused(PhaseRevision(phase=PhaseFactory(), **values))

    def test_history_is_not_rewritten(self):
        phase = PhaseFactory()
        revision = phase.revisions.get()
        revision.source = "Another"
        assert refused(revision, ProgrammingError)
        for row in (revision, phase):
            with pytest.raises(ProgrammingError), transaction.atomic():
                type(row).objects.filter(pk=row.pk)._raw_delete("default")

    def test_nothing_moves_to_another_building(self):
        other = BuildingFactory()
        for row in (PhaseFactory(), LotFactory(), OfferFactory()):
            row.building = other
            assert refused(row, ProgrammingError)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"usable_m2": Decimal(0)},
            {"period_months": Decimal(0)},
            {"notice_months": Decimal(-1)},
            {"lease_form": "handshake"},
        ],
    )
    def test_the_database_refuses_a_lot_without_area_or_known_terms(self, wrong):
        lot = LotFactory()
        for name, value in wrong.items():
            setattr(lot, name, value)
        assert refused(lot)

    def test_the_database_refuses_lots_larger_than_the_phases(self):
        phase = PhaseFactory(usable_m2=Decimal(1000))
        PhaseFactory(building=phase.building, cancelled=True, usable_m2=Decimal(500))
        LotFactory(building=phase.building, usable_m2=Decimal("999.99"))
        connection.check_constraints()
        lot = LotFactory.build(building=phase.building, usable_m2=Decimal("0.02"))
        assert refused(lot)
        lot.pk = None
        lot.usable_m2 = Decimal("0.01")
        lot.save()
        connection.check_constraints()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"network": "mobile"},
            {"technology": ""},
            {"technology": "pigeon"},
            {"mbits_down": None},
            {"mbits_down": Decimal(0)},
            {"mbits_up": Decimal(0)},
            {"generation": 5},
            {"coverage_percent": Decimal(101)},
            {"until": date(2019, 12, 31)},
        ],
    )
    def test_an_offer_that_is_neither_fixed_nor_mobile(self, wrong):
        offer = OfferFactory()
        for name, value in wrong.items():
            setattr(offer, name, value)
        assert refused(offer)

    @pytest.mark.parametrize(
        "wrong", [{"generation": None}, {"generation": 1}, {"technology": "fibre"}, {"coverage_percent": None}]
    )
    def test_a_mobile_offer_without_generation_or_coverage(self, wrong):
        offer = OfferFactory(mobile=True)
        for name, value in wrong.items():
            setattr(offer, name, value)
        assert refused(offer)


class TestPhases:
    def test_a_slip_stays_visible(self):
        phase = phase_of(BuildingFactory())
        revise(phase, announced_on=date(2017, 9, 1), due_on=date(2018, 12, 31), usable_m2=Decimal(3600))
        revise(
            phase,
            announced_on=date(2020, 2, 20),
            state=PhaseState.DELIVERED,
            delivered_on=date(2020, 2, 15),
            due_on=None,
            usable_m2=Decimal(3600),
        )
        phase.refresh_from_db()
        assert (phase.state, phase.usable_m2, phase.delivered_on) == ("delivered", 3600, date(2020, 2, 15))
        assert [r.usable_m2 for r in phase.revisions.all()] == [3000, 3600, 3600]
        connection.check_constraints()

    def test_sources_contradict_each_other_and_one_is_retained(self):
        phase = phase_of(BuildingFactory(), cost=Decimal(30_000_000), source="Paris-Normandie")
        revise(phase, cost=Decimal(24_100_000), source="Tendance Ouest", retained=False, reason="Without the school")
        revise(phase, cost=Decimal(27_000_000), source="Seinomedia", retained=False)
        phase.refresh_from_db()
        assert phase.cost == 30_000_000
        assert [r.cost for r in phase.revisions.all()] == [30_000_000, 24_100_000, 27_000_000]
        connection.check_constraints()

    def test_what_is_entered_late_is_history(self):
        phase = phase_of(BuildingFactory(), announced_on=date(2018, 1, 1), due_on=date(2020, 1, 1))
        revise(phase, announced_on=date(2015, 11, 10), due_on=date(2017, 12, 31), usable_m2=Decimal(10))
        phase.refresh_from_db()
        assert (phase.due_on, phase.usable_m2) == (date(2020, 1, 1), 3000)
        connection.check_constraints()

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"announced_on": date(2026, 11, 23)}, "announced_on"),
            ({"state": "delivered", "delivered_on": date(2026, 11, 23)}, "delivered_on"),
            ({"state": "delivered", "delivered_on": TODAY, "announced_on": date(2020, 1, 1)}, "announced_on"),
            ({"state": "delivered"}, "__all__"),
            ({"due_on": None}, "__all__"),
            ({"usable_m2": Decimal(-1)}, "usable_m2"),
            ({"cost": Decimal(-1)}, "cost"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, wrong, field):
        building = BuildingFactory()
        with pytest.raises(ValidationError) as refusal:
            phase_of(building, **wrong)
        assert list(refusal.value.error_dict) == [field]
        assert not Phase.objects.exists()
        phase = phase_of(building)
        with pytest.raises(ValidationError) as refusal:
            revise(phase, **wrong)
        assert list(refusal.value.error_dict) == [field]
        assert phase.revisions.count() == 1

    def test_a_building_has_one_phase_of_a_name(self):
        phase = phase_of(BuildingFactory())
        with pytest.raises(ValidationError):
            phase_of(phase.building)

    def test_a_phase_does_not_shrink_under_its_lots(self):
        phase = phase_of(BuildingFactory())
        LotFactory(building=phase.building, usable_m2=Decimal(2500))
        for smaller in ({"usable_m2": Decimal(2499)}, {"state": PhaseState.CANCELLED}):
            with pytest.raises(ValidationError) as refusal:
                revise(phase, **smaller)
            assert list(refusal.value.error_dict) == ["usable_m2"]
        revise(phase, usable_m2=Decimal(2500))
        connection.check_constraints()


class TestLotsAndOffers:
    def lot(self, building: Building, **more) -> Lot:
        values = {
            "name": "Plateau 1",
            "usable_m2": Decimal(400),
            "lease_form": "commercial",
            "period_months": Decimal(36),
            "notice_months": Decimal(6),
        } | more
        return actions.add_lot(building=building, by=UserFactory(), **values)

    def test_a_lot_fits_or_is_refused_at_its_field(self):
        building = PhaseFactory().building
        lot = self.lot(building)
        with pytest.raises(ValidationError) as refusal:
            self.lot(building, name="Plateau 2", usable_m2=Decimal("600.01"))
        assert list(refusal.value.error_dict) == ["usable_m2"]
        self.lot(building, name="Plateau 2", usable_m2=Decimal(600))
        with pytest.raises(ValidationError):
            actions.change_lot(lot=lot, by=UserFactory(), usable_m2=Decimal(401))
        actions.change_lot(lot=lot, by=UserFactory(), usable_m2=Decimal(300))
        assert Lot.objects.get(pk=lot.pk).usable_m2 == 300
        actions.remove_lot(lot=lot, by=UserFactory())
        actions.remove_lot(lot=lot, by=UserFactory())
        assert Lot.objects.get().name == "Plateau 2"
        connection.check_constraints()

    def test_an_offer_starts_is_attested_and_ends(self):
        building, operator = BuildingFactory(), OrganisationFactory()
        values = {"network": Network.FIXED, "technology": "fibre", "mbits_down": Decimal(1000), "since": TODAY}
        give = {"building": building, "operator": operator, "by": UserFactory(), "now": NOW}
        with pytest.raises(ValidationError) as refusal:
            actions.add_offer(**give, **values, attested_on=date(2026, 11, 23))
        assert list(refusal.value.error_dict) == ["attested_on"]
        with pytest.raises(ValidationError):
            actions.add_offer(**give, **{**values, "technology": ""})
        offer = actions.add_offer(**give, **values)
        with pytest.raises(ValidationError):
            actions.end_offer(offer=offer, on=date(2026, 11, 21), by=UserFactory())
        actions.end_offer(offer=offer, on=TODAY, by=UserFactory())
        assert not Offer.objects.get().holds(TODAY)


class TestBuildings:
    def test_it_is_declared_changed_and_published_with_a_journal(self):
        workspace, person = WorkspaceFactory(), UserFactory()
        made = actions.declare_building(
            workspace=workspace, by=person, name="Seine Innopolis", commune=CommuneFactory(rouen=True)
        )
        changed = actions.change_building(building=made, by=person, seen=version_token(made), note="Five floors")
        actions.publish_building(building=changed, by=person)
        actions.publish_building(building=changed, by=person)
        actions.unpublish_building(building=changed, by=person)
        verbs = list(JournalEntry.objects.order_by("pk").values_list("verb", flat=True))
        assert verbs == [f"premises.building_{verb}" for verb in ("declared", "changed", "published", "unpublished")]
        assert not Building.objects.get().public

    def test_nobody_overwrites_what_they_have_not_seen(self):
        made, person = BuildingFactory(note="old"), UserFactory()
        seen = version_token(made)
        actions.change_building(building=made, by=person, seen=seen, note="mine")
        with pytest.raises(EditConflict) as conflict:
            actions.change_building(building=made, by=person, seen=seen, note="theirs")
        assert conflict.value.current.note == "mine"
        lot = LotFactory()
        actions.change_lot(lot=lot, by=person, seen=version_token(lot), use="labs")
        with pytest.raises(EditConflict):
            actions.change_lot(lot=lot, by=person, seen=version_token(lot), use="offices")

    def test_a_namesake_is_refused_with_words(self):
        made = BuildingFactory(name="Cité numérique", public=True)
        give = {"commune": made.commune, "by": UserFactory(), "name": "Cité  Numérique"}
        with pytest.raises(ValidationError, match="porte déjà ce nom"):
            actions.declare_building(workspace=made.workspace, **give)
        other = actions.declare_building(workspace=WorkspaceFactory(), **give)
        with pytest.raises(ValidationError, match="déjà public"):
            actions.publish_building(building=other, by=UserFactory())

    def test_without_a_workspace_it_stays_public(self):
        made = BuildingFactory(of_everybody=True)
        with pytest.raises(ValidationError):
            actions.unpublish_building(building=made, by=UserFactory())

    def test_evidence_is_ones_own_or_public(self):
        building = PhaseFactory().building
        person = UserFactory()
        theirs = document(WorkspaceFactory())
        with pytest.raises(ValidationError) as refusal:
            actions.change_building(building=building, by=person, document=theirs)
        assert list(refusal.value.error_dict) == ["document"]
        with pytest.raises(ValidationError):
            phase_of(building, document=theirs)
        for fine in (document(building.workspace), document(WorkspaceFactory(), public=True)):
            actions.change_building(building=building, by=person, document=fine)
        assert Building.objects.get(pk=building.pk).document == fine


def test_what_is_planned_carries_the_date_of_its_own_last_phase(db):
    building = BuildingFactory()
    for day in (date(2030, 1, 1), date(2032, 6, 30)):
        phase_of(building, name=f"Jusqu’au {day}", due_on=day)
    (summary,) = building_summaries(building.workspace, TODAY)
    assert (summary.coming_m2, summary.due_on) == (6000, date(2032, 6, 30))
