"""The certificate of signatures, from rows that do not change: who signed which file, when, and the links."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from totem.core import languages, wording
from totem.core.models import Signature, SigningRequest
from totem.core.rendering import document_pdf
from totem.core.signatures.purposes import purpose_of


def notes() -> list[str]:
    """What such a signature proves and what it does not, for the certificate and the help of pages."""
    return [
        _(
            "It is a simple electronic signature (eIDAS regulation, article 25.1; French Civil Code, articles 1366 and "
            "1367): it proves that a person who reads the mail of this address received a code and typed it to sign "
            "exactly this file, at this time."
        ),
        _(
            "It does not prove who that person is: no identity document was checked. It is neither an advanced nor a "
            "qualified signature, which an official deed, or a contract that asks for one, would need."
        ),
        _("Keep the file as it is: any other file, even printed or saved again, has another digest."),
    ]


def check_url(request: SigningRequest) -> str:
    """The absolute address of the public page that says what was signed."""
    return settings.SITE_URL + reverse("core:signing_shown", args=[request.reference])


def certificate(request: SigningRequest) -> bytes:
    """The PDF, in the active language. Raises RenderingBusy and RenderingFailed."""
    signatures = list(Signature.objects.filter(signatory__request=request).select_related("link").order_by("link"))
    ended_at = request.ended_at or signatures[-1].signed_at
    data = {
        "lang": languages.active(),
        "kicker": _("Certificate of signatures"),
        "title": request.title,
        "lead": str(purpose_of(request).label),
        "at": wording.date_with_year(ended_at),
        "at_iso": ended_at.date().isoformat(),
        "notice": _("Demonstration data: this document is worth nothing.") if settings.DEMO else "",
        "sections": [_file(request), _people(signatures), _statements(signatures), _links(signatures)],
        "notes": notes(),
        "words": {
            "notes": _("What it proves, and what it does not"),
            "page": _("Page {n} of {total}"),
            "address": _("To check:"),
        },
        "address": check_url(request),
    }
    return document_pdf("core/report", data)


def _file(request: SigningRequest) -> dict[str, Any]:
    rows = [[_("Reference"), request.reference], [_("Digest (SHA-256)"), request.sha256]]
    return {"title": _("The file"), "table": {"head": [_("What"), _("Value")], "rows": rows}}


def _people(signatures: list[Signature]) -> dict[str, Any]:
    rows = [[one.name, one.capacity, one.email, _moment(one)] for one in signatures]
    head = [_("Name"), _("Capacity"), _("E-mail address"), _("Signed")]
    return {"title": _("Signatures"), "table": {"head": head, "rows": rows}}


def _moment(signature: Signature) -> str:
    return f"{wording.date_with_year(signature.signed_at)}, {wording.hour(signature.signed_at)}"


def _statements(signatures: list[Signature]) -> dict[str, Any]:
    rows = [[one.statement] for one in signatures]
    return {"title": _("What was agreed"), "table": {"head": [_("By each, with a code mailed to them")], "rows": rows}}


def _links(signatures: list[Signature]) -> dict[str, Any]:
    rows = [[str(s.link.number), s.signed_at.isoformat(timespec="seconds"), s.link.digest] for s in signatures]
    head = [_("Link"), _("Time (UTC)"), _("Digest of the link (SHA-256)")]
    text = _("Each signature is a link of a chain: it holds the digest of the link before, so none is changed unseen.")
    return {"title": _("Chain"), "text": text, "table": {"head": head, "rows": rows}}
