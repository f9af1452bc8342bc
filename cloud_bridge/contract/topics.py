"""The topic names of version 1; no personal identity in any of them, only a random home id."""

import re
from typing import Literal

Direction = Literal["up", "down", "state"]

HOME_ID = "[0-9a-f]{16}"
_HOME_ID = re.compile(HOME_ID)
_TOPIC = re.compile(rf"pusterom/v1/home/({HOME_ID})/(up|down|state)")


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


def shared(name: str, group: str) -> str:
    """Return the subscription by which each worker of a group gets a part of what comes.

    >>> shared(topic("+", "up"), "ward")
    '$share/ward/pusterom/v1/home/+/up'
    """
    return f"$share/{group}/{name}"


def stream_topic(organisation: str, home: str, resource_type: str) -> str:
    """Return the topic on which an organisation hears one kind of FHIR resource of one home.

    >>> stream_topic("ringsaker", "00c0ffee00c0ffee", "Observation")
    'pusterom/v1/org/ringsaker/00c0ffee00c0ffee/Observation'
    """
    assert is_home_id(home), f"not a home id: {home!r}"
    return f"pusterom/v1/org/{organisation}/{home}/{resource_type}"


def home_of(topic_name: str) -> str | None:
    """Return the home a topic speaks of, or None where it is none of ours.

    >>> home_of("pusterom/v1/home/00c0ffee00c0ffee/up")
    '00c0ffee00c0ffee'
    """
    match = _TOPIC.fullmatch(topic_name)
    return match[1] if match else None
