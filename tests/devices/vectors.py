"""Reads the golden vectors: bytes with their origin, and what they mean."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from devices.driver import Advertisement, Driver, Told, uuid16
from devices.kinds import Kind
from devices.readings import Heard, Reading
from tests.play import NOON

FOLDER = Path(__file__).parent.parent / "vectors"
ORIGINS = {"capture", "source-comment", "repo-test", "vendor-doc", "computed"}
"""Real bytes stand in the first two; a vendor's or a project's own tests, its papers, our arithmetic."""
OSLO = ZoneInfo("Europe/Oslo")

wall = datetime.fromisoformat
"""A device's wall clock: a time without a zone, read off its display."""


def vectors(name: str) -> list[dict[str, Any]]:
    """Return every vector of one file; each says where it comes from."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    assert all(vector["origin"] in ORIGINS for vector in found)
    return found


def long_uuid(text: str) -> str:
    """Return a UUID in long form, whichever way a vector writes it."""
    text = text.lower()
    return uuid16(int(text, 16)) if text.startswith("0x") else text


def advertisement_in(vector: dict[str, Any]) -> tuple[Advertisement, Told]:
    """Return the advertisement of a vector with service data, and what the hub was told of the device."""
    key = vector.get("bind_key")
    return Advertisement(
        vector.get("address", "F0:00:00:00:00:01"),
        service_data={long_uuid(vector["service_data"]): bytes.fromhex(vector["hex"])},
    ), Told(bind_key=bytes.fromhex(key) if key else None)


def decoded(driver: Driver[Any], vector: dict[str, Any]) -> list[Any]:
    """Return the frames and FrameErrors in a vector, as the driver decodes it.

    `hex` is one notification; `chunks`, where it stands, are several behind each other.
    """
    if "service_data" in vector:
        assert driver.overhear is not None
        said = driver.overhear(*advertisement_in(vector))
        return [] if said is None else [said]
    decoder, char = driver.decoder(), long_uuid(vector["characteristic"])
    pieces = vector.get("chunks") or [vector["hex"]]
    return [said for piece in pieces for said in decoder.feed(char, bytes.fromhex(piece))]


def meant_by(vector: dict[str, Any]) -> list[tuple[Kind, float]]:
    """Return the kinds and values that a vector stands for, sorted; as pairs where one kind is told twice."""
    wanted = vector["readings"]
    return sorted(wanted.items() if isinstance(wanted, dict) else map(tuple, wanted))


def heard(driver: str, *, received_at: datetime = NOON) -> Heard:
    return Heard("F0:00:00:00:00:01", driver, received_at, OSLO)


def numbers(readings: tuple[Reading, ...]) -> dict[Kind, float]:
    """Return readings as kind and value, none of them twice."""
    told = {reading.kind: reading.value for reading in readings}
    assert len(told) == len(readings)
    return told
