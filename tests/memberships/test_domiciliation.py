"""Domiciliation: approval, complete files before signing, mail and the registry, frozen lists, papers kept and read."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import (
    AgreementFactory,
    DomiciliationApprovalFactory,
    DomiciliationFileFactory,
    PlanFactory,
)
from tests.factories.spaces import SpaceFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import User
from totem.core import clock
from totem.core.files import CheckedFile, content_of
from totem.core.models import JournalEntry, Mail, StoredFile
from totem.hubs.models import Role
from totem.memberships.actions import agreements as agreement_actions
from totem.memberships.actions import changes
from totem.memberships.actions.agreements import ChosenTerms
from totem.memberships.domiciliation import actions, queries
from totem.memberships.domiciliation.lists import rows_of
from totem.memberships.domiciliation.mails import remind
from totem.memberships.models import (
    AgreementState,
    AuthoritiesList,
    DomiciliationDocument,
    DomiciliationFile,
    MailCollection,
    RegistryNotice,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
Kind, Reason = AuthoritiesList.Kind, RegistryNotice.Reason


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def pdf(text: str) -> CheckedFile:
    content = b"%PDF-1.4 " + text.encode()
    return CheckedFile(f"{text}.pdf", "application/pdf", len(content), hashlib.sha256(content).hexdigest(), content)


def paper(file: DomiciliationFile, kind: str, **more: Any) -> DomiciliationDocument:
    fields = {"dated_on": date(2026, 1, 1), "by": UserFactory(), "now": NOW, **more}
    return actions.add_document(file=file, kind=kind, upload=pdf(f"{kind}-{file.pk}"), **fields)


def complete(file: DomiciliationFile) -> None:
    for kind in ("identity", "address", "registration"):
        paper(file, kind)
    actions.record_check(file=file, checked_on=date(2026, 1, 2), result="clear", by=UserFactory(), now=NOW)


def lacking(file: DomiciliationFile, day: date = date(2026, 11, 10), *, blocks: bool | None = None) -> list[str]:
    row = queries.addressed(file.agreement.hub).get(pk=file.agreement_id)
    return [one.text for one in queries.missing(row, day) if blocks in (None, one.blocks)]


# -- Approval ---------------------------------------------------------------------------------------------------------


def test_no_company_takes_its_address_on_a_day_without_an_approval_of_six_years_at_most() -> None:
    hub, by = HubFactory(), UserFactory()
    plan = PlanFactory(hub=hub, is_domiciliation=True)
    arguments: dict[str, Any] = {"customer": CustomerFactory(hub=hub), "by": by, "now": NOW}

    def make(day: date) -> Any:
        chosen = ChosenTerms(plan=plan, group=0, months=1, starts_on=day)
        return agreement_actions.make_agreement(chosen=chosen, **arguments)

    given = {"ground": "approved", "number": "80-2", "prefecture": "Préfecture de la Somme"}
    with pytest.raises(ValidationError, match="six years"):
        actions.save_approval(hub=hub, by=by, **given, starts_on=date(2020, 12, 1), ends_on=date(2026, 12, 1))
    with pytest.raises(ValidationError, match="a number, a prefecture"):
        actions.save_approval(hub=hub, by=by, ground="exempt", starts_on=date(2020, 12, 1))
    actions.save_approval(hub=hub, by=by, **given, starts_on=date(2020, 12, 1), ends_on=date(2026, 11, 30))
    assert make(date(2026, 11, 30)).pk
    for moment in (
        lambda: make(date(2026, 12, 1)),
        lambda: agreement_actions.ask_for_agreement(
            chosen=ChosenTerms(plan=plan, group=0, months=1, starts_on=date(2026, 12, 1)), person=UserFactory(), now=NOW
        ),
        lambda: changes.change_terms(
            agreement=AgreementFactory(hub=hub), by=by, now=NOW,
            chosen=ChosenTerms(plan=plan, group=0, months=1, starts_on=date(2026, 12, 1)),
        ),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as met:
            moment()
        assert "approval of the prefect" in met.value.message_dict["starts_on"][0]
    with pytest.raises(ValidationError, match="Another one holds"):
        actions.save_approval(
            hub=hub, by=by, ground="exempt", reason="Public body", starts_on=date(2026, 11, 30), ends_on=None
        )
    actions.save_approval(
        hub=hub, by=by, ground="exempt", reason="Public body", starts_on=date(2026, 12, 1), ends_on=None
    )
    assert make(date(2026, 12, 1)).pk


def test_the_end_of_an_approval_is_a_task_four_months_before_and_once_it_is_over() -> None:
    file = DomiciliationFileFactory(hub=(approval := DomiciliationApprovalFactory()).hub)

    def told(day: date) -> list[str]:
        return [one.text for one in queries.tasks(file.agreement.hub, day) if one.key.startswith("approval")]

    assert told(date(2029, 8, 30)) == []
    assert "ends on" in told(date(2029, 8, 31))[0]
    assert "no approval" in told(date(2030, 1, 1))[0]
    DomiciliationApprovalFactory(hub=approval.hub, starts_on=date(2030, 1, 1), ends_on=date(2035, 12, 31))
    assert told(date(2029, 8, 31)) == told(date(2030, 1, 1)) == []


# -- File -------------------------------------------------------------------------------------------------------------


def test_what_a_file_lacks_is_listed_and_nobody_signs_before_it_is_there() -> None:
    file = DomiciliationFileFactory(siren="", accounts_here=False, agreed={"state": AgreementState.TO_SIGN})
    agreement, by = file.agreement, UserFactory()
    sign: dict[str, Any] = {"agreement": agreement, "signed_on": date(2026, 1, 1), "by": by, "now": NOW}
    with pytest.raises(ValidationError, match="No approval"):
        agreement_actions.sign_on_paper(**sign)
    DomiciliationApprovalFactory(hub=agreement.hub)
    assert lacking(file, blocks=True) == [
        "a valid proof of the representative’s identity",
        "a proof of the representative’s address",
        "where its accounts are kept",
        "the check against money laundering",
    ]
    with pytest.raises(ValidationError, match="where its accounts are kept"):
        agreement_actions.sign_on_paper(**sign)
    fields = {"accounts_place": "Cabinet Dufour, 1 rue Saint-Leu, Amiens"}
    file = actions.save_file(agreement=agreement, by=by, seen=file.updated_at.isoformat(), **fields)
    paper(file, "identity", valid_until=date(2026, 11, 9))
    paper(file, "address")
    actions.record_check(file=file, checked_on=date(2026, 1, 2), result="refused", by=by, now=NOW)
    assert lacking(file, blocks=True) == [
        "a valid proof of the representative’s identity",
        "a proof of where its accounts are kept",
        "a check that lets it be accepted",
    ]
    paper(file, "identity", valid_until=date(2030, 1, 1))
    paper(file, "accounts")
    actions.record_check(file=file, checked_on=date(2026, 1, 3), result="watch", by=by, now=NOW)
    assert lacking(file) == ["its SIREN, once it is registered", "its extract of the register (Kbis)"]
    assert agreement_actions.sign_on_paper(**sign).state == AgreementState.ACTIVE
    assert f"file:{agreement.pk}" in [one.key for one in queries.tasks(agreement.hub, date(2026, 1, 3))]
    # Other agreements are signed as before.
    other = AgreementFactory(state=AgreementState.TO_SIGN)
    assert agreement_actions.sign_on_paper(**{**sign, "agreement": other}).state == AgreementState.ACTIVE
    with pytest.raises(ValidationError, match="no company its address"):
        actions.save_file(agreement=other, by=by, company="X")


# -- Mail and the registry --------------------------------------------------------------------------------------------


def test_mail_not_collected_for_three_months_is_told_to_the_registry_once() -> None:
    file = DomiciliationFileFactory(
        hub=DomiciliationApprovalFactory().hub, mandate_on=None, agreed={"starts_on": date(2026, 8, 31)}
    )
    hub, by = file.agreement.hub, UserFactory()

    def waits(day: date) -> list[tuple[str, date]]:
        row = queries.addressed(hub).get()
        stay = queries.stay_of(row)
        assert stay is not None
        return [one[:2] for one in queries.to_tell(row.domiciliation, stay, day)]

    assert waits(date(2026, 11, 29)) == []
    assert waits(date(2026, 11, 30)) == [(Reason.MAIL, date(2026, 8, 31))]  # never collected: since the first day
    collect = {"file": file, "by": by, "now": at(date(2026, 11, 30))}
    with pytest.raises(ValidationError, match="still to come"):
        actions.record_collection(collected_on=date(2026, 12, 1), **collect)
    with pytest.raises(ValidationError, match="not domiciled here"):
        actions.record_collection(collected_on=date(2026, 8, 30), **collect)
    seen = actions.record_collection(collected_on=date(2026, 11, 30), **collect)
    with pytest.raises(ValidationError, match="noted already"):
        actions.record_collection(collected_on=date(2026, 11, 30), **collect)
    for forbidden in (seen.delete, lambda: MailCollection.objects.update(collected_on=date(2027, 1, 1))):
        with pytest.raises(DatabaseError), transaction.atomic():
            forbidden()
    assert waits(date(2027, 2, 27)) == []
    assert waits(date(2027, 2, 28)) == [(Reason.MAIL, date(2026, 11, 30))]  # February has no 30th
    tell = {"file": file, "reason": Reason.MAIL, "by": by, "now": at(date(2027, 3, 1))}
    with pytest.raises(ValidationError, match="no such thing"):
        actions.tell_registry(since=date(2026, 8, 31), told_on=date(2027, 3, 1), **tell)
    with pytest.raises(ValidationError, match="still to come"):
        actions.tell_registry(since=date(2026, 11, 30), told_on=date(2027, 3, 2), **tell)
    actions.tell_registry(since=date(2026, 11, 30), told_on=date(2027, 3, 1), **tell)
    assert waits(date(2027, 5, 1)) == []
    actions.record_collection(**{**collect, "now": at(date(2027, 5, 1)), "collected_on": date(2027, 5, 1)})
    assert waits(date(2027, 8, 1)) == [(Reason.MAIL, date(2027, 5, 1))]


def test_the_end_is_told_to_the_registry_the_day_after_and_mail_no_longer() -> None:
    file = DomiciliationFileFactory(agreed={"ends_on": date(2026, 10, 31)})
    row = queries.addressed(file.agreement.hub).get()
    stay = queries.stay_of(row)
    assert stay is not None
    assert queries.to_tell(file, stay, date(2026, 11, 1)) == [(Reason.END, date(2026, 10, 31), date(2026, 11, 1))]
    assert [one[0] for one in queries.to_tell(file, stay, date(2026, 10, 31))] == [Reason.MAIL]


# -- Lists ------------------------------------------------------------------------------------------------------------


def test_the_lists_of_a_quarter_and_of_the_first_of_january_are_frozen() -> None:
    hub, by = HubFactory(), UserFactory()

    def domiciled(name: str, first: date, last: date | None = None, **more: Any) -> DomiciliationFile:
        agreed = {"starts_on": first, "ends_on": last, **more}
        return DomiciliationFileFactory(agreed=agreed, company=name, hub=hub, siren="")

    domiciled("Avant", date(2026, 7, 1), date(2026, 9, 30))
    late = domiciled("Premier jour", date(2026, 10, 1))
    domiciled("Dernier jour", date(2026, 1, 1), date(2026, 12, 31))
    domiciled("Après", date(2027, 1, 1))
    domiciled("Pas signé", date(2026, 11, 1), state=AgreementState.TO_SIGN)
    AgreementFactory(hub=hub, starts_on=date(2026, 11, 1))  # without an address
    DomiciliationFileFactory(agreed={"starts_on": date(2026, 11, 1)})  # another hub's

    def made(kind: Kind, starts_on: date, now: datetime) -> AuthoritiesList:
        return actions.make_list(hub=hub, kind=kind, starts_on=starts_on, by=by.pk, now=now)

    def lines(one: AuthoritiesList) -> list[tuple[str, str, str]]:
        return [(row["company"], row["event"], row["on"]) for row in rows_of(one)]

    quarter, january = date(2026, 10, 1), date(2027, 1, 1)
    with pytest.raises(ValidationError, match="not over"):
        made(Kind.QUARTER, quarter, at(date(2026, 12, 31)))
    with pytest.raises(ValidationError, match="not over"):
        made(Kind.YEAR, january, at(date(2026, 12, 31)))
    first = made(Kind.QUARTER, quarter, at(january))
    assert lines(first) == [
        ("Premier jour", "arrival", "2026-10-01"), ("Dernier jour", "departure", "2026-12-31"),
    ]  # fmt: skip
    assert lines(made(Kind.QUARTER, date(2026, 7, 1), at(january))) == [
        ("Avant", "arrival", "2026-07-01"), ("Avant", "departure", "2026-09-30"),
    ]  # fmt: skip
    assert lines(made(Kind.QUARTER, date(2026, 4, 1), at(january))) == []  # nothing to declare is a list too
    yearly = made(Kind.YEAR, january, at(january))
    assert [row[0] for row in lines(yearly)] == ["Premier jour", "Après"]
    assert made(Kind.QUARTER, quarter, at(date(2027, 1, 9))) == first  # nothing differs: the same one
    with pytest.raises(DatabaseError), transaction.atomic():
        AuthoritiesList.objects.filter(pk=first.pk).update(content="[]")
    with pytest.raises(DatabaseError), transaction.atomic():
        first.delete()
    actions.save_file(agreement=late.agreement, by=by, seen=late.updated_at.isoformat(), company="Un autre nom")
    again = made(Kind.QUARTER, quarter, at(date(2027, 1, 9)))
    assert (again.number, lines(again)[0][0], lines(first)[0][0]) == (2, "Un autre nom", "Premier jour")


def test_lists_are_to_be_sent_to_both_authorities_before_their_dates() -> None:
    file = DomiciliationFileFactory(hub=DomiciliationApprovalFactory().hub, agreed={"starts_on": date(2026, 8, 1)})
    hub, by = file.agreement.hub, UserFactory()

    def due(day: date) -> list[tuple[str, date]]:
        found = [one for one in queries.tasks(hub, day) if one.key.startswith("list")]
        return [(one.key.removeprefix("list:"), one.due_on) for one in found]

    assert due(date(2026, 9, 30)) == []
    assert due(date(2026, 10, 1)) == [("quarter:2026-07-01", date(2026, 10, 31))]
    assert due(date(2027, 1, 1)) == [
        ("quarter:2026-07-01", date(2026, 10, 31)), ("year:2027-01-01", date(2027, 1, 14)),
        ("quarter:2026-10-01", date(2027, 1, 31)),
    ]  # fmt: skip
    january = at(date(2027, 1, 4))
    made = actions.make_list(hub=hub, kind=Kind.YEAR, starts_on=date(2027, 1, 1), by=by.pk, now=january)
    send: dict[str, Any] = {"made": made, "by": by, "now": january}
    for day, said in ((date(2027, 1, 3), "not made yet"), (date(2027, 1, 5), "still to come")):
        with pytest.raises(ValidationError, match=said):
            actions.record_sending(authority="tax", sent_on=day, **send)
    actions.record_sending(authority="tax", sent_on=january.date(), **send)
    assert ("year:2027-01-01", date(2027, 1, 14)) in due(january.date())
    with pytest.raises(ValidationError, match="already"):
        actions.record_sending(authority="tax", sent_on=january.date(), **send)
    actions.record_sending(authority="urssaf", sent_on=january.date(), **send)
    assert [key for key, _day in due(january.date())] == ["quarter:2026-07-01", "quarter:2026-10-01"]


# -- Papers -----------------------------------------------------------------------------------------------------------


def test_papers_are_kept_for_five_years_after_the_end_and_each_reading_is_in_the_journal() -> None:
    ended = DomiciliationFileFactory(agreed={"starts_on": date(2020, 1, 1), "ends_on": date(2020, 2, 29)})
    present = DomiciliationFileFactory(agreed={"starts_on": date(2020, 1, 1)})
    withdrawn = DomiciliationFileFactory(agreed={"state": AgreementState.WITHDRAWN})
    by = UserFactory()
    kept = [paper(one, "identity") for one in (ended, present, withdrawn)]
    for one in kept:
        assert actions.read_document(document=one, by=by) == content_of(one.sha256)
    read = JournalEntry.objects.filter(verb="memberships.domiciliation_paper_read", actor_id=by.pk)
    assert [(one.subject_id, one.facts["kind"]) for one in read.order_by("pk")] == [(p.pk, "identity") for p in kept]
    with pytest.raises(DatabaseError, match="five years"), transaction.atomic():
        DomiciliationDocument.objects.filter(file=present).update(
            stored=None, name="", erased_at=NOW, erased_for="retention"
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        DomiciliationDocument.objects.filter(file=present).delete()
    assert actions.erase_kept(now=at(date(2025, 2, 28))) == 0
    assert actions.erase_kept(now=at(date(2025, 3, 1))) == 1
    ended.refresh_from_db()
    kept[0].refresh_from_db()
    assert (ended.representative, ended.siren, kept[0].name) == ("", "", "")
    assert not StoredFile.objects.filter(pk=kept[0].sha256).exists()
    assert actions.read_document(document=kept[0], by=by) is None
    assert actions.erase_kept(now=datetime.now(UTC) + timedelta(days=32)) == 1  # what never began, after a month
    assert not StoredFile.objects.filter(pk=kept[2].sha256).exists()
    with pytest.raises(ValidationError, match="emptied"):
        paper(ended, "address")
    # The mistaken paper of a present company goes at once; its row stays, and says so.
    actions.erase_mistaken(document=kept[1], by=by, now=NOW)
    kept[1].refresh_from_db()
    assert (kept[1].erased_for, StoredFile.objects.filter(pk=kept[1].sha256).exists()) == ("mistake", False)


# -- Pages and mails --------------------------------------------------------------------------------------------------


def test_the_team_goes_from_the_approval_to_the_lists_and_nobody_else_reads_papers(client: Client) -> None:
    agreement = AgreementFactory(state=AgreementState.TO_SIGN, starts_on=date(2026, 1, 1))
    hub = agreement.hub
    plan = agreement.terms.get().plan
    plan.is_domiciliation = True
    plan.save()
    manager = TeamMemberFactory(hub=hub).person
    User.objects.update(language="en")
    client.force_login(manager)

    def page(route: str, *args: object) -> str:
        return reverse(f"memberships:{route}", args=[hub.slug, *args])

    def send(route: str, *args: object, **data: object) -> Any:
        return client.post(page(route, *args), data, headers={"accept-language": "en"})

    assert "no company can take its address here" in client.get(page("domiciliation")).content.decode()
    refused = send("domiciliation_approval_add", ground="approved", starts_on="2024-01-01", ends_on="2031-01-01")
    assert refused.status_code == 422
    given = {"ground": "approved", "number": "80-1", "prefecture": "Somme", "starts_on": "2024-01-01"}
    assert send("domiciliation_approval_add", **given, ends_on="2029-12-31").status_code == 302
    signing = {"signed_on": "2026-01-01"}
    refused = send("agreement_paper", agreement.pk, **signing)
    assert (refused.status_code, "its file" in refused.content.decode()) == (422, True)
    facts = {
        "company": "Mirabelle", "representative": "Zoé Lefèvre", "representative_address": "3 rue du Bac",
        "representative_phone": "0322000000", "beneficial_owner": "Zoé Lefèvre", "accounts_here": "on",
        "room": SpaceFactory(hub=hub).pk, "mandate_on": "2026-01-01",
    }  # fmt: skip
    assert send("domiciliation_file_edit", agreement.pk, **facts).status_code == 302
    assert send("domiciliation_file_edit", agreement.pk, **facts).status_code == 409  # saved since it was opened
    for kind in ("identity", "address"):
        upload = SimpleUploadedFile(f"{kind}.pdf", b"%PDF-1.4 " + kind.encode(), "application/pdf")
        sent = send("domiciliation_paper_add", agreement.pk, kind=kind, upload=upload, dated_on="2025-12-01")
        assert sent.status_code == 302
    assert send("domiciliation_check", agreement.pk, checked_on="2026-01-01", result="clear").status_code == 302
    assert send("agreement_paper", agreement.pk, **signing).status_code == 302
    shown = client.get(page("domiciliation_file", agreement.pk)).content.decode()
    assert "its SIREN, once it is registered" in shown
    identity = DomiciliationDocument.objects.get(kind="identity")
    opened = client.get(page("domiciliation_paper", identity.pk))
    assert (opened.content, opened["Content-Disposition"]) == (b"%PDF-1.4 identity", 'inline; filename="identity.pdf"')
    assert f"opened by {manager.name}" in client.get(page("domiciliation_file", agreement.pk)).content.decode()
    # A list is made, downloaded and noted as sent.
    made = client.post(page("domiciliation"), {"period": f"year:{clock.today(hub.zone).year}-01-01"})
    listed = AuthoritiesList.objects.get()
    assert made["Location"] == page("authorities_list", listed.pk)
    assert b"Mirabelle" in b"".join(client.get(page("authorities_list_csv", listed.pk)))  # type: ignore[arg-type]
    today = clock.today(hub.zone)
    assert send("authorities_list", listed.pk, authority="tax", sent_on=str(today)).status_code == 302
    # The facilitator of the hub, another hub's manager and the customer read nothing of it, and leave no trace.
    entries = JournalEntry.objects.count()
    others = (TeamMemberFactory(hub=hub, role=Role.FACILITATOR).person, TeamMemberFactory().person)
    for person in (*others, agreement.customer.person):
        client.force_login(person)
        for path in (page("domiciliation_paper", identity.pk), page("domiciliation_file", agreement.pk)):
            assert client.get(path).status_code == 404
    assert JournalEntry.objects.count() == entries
    # The customer has what is kept in their export; erased, their papers stay and they are told so.
    customer = agreement.customer.person
    client.force_login(customer)
    assert "five years after the end" in client.get(reverse("accounts:erase")).content.decode()
    (given_back,) = export_personal_data(person=customer)["domiciliation"]
    assert (given_back["representative"], len(given_back["papers"])) == ("Zoé Lefèvre", 2)
    erase_person(person=customer, actor_id=customer.pk, now=NOW)
    assert content_of(identity.sha256) == b"%PDF-1.4 identity"


def test_managers_are_mailed_what_is_to_be_done_once_and_again_before_it_is_due() -> None:
    file = DomiciliationFileFactory(hub=DomiciliationApprovalFactory().hub, agreed={"starts_on": date(2026, 8, 1)})
    complete(file)
    manager = TeamMemberFactory(hub=file.agreement.hub).person
    User.objects.filter(pk=manager.pk).update(language="en")

    def mailed(day: date) -> list[str]:
        before = set(Mail.objects.values_list("pk", flat=True))
        remind(file.agreement.hub, at(day))
        return sorted(Mail.objects.filter(to=manager.email).exclude(pk__in=before).values_list("text", flat=True))

    assert mailed(date(2026, 9, 30)) == []
    (first,) = mailed(date(2026, 10, 1))
    assert "quarter 3 of 2026" in first
    assert "31 October" in first
    assert mailed(date(2026, 10, 2)) == mailed(date(2026, 10, 27)) == []
    assert len(mailed(date(2026, 10, 28))) == 1
    assert "tell the court registry" in " ".join(mailed(date(2026, 11, 1)))
    new = mailed(date(2027, 1, 1))
    assert any("domiciled on 1 January 2027" in one for one in new)
    assert len(mailed(date(2027, 1, 11))) == 1


def test_the_letter_to_the_registry_names_the_company_and_the_day(client: Client) -> None:
    hub = DomiciliationApprovalFactory().hub
    file = DomiciliationFileFactory(hub=hub, agreed={"starts_on": date(2020, 1, 1), "ends_on": date(2026, 2, 28)})
    SellerFactory(organisation=hub.operator)
    client.force_login(TeamMemberFactory(hub=hub).person)
    page = reverse("memberships:domiciliation_letter", args=[hub.slug, file.agreement_id, "end"])
    text = " ".join(one.extract_text() for one in PdfReader(BytesIO(client.get(page).content)).pages)
    for said in ("Mirabelle Logiciels", "28 février 2026", "Greffe du tribunal de commerce", "R123-168"):
        assert said in text
    assert client.get(page.replace("/end/", "/mail/")).status_code == 404
    told = reverse("memberships:domiciliation_told", args=[hub.slug, file.agreement_id, "end"])
    assert client.post(told, {"told_on": str(clock.today(hub.zone))}).status_code == 302
    assert client.get(page).status_code == 404


def test_the_page_takes_as_many_queries_with_one_company_as_with_three(client: Client) -> None:
    hub = DomiciliationApprovalFactory().hub
    client.force_login(TeamMemberFactory(hub=hub).person)
    page = reverse("memberships:domiciliation", args=[hub.slug])
    counts = []
    for number in (1, 2):
        for _company in range(number):
            complete(DomiciliationFileFactory(hub=hub))
        with CaptureQueriesContext(connection) as queries_of_page:
            client.get(page)
        counts.append(len(queries_of_page))
    assert counts[0] == counts[1]
