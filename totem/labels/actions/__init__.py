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
from totem.labels.actions.searching import ask_for_partners, search_partners

__all__ = [
    "CharterChanged",
    "Outdated",
    "ask_for_partners",
    "create_board",
    "declare",
    "freeze",
    "keep_daily",
    "publish_charter",
    "publish_observation",
    "record_judgement",
    "retain",
    "revise",
    "search_partners",
    "set_board_public",
    "take_readings",
    "withdraw",
]
