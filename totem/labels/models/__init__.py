"""Charters, the evidence that territories gather, the bodies they set up, and what is judged of it all."""

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
    "Assignment",
    "Board",
    "Body",
    "BodyKind",
    "CharterVersion",
    "Confidence",
    "Evaluation",
    "FundingLevel",
    "FundingLine",
    "FundingPurpose",
    "Judgement",
    "Meeting",
    "Mode",
    "Observation",
    "ObservationVersion",
    "Office",
    "Reading",
    "Retention",
    "Search",
    "Seat",
    "SeatRole",
]
