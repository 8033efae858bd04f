"""A purpose of signatures for tests, which keeps what it was told, and requests of it."""

from datetime import datetime, timedelta
from typing import Any

from totem.core import clock
from totem.core.models import Mail, Signatory, SigningRequest
from totem.core.signatures import SignatoryTerms, SigningPurpose, ask_to_sign, register, send_code

PDF = b"%PDF-1.7 A contract between two parties."
ANNE = SignatoryTerms("Anne Martin", "anne@example.org", "gérante de la SARL Essai", language="en")
PAUL = SignatoryTerms("Paul Morel", "paul@example.org", "pour l’association", position=2, language="en")
TOLD: list[tuple[str, str]] = []


def _told(what: str) -> Any:
    return lambda request, _now: TOLD.append((what, request.source))


CONTRACT = register(
    SigningPurpose(
        "tests.contract",
        label="Contract of a test",
        url=lambda request: f"/#{request.source}",
        may_manage=lambda person, request: person.pk == request.asked_by_id,
        completed=_told("completed"),
        ended=_told("ended"),
    )
)


def asked(
    *signatories: SignatoryTerms,
    source: str = "agreement:1",
    pdf: bytes = PDF,
    actor_id: int | None = None,
    now: datetime | None = None,
) -> SigningRequest:
    """A request that waits, by default for Anne and then for Paul, to be signed within thirty days."""
    now = now or clock.now()
    return ask_to_sign(
        purpose=CONTRACT,
        source=source,
        title="Contract of Anne Martin",
        pdf=pdf,
        signatories=signatories or (ANNE, PAUL),
        expires_at=now + timedelta(days=30),
        actor_id=actor_id,
        now=now,
    )


def code_for(signatory: Signatory, *, now: datetime | None = None, **typed: str) -> str:
    """The code that is mailed to them."""
    given = {"name": signatory.name, "capacity": signatory.capacity, **typed}
    send_code(signatory=signatory, **given, now=now or clock.now())
    return last_code(signatory.email)


def last_code(email: str) -> str:
    """The code of the last mail to that address."""
    mail = Mail.objects.filter(key__startswith="core.signing_code:", to=email).latest("pk")
    return mail.subject.split()[0]
