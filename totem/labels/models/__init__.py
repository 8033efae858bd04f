"""Charters, the evidence that territories gather, the bodies they set up, and what is judged of it all."""

from totem.labels.models.assemblies import (
    Assembly,
    AssemblyDocument,
    AssemblyKind,
    Attendance,
    Decision,
    Majority,
    Proxy,
    Quorum,
    Voter,
    VotersOn,
)
from totem.labels.models.boards import Board, Evaluation, Judgement, Search
from totem.labels.models.bodies import (
    ActorClass,
    Appointment,
    Body,
    BodyKind,
    FundingLevel,
    FundingLine,
    FundingPurpose,
    Meeting,
    Office,
    Seat,
    SeatRole,
)
from totem.labels.models.charters import CharterVersion
from totem.labels.models.evidence import (
    Confidence,
    Mode,
    Observation,
    ObservationVersion,
    Reading,
    Retention,
)
from totem.labels.models.plans import Assignment

__all__ = [
    "ActorClass",
    "Appointment",
    "Assembly",
    "AssemblyDocument",
    "AssemblyKind",
    "Assignment",
    "Attendance",
    "Board",
    "Body",
    "BodyKind",
    "CharterVersion",
    "Confidence",
    "Decision",
    "Evaluation",
    "FundingLevel",
    "FundingLine",
    "FundingPurpose",
    "Judgement",
    "Majority",
    "Meeting",
    "Mode",
    "Observation",
    "ObservationVersion",
    "Office",
    "Proxy",
    "Quorum",
    "Reading",
    "Retention",
    "Search",
    "Seat",
    "SeatRole",
    "Voter",
    "VotersOn",
]
