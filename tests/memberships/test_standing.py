"""Who is a member on which days: by the hub's rule, of what is dated, with the rows that pages refer to kept."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.memberships import AdmissionFactory, AgreementFactory, DuesKindFactory, DuesTermFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import User
from totem.core import clock
from totem.core.verification import problems
from totem.hubs.models import Hub, Membership
from totem.memberships.actions.admissions import end_membership
from totem.memberships.actions.standing import set_rule, sync, sync_all
from totem.memberships.models import (
    Admission,
    Agreement,
    AgreementPause,
    AgreementSeat,
    AskedFor,
    DuesState,
    DuesTerm,
    Suspension,
)

pytestmark = pytest.mark.django_db
DUES = ("2026-01-01", "2026-12-31")


@pytest.fixture
def hub() -> Hub:
    hub: Hub = HubFactory()
    return hub


@pytest.fixture
def by(hub: Hub) -> User:
    return TeamMemberFactory(hub=hub).person


@pytest.fixture
def agreement(hub: Hub) -> Agreement:
    """From March on, paused in May and suspended on 10 June, of somebody with dues for 2026."""
    agreement: Agreement = AgreementFactory(hub=hub, starts_on=date(2026, 3, 1))
    AgreementPause.objects.create(agreement=agreement, starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31))
    Suspension.objects.create(
        agreement=agreement, starts_on=date(2026, 6, 10), ends_on=date(2026, 6, 10), reason="Unpaid"
    )
    DuesTermFactory(kind=DuesKindFactory(hub=hub), person=agreement.customer.person)
    return agreement


def days(hub: Hub) -> list[tuple[str, str | None]]:
    rows = Membership.objects.filter(hub=hub).order_by("starts_on")
    return [(str(row.starts_on), str(row.ends_on) if row.ends_on else None) for row in rows]


@pytest.mark.parametrize(
    ("asked_for", "expected"),
    [
        (AskedFor.TEAM, []),
        (AskedFor.DUES, [DUES]),
        (AskedFor.AGREEMENT, [("2026-03-01", "2026-04-30"), ("2026-06-01", "2026-06-09"), ("2026-06-11", None)]),
        (AskedFor.EITHER, [("2026-01-01", None)]),
        (
            AskedFor.BOTH,
            [("2026-03-01", "2026-04-30"), ("2026-06-01", "2026-06-09"), ("2026-06-11", "2026-12-31")],
        ),
    ],
)
def test_a_member_is_who_has_what_the_hub_asks(
    hub: Hub, by: User, agreement: Agreement, asked_for: str, expected: list[tuple[str, str | None]]
):
    set_rule(hub=hub, asked_for=asked_for, by=by)
    assert days(hub) == expected
    set_rule(hub=hub, asked_for=AskedFor.TEAM, by=by)
    assert days(hub) == []
    given = AdmissionFactory(hub=hub, person=agreement.customer.person, starts_on=date(2027, 1, 1))
    sync(hub=hub, person_ids=[given.person_id])
    assert days(hub) == [("2027-01-01", None)]


def test_dues_count_only_while_they_are_valid_and_next_years_follow_in_a_row_of_their_own(hub: Hub, by: User):
    set_rule(hub=hub, asked_for=AskedFor.DUES, by=by)
    term = DuesTermFactory(kind=DuesKindFactory(hub=hub))
    DuesTermFactory(kind=term.kind, person=term.person, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
    for state in (DuesState.ASKED, DuesState.TO_PAY, DuesState.REFUSED, DuesState.ABANDONED, DuesState.CANCELLED):
        DuesTermFactory(kind=term.kind, state=state)
    sync(hub=hub, person_ids=DuesTerm.objects.values_list("person", flat=True))
    assert days(hub) == [DUES, ("2027-01-01", "2027-12-31")]


def test_what_stays_keeps_its_row_and_what_ends_earlier_is_returned(hub: Hub, by: User):
    row = MembershipFactory(hub=hub)
    assert sync(hub=hub, person_ids=[row.person_id]) == []
    Admission.objects.update(ends_on=date(2026, 6, 30))
    (shortened,) = sync(hub=hub, person_ids=[row.person_id])
    assert (shortened.membership.pk, shortened.membership.ends_on, shortened.until) == (row.pk, date(2026, 6, 30), None)
    Admission.objects.update(ends_on=None)
    AdmissionFactory(hub=hub, person=row.person, starts_on=date(2019, 1, 1), ends_on=date(2019, 5, 1))
    assert sync(hub=hub, person_ids=[row.person_id]) == []
    assert Membership.objects.get(ends_on=None).pk == row.pk
    Admission.objects.all().delete()
    gone = sync(hub=hub, person_ids=[row.person_id])
    assert [one.membership.ends_on < one.membership.starts_on for one in gone] == [True, True]
    assert days(hub) == []


def test_the_team_ends_what_it_gave_and_nothing_else(hub: Hub, by: User):
    set_rule(hub=hub, asked_for=AskedFor.DUES, by=by)
    term = DuesTermFactory(kind=DuesKindFactory(hub=hub))
    sync(hub=hub, person_ids=[term.person_id])
    with pytest.raises(ValidationError):
        end_membership(membership=Membership.objects.get(), ends_on=date(2026, 5, 1), by=by, now=clock.now())
    assert days(hub) == [DUES]


def test_verify_names_rows_that_are_not_derived_and_the_night_writes_them_again(hub: Hub):
    row = MembershipFactory(hub=hub)
    assert not [problem for problem in problems() if "derived" in problem]
    Membership.objects.update(ends_on=date(2020, 2, 1))
    assert any(f"person {row.person_id}" in problem for problem in problems())
    sync_all()
    assert not [problem for problem in problems() if "derived" in problem]
    assert days(hub) == [("2020-01-01", None)]


def test_an_erased_person_is_a_member_of_nothing_from_tomorrow_on(hub: Hub, by: User, agreement: Agreement):
    set_rule(hub=hub, asked_for=AskedFor.EITHER, by=by)
    person, now = agreement.customer.person, clock.now()
    today = now.astimezone(hub.zone).date()
    term = DuesTerm.objects.get()
    DuesTerm.objects.update(answers={"trade": "Luthière"}, ends_on=None)
    AdmissionFactory(hub=hub, person=person, starts_on=today + timedelta(days=5))
    data = export_personal_data(person=person)
    assert data["dues"][0]["answers"] == {"trade": "Luthière"}
    assert (len(data["agreement_seats"]), len(data["admissions"])) == (1, 1)
    erase_person(person=person, actor_id=person.pk, now=now)
    term.refresh_from_db()
    assert (term.answers, term.ends_on, AgreementSeat.objects.get().ends_on) == ({}, today, today)
    assert not Admission.objects.exists()
    assert not Membership.objects.ending_from(today + timedelta(days=1)).exists()
