"""Signing on line: people are asked by mail to sign one exact PDF, and sign with a code mailed to their address.

It knows nothing of what is signed. A room registers what for in its `signatures.py`, and asks:

    AGREEMENT = register(SigningPurpose("memberships.agreement", label=..., url=..., may_manage=..., completed=...))

    ask_to_sign(purpose=AGREEMENT, source="agreement:42", title="Contract of ...", pdf=pdf, signatories=[...], ...)

Each signature is an append-only row and a link of the chain `CHAIN`. What it is worth:
docs/decisions/0016-signatures.md.
"""

from totem.core.signatures.actions import (
    WrongSigningCodeError,
    ask_to_sign,
    decline,
    erase_address,
    expire,
    forget,
    remind,
    send_code,
    sign,
    withdraw,
)
from totem.core.signatures.purposes import SignatoryTerms, SigningPurpose, register
from totem.core.signatures.queries import CHAIN, kept_of, shown_path, signing_path

__all__ = [
    "CHAIN",
    "SignatoryTerms",
    "SigningPurpose",
    "WrongSigningCodeError",
    "ask_to_sign",
    "decline",
    "erase_address",
    "expire",
    "forget",
    "kept_of",
    "register",
    "remind",
    "send_code",
    "shown_path",
    "sign",
    "signing_path",
    "withdraw",
]
