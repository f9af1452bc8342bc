"""Reads the golden vectors: bytes with their origin, and what they mean."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from devices.readings import Heard, Kind, Reading
from tests.play import NOON

FOLDER = Path(__file__).parent.parent / "vectors"
ORIGINS = {"capture", "repo-test", "computed"}
OSLO = ZoneInfo("Europe/Oslo")

wall = datetime.fromisoformat
"""A device's wall clock: a time without a zone, read off its display."""


def vectors(name: str) -> list[dict[str, Any]]:
    """Return every vector of one file; each says where it comes from."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    assert all(vector["origin"] in ORIGINS for vector in found)
    return found


def heard(driver: str, *, received_at: datetime = NOON) -> Heard:
    return Heard("F0:00:00:00:00:01", driver, received_at, OSLO)


def numbers(readings: tuple[Reading, ...]) -> dict[Kind, float]:
    """Return readings as kind and value, none of them twice."""
    told = {reading.kind: reading.value for reading in readings}
    assert len(told) == len(readings)
    return told
