"""Golden files: every kind of notification in every format.

Read a changed file as its reader does. `make snapshots` writes the files.
"""

import json
import os
from pathlib import Path

import pytest
from fleet_examples import FLEET_EXAMPLES
from notification_examples import EXAMPLES

from vdm_alerts.core.notifications.rendering.message import Message

GOLDEN = Path(__file__).parent / "golden"


ALL_EXAMPLES = {**EXAMPLES, **FLEET_EXAMPLES}


@pytest.mark.parametrize("name", ALL_EXAMPLES)
def test_message_matches_its_golden_file(name: str) -> None:
    text, path = golden_text(ALL_EXAMPLES[name]()), GOLDEN / f"{name}.txt"
    if "WRITE_SNAPSHOTS" in os.environ:
        path.write_text(text)
    assert text == path.read_text()


def test_each_golden_file_has_an_example() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*ALL_EXAMPLES}


def golden_text(message: Message) -> str:
    """Return *message* in all formats."""
    parts = {
        "Subject": message.subject,
        "SMS": message.sms,
        "Email": message.text,
        "Chat": _formatted(message.amazon_q),
        "JSON": _formatted(message.payload),
    }
    return "\n\n".join(f"==== {title}\n{text.strip()}" for title, text in parts.items()) + "\n"


def _formatted(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
