"""Aid of the incubator on the team's pages: the register, attestations, declarations, decisions, reminders."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdf
import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.hubs import TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from totem.accounts.actions import export_personal_data
from totem.core import clock
from totem.core.files import content_of
from totem.core.models import Mail
from totem.hubs.models import Hub, Role
from totem.memberships import integrity
from totem.memberships.actions import changes
from totem.memberships.aid.actions import attest_aid, enter_aid
from totem.memberships.aid.mails import remind_of_aid
from totem.memberships.aid.register import register_due
from totem.memberships.models import AidAttestation, AidDecision, AidDeclaration, AidEntry
from totem.memberships.periods import Days

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)


@pytest.fixture
def manager() -> Any:
    """A client of the manager of a hub that sells, with `hub` and `person`."""
    member = TeamMemberFactory(role=Role.MANAGER)
    SellerFactory(organisation=member.hub.operator, name="La Cantine")
    client: Any = Client(headers={"accept-language": "fr"})
    client.force_login(member.person)
    client.hub, client.person = member.hub, member.person
    return client


def given(hub: Hub, starts_on: date, value: int = 310, **more: Any) -> Any:
    plan = PlanFactory(hub=hub, is_incubation=True, market_value=value, price__amount=Decimal(0))
    customer = CustomerFactory(hub=hub, **more)
    return AgreementFactory(hub=hub, customer=customer, plan=plan, plan__amount=Decimal(0), starts_on=starts_on)


def words(response: Any) -> str:
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_each_month_is_due_within_twenty_working_days_and_corrected_where_it_changes() -> None:
    agreement = given(TeamMemberFactory().hub, date(2025, 12, 1))
    hub, by = agreement.hub, UserFactory()

    def due(day: date = date(2026, 3, 31)) -> list[tuple[str, str, Decimal]]:
        return [(str(row.granted_on), str(row.due_by), row.amount) for row in register_due(hub, day)]

    # Without the holidays of Easter Monday (6 April); nothing of 2025.
    months = [("2026-01-01", "2026-01-29"), ("2026-02-01", "2026-02-27"), ("2026-03-01", "2026-03-27")]
    assert due() == [(*dates, Decimal("310.00")) for dates in months]
    assert due(date(2026, 4, 1))[-1] == ("2026-04-01", "2026-04-30", Decimal("310.00"))
    keys = [row.key for row in register_due(hub, date(2026, 3, 31))]
    arguments: dict[str, Any] = {"hub": hub, "entered_on": date(2026, 3, 30), "by": by, "now": NOW}
    assert enter_aid(keys=keys[1:], **arguments) == 2
    with pytest.raises(ValidationError):
        enter_aid(keys=keys, **arguments)  # two are entered already
    with pytest.raises(ValidationError):
        enter_aid(keys=[], **arguments)
    changes.pause(agreement=agreement, starts_on=date(2026, 2, 15), ends_on=date(2026, 2, 28), by=by, now=NOW)
    corrected = register_due(hub, date(2026, 3, 31))[-1]
    assert (corrected.granted_on, corrected.amount, corrected.number) == (date(2026, 2, 1), Decimal("-155.00"), 1)
    enter_aid(keys=[corrected.key], **arguments)
    assert due() == [("2026-01-01", "2026-01-29", Decimal("310.00"))]
    with pytest.raises(DatabaseError), transaction.atomic():
        AidEntry.objects.all().delete()


def test_an_attestation_says_what_the_law_asks_and_is_given_again_identical(manager: Any) -> None:
    person = UserFactory()
    agreement = given(manager.hub, date(2026, 1, 1), person=person, name="Petite Pousse")
    customer, days = agreement.customer, Days(date(2026, 2, 1), date(2026, 3, 31))
    for refused in (Days(date(2026, 3, 1), date(2026, 4, 1)), Days(date(2023, 3, 31), date(2026, 3, 31)),
                    Days(date(2025, 1, 1), date(2025, 12, 31))):  # fmt: skip
        with pytest.raises(ValidationError):
            attest_aid(customer=customer, days=refused, by=manager.person, now=NOW)
    issued = attest_aid(customer=customer, days=days, by=manager.person, now=NOW)
    assert (issued.number, issued.amount, issued.total) == (1, Decimal("620.00"), Decimal("930.00"))
    address = reverse("memberships:aid_attestation", args=[manager.hub.slug, issued.pk])
    first = manager.get(address).content
    shown = " ".join("".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(first)).pages).split())
    for said in ("Petite Pousse", "La Cantine", "620,00", "930,00", "équivalent-subvention brut", "2023/2831",
                 "JO L, 2023/2831, 15.12.2023", "1er février 2026", "31 mars 2026"):  # fmt: skip
        assert said in shown.replace("\N{NO-BREAK SPACE}", " "), said
    mail = Mail.objects.get(key=f"memberships.aid_attested:{issued.pk}")
    assert (mail.to, mail.attached_id) == (person.email, issued.file_id)
    assert [one["amount"] for one in export_personal_data(person=person)["aid_attested"]] == ["620.00"]
    assert list(integrity.attestations()) == []
    customer.name = "Grande Pousse"
    customer.save()
    changes.give_notice(agreement=agreement, ends_on=date(2026, 4, 30), by=manager.person, now=NOW)
    assert manager.get(address).content == first == content_of(issued.file_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        AidAttestation.objects.update(amount=1)
    own = reverse("memberships:own_aid_attestation", args=[issued.pk])
    client = Client()
    client.force_login(person)
    assert client.get(own).content == first
    client.force_login(UserFactory())
    assert client.get(own).status_code == 404


def test_the_team_declares_decides_and_enters_on_its_pages(manager: Any) -> None:
    today = clock.today(manager.hub.zone)
    agreement = given(manager.hub, max(today.replace(day=1), date(2026, 1, 1)), name="Petite Pousse")
    slug, pk = manager.hub.slug, agreement.customer_id
    listed, page = reverse("memberships:aid", args=[slug]), reverse("memberships:aid_of", args=[slug, pk])

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert manager.get(listed).status_code == 200
        return len(found)

    first = queries()
    for _number in range(2):
        given(manager.hub, agreement.starts_on)
    assert queries() == first
    assert "pas encore" in words(manager.get(listed))

    declare = reverse("memberships:aid_declare", args=[slug, pk])
    data = {
        "declared_on": today.isoformat(), "declared_by": "Lou Petit, gérante", "activity": "62.01Z",
        "linked": "732 829 320", "aides-TOTAL_FORMS": "3", "aides-INITIAL_FORMS": "0",
    }  # fmt: skip
    refused = manager.post(declare, data)
    assert (refused.status_code, "cochez qu’il n’y en a aucune" in words(refused)) == (422, True)
    line = {"granted_on": today.isoformat(), "amount": "250 000", "body": "Région", "measure": "Prêt d’honneur"}
    half = manager.post(declare, {**data, "aides-0-body": "Région"})
    assert (half.status_code, AidDeclaration.objects.count()) == (422, 0)
    assert manager.post(declare, {**data, **{f"aides-0-{name}": one for name, one in line.items()}}).url == page
    shown = words(manager.get(page))
    assert all(one in shown for one in ("Plus de 80 % du plafond", "Prêt d’honneur", "250 000,00 €", "732829320"))
    assert "plus de 80 % du plafond" in words(manager.get(listed))
    assert "Plus de 80 %" in words(manager.get(reverse("memberships:agreement", args=[slug, agreement.pk])))
    assert 'value="Région"' in words(
        manager.get(declare)
    )  # what is known is shown first, and left out where it is emptied
    emptied = {**data, "aides-TOTAL_FORMS": "4", "aides-INITIAL_FORMS": "1", "none": "on"}
    assert manager.post(declare, emptied).url == page
    assert [row.aid.count() for row in AidDeclaration.objects.order_by("pk")] == [1, 0]

    decide = reverse("memberships:aid_decide", args=[slug, pk])
    decision = {"plan": agreement.terms.get().plan_id, "kind": "regime", "reason": "Jeune entreprise"}
    assert manager.post(decide, decision).status_code == 422
    assert manager.post(decide, {**decision, "legal_basis": "RGEC, article 22"}).url == page
    assert "RGEC, article 22" in words(manager.get(page))
    assert AidDecision.objects.get().recorded_by == manager.person.pk

    row = register_due(manager.hub, today)[0]
    sheet = b"".join(manager.get(reverse("memberships:aid_register_csv", args=[slug]))).decode("utf-8-sig")
    assert all(one in sheet for one in ("Petite Pousse", agreement.customer.siren, "62.01Z", "La Cantine", "310,00"))
    stale = manager.post(listed, {"keys": [f"{row.agreement.pk}:{row.month}:1.00"], "entered_on": today.isoformat()})
    assert (stale.status_code, "un montant a changé" in words(stale)) == (422, True)
    assert manager.post(listed, {"keys": [row.key], "entered_on": today.isoformat()}).url == listed
    assert AidEntry.objects.get().agreement == row.agreement
    entered = b"".join(manager.get(reverse("memberships:aid_register_csv", args=[slug]), {"liste": "inscrites"}))
    assert row.agreement.customer.name in entered.decode("utf-8-sig")

    TeamMemberFactory(hub=manager.hub, role=Role.DESK, person=(desk := UserFactory()))
    manager.force_login(desk)
    assert [manager.get(one).status_code for one in (listed, page, declare, decide)] == [200, 200, 200, 404]
    other = reverse("memberships:aid_of", args=[slug, CustomerFactory().pk])
    assert manager.get(other).status_code == 404


def test_managers_are_told_once_who_nears_the_ceiling_and_what_is_to_enter(manager: Any) -> None:
    given(manager.hub, date(2026, 1, 1), value=345_000, name="Petite Pousse")
    for hour in range(2):
        remind_of_aid(manager.hub, datetime(2026, 1, 22, 9, tzinfo=UTC) + timedelta(hours=hour))
    subjects = sorted(Mail.objects.values_list("to", "subject"))
    assert [to for to, _subject in subjects] == [manager.person.email] * 2
    assert "Petite Pousse" in subjects[1][1] or "Petite Pousse" in subjects[0][1]
    remind_of_aid(manager.hub, datetime(2026, 2, 20, 9, tzinfo=UTC))  # of another month
    assert Mail.objects.count() == 3
