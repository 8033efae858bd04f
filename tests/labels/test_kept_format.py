"""What was kept in format 1 is read, and judged again to the same result, whatever the program has become."""

from pathlib import Path

import msgspec

from totem.core.canonical import canonical, digest
from totem.labels.charters.format import from_content
from totem.labels.judging import judge
from totem.labels.judging.evaluations import Content

KEPT = Path(__file__).parent / "fixtures"


def test_an_evaluation_of_format_1_is_judged_again_byte_by_byte() -> None:
    """Never made again to please the test: whoever changes the facts or the findings gives the new ones defaults."""
    charter = from_content(msgspec.json.decode((KEPT / "charter-1.json").read_bytes()))
    text = (KEPT / "evaluation-1.json").read_text(encoding="utf-8").rstrip("\n")
    content = msgspec.json.decode(text, type=Content)
    assert canonical(judge(charter, content.facts)) == canonical(content.result)
    assert canonical(content).decode() == text
    assert digest(text) == "4c9ecde6c0f0694032b32ba36aa1df679ad1dcc26f6ade394bec95994749378f"
