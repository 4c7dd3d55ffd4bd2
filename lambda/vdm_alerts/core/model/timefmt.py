"""Timestamps and durations as text."""

from datetime import datetime, timedelta


def format_duration(duration: timedelta) -> str:
    """Return *duration* as text, rounded to hours: "2 days and 1 hour"."""
    days, hours = divmod(round(duration / timedelta(hours=1)), 24)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((days, "day"), (hours, "hour"))
        if count
    ]
    return " and ".join(parts) or "less than an hour"


def format_time(timestamp: datetime) -> str:
    """Return a UTC timestamp as text to the minute: "2026-03-12 09:00 UTC"."""
    return f"{timestamp:%Y-%m-%d %H:%M} UTC"
