"""Signing on line: one exact file, by whom it was mailed to, once, in turn; what was changed afterwards is found."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.signatures import ANNE, PAUL, PDF, TOLD, asked, code_for, last_code
from totem.accounts.actions import erase_person, export_personal_data
from totem.core import clock, roles, signatures, verification
from totem.core.canonical import digest
from totem.core.limits import LimitReached
from totem.core.models import ChainLink, Mail, Signatory, Signature, SigningRequest, StoredFile
from totem.core.signatures import WrongSigningCodeError, sign, signing_path

OTHER_PDF = b"%PDF-1.7 Another contract."


@pytest.fixture(autouse=True)
def told() -> Iterator[list[tuple[str, str]]]:
    TOLD.clear()
    with translation.override("en"):
        yield TOLD


def signatories(request: SigningRequest) -> list[Signatory]:
    return list(request.signatories.all())


def signed(signatory: Signatory, *, now: datetime | None = None) -> Signature:
    return sign(signatory=signatory, code=code_for(signatory, now=now), client="c" * 32, now=now or clock.now())


def mails(what: str, email: str) -> int:
    return Mail.objects.filter(key__startswith=f"core.signing_{what}:", to=email).count()


# -- Signing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_signs_in_turn_and_the_room_is_told_once_all_have(told: list[tuple[str, str]]) -> None:
    request = asked()
    anne, paul = signatories(request)
    assert (mails("asked", anne.email), mails("asked", paul.email)) == (1, 0)
    with pytest.raises(ValidationError, match="Others sign before"):
        signed(paul)
    code = code_for(anne, name="Anne Martin-Roux", capacity="gérante")
    first = sign(signatory=anne, code=code, client="c" * 32, now=clock.now())
    assert (first.sha256, first.email) == (digest(PDF), "anne@example.org")
    assert first.statement.endswith("approve all of it. I sign it as: Anne Martin-Roux, gérante.")
    assert told == []
    anne.refresh_from_db()
    assert anne.name == "Anne Martin"  # as asked; as signed stands in the signature
    assert mails("asked", paul.email) == 1
    second = signed(Signatory.objects.get(pk=paul.pk))
    request.refresh_from_db()
    assert (request.state, told) == ("signed", [("completed", "agreement:1")])
    assert mails("ended", anne.email) == mails("ended", paul.email) == 1
    assert second.link.previous == first.link.digest
    for personal in ("Anne", "Paul", "example.org", "gérante", "Contract"):
        assert personal not in first.link.content + second.link.content
    assert list(verification.problems()) == []


@pytest.mark.django_db
def test_a_code_signs_what_was_typed_for_it_once_for_fifteen_minutes_in_five_attempts() -> None:
    now = clock.now()
    anne, other = signatories(asked())[0], signatories(asked(ANNE, source="agreement:2"))[0]
    attempt = partial(sign, signatory=anne, client="", now=now)
    with pytest.raises(ValidationError, match="No code is valid"):
        attempt(code="12345678")
    former, of_another_file = code_for(anne, now=now), code_for(other, now=now)
    code = code_for(anne, now=now, capacity="présidente")
    for wrong, left in ((former, 4), (of_another_file, 3), ("1", 2)):
        with pytest.raises(WrongSigningCodeError) as refused:
            attempt(code=wrong)
        assert refused.value.attempts_left == left
    with pytest.raises(ValidationError, match="No code is valid"):
        attempt(code=code, now=now + timedelta(minutes=15))
    for _n in range(2):
        with pytest.raises(WrongSigningCodeError):
            attempt(code="2")
    with pytest.raises(ValidationError, match="No code is valid"):
        attempt(code=code)
    assert attempt(code=code_for(anne, now=now)).name == "Anne Martin"
    with pytest.raises(ValidationError, match="signed this already"):
        attempt(code=code)


@pytest.mark.django_db
def test_codes_to_one_mailbox_are_limited() -> None:
    anne = signatories(asked())[0]
    for _n in range(20):
        code_for(anne)
    with pytest.raises(LimitReached):
        code_for(anne)


def test_two_who_sign_at_the_same_time_complete_it_once(committed_db: str, told: list[tuple[str, str]]) -> None:
    request = asked(ANNE, PAUL._replace(position=1))
    codes = {one: code_for(one) for one in signatories(request)}
    actions = [partial(sign, signatory=one, code=code, client="", now=clock.now()) for one, code in codes.items()]
    assert outcomes_at_once(*actions, *actions) == {"done": 2, "ValidationError": 2}
    assert told == [("completed", "agreement:1")]
    assert Signature.objects.count() == ChainLink.objects.count() == 2


# -- Ending -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_declined_withdrawn_or_has_expired_is_signed_no_more(told: list[tuple[str, str]]) -> None:
    now, later = clock.now(), clock.now() + timedelta(days=31)
    declined, withdrawn, late = (asked(ANNE, source=f"agreement:{n}", actor_id=None) for n in range(3))
    codes = {request: code_for(signatories(request)[0]) for request in (declined, withdrawn, late)}
    signatures.decline(signatory=signatories(declined)[0], reason="Not at that price", now=now)
    signatures.withdraw(request=withdrawn, actor_id=None, now=now)
    with pytest.raises(ValidationError, match="run out"):
        sign(signatory=signatories(late)[0], code=codes[late], client="", now=later)
    signatures.expire(now=later)
    assert told == [("ended", f"agreement:{n}") for n in range(3)]
    for request, code in codes.items():
        with pytest.raises(ValidationError, match=r"any more: (declined|withdrawn|expired)\."):
            sign(signatory=signatories(request)[0], code=code, client="", now=now)
        assert asked(ANNE, source=request.source).state == "waiting"  # asked again, with a link of its own
    assert Signature.objects.count() == 0
    assert mails("ended", ANNE.email) == 3


@pytest.mark.django_db
def test_who_was_refused_when_asking() -> None:
    asked()
    for bad, message in (
        ({"source": "agreement:1"}, "waits for signatures already"),
        ({"source": "agreement:2", "pdf": b"<html>"}, "Only a PDF"),
    ):
        with pytest.raises(ValidationError, match=message):
            asked(**bad)  # type: ignore[arg-type]
    for people, message in (((ANNE, ANNE._replace(name="x")), "of their own"), ((ANNE._replace(email="x"),), "valid")):
        with pytest.raises(ValidationError, match=message):
            asked(*people, source="agreement:3")
    assert SigningRequest.objects.count() == 1


@pytest.mark.django_db
def test_a_reminder_goes_once_a_day() -> None:
    now = clock.now()
    anne, paul = signatories(asked(now=now))
    for one, match in ((anne, "within a day"), (paul, "Others sign before")):
        with pytest.raises(ValidationError, match=match):
            signatures.remind(signatory=one, actor_id=None, now=now)
    signatures.remind(signatory=anne, actor_id=None, now=now + timedelta(days=1))
    links = {mail.text[mail.text.index("/signer/") :].split()[0] for mail in Mail.objects.filter(to=anne.email)}
    assert mails("asked", anne.email) == 2
    assert links == {signing_path(anne)}


# -- The database, and what is recomputed -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_refuses_what_was_not_asked_whoever_inserts() -> None:
    request = asked()
    anne, paul = signatories(request)
    first = signed(anne)
    row = {
        **{f.attname: getattr(first, f.attname) for f in Signature._meta.concrete_fields if not f.primary_key},
        "link_id": ChainLink.objects.create(key="x", number=1, content="1", previous="p", digest="d").pk,
        "signatory_id": paul.pk,
        "email": paul.email,
    }
    for wrong in ({"sha256": "0" * 64}, {"email": anne.email}, {"signed_at": request.expires_at}):
        with pytest.raises(DatabaseError, match="was not asked to sign"), transaction.atomic():
            Signature.objects.create(**{**row, **wrong})
    for change in (
        {"state": "signed", "ended_at": clock.now()},
        {"stored": StoredFile.objects.create(sha256=digest(OTHER_PDF), size=len(OTHER_PDF), content=OTHER_PDF)},
        {"title": "Another"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            SigningRequest.objects.filter(pk=request.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        request.signatories.filter(pk=paul.pk).update(email="thief@example.org")
    signatures.withdraw(request=request, actor_id=None, now=clock.now())
    for again in ("waiting", "signed"):
        with pytest.raises(DatabaseError), transaction.atomic():
            SigningRequest.objects.filter(pk=request.pk).update(state=again, ended_at=None)


TAMPERED = {
    "UPDATE core_signature SET name = 'Somebody'": "is not what the chain says of it",
    "UPDATE core_signature SET signed_at = signed_at - interval '1 day'": "is not what the chain says of it",
    "UPDATE core_signingrequest SET sha256 = (SELECT min(sha256) FROM core_storedfile)": "is of another file",
    "DELETE FROM core_signature": "1 of the chain's signatures have no row",
}


def test_what_was_changed_behind_the_triggers_is_found(committed_db: str) -> None:
    anne = signatories(asked(ANNE, pdf=PDF))[0]
    asked(PAUL, source="agreement:2", pdf=min(OTHER_PDF, b"%PDF-1", key=digest))
    signed(anne)
    assert list(verification.problems()) == []
    with roles.as_owner(), connection.cursor() as cursor:
        for table in ("core_signature", "core_signingrequest"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; GRANT ALL ON {table} TO CURRENT_USER")
        for statement, found in TAMPERED.items():
            with transaction.atomic():
                cursor.execute(statement)
                assert found in " ".join(verification.problems())
                transaction.set_rollback(True)
        (paul,) = signatories(SigningRequest.objects.get(source="agreement:2"))
        code = code_for(paul)
        cursor.execute(
            "ALTER TABLE core_storedfile DISABLE TRIGGER USER, DROP CONSTRAINT stored_file_is_its_sum;"
            "GRANT ALL ON core_storedfile TO CURRENT_USER; UPDATE core_storedfile SET content = set_byte(content, 9, 0)"
        )
        with pytest.raises(ValidationError, match="not the one that was to be signed"):
            sign(signatory=paul, code=code, client="", now=clock.now())
    shown = Client(headers={"accept-language": "en"}).get(signatures.shown_path(SigningRequest.objects.earliest("pk")))
    assert "Something does not add up" in words(shown)


# -- Privacy ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_erased_person_stays_in_what_they_signed_alone() -> None:
    person, now = UserFactory(email="anne@example.org"), clock.now()
    kept, waiting = asked(ANNE), asked(source="agreement:2")
    signed(signatories(kept)[0])
    stranger = UserFactory()  # who added her address to their own account, unverified
    EmailAddress.objects.create(user=stranger, email=ANNE.email, verified=False)
    assert export_personal_data(person=stranger)["signatures"] == []
    erase_person(person=stranger, actor_id=stranger.pk, now=now)
    assert waiting.signatories.filter(email=ANNE.email).exists()
    exported = export_personal_data(person=person)["signatures"]
    assert [row["signature"] and row["signature"]["name"] for row in exported] == ["Anne Martin", None]
    erase_person(person=person, actor_id=person.pk, now=now)
    assert Signature.objects.get().name == "Anne Martin"
    assert list(waiting.signatories.values_list("name", "email")) == [("", ""), ("Paul Morel", "paul@example.org")]
    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"
    signatures.forget(now=now + timedelta(days=365))
    assert list(SigningRequest.objects.all()) == [kept]
    assert list(verification.problems()) == []


# -- Pages ------------------------------------------------------------------------------------------------------------


def words(response: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_reading_and_signing_by_ones_link_alone() -> None:
    request = asked(ANNE)
    anne = signatories(request)[0]
    client, url = Client(headers={"accept-language": "en"}), signing_path(anne)
    page = client.get(url)
    assert "Anne Martin, gérante de la SARL Essai" in words(page)
    assert page["X-Robots-Tag"] == "noindex"
    assert client.get(signing_path(anne, "sign_file")).content == PDF
    other = signatories(asked(PAUL, source="agreement:2"))[0]
    assert client.get(url.replace(f"/{anne.pk}/", f"/{other.pk}/")).status_code == 404
    code_url = signing_path(anne, "sign_code")
    assert client.get(code_url).url == url  # nothing typed yet
    typed = {"name": "Anne Martin", "capacity": ""}
    refused = client.post(url, typed)
    assert (refused.status_code, "tick this box" in words(refused), mails("code", anne.email)) == (422, True, 0)
    assert client.post(url, {**typed, "consent": "on"}).url == code_url
    assert "I sign it as: Anne Martin." in words(client.get(code_url))
    wrong = client.post(code_url, {"code": "1"})
    assert (wrong.status_code, "4 attempts left" in words(wrong)) == (422, True)
    right = {"code": last_code(anne.email)}
    for _double in range(2):
        assert client.post(code_url, right).url == url
    assert client.get(code_url).url == client.post(url, {**typed, "consent": "on"}).url == url  # the back button
    assert "Signed by all" in words(client.get(url))
    assert Signature.objects.count() == 1


@pytest.mark.django_db
def test_the_reason_stands_at_the_link_of_what_is_signed_no_more() -> None:
    person = UserFactory()
    client = Client(headers={"accept-language": "en"})
    request = asked(actor_id=person.pk)
    anne, paul = signatories(request)
    assert "when it is your turn" in words(client.get(signing_path(paul)))
    assert client.post(signing_path(anne, "sign_decline"), {"reason": "Too dear"}).url == signing_path(anne)
    assert "You declined" in words(client.get(signing_path(anne)))
    assert "Somebody declined" in words(client.get(signing_path(paul)))
    shown = reverse("core:signing_shown", args=[request.reference])
    assert "Too dear" not in words(client.get(shown))
    client.force_login(person)
    assert "Too dear" in words(client.get(shown))


@pytest.mark.django_db
def test_a_stranger_checks_a_file_and_learns_no_name() -> None:
    manager, request = UserFactory(), asked(ANNE)
    signed(signatories(request)[0])
    client, check = Client(headers={"accept-language": "en"}), reverse("core:signing_check")
    shown = reverse("core:signing_shown", args=[request.reference])
    for text in (request.reference.lower(), digest(PDF).upper()):
        assert client.get(check, {"q": text}).url == shown
    assert "Nothing was signed with this" in words(client.get(check, {"q": digest(OTHER_PDF)}))
    page = words(client.get(shown))
    assert "Just recomputed" in page
    for personal in ("Anne", "example.org", "gérante"):
        assert personal not in page
    for who in (client, Client()):
        who.force_login(manager)
        assert who.get(reverse("core:signing_file", args=[request.reference])).status_code == 404


@pytest.mark.django_db
def test_who_asked_reminds_and_withdraws() -> None:
    manager = UserFactory(language="en")
    request = asked(ANNE, actor_id=manager.pk, now=clock.now() - timedelta(days=2))
    client = Client()
    client.force_login(manager)
    (anne,) = signatories(request)
    client.post(reverse("core:signing_remind", args=[request.reference, anne.pk]))
    assert mails("asked", anne.email) == 2
    page = words(client.get(reverse("core:signing_shown", args=[request.reference])))
    assert "Anne Martin, gérante de la SARL Essai" in page
    client.post(reverse("core:signing_withdraw", args=[request.reference]))
    request.refresh_from_db()
    assert request.state == "withdrawn"


@pytest.mark.django_db
def test_the_certificate_is_drawn_once_all_have_signed() -> None:
    request = asked(ANNE)
    (anne,) = signatories(request)
    url = signing_path(anne, "sign_certificate")
    assert Client().get(url).status_code == 404
    signed(anne)
    answer = Client().get(url)
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
