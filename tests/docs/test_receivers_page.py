"""The page about notifications states what each kind of subscription receives."""

import re
from pathlib import Path

import pytest

from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.core.notifications.rendering.message import Message

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
TABLE = PAGE.partition("## Filter")[0]
MESSAGE = Message(
    subject="",
    text="text",
    amazon_q="Amazon Q JSON",
    payload="JSON payload",
    sms="text message",
    attributes={},
)
"""A message in which each form is its name on the page."""
PROTOCOLS = {
    "application",
    "email",
    "email-json",
    "firehose",
    "http",
    "https",
    "lambda",
    "sms",
    "sqs",
}
"""Source: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html"""
STATED_FORMS = {
    protocol: form
    for cells, form in re.findall(r"^\| (`.+?) \| \[?(.+?)(?:\]\(.*?\))? \|", TABLE, re.MULTILINE)
    for protocol in re.findall(r"`([\w-]+)`", cells)
}


def test_receivers_page_lists_every_protocol() -> None:
    assert set(STATED_FORMS) == PROTOCOLS


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_receivers_page_states_the_form_of_each_protocol(protocol: str) -> None:
    forms = forms_of(MESSAGE)
    assert STATED_FORMS[protocol] == forms.get(protocol, forms["default"])
