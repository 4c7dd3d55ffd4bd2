"""TOML texts as editors and consoles save them."""

_BYTE_ORDER_MARKS = ("\ufeff", "\u00ef\u00bb\u00bf")
"""The UTF-8 byte order mark, and its three bytes if read in the Windows code page 1252.

The AWS CLI reads `file://` in the encoding of the system:
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
"""


def normalize_text(text: str) -> str:
    """Return *text* without a byte order mark, and with a line feed at the end of each line."""
    for mark in _BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    return text.replace("\r\n", "\n").replace("\r", "\n")
