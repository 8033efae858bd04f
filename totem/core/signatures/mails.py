"""Mails to signatories: their link, the code, how it ended."""

from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from totem.core import codes, mail
from totem.core.models import Signatory, SigningState
from totem.core.signatures.purposes import SigningPurpose
from totem.core.signatures.queries import signing_path


def ask(signatory: Signatory, purpose: SigningPurpose) -> None:
    """Their link; the key of the mail is that of the moment they are asked, for reminders."""
    at = signatory.asked_at.isoformat() if signatory.asked_at else ""
    _queue("asked", at, signatory, purpose, expires_at=signatory.request.expires_at)


def send_code(signatory: Signatory, purpose: SigningPurpose, code: str) -> None:
    """The code, with what it signs."""
    who = ", ".join(filter(None, [signatory.typed_name, signatory.typed_capacity]))
    _queue("code", signatory.code_digest[:20], signatory, purpose, code=codes.words(code), who=who)


def tell_end(signatory: Signatory, purpose: SigningPurpose) -> None:
    """How the request ended: signed by all, with where the certificate is; or that it is signed no more."""
    _queue("ended", "", signatory, purpose, is_signed=signatory.request.state == SigningState.SIGNED)


def _queue(what: str, occurrence: str, signatory: Signatory, purpose: SigningPurpose, **context: Any) -> None:
    with translation.override(signatory.language):
        labels = {"asked": _("Read and sign"), "ended": _("Read the file and its signatures")}
        shown: dict[str, Any] = {
            "title": signatory.request.title,
            "label": str(purpose.label),
            "sha256": signatory.request.sha256,
            "state": signatory.request.get_state_display().lower(),
            **context,
        }
        if what in labels:
            shown |= {"action_url": settings.SITE_URL + signing_path(signatory), "action_label": labels[what]}
    mail.queue(
        key=f"core.signing_{what}:{signatory.pk}:{occurrence}".rstrip(":"),
        to=signatory.email,
        language=signatory.language,
        template=f"core/mail/signing_{what}",
        sender=purpose.sender(signatory.request),
        context=shown,
    )
