"""The format for chat channels: Amazon Q custom notifications."""

import json
from collections.abc import Sequence

from vdm_alerts.core.notifications.rendering.content import Content, Step, fitting

MAX_TEXT = 2_500
"""Characters in the text of a chat message. Slack cuts the text of a block at 3,000.

Source: https://docs.slack.dev/reference/block-kit/blocks/section-block
"""
MAX_STEPS = 10
"""Next steps in a chat message."""
MAX_STEPS_SIZE = 4_000
"""Bytes of these steps together. An SNS message contains the chat message three times."""


def amazon_q_notification(
    title: str, content: Content, steps: Sequence[Step], thread: str, sequence: int
) -> str:
    """Return the JSON of an Amazon Q custom notification.

    Notifications with the same *thread* are one thread in the channel. Amazon Q drops anything on
    the topic that does not have this format.

    Source: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    links = [" | ".join(f"{link.title}: {link.address}" for link in content.links)]
    listings = (listing.chat_text for listing in content.listings)
    texts = (*content.paragraphs, *content.entries, *listings, *links, content.reference[-1])
    step_texts = (_escape("\n".join(step.lines)) for step in steps[:MAX_STEPS])
    notification = {
        "version": "1.0",
        "source": "custom",
        "id": f"{thread}:{sequence}",
        "content": {
            "textType": "client-markdown",
            "title": _escape(title),
            "description": _shorten("\n\n".join(filter(None, texts))),
            "nextSteps": fitting(step_texts, MAX_STEPS_SIZE, lambda text: len(text.encode())),
        },
        "metadata": {"threadId": thread, "summary": _escape(title), "enableCustomActions": False},
    }
    return json.dumps(notification, ensure_ascii=False)


def _shorten(text: str) -> str:
    """Return *text*, escaped and cut to `MAX_TEXT` characters."""
    if len(_escape(text)) <= MAX_TEXT:
        return _escape(text)
    start = text[:MAX_TEXT]
    while len(_escape(start)) >= MAX_TEXT:
        start = start[:-50]
    return f"{_escape(start)}…"


def _escape(text: str) -> str:
    """Return *text* without mentions and disguised links, neither of Slack nor of Markdown."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("](", "]\\(")
