"""The one way in which a value is written before its digest is computed, and the digest."""

import hashlib

import msgspec


def canonical(value: object) -> bytes:
    """The value as JSON in UTF-8: keys in order, no spaces, decimals as text: the same bytes on every machine."""
    return msgspec.json.encode(value, order="deterministic")


def digest(content: str | bytes) -> str:
    """The SHA-256 of bytes, or of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
