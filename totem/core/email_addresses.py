"""The one spelling of an e-mail address: two that reach one mailbox, or look alike, are never two accounts."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _


def canonical_address(text: str) -> str:
    """The address in lower-case ASCII, an international domain as IDNA writes it (RFC 3490): a@xn--caf-dma.example.

    Letters outside ASCII before the @, which hardly any mail server takes, are refused: some become other letters when
    the case changes (the dotless i, the Kelvin sign). Raises ValidationError for that, and for what is no address.
    """
    local, _at, domain = text.strip().rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}".lower()
        address.encode("ascii")
    except UnicodeError:
        raise ValidationError(_("Before the @, letters without accents only."), code="invalid") from None
    validate_email(address)
    return address
