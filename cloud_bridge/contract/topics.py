"""The topic names of version 1; no personal identity in any of them, only a random home id."""

import re
from typing import Literal

Direction = Literal["up", "down", "state"]

_HOME_ID = re.compile(r"[0-9a-f]{16}")
_TOPIC = re.compile(r"pusterom/v1/home/([0-9a-f]{16})/(up|down|state)")


def is_home_id(text: str) -> bool:
    """Tell whether this can be a home: sixteen hexadecimal digits, made at random."""
    return _HOME_ID.fullmatch(text) is not None


def topic(home: str, direction: Direction) -> str:
    """Return the topic of one home in one direction; '+' stands for every home.

    >>> topic("00c0ffee00c0ffee", "up")
    'pusterom/v1/home/00c0ffee00c0ffee/up'
    """
    assert home == "+" or is_home_id(home), f"not a home id: {home!r}"
    return f"pusterom/v1/home/{home}/{direction}"


def home_of(topic_name: str) -> str | None:
    """Return the home a topic speaks of, or None where it is none of ours.

    >>> home_of("pusterom/v1/home/00c0ffee00c0ffee/up")
    '00c0ffee00c0ffee'
    """
    match = _TOPIC.fullmatch(topic_name)
    return match[1] if match else None
