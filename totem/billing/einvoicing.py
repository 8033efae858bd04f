"""How electronic invoices reach an approved platform (PA), and what it answers: a class, named by a setting.

`FolderDrop` needs no code: it leaves each file in a folder where a platform's connector takes it, and reads the answers
that the connector leaves (formats: `docs/operations.md`). A platform with an API is a class with the methods of
`Platform`. What calls them: `billing.actions.transmitting`. Statuses: décret 2022-1299, annex.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from totem.billing.amounts import RateTotal
from totem.billing.models import IssuedDocument

LARGEST = 64 * 1024
"""Bytes of a status file; longer ones are kept aside."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlatformStatus:
    """What a platform says of a document. `key` is its own name for the message; `at` is aware."""

    key: str
    siren: str
    reference: str
    status: str
    at: datetime
    detail: str


class Platform(Protocol):
    """A way to an approved platform. What a method raises is logged, and tried again ten minutes later."""

    def send(self, document: IssuedDocument, pdf: bytes) -> None:
        """Hand over the Factur-X PDF. After a crash the same bytes may come a second time: take them for one."""

    def send_cashed(self, document: IssuedDocument, amount: Decimal, on: date, rates: Sequence[RateTotal]) -> None:
        """Say that the invoice is paid: what was received in euros, VAT included, and the day of the last payment.

        `rates` are what it is of each rate, where VAT is due on payments; else nothing (décret 2022-1299, annex).
        """

    def statuses(self) -> Iterable[PlatformStatus]:
        """What is new, in any order; given again until it is settled."""

    def settle(self, status: PlatformStatus, problem: str) -> None:
        """The status is recorded, or with a `problem` will never be: do not give it again."""


def platform() -> Platform | None:
    """The platform of this installation; None where there is none, and in a demonstration, which invoices nobody."""
    if not settings.EINVOICING or settings.DEMO:
        return None
    found: Platform = import_string(settings.EINVOICING)()
    return found


def siren_of(document: IssuedDocument) -> str:
    """The SIREN of the seller as the document states it: references are unique for one seller only."""
    return str(json.loads(document.content)["seller"]["siren"])


class FolderDrop:
    """`outgoing/SIREN/REFERENCE.pdf` and `….cashed.json` for a connector, which leaves its answers in `incoming/`."""

    def __init__(self) -> None:
        self.outgoing, self.incoming = settings.EINVOICING_FOLDER / "outgoing", settings.EINVOICING_FOLDER / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True)

    def send(self, document: IssuedDocument, pdf: bytes) -> None:
        """Raises FileExistsError where another document has that name."""
        path = self._path(document, ".pdf")
        if path.exists() and path.read_bytes() != pdf:
            raise FileExistsError(f"{path} is another document.")
        _write(path, pdf)

    def send_cashed(self, document: IssuedDocument, amount: Decimal, on: date, rates: Sequence[RateTotal]) -> None:
        told = {
            "seller": siren_of(document),
            "document": document.reference,
            "status": "cashed",
            "on": str(on),
            "amount": str(amount),
            "rates": [
                {"vat_rate": f"{rate.vat_rate.normalize():f}", "amount": str(rate.gross), "vat": str(rate.vat)}
                for rate in rates
            ],
        }
        _write(self._path(document, ".cashed.json"), json.dumps(told).encode())

    def statuses(self) -> Iterator[PlatformStatus]:
        for path in sorted(self.incoming.glob("*.json")):
            if path.is_file():
                try:
                    yield _parsed(path)
                except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                    self._keep_aside(path.name, f"garbled ({error!r})")

    def settle(self, status: PlatformStatus, problem: str) -> None:
        if problem:
            self._keep_aside(status.key, problem)
        else:
            self._move(status.key, "read")

    def _keep_aside(self, name: str, problem: str) -> None:
        logger.warning("E-invoicing: the status file %r is kept aside: %s.", name, problem)
        self._move(name, "aside")

    def _move(self, name: str, folder: str) -> None:
        """Into the folder, under a name that is free there."""
        target = self.incoming / folder / name
        target.parent.mkdir(exist_ok=True)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{name}.{number}")
        (self.incoming / name).rename(target)

    def _path(self, document: IssuedDocument, ending: str) -> Path:
        return Path(self.outgoing / siren_of(document) / f"{document.reference}{ending}")


def _write(path: Path, content: bytes) -> None:
    """The file is there as a whole or not at all, whenever the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parsed(path: Path) -> PlatformStatus:
    """What a status file says. Raises ValueError, KeyError or TypeError where it is not one."""
    with path.open("rb") as file:
        read = file.read(LARGEST + 1)
    if len(read) > LARGEST:
        raise ValueError("too long")
    content: dict[str, Any] = json.loads(read)
    texts = [content[name] for name in ("seller", "document", "status", "at")] + [content.get("detail", "")]
    if any(not isinstance(text, str) or "\0" in text for text in texts):
        raise ValueError("not text")
    siren, reference, status, at, detail = (text.encode().decode().strip() for text in texts)  # no lone surrogates
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a time without its offset")
    return PlatformStatus(path.name, siren, reference, status, moment, detail)
