"""A notice as a chat channel shows it: the JSON of an Amazon Q custom notification."""

import json
from collections.abc import Sequence

MAX_TEXT = 2_500
"""Characters of a chat message's text: Slack cuts the text of a block at 3,000.

Source: https://docs.slack.dev/reference/block-kit/blocks/section-block
"""
MAX_STEPS = 10
"""Next steps in a chat message."""


def amazon_q_notification(
    thread: str, sequence: int, title: str, paragraphs: Sequence[str], steps: Sequence[str]
) -> str:
    """Return an Amazon Q custom notification; anything else on the topic Q would drop.

    Source: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    notification = {
        "version": "1.0",
        "source": "custom",
        "id": f"{thread}:{sequence}",
        "content": {
            "textType": "client-markdown",
            "title": _escaped(title),
            "description": _fitting("\n\n".join(paragraphs)),
            "nextSteps": [_escaped(step) for step in steps[:MAX_STEPS]],
        },
        "metadata": {"threadId": thread, "summary": _escaped(title)},
    }
    return json.dumps(notification, ensure_ascii=False)


def _fitting(text: str) -> str:
    """Return *text*, escaped, cut to what a chat shows."""
    if len(_escaped(text)) <= MAX_TEXT:
        return _escaped(text)
    kept = text[:MAX_TEXT]
    while len(_escaped(kept)) >= MAX_TEXT:
        kept = kept[:-50]
    return f"{_escaped(kept)}…"


def _escaped(text: str) -> str:
    """Return *text* so that no name in it becomes a mention, or a link under another name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
