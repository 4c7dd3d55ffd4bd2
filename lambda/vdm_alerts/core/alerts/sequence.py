"""Sequence numbers of notifications.

A notification that is sent again has the same number, so that receivers can detect the duplicate.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """An attempt to send a notification, with unconfirmed delivery."""

    sequence: int
    """The number of the notification."""
    fingerprint: str
    """The hash of the content. A notification with the same content gets the same number."""


def next_sequence(last_sequence: int, attempt: SendAttempt | None, fingerprint: str) -> int:
    """Return the number of a notification with the content *fingerprint*.

    *last_sequence* is the number of the last notification with confirmed delivery. *attempt* is the
    last attempt, if any. The number of an attempt is used again only for the same content.
    """
    if attempt is None or attempt.sequence <= last_sequence:  # The attempt was delivered.
        return last_sequence + 1
    return attempt.sequence if attempt.fingerprint == fingerprint else attempt.sequence + 1
