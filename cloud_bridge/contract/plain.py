"""What any database and any reader can keep: plain names, moments of a calendar, numbers that are numbers."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite

_NAME = re.compile(r"[\x21-\x7e]{1,100}")


def is_plain_name(text: str) -> bool:
    """Tell whether this can be an id, a kind or the name of a log: one to a hundred plain characters.

    >>> is_plain_name("spo2_low-91af"), is_plain_name(""), is_plain_name("two words")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def has_moment(at: datetime) -> bool:
    """Tell whether a time has a zone and stands in the calendar, in UTC too."""
    if at.tzinfo is None:
        return False
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def doubt_of(name: str, moments: Iterable[datetime], numbers: Iterable[float | None] = ()) -> str | None:
    """Return why a fact with these parts can't be kept and shown, or None."""
    if not is_plain_name(name):
        return "an id of one to a hundred plain characters is missing"
    if not all(map(has_moment, moments)):
        return "a time without a zone, or that no calendar has"
    if not all(isfinite(number) for number in numbers if number is not None):
        return "a value that is no number"
    return None
