"""Reads: the personal link of a signatory, what a stranger may check, what is kept of a person."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from totem.core.canonical import canonical, digest
from totem.core.codes import parse
from totem.core.files import content_of
from totem.core.models import Signatory, Signature, SigningRequest

CHAIN = "signatures"
"""The key of the chain that all signatures are links of."""
_signer = Signer(salt="core.signatures")


def signing_key(signatory: Signatory) -> str:
    """The signed key of a signatory's link: its holder reads the file; signing needs a code of their mailbox too."""
    return _signer.signature(str(signatory.pk))


def signing_path(signatory: Signatory, route: str = "sign") -> str:
    """The path of the page where that signatory reads and signs; who has it opens it."""
    return reverse(f"core:{route}", args=[signatory.pk, signing_key(signatory)])


def shown_path(request: SigningRequest) -> str:
    """The path of the public page that says what was signed; there, who manages it reminds and withdraws."""
    return reverse("core:signing_shown", args=[request.reference])


def signatory_by_key(pk: int, key: str) -> Signatory | None:
    """The signatory whose link has that key, with its request; None where there is none."""
    try:
        _signer.unsign(f"{pk}:{key}")
    except BadSignature:
        return None
    return Signatory.objects.select_related("request", "signature").filter(pk=pk).first()


# -- Checking ---------------------------------------------------------------------------------------------------------


def signed_with(text: str) -> list[SigningRequest]:
    """The requests with at least one signature that have that reference, or whose file has that digest."""
    typed = parse(text)
    signed = SigningRequest.objects.filter(signatories__signature__isnull=False).distinct()
    by_reference = list(signed.filter(reference=typed))
    return by_reference or list(signed.filter(stored=typed.lower()).order_by("pk"))


def problems_of(request: SigningRequest) -> list[str]:
    """One sentence in English for each thing of its signatures that does not add up; nothing when all does."""
    rows = Signature.objects.filter(signatory__request=request).select_related("link", "signatory__request")
    problems = [problem for row in rows for problem in signature_problems(row)]
    if digest(content_of(request.sha256) or b"") != request.sha256:
        problems.append(f"The file of request {request.reference} is not the one that was signed.")
    return problems


def signature_problems(signature: Signature) -> Iterator[str]:
    """What is wrong with one signature, read with its `link` and `signatory__request`."""
    if signature.link.key != CHAIN or json.loads(signature.link.content) != chained(signature):
        yield f"Signature {signature.pk} is not what the chain says of it."
    if signature.sha256 != signature.signatory.request.sha256:
        yield f"Signature {signature.pk} is of another file than the one of its request."


def chained(signature: Signature) -> dict[str, Any]:
    """What the chain holds of a signature: ids and digests; of who signed, the digest with the row's salt."""
    personal = [signature.name, signature.capacity, signature.email, signature.statement, signature.client]
    return {
        "event": "signed",
        "request": signature.signatory.request.reference,
        "signatory": signature.signatory_id,
        "file": signature.sha256,
        "at": signature.signed_at.isoformat(),
        "content": digest(canonical([signature.salt, *personal])),
    }


# -- Privacy ----------------------------------------------------------------------------------------------------------


def kept_of(emails: Iterable[str]) -> list[dict[str, Any]]:
    """What these addresses were asked to sign and have signed, for the export of personal data."""
    rows = Signatory.objects.filter(email__in=list(emails)).select_related("request", "signature").order_by("pk")
    return [
        {
            "title": row.request.title,
            "sha256": row.request.sha256,
            "reference": row.request.reference,
            "state": row.request.state,
            "name": row.name,
            "capacity": row.capacity,
            "declined": row.declined_at.isoformat() if row.declined_at else None,
            "signature": {
                "at": row.signature.signed_at.isoformat(),
                "name": row.signature.name,
                "capacity": row.signature.capacity,
                "statement": row.signature.statement,
                "kept": "as evidence, also after the account is erased",
            }
            if row.has_signed
            else None,
        }
        for row in rows
    ]
