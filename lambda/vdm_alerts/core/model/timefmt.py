"""Instants, and how far they are apart, as a person says it."""

from datetime import datetime, timedelta


def format_duration(length: timedelta) -> str:
    """Return *length* to the hour, as a person says it."""
    days, hours = divmod(round(length / timedelta(hours=1)), 24)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((days, "day"), (hours, "hour"))
        if count
    ]
    return " and ".join(parts) or "less than an hour"


def format_time(instant: datetime) -> str:
    """Return *instant* (UTC) to the minute, as a person reads it."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
