"""Agreements: made, asked for, signed, changed, ended; the last desk; who waits; what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory
from tests.factories.hubs import HubFactory
from tests.factories.memberships import AgreementFactory, PlanFactory, PlanPriceFactory
from tests.factories.organisations import AffiliationFactory
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.models import JournalEntry, Mail
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import changes
from totem.memberships.actions.agreements import ChosenTerms, PlanFullError
from totem.memberships.models import Agreement, AgreementState, PlaceRequest, Plan
from totem.memberships.queries import agreements as queries
from totem.memberships.signals import holders_changed

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
TODAY = date(2026, 3, 10)


def chosen(plan: Plan, starts_on: date = date(2026, 4, 1), **more: Any) -> ChosenTerms:
    return ChosenTerms(plan, **{"group": 0, "months": 1, "starts_on": starts_on, **more})


def make(plan: Plan, now: datetime = NOW, **more: Any) -> Agreement:
    """An agreement of a new private customer, from 1 April 2026."""
    customer = CustomerFactory(consumer=True, hub=plan.hub, person=UserFactory())
    terms = {name: more.pop(name) for name in ("starts_on", "group", "months", "amount") if name in more}
    return actions.make_agreement(customer=customer, chosen=chosen(plan, **terms), by=UserFactory(), now=now, **more)


def refused(field: str, action: Any, **arguments: Any) -> str:
    """The action is refused at that field; what it says."""
    with pytest.raises(ValidationError) as met:
        action(**arguments)
    return " ".join(met.value.message_dict[field] if field else met.value.messages)


def terms_of(agreement: Agreement) -> list[tuple[str, Decimal, date, date | None]]:
    rows = agreement.terms.select_related("plan")
    return [(one.plan.name, one.amount, one.starts_on, one.ends_on) for one in rows]


# -- Made -------------------------------------------------------------------------------------------------------------


def test_an_agreement_keeps_the_price_of_its_group_and_day() -> None:
    plan = PlanFactory(price=None, deposit=180, notice_days=15)
    PlanPriceFactory(plan=plan, ends_on=date(2026, 3, 31))
    PlanPriceFactory(plan=plan, amount=200, starts_on=date(2026, 4, 1))
    PlanPriceFactory(plan=plan, group=4, amount=90)
    assert make(plan, starts_on=date(2026, 3, 16)).terms.get().amount == 180
    student = make(plan, group=4)
    assert (student.terms.get().amount, student.deposit, student.notice_days) == (90, 180, 15)
    later = make(plan, group=1)  # independent workers have no price of their own
    plan.prices.update(amount=300)
    assert (later.terms.get().amount, later.state) == (200, AgreementState.TO_SIGN)
    assert [seat.person for seat in later.seats.all()] == [later.customer.person]
    assert JournalEntry.objects.filter(verb="memberships.agreement_made", subject_id=later.pk).exists()


def test_what_cannot_be_taken_is_refused_at_its_field() -> None:
    plan = PlanFactory()
    assert "n’a pas de prix" in refused("months", make, plan=plan, months=12)
    assert "pas libre" in refused("amount", make, plan=plan, amount=Decimal(100))
    plan.prices.update(minimum=50)
    assert "minimum" in refused("amount", make, plan=plan, amount=Decimal("49.99"))
    assert make(plan, amount=Decimal(50)).terms.get().amount == 50
    assert refused("starts_on", make, plan=plan, starts_on=date(2027, 4, 1))
    assert refused("ends_on", make, plan=plan, ends_on=date(2026, 3, 31))
    assert refused("plan", make, plan=PlanFactory(is_active=False))
    assert refused("plan", make, plan=PlanFactory(a_pass=True))
    assert Agreement.objects.count() == 1


def test_a_reserved_plan_needs_one_of_those_it_is_reserved_to() -> None:
    full_month = PlanFactory()
    locker = PlanFactory(hub=full_month.hub, name="Locker")
    locker.reserved_to.add(full_month)
    assert full_month.name in refused("plan", make, plan=locker)
    holder = AgreementFactory(hub=full_month.hub, plan=full_month)
    arguments = {"customer": holder.customer, "by": UserFactory(), "now": NOW}
    assert actions.make_agreement(chosen=chosen(locker), **arguments).pk
    Agreement.objects.filter(pk=holder.pk).update(ends_on=date(2026, 3, 31))
    assert refused("plan", actions.make_agreement, chosen=chosen(locker), **arguments)


# -- Places -----------------------------------------------------------------------------------------------------------


def test_a_full_plan_is_counted_day_by_day_and_who_waits_is_offered_a_place_in_order() -> None:
    plan = PlanFactory(capacity=2)
    first, second = make(plan, starts_on=TODAY), make(plan, starts_on=TODAY, ends_on=date(2026, 5, 31))
    with pytest.raises(PlanFullError):
        make(plan)
    assert make(plan, starts_on=date(2026, 6, 1)).pk  # in the place of the second
    with pytest.raises(PlanFullError):
        make(plan, starts_on=date(2026, 8, 1))
    waiting = [UserFactory(), UserFactory()]
    asked = [actions.ask_for_agreement(chosen=chosen(plan), person=person, now=NOW) for person in waiting]
    assert all(isinstance(one, PlaceRequest) for one in asked)
    actions.activate(first, signed_on=TODAY, by=None, now=NOW)
    changes.give_notice(agreement=first, ends_on=date(2026, 4, 30), by=UserFactory(), now=NOW)
    offered = Mail.objects.get(key__startswith="memberships.place_offered:")
    assert (offered.to, "1er mai 2026" in offered.text) == (waiting[0].email, True)
    may = chosen(plan, date(2026, 5, 1))
    # Nobody passes who was offered the place, neither on line nor at the desk.
    assert isinstance(actions.ask_for_agreement(chosen=may, person=waiting[1], now=NOW), PlaceRequest)
    with pytest.raises(PlanFullError):
        make(plan, starts_on=date(2026, 6, 1))
    assert isinstance(actions.ask_for_agreement(chosen=may, person=waiting[0], now=NOW), Agreement)
    assert [one.person for one in PlaceRequest.objects.all()] == [waiting[1]]
    assert second.state == AgreementState.TO_SIGN


# -- Asked for --------------------------------------------------------------------------------------------------------


def test_what_is_asked_for_on_line_is_answered_by_the_team_and_mailed() -> None:
    plan, person, team = PlanFactory(), UserFactory(), UserFactory()
    asked = actions.ask_for_agreement(chosen=chosen(plan), person=person, now=NOW)
    assert isinstance(asked, Agreement)
    assert (asked.state, asked.customer.person, asked.asked_by) == (AgreementState.ASKED, person, person)
    assert refused("", actions.ask_for_agreement, chosen=chosen(plan), person=person, now=NOW)
    assert refused(
        "starts_on", actions.ask_for_agreement, chosen=chosen(plan, date(2026, 3, 9)), person=person, now=NOW
    )
    affiliation = AffiliationFactory(since=date(2025, 1, 1), can_book=False)
    arguments = {"chosen": chosen(plan), "person": affiliation.person, "organisation": affiliation.organisation}
    assert refused("organisation", actions.ask_for_agreement, now=NOW, **arguments)
    affiliation.can_book = True
    affiliation.save()
    for_it = actions.ask_for_agreement(now=NOW, **arguments)
    assert isinstance(for_it, Agreement)
    assert for_it.customer.organisation == affiliation.organisation
    assert actions.approve(agreement=asked, by=team, now=NOW).state == AgreementState.TO_SIGN
    assert refused("", actions.refuse, agreement=asked, reason="", by=team, now=NOW)
    actions.refuse(agreement=for_it, reason="Trop loin de notre projet.", by=team, now=NOW)
    mails = Mail.objects.filter(key__startswith="memberships.agreement_answered:").order_by("pk")
    assert [mail.to for mail in mails] == [person.email, affiliation.person.email]
    assert "Trop loin de notre projet." in mails[1].text
    assert actions.withdraw(agreement=asked, by=person, now=NOW).state == AgreementState.WITHDRAWN


def test_signed_on_paper_it_holds_and_its_holders_are_told() -> None:
    agreement, told = make(PlanFactory()), []

    def hear(**facts: Any) -> None:
        told.append((facts["hub"], facts["person_ids"]))

    holders_changed.connect(hear)
    try:
        arguments = {"agreement": agreement, "by": UserFactory(), "now": NOW}
        assert refused("signed_on", actions.sign_on_paper, signed_on=date(2026, 3, 11), **arguments)
        actions.sign_on_paper(signed_on=TODAY, **arguments)
    finally:
        holders_changed.disconnect(hear)
    assert told == [(agreement.hub, {agreement.customer.person_id})]
    assert list(Agreement.objects.in_force(date(2026, 4, 1))) == [agreement]
    assert not Agreement.objects.in_force(date(2026, 3, 31)).exists()
    assert refused("", actions.withdraw, agreement=agreement, by=None, now=NOW)


# -- Changed ----------------------------------------------------------------------------------------------------------


def test_a_change_of_plan_splits_the_terms_and_the_day_before_keeps_the_former() -> None:
    plan = PlanFactory(name="Nomad")
    desk = PlanFactory(hub=plan.hub, name="Desk", price__amount=Decimal(250))
    agreement = AgreementFactory(hub=plan.hub, plan=plan)
    change = {"agreement": agreement, "by": UserFactory(), "now": NOW}
    seen = version_token(agreement)
    changes.change_terms(chosen=chosen(desk, date(2026, 4, 16)), seen=seen, **change)
    with pytest.raises(EditConflict):
        changes.change_terms(chosen=chosen(desk, date(2026, 5, 1)), seen=seen, **change)
    changes.change_terms(chosen=chosen(desk, date(2026, 4, 2)), **change)  # in place of what was planned
    former = ("Nomad", 180, date(2026, 1, 1))
    assert terms_of(agreement) == [(*former, date(2026, 4, 1)), ("Desk", 250, date(2026, 4, 2), None)]
    assert refused("starts_on", changes.change_terms, chosen=chosen(desk, date(2026, 3, 9)), **change)
    assert refused("starts_on", changes.change_terms, chosen=chosen(desk, date(2025, 12, 1)), **change)
    full = PlanFactory(hub=plan.hub, capacity=1)
    make(full)
    assert refused("plan", changes.change_terms, chosen=chosen(full), **change)
    assert len(terms_of(agreement)) == 2
    changes.take_back_change(**change)
    assert terms_of(agreement) == [(*former, None)]
    assert refused("", changes.take_back_change, **change)


def test_another_price_is_announced_before_and_mailed() -> None:
    agreement = AgreementFactory(notice_days=30, plan__plan__name="Nomad")
    arguments = {"agreement": agreement, "amount": Decimal(195), "by": UserFactory(), "now": NOW}
    assert "10 avril 2026" in refused("starts_on", changes.announce_price, starts_on=date(2026, 4, 9), **arguments)
    terms = changes.announce_price(starts_on=date(2026, 4, 10), **arguments)
    assert terms.announced_on == TODAY
    assert [row[1:] for row in terms_of(agreement)] == [
        (180, date(2026, 1, 1), date(2026, 4, 9)),
        (195, date(2026, 4, 10), None),
    ]
    text = Mail.objects.get(key=f"memberships.price_announced:{terms.pk}").text
    assert all(words in text for words in ("10 avril 2026", "195,00", "180,00", "30 jours"))
    # Who does not agree leaves before: notice given on the same day ends the day before the new price.
    assert queries.earliest_end(agreement, TODAY) == date(2026, 4, 9)
    ended = changes.give_notice(agreement=agreement, ends_on=date(2026, 4, 9), by=UserFactory(), now=NOW)
    assert [row[1:] for row in terms_of(ended)] == [(180, date(2026, 1, 1), date(2026, 4, 9))]


def test_pauses_and_seats_stay_within_the_agreement_and_apart() -> None:
    agreement, team = AgreementFactory(ends_on=date(2026, 12, 31)), UserFactory()
    common = {"by": team, "now": NOW}
    held = changes.pause(agreement=agreement, starts_on=date(2026, 7, 1), ends_on=date(2026, 7, 31), **common)
    for first, last in [("2026-07-31", "2026-08-01"), ("2026-12-01", "2027-01-01"), ("2026-08-02", "2026-08-01")]:
        days = {"starts_on": date.fromisoformat(first), "ends_on": date.fromisoformat(last)}
        with pytest.raises(ValidationError):
            changes.pause(agreement=agreement, **days, **common)
    changes.end_pause(pause=held, **common)  # it has not begun
    assert not agreement.pauses.exists()
    begun = changes.pause(agreement=agreement, starts_on=date(2026, 3, 1), ends_on=None, **common)
    changes.end_pause(pause=begun, **common)
    assert agreement.pauses.get().ends_on == date(2026, 3, 9)
    colleague = UserFactory()
    seat = changes.add_seat(agreement=agreement, person=colleague, starts_on=TODAY, **common)
    with pytest.raises(ValidationError):
        changes.add_seat(agreement=agreement, person=colleague, starts_on=date(2026, 4, 1), **common)
    assert refused(
        "starts_on", changes.add_seat, agreement=agreement, person=team, starts_on=date(2025, 12, 31), **common
    )
    changes.end_seat(seat=seat, ends_on=date(2026, 3, 31), **common)
    assert agreement.seats.get(person=colleague).ends_on == date(2026, 3, 31)


# -- Ended ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "notice", "last"),
    [
        (datetime(2028, 1, 31, 9, tzinfo=UTC), 29, date(2028, 2, 29)),  # a leap day
        (datetime(2027, 1, 31, 9, tzinfo=UTC), 31, date(2027, 3, 3)),
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), 1, date(2027, 3, 29)),  # 28 March in Paris, a day of 23 hours
        (datetime(2027, 10, 30, 22, 30, tzinfo=UTC), 0, date(2027, 10, 31)),  # a day of 25 hours
    ],
)
def test_the_earliest_last_day_is_the_notice_after_the_day_in_the_hubs_zone(
    now: datetime, notice: int, last: date
) -> None:
    agreement = AgreementFactory(notice_days=notice)
    arguments = {"agreement": agreement, "by": UserFactory(), "now": now}
    assert refused("ends_on", changes.give_notice, ends_on=date.fromordinal(last.toordinal() - 1), **arguments)
    assert changes.give_notice(ends_on=last, **arguments).ends_on == last


def test_the_end_is_shown_with_what_is_left_to_invoice_and_nothing_after_it_is() -> None:
    agreement = AgreementFactory(starts_on=date(2026, 1, 31), cycle="anniversary", notice_days=10)
    left = queries.left_to_charge(agreement, date(2026, 3, 20))
    # From the 31st: periods begin on 31 January, 28 February and 31 March.
    assert [(str(due.days.first), str(due.days.last), due.amount) for due in left] == [
        ("2026-01-31", "2026-02-27", Decimal(180)),
        ("2026-02-28", "2026-03-20", Decimal("121.94")),  # 21 days of 31
    ]
    changes.give_notice(agreement=agreement, ends_on=date(2026, 3, 20), by=UserFactory(), now=NOW)
    agreement = Agreement.objects.get()
    assert queries.timeline(agreement).due(date(2026, 12, 31)) == left
    assert refused(
        "ends_on", changes.give_notice, agreement=agreement, ends_on=date(2026, 3, 21), by=UserFactory(), now=NOW
    )
    assert "20 mars 2026" in Mail.objects.get(key__startswith="memberships.notice_given:").text


def test_a_person_suspends_and_lifts_what_an_agreement_gives() -> None:
    agreement, team = AgreementFactory(), UserFactory()
    found = changes.suspend(agreement=agreement, reason="F2026-000012 is unpaid", by=team, now=NOW)
    with pytest.raises(ValidationError):
        changes.suspend(agreement=agreement, reason="twice", by=team, now=NOW)
    later = datetime(2026, 3, 20, 9, tzinfo=UTC)
    changes.lift(suspension=found, by=team, now=later)
    assert agreement.suspensions.get().ends_on == date(2026, 3, 19)
    assert refused("", changes.lift, suspension=found, by=team, now=later)
    assert len(queries.timeline(agreement).due(date(2026, 3, 31))) == 3  # it owes as before


def test_the_lists_hold_what_they_say() -> None:
    hub = HubFactory()
    old = AgreementFactory(hub=hub, ends_on=date(2026, 3, 9))
    kept = AgreementFactory(hub=hub)
    AgreementFactory()  # another hub's
    waiting = make(PlanFactory(hub=hub))
    found = {name: list(queries.agreements_of(hub, name, "", TODAY)) for name in queries.LISTS}
    assert found == {"en-cours": [kept], "ce-mois": [old], "a-signer": [waiting], "demandes": [], "finis": [old]}
    assert queries.agreement_counts(hub, TODAY)["en_cours"] == 1
    assert list(queries.agreements_of(hub, "en-cours", kept.customer.name, TODAY)) == [kept]
