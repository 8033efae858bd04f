"""Models of the core: what every room shares, and signatures."""

from totem.core.models.shared import (
    BackupRun,
    ChainHead,
    ChainLink,
    Dated,
    JobFailure,
    JournalEntry,
    JournalPersonalValue,
    JournalSeal,
    LimitAmount,
    LimitAmountQuerySet,
    LimitRefusal,
    Mail,
    StoredFile,
    assign_changes,
)
from totem.core.models.signatures import Signatory, Signature, SigningRequest, SigningState

__all__ = [
    "BackupRun",
    "ChainHead",
    "ChainLink",
    "Dated",
    "JobFailure",
    "JournalEntry",
    "JournalPersonalValue",
    "JournalSeal",
    "LimitAmount",
    "LimitAmountQuerySet",
    "LimitRefusal",
    "Mail",
    "Signatory",
    "Signature",
    "SigningRequest",
    "SigningState",
    "StoredFile",
    "assign_changes",
]
