"""Dues: their dates before paying, one membership from several tries, the desk's payment, who is up to date."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import DuesAmountFactory, DuesKindFactory, DuesTermFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.models import User
from totem.billing.models import DocumentKind, Draft, IssuedDocument, Payment, VatPeriod
from totem.core import clock
from totem.core.models import Mail
from totem.hubs.models import Membership
from totem.memberships.actions import dues, dues_kinds
from totem.memberships.actions.dues import ChosenDues
from totem.memberships.actions.standing import set_rule
from totem.memberships.dues_periods import free_period, payable_from, period_for
from totem.memberships.models import AskedFor, DuesAmount, DuesKind, DuesPeriod, DuesState, DuesTerm, MembershipRule
from totem.memberships.periods import DAY, LAST_DAY, Days
from totem.memberships.queries import dues as queries

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
ADDRESS = {"street": "2 rue des Jacobins", "postcode": "80000", "city": "Amiens"}


# -- Dates ------------------------------------------------------------------------------------------------------------


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "day", "last", "rules", "expected"),
    [
        ("rolling", "2026-11-20", None, {}, ("2026-11-20", "2027-11-19")),
        ("rolling", "2028-02-29", None, {}, ("2028-02-29", "2029-02-27")),
        ("rolling", "2026-11-20", ("2025-12-01", "2026-11-30"), {}, ("2026-12-01", "2027-11-30")),
        ("rolling", "2026-12-20", ("2025-12-01", "2026-11-30"), {"late_days": 20}, ("2026-12-01", "2027-11-30")),
        ("rolling", "2026-12-21", ("2025-12-01", "2026-11-30"), {"late_days": 20}, ("2026-12-21", "2027-12-20")),
        ("civil", "2026-06-15", None, {}, ("2026-06-15", "2026-12-31")),
        ("civil", "2026-12-05", ("2026-01-01", "2026-12-31"), {}, ("2027-01-01", "2027-12-31")),
        ("civil", "2026-12-05", None, {"following": True}, ("2027-01-01", "2027-12-31")),
        ("civil", "2027-01-20", ("2026-01-01", "2026-12-31"), {"late_days": 31}, ("2027-01-01", "2027-12-31")),
        ("civil", "2027-01-20", ("2026-01-01", "2026-12-31"), {}, ("2027-01-20", "2027-12-31")),
        ("school", "2026-08-31", None, {}, ("2026-08-31", "2026-08-31")),
        ("school", "2026-08-31", None, {"following": True}, ("2026-09-01", "2027-08-31")),
        ("school", "2026-09-01", None, {}, ("2026-09-01", "2027-08-31")),
    ],
)
def test_the_dates_are_those_that_the_association_states(period, day, last, rules, expected):
    following = rules.pop("following", False) if rules else False
    kind = DuesKind(period=period, **rules)
    found = period_for(kind, date.fromisoformat(day), days(*last) if last else None, following=following)
    assert found == days(*expected)
    assert payable_from(kind, found) <= date.fromisoformat(day)


DATES = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(
    period=st.sampled_from(list(DuesPeriod)),
    late_days=st.integers(0, 366),
    first=DATES,
    payments=st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=6),
)
def test_however_one_pays_no_day_is_paid_twice_and_none_for_what_is_over(period, late_days, first, payments):
    """Payments at random intervals, each for what is proposed on its day, now and then for the next year."""
    kind = DuesKind(period=period, late_days=late_days)
    held: list[Days] = []
    day = first
    for days_later, following in payments:
        day += days_later * DAY
        found = free_period(kind, day, held, following=following)
        if found is None:
            assert held[-1].last >= day
            continue
        assert found.last >= day
        assert not any(found.within(one) for one in held)
        assert found.last == LAST_DAY or len(found) <= 366
        if found.first < day:
            assert any(one.last == found.first - DAY and (day - one.last).days <= late_days for one in held)
        held = sorted([*held, found])


# -- Joining, paying --------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind() -> DuesKind:
    """30 € by the civil year, of a hub that asks dues of its members."""
    hub = HubFactory(always_open=True)
    SellerFactory(organisation=hub.operator)
    kind: DuesKind = DuesKindFactory(hub=hub, period=DuesPeriod.CIVIL, late_days=31)
    MembershipRule.objects.create(hub=hub, asked_for=AskedFor.DUES)
    return kind


@pytest.fixture
def desk(kind: DuesKind) -> User:
    return TeamMemberFactory(hub=kind.hub).person


def asked(kind: DuesKind, person: User, now: datetime = NOW, **chosen: object) -> DuesTerm:
    return dues.join(chosen=ChosenDues(kind, **chosen), person=person, by=person, now=now)


def paid(term: DuesTerm, by: User, now: datetime = NOW) -> DuesTerm:
    return dues.pay(term=term, means="cash", received_on=now.date(), by=by, now=now, address=ADDRESS)


def test_three_tries_and_one_payment_are_one_membership_and_an_attempt_is_neither_member_nor_debt(kind, desk):
    person = UserFactory()
    tries = [asked(kind, person, answers={"trade": trade}) for trade in ("a", "b", "Luthière")]
    assert len({term.pk for term in tries}) == 1
    assert not Membership.objects.exists()
    assert not any(model.objects.exists() for model in (IssuedDocument, Draft))
    term = paid(tries[-1], desk)
    with pytest.raises(ValidationError):
        paid(tries[-1], desk)
    assert (term.state, term.answers, term.starts_on, term.ends_on) == (
        DuesState.PAID, {"trade": "Luthière"}, TODAY, date(2026, 12, 31),
    )  # fmt: skip
    assert (Membership.objects.get().starts_on, Membership.objects.get().ends_on) == (TODAY, date(2026, 12, 31))
    line, payment = term.document.lines.get(), Payment.objects.get()
    assert (line.gross, line.vat_rate, line.exemption) == (Decimal(30), 0, "VATEX-EU-O")
    assert (payment.document, payment.amount) == (term.document, Decimal(30))


def test_next_years_dues_are_paid_from_the_day_that_is_stated_and_a_late_year_has_no_gap(kind, desk):
    person = UserFactory()
    paid(asked(kind, person), desk)
    DuesKind.objects.update(opens_before_days=31)
    kind.refresh_from_db()
    with pytest.raises(ValidationError, match="1er décembre 2026"):
        asked(kind, person)
    december = datetime(2026, 12, 5, 9, tzinfo=UTC)
    following = paid(asked(kind, person, december), desk, december)
    assert (following.starts_on, following.ends_on) == (date(2027, 1, 1), date(2027, 12, 31))
    late = datetime(2028, 1, 31, 9, tzinfo=UTC)
    assert paid(asked(kind, person, late), desk, late).starts_on == date(2028, 1, 1)
    assert Membership.objects.count() == 3


def test_what_billing_refuses_makes_no_member(kind, desk):
    term = asked(kind, UserFactory())
    VatPeriod.objects.all().delete()
    with pytest.raises(ValidationError):
        paid(term, desk)
    term.refresh_from_db()
    assert (term.state, term.document) == (DuesState.TO_PAY, None)
    assert not Draft.objects.exists()


def test_the_amount_is_the_groups_of_that_day_and_free_from_its_minimum(kind, desk):
    student = DuesAmountFactory(kind=kind, group=4, amount=10, minimum=5)
    dues_kinds.set_amount(kind=kind, group=0, amount=Decimal(40), starts_on=date(2027, 1, 1), by=desk)
    assert asked(kind, UserFactory(), group=1).amount == Decimal(30)
    assert asked(kind, UserFactory(), group=1, following=True).amount == Decimal(40)
    assert asked(kind, UserFactory(), group=student.group, amount=Decimal(7)).amount == Decimal(7)
    for group, amount in ((4, 4), (0, 31)):
        with pytest.raises(ValidationError):
            asked(kind, UserFactory(), group=group, amount=Decimal(amount))
    assert DuesAmount.objects.get(group=0, ends_on__isnull=False).ends_on == date(2026, 12, 31)


def test_where_it_is_approved_first_nothing_is_paid_before(kind, desk):
    DuesKind.objects.update(needs_approval=True)
    kind.refresh_from_db()
    one, other = asked(kind, UserFactory()), asked(kind, UserFactory())
    with pytest.raises(ValidationError):
        paid(one, desk)
    dues.approve(term=one, by=desk, now=NOW)
    dues.refuse(term=other, reason="Complet", by=desk, now=NOW)
    assert paid(one, desk).state == DuesState.PAID
    assert {mail.to: "Complet" in mail.text for mail in Mail.objects.all()} == {
        one.person.email: False,
        other.person.email: True,
    }


def test_an_organisation_is_a_member_by_who_represents_it_and_an_exempt_member_by_a_reason(kind, desk):
    organisation, person = OrganisationFactory(), UserFactory()
    with pytest.raises(ValidationError):
        dues.join(chosen=ChosenDues(kind), person=person, by=person, now=NOW, organisation=organisation)
    term = dues.join(chosen=ChosenDues(kind), person=person, by=desk, now=NOW, organisation=organisation)
    assert paid(term, desk).document.customer.organisation == organisation
    DuesKind.objects.update(vat_rate=20)
    kind.refresh_from_db()
    line = paid(asked(kind, founder := UserFactory()), desk).document.lines.get()
    assert (line.gross, line.vat_rate, line.exemption) == (Decimal(30), 20, "")
    dues.cancel(term=DuesTerm.objects.get(person=founder), reason="Fondatrice", by=desk, now=NOW, means="cash")
    with pytest.raises(ValidationError):
        dues.exempt(kind=kind, person=founder, reason=" ", by=desk, now=NOW)
    dues.exempt(kind=kind, person=founder, reason="Fondatrice", by=desk, now=NOW)
    assert set(Membership.objects.values_list("person", flat=True)) == {person.pk, founder.pk}
    assert {row.person for row in queries.up_to_date(kind.hub, TODAY)} == {person, founder}
    assert not queries.up_to_date(kind.hub, TODAY - DAY).exists()


def test_a_membership_taken_back_gives_a_credit_note_and_the_money_back(kind, desk):
    term = paid(asked(kind, UserFactory()), desk)
    with pytest.raises(ValidationError):
        dues.cancel(term=term, reason="Erreur", by=desk, now=NOW)
    dues.cancel(term=term, reason="Erreur", by=desk, now=NOW, means="cash")
    term.refresh_from_db()
    assert (term.state, term.ends_on) == (DuesState.CANCELLED, TODAY)
    assert not Membership.objects.exists()
    assert IssuedDocument.objects.filter(kind=DocumentKind.CREDIT_NOTE, about=term.document).exists()
    assert sum(Payment.objects.values_list("amount", flat=True)) == 0


def test_what_nobody_pays_is_abandoned_and_who_lapsed_is_reminded_once_where_the_hub_wants_it(kind, desk):
    old = asked(kind, UserFactory(), answers={"trade": "x"})
    announced = dues.announce_transfer(term=asked(kind, UserFactory()), by=desk, now=NOW + timedelta(days=300))
    DuesTerm.objects.filter(pk=old.pk).update(updated_at=NOW - timedelta(days=31))
    dues.abandon_old(now=NOW)
    old.refresh_from_db()
    announced.refresh_from_db()
    assert (old.state, old.answers, announced.state) == (DuesState.ABANDONED, {}, DuesState.TO_PAY)
    ended = DuesTermFactory(kind=kind, ends_on=date(2026, 11, 1))
    renewed = DuesTermFactory(kind=kind, ends_on=date(2026, 11, 1))
    DuesTermFactory(kind=kind, person=renewed.person, starts_on=date(2026, 11, 2), ends_on=None)
    MembershipRule.objects.update(reminds=False)
    dues.remind(now=NOW)
    assert not Mail.objects.exists()
    MembershipRule.objects.update(reminds=True)
    dues.remind(now=NOW)
    dues.remind(now=NOW + timedelta(days=1))
    assert [mail.to for mail in Mail.objects.all()] == [ended.person.email]
    assert set(queries.lapsed(kind.hub, TODAY)) == {ended}


def test_a_hub_that_asks_for_something_else_keeps_its_members_as_it_says(kind, desk):
    paid(asked(kind, UserFactory()), desk)
    shortened = set_rule(hub=kind.hub, asked_for=AskedFor.AGREEMENT, by=desk)
    assert len(shortened) == 1
    assert not Membership.objects.exists()


# -- Pages ------------------------------------------------------------------------------------------------------------


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_the_dates_are_shown_the_questions_answered_the_desk_paid_and_the_list_exported(kind, desk):
    person, hub, team = UserFactory(name="Zoé Luth"), kind.hub, client_of(desk)
    questions = reverse("memberships:dues_questions", args=[hub.slug, kind.pk])
    assert team.post(questions, {"label": "Votre métier ?", "type": "text", "is_required": "on"}).status_code == 302
    assert team.post(questions, {"label": "Votre métier ?", "type": "choice"}).status_code == 422
    assert team.post(questions, {"label": "Votre métier ?", "type": "choice", "options": "a\nb"}).status_code == 302
    today = clock.today(hub.zone)
    client, join = client_of(person), reverse("memberships:join_kind", args=[hub.slug, kind.pk])
    dues_kinds.set_amount(kind=kind, group=0, amount=Decimal(41), starts_on=date(today.year + 1, 1, 1), by=desk)
    DuesKind.objects.update(opens_before_days=366)
    page = client.get(join).content.decode()
    assert all(words in page for words in (f"31 décembre {today.year}", f"31 décembre {today.year + 1}", "41,00"))
    assert list(client.post(join, {"group": 0}).context["form"].errors) == ["answer_votre-metier"]
    answers = {"answer_votre-metier": "Luthière", "answer_votre-metier-2": "b"}
    assert client.post(join, {"group": 0, **answers}).status_code == 302
    term = DuesTerm.objects.get()
    assert term.answers == {"votre-metier": "Luthière", "votre-metier-2": "b"}
    announce = reverse("memberships:my_dues_announce", args=[term.pk])
    assert client_of(UserFactory()).post(announce).status_code == 404
    client.post(announce)
    page = reverse("memberships:dues_term", args=[hub.slug, term.pk])
    assert "virement annoncé" in team.get(page).content.decode()
    paying = {"means": "transfer", "received_on": str(today)}
    assert set(team.post(page, paying).context["form"].errors) == {"street", "postcode", "city"}
    assert team.post(page, {**paying, **ADDRESS}).status_code == 302
    csv = team.get(reverse("memberships:dues_csv", args=[hub.slug])).getvalue().decode()
    assert "Zoé Luth" in csv
    assert "30,00" in csv
    assert "Payée" in client.get(reverse("memberships:my_dues")).content.decode()
    assert client.get(reverse("memberships:dues", args=[hub.slug])).status_code == 404


def test_what_a_change_of_the_rule_would_take_away_is_shown_before(kind, desk):
    person = paid(asked(kind, UserFactory()), desk).person
    Membership.objects.update(starts_on=date(2026, 1, 1), ends_on=None)
    DuesTerm.objects.update(starts_on=date(2026, 1, 1), ends_on=None)
    space = SpaceFactory(hub=kind.hub, audience="members", all_night=True)
    BookingFactory(space=space, person=person, period=from_now(48))
    url, client = reverse("memberships:dues_settings", args=[kind.hub.slug]), client_of(desk)
    shown = client.post(url, {"asked_for": "team"})
    assert len(shown.context["confirmation"].affected) == 1
    assert Membership.objects.exists()
    token = shown.context["confirmation"].token
    assert client.post(url, {"asked_for": "team", "confirmed": token}).status_code == 302
    assert not Membership.objects.exists()


def test_two_kinds_of_a_hub_have_amounts_of_the_same_group_and_other_names(kind, desk):
    other = dues_kinds.save_kind(kind=DuesKind(hub=kind.hub), by=desk, name="Supporter", period=DuesPeriod.CIVIL)
    for one, amount in ((kind, 30), (other, 100)):
        dues_kinds.set_amount(kind=one, group=0, amount=Decimal(amount), starts_on=date(2030, 1, 1), by=desk)
    with pytest.raises(ValidationError):
        dues_kinds.save_kind(kind=DuesKind(hub=kind.hub), by=desk, name="Supporter", period=DuesPeriod.LIFE)
    assert DuesAmount.objects.filter(starts_on=date(2030, 1, 1)).count() == 2
