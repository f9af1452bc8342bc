"""Moments as both databases read and say them."""

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    """Return the moment as both databases read it, and as text sorts it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment(said: str | datetime) -> datetime:
    """Return the moment in UTC: one database says it as text, the other as a datetime."""
    return (datetime.fromisoformat(said) if isinstance(said, str) else said).astimezone(UTC)
