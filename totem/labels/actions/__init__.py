"""What is done: charters published, evidence declared and retained, boards judged and frozen."""

from totem.labels.actions.boards import create_board, freeze, keep_daily, record_judgement, set_board_public
from totem.labels.actions.charters import CharterChanged, publish_charter
from totem.labels.actions.evidence import (
    Outdated,
    declare,
    publish_observation,
    retain,
    revise,
    take_readings,
    withdraw,
)

__all__ = [
    "CharterChanged",
    "Outdated",
    "create_board",
    "declare",
    "freeze",
    "keep_daily",
    "publish_charter",
    "publish_observation",
    "record_judgement",
    "retain",
    "revise",
    "set_board_public",
    "take_readings",
    "withdraw",
]
