"""The numbers of messages, so that one that is sent twice is the same one twice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """A message that was about to go out: its number, and what it would have been the *news* of.

    Nobody knows whether it did. The same news will carry the same number.
    """

    sequence: int
    fingerprint: str


def next_sequence(last: int, attempt: SendAttempt | None, news: str) -> int:
    """Return the number of a message of *news* after the *last* that is known to have gone out."""
    if attempt is None or attempt.sequence <= last:  # The latter has gone out, too.
        return last + 1
    return attempt.sequence if attempt.fingerprint == news else attempt.sequence + 1
