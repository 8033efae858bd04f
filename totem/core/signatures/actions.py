"""Asking to sign, signing with a mailed code, declining, withdrawing, expiring; and what is erased."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from totem.core import chain, journal, limits
from totem.core.canonical import canonical, digest
from totem.core.codes import new_code, parse
from totem.core.email_addresses import canonical_address
from totem.core.files import CheckedFile, content_of, delete_content, store
from totem.core.limits import Taker
from totem.core.models import Signatory, Signature, SigningRequest, SigningState
from totem.core.signatures import mails
from totem.core.signatures.limits import ASKED, CODES
from totem.core.signatures.purposes import SignatoryTerms, SigningPurpose, purpose_of
from totem.core.signatures.queries import CHAIN, chained
from totem.core.visible_names import validate_name

CODE_LASTS = timedelta(minutes=15)
CODE_ATTEMPTS = 5
REMINDED_AFTER = timedelta(days=1)
UNSIGNED_KEPT = timedelta(days=365)


class WrongSigningCodeError(Exception):
    """The code is wrong; `attempts_left` is how many attempts remain before another code is needed."""

    def __init__(self, attempts_left: int) -> None:
        super().__init__(f"{attempts_left} attempts left")
        self.attempts_left = attempts_left


# -- By the room that asks --------------------------------------------------------------------------------------------


@limits.atomic()
def ask_to_sign(
    *,
    purpose: SigningPurpose,
    source: str,
    title: str,
    pdf: bytes,
    signatories: Sequence[SignatoryTerms],
    expires_at: datetime,
    actor_id: int | None,
    now: datetime,
) -> SigningRequest:
    """Keep the PDF and mail their link to those who sign first; returns the request.

    Raises ValidationError for what is no PDF, nobody to sign, an address that is none or comes twice, a moment that is
    past, and while another request about `source` waits; LimitReached where `actor_id` asks too often.
    """
    if actor_id is not None:
        limits.require(ASKED, Taker.person(actor_id), now=now)
    _check(pdf, signatories, expires_at, now)
    waiting = SigningRequest.objects.select_for_update(no_key=True).of_source(purpose.name, source)
    if known := waiting.filter(state=SigningState.WAITING).first():
        if known.is_open(now):
            raise ValidationError(_("This waits for signatures already: withdraw it before asking again."))
        _end(known, SigningState.EXPIRED, None, now)
    stored = store(CheckedFile(f"{title}.pdf", "application/pdf", len(pdf), sha256(pdf).hexdigest(), pdf))
    request = SigningRequest(purpose=purpose.name, source=source, title=title, stored=stored, expires_at=expires_at)
    request.asked_by_id = actor_id
    request.save()
    for terms in signatories:
        Signatory.objects.create(request=request, **{**terms._asdict(), "email": canonical_address(terms.email)})
    facts = {"purpose": purpose.name, "source": source, "sha256": request.sha256, "signatories": len(signatories)}
    journal.record("signatures.asked", request, actor_id=request.asked_by_id, facts=facts)
    _ask_next(request, now)
    return request


def _check(pdf: bytes, signatories: Sequence[SignatoryTerms], expires_at: datetime, now: datetime) -> None:
    if not pdf.startswith(b"%PDF-"):
        raise ValidationError(_("Only a PDF can be signed."))
    if expires_at <= now:
        raise ValidationError(_("The last day to sign is past."))
    addresses = [canonical_address(terms.email) for terms in signatories]
    if not addresses:
        raise ValidationError(_("Say who signs."))
    if len(set(addresses)) < len(addresses):
        raise ValidationError(_("Each signatory has an e-mail address of their own."))


def _ask_next(request: SigningRequest, now: datetime) -> None:
    """Mail their link to those whose turn has come, once."""
    missing = list(request.signatories.filter(signature=None))
    for signatory in missing:
        if signatory.position == missing[0].position and signatory.asked_at is None:
            _write_to(signatory, now)


def _write_to(signatory: Signatory, now: datetime) -> None:
    signatory.asked_at = now
    signatory.save(update_fields=["asked_at", "updated_at"])
    mails.ask(signatory, purpose_of(signatory.request))


@transaction.atomic
def remind(*, signatory: Signatory, actor_id: int | None, now: datetime) -> None:
    """Mail them their link again. Raises ValidationError before their turn and within a day of the last mail."""
    row = _awaited(signatory, now)
    if row.asked_at is not None and now < row.asked_at + REMINDED_AFTER:
        raise ValidationError(_("Their link was mailed within a day: wait before you send it again."))
    _write_to(row, now)
    journal.record("signatures.reminded", row.request, actor_id=actor_id, facts={"signatory": row.pk})


@transaction.atomic
def withdraw(*, request: SigningRequest, actor_id: int | None, now: datetime) -> SigningRequest:
    """Take a request back: nobody signs it any more; signatures it has stay. Raises ValidationError once it ended."""
    row = _locked(request)
    if row.state != SigningState.WAITING:
        raise ValidationError(_("This has ended: %(state)s."), params={"state": row.get_state_display().lower()})
    _end(row, SigningState.WITHDRAWN, actor_id, now)
    return row


def expire(*, now: datetime) -> None:
    """End the requests that were not signed in time, each in a transaction of its own."""
    for late in list(SigningRequest.objects.filter(state=SigningState.WAITING, expires_at__lte=now).order_by("pk")):
        with transaction.atomic():
            row = _locked(late)
            if row.state == SigningState.WAITING:
                _end(row, SigningState.EXPIRED, None, now)


def _locked(request: SigningRequest) -> SigningRequest:
    """The request, locked after what its room locks: signatures and ends of one request are one after the other."""
    purpose_of(request).lock(request)
    return SigningRequest.objects.select_for_update(no_key=True).get(pk=request.pk)


def _end(request: SigningRequest, state: SigningState, actor_id: int | None, now: datetime) -> None:
    """Set the final state, tell the room, and those who were asked."""
    request.state, request.ended_at = state, now
    request.save(update_fields=["state", "ended_at", "updated_at"])
    journal.record(f"signatures.{state}", request, actor_id=actor_id)
    purpose = purpose_of(request)
    (purpose.completed if state == SigningState.SIGNED else purpose.ended)(request, now)
    for signatory in request.signatories.exclude(asked_at=None).exclude(email=""):
        mails.tell_end(signatory, purpose)


# -- By who signs -----------------------------------------------------------------------------------------------------


def statement_of(request: SigningRequest, name: str, capacity: str) -> str:
    """What a signatory agrees to, in the active language."""
    who = f"{name}, {capacity}" if capacity else name
    return _("I have read “%(title)s” and approve all of it. I sign it as: %(who)s.") % {
        "title": request.title,
        "who": who,
    }


@limits.atomic()
def send_code(*, signatory: Signatory, name: str, capacity: str, now: datetime) -> None:
    """Mail the code that signs with that name and capacity; an earlier code signs no longer.

    Raises ValidationError where there is nothing for them to sign now, or for what is no name; LimitReached.
    """
    purpose_of(signatory.request).lock(signatory.request)  # before the taker, as `core.locks` says
    limits.require(CODES, Taker.mailbox(signatory.email), now=now)
    row = _awaited(signatory, now)
    for typed in [name, *filter(None, [capacity])]:
        validate_name(typed)
    row.typed_name, row.typed_capacity = name, capacity
    code = new_code()
    row.code_digest, row.code_sent_at, row.code_attempts = _code_digest(row, code), now, 0
    row.save()
    mails.send_code(row, purpose_of(row.request), code)


def _code_digest(signatory: Signatory, code: str) -> str:
    """Of the code together with what it signs: that file, for that person, with what they typed."""
    typed = [signatory.pk, signatory.request.sha256, signatory.typed_name, signatory.typed_capacity, parse(code)]
    return salted_hmac("core.signatures.code", canonical(typed), algorithm="sha256").hexdigest()


def sign(*, signatory: Signatory, code: str, client: str, now: datetime) -> Signature:
    """Sign with the code that was mailed; `client` is `limits.address_digest`.

    The last signature ends the request (`SigningPurpose.completed`). Raises WrongSigningCodeError, or ValidationError
    where there is nothing for them to sign now, no code is valid, or the bytes are not those that were kept.
    """
    with transaction.atomic():
        row = _awaited(signatory, now)
        if not row.code_digest or row.code_sent_at is None or now >= row.code_sent_at + CODE_LASTS:
            raise ValidationError(_("No code is valid any more. Please ask for another one."))
        if constant_time_compare(row.code_digest, _code_digest(row, code)):
            return _sign(row, client, now)
        row.code_attempts += 1
        if row.code_attempts >= CODE_ATTEMPTS:
            row.code_digest = ""
        row.save(update_fields=["code_attempts", "code_digest", "updated_at"])
    # Raised outside the transaction, so that the counted attempt is committed.
    raise WrongSigningCodeError(CODE_ATTEMPTS - row.code_attempts)


def _awaited(signatory: Signatory, now: datetime) -> Signatory:
    """The signatory, of a locked request that waits for them. Raises ValidationError with the reason if it does not."""
    request = _locked(signatory.request)
    row = Signatory.objects.select_related("signature").get(pk=signatory.pk)
    row.request = request
    if row.has_signed:
        raise ValidationError(_("You have signed this already."), code="signed")
    if request.state != SigningState.WAITING:
        params = {"state": request.get_state_display().lower()}
        raise ValidationError(_("This cannot be signed any more: %(state)s."), params=params)
    if not request.is_open(now):
        raise ValidationError(_("The time to sign this has run out."))
    if request.signatories.filter(signature=None, position__lt=row.position).exists():
        raise ValidationError(_("Others sign before: a mail says when it is your turn."))
    return row


def _sign(signatory: Signatory, client: str, now: datetime) -> Signature:
    request = signatory.request
    if digest(content_of(request.sha256) or b"") != request.sha256:
        raise ValidationError(_("The file is not the one that was to be signed. Nothing was signed; tell who sent it."))
    signature = Signature(
        signatory=signatory,
        sha256=request.sha256,
        name=signatory.typed_name,
        capacity=signatory.typed_capacity,
        email=signatory.email,
        statement=statement_of(request, signatory.typed_name, signatory.typed_capacity),
        signed_at=now,
        client=client,
        salt=secrets.token_hex(16),
    )
    signature.link = chain.append(CHAIN, chained(signature))
    signature.save(force_insert=True)
    signatory.code_digest = signatory.typed_name = signatory.typed_capacity = ""
    signatory.save(update_fields=["code_digest", "typed_name", "typed_capacity", "updated_at"])
    journal.record("signatures.signatory_signed", request, actor_id=None, facts={"signatory": signatory.pk})
    if request.signatories.filter(signature=None).exists():
        _ask_next(request, now)
    else:
        _end(request, SigningState.SIGNED, None, now)
    return signature


@transaction.atomic
def decline(*, signatory: Signatory, reason: str, now: datetime) -> None:
    """Not sign, which ends the request for all. Raises ValidationError where there is nothing for them to sign now."""
    row = _awaited(signatory, now)
    row.declined_at, row.reason = now, reason.strip()
    row.save(update_fields=["declined_at", "reason", "updated_at"])
    _end(row.request, SigningState.DECLINED, None, now)


# -- Privacy ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def erase_address(email: str, *, now: datetime) -> None:
    """A person is erased: what waits for them is withdrawn, where they were asked is emptied. Signatures stay.

    A signature is evidence for the other signatories: it is kept (GDPR article 17.3.e).
    """
    for request in SigningRequest.objects.filter(signatories__email=email, state=SigningState.WAITING).order_by("pk"):
        withdraw(request=request, actor_id=None, now=now)
    emptied = {"name": "", "capacity": "", "email": "", "typed_name": "", "typed_capacity": "", "reason": ""}
    Signatory.objects.filter(email=email, signature=None).update(**emptied)


@transaction.atomic
def forget(*, now: datetime) -> None:
    """Delete the requests that ended over a year ago without any signature, and their files where nothing uses them."""
    ended = SigningRequest.objects.filter(ended_at__lte=now - UNSIGNED_KEPT)
    for request in ended.exclude(state=SigningState.SIGNED).exclude(signatories__signature__isnull=False):
        request.delete()
        delete_content(request.sha256)
