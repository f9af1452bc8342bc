"""Bytes in, what they say and what they mean out: what the command `decode` is, without a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import Enum
from math import isfinite
from typing import Any

from devices.driver import Advertisement, Driver, FrameError, OfItself, Told
from devices.kinds import CODINGS
from devices.readings import Heard, Reading

NO_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
"""When bytes arrived nobody knows: a listener without a clock invents no time, and believes the device."""

NO_ADDRESS = "00:00:00:00:00:00"

Line = dict[str, Any]
"""What is printed as one JSON object."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom the bytes were told: the home's time zone, and the patient's number on a device that is shared."""

    timezone: tzinfo
    user_slot: int | None = None
    address: str = NO_ADDRESS

    def heard(self, driver: Driver[Any]) -> Heard:
        """Return the circumstances in which a reading is made of a frame."""
        return Heard(self.address, driver.id, NO_CLOCK, self.timezone, patient_slot=self.user_slot)


@dataclass(slots=True)
class Tally:
    """What came of the bytes, for the note and the exit code."""

    frames: int = 0
    readings: int = 0
    errors: int = 0


def frames_in(driver: Driver[Any], char: str, notifications: Iterable[bytes]) -> Iterator[Any]:
    """Yield the frames and FrameErrors in notifications that came one after the other."""
    decoder = driver.decoder()
    for data in notifications:
        yield from decoder.feed(char, data)


def frames_overheard(
    driver: Driver[Any], service: str, calls: Iterable[bytes], address: str, told: Told
) -> Iterator[Any]:
    """Yield the frames and FrameErrors in what a device calls into the room as service data."""
    assert driver.overhear is not None, "only a device that broadcasts is overheard"
    for data in calls:
        seen = Advertisement(address, services=frozenset({service}), service_data={service: data})
        if (said := driver.overhear(seen, told)) is not None:
            yield said


def lines(
    driver: Driver[Any], said: Iterable[Any], listener: Listener, tally: Tally, *, is_frame: bool = False
) -> Iterator[Line]:
    """Yield one line for each reading, or for each frame; one with `error` where the protocol was broken."""
    for one in said:
        if isinstance(one, FrameError):
            tally.errors += 1
            yield error_line(one)
        elif is_frame:
            tally.frames += 1
            yield frame_line(one)
        elif not isinstance(one, OfItself):
            tally.frames += 1
            yield from _reading_lines(driver, one, listener, tally)


def _reading_lines(driver: Driver[Any], frame: Any, listener: Listener, tally: Tally) -> Iterator[Line]:  # noqa: ANN401 - a frame is private to its driver
    try:
        readings = driver.readings(frame, listener.heard(driver))
    except FrameError as error:
        tally.errors += 1
        yield error_line(error)
        return
    for reading in readings:
        tally.readings += 1
        yield reading_line(reading, listener.timezone)


def reading_line(reading: Reading, zone: tzinfo) -> Line:
    """Return a reading as people read it; its time is null where the bytes say none that can be believed."""
    coding = CODINGS[reading.kind]
    is_told = reading.measured_at != reading.received_at
    line: Line = {
        "kind": reading.kind.value,
        "mdc": coding.mdc,
        "loinc": list(coding.loinc),
        "value": reading.value,
        "unit": coding.unit,
        "measured_at": reading.measured_at.astimezone(zone).isoformat() if is_told else None,
        "quality": [flag.value for flag in reading.quality],
        "driver": reading.driver,
    }
    told = {"user_slot": reading.user_slot, "reference": reading.reference, "grade": reading.grade}
    return line | {name: word for name, word in told.items() if word is not None}


def frame_line(frame: Any) -> Line:  # noqa: ANN401 - a frame is private to its driver
    """Return a frame with its own fields, under the name of its class."""
    is_ours = is_dataclass(frame) and not isinstance(frame, type)
    fields = asdict(frame) if is_ours else {"bytes": bytes(frame)}
    return {"frame": type(frame).__name__} | {name: _plain(value) for name, value in fields.items()}


def error_line(error: FrameError) -> Line:
    """Return why these bytes are no frame."""
    return {"error": str(error)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a frame holds, out of which JSON is made
    match value:
        case bytes() | bytearray():
            return value.hex()
        case datetime() | date() | time():
            return value.isoformat()
        case Enum():
            return _plain(value.value)
        case dict():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            inner = [_plain(each) for each in value]
            return inner if isinstance(value, list | tuple) else sorted(inner, key=str)
        case float() if not isfinite(value):
            return None  # JSON has no word for it
        case None | bool() | int() | float() | str():
            return value
    return str(value)
