"""Text from AWS in a form that every other service accepts."""

import re

_NO_CHARACTER = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
"""The code points that are neither characters in XML nor controls, which notifications escape.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""


def well_formed(text: str) -> str:
    """Return *text* with U+FFFD in place of every code point that is no character.

    JSON can escape half of a surrogate pair. It has no UTF-8 form, so it can neither be stored nor
    published.
    """
    return _NO_CHARACTER.sub("\ufffd", text)
