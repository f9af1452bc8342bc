"""Checks 31 to 42: frames into readings, and what a number must bring along."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from devices.driver import FrameError
from devices.kinds import PLAUSIBLE
from devices.readings import Quality, Reading
from simulators.conformance.case import LATER, Case, heard_by, require
from simulators.conformance.decoding import heard_on_kind_days
from simulators.conformance.kit import Checks

READINGS_PER_FRAME_MAX = 64
PIECES = 600
WORDS = (None, 0, 0x7F, 0xFF, 0x1FF, 0x7FF, 0x800, 0xFFFF, -1, math.nan, math.inf)
"""What devices write where they have no number."""

NO_CLOCK = datetime(1970, 1, 1, 0, 4, tzinfo=UTC)


def add_to(checks: Checks) -> None:
    """Add these checks."""
    checks.add(31, "it gives only the kinds that it promises")(keeps_to_its_kinds)
    checks.add(32, "whatever the bytes, a number is one that a person can have, or marked")(stays_plausible)
    checks.add(33, "a reading says which device and driver it comes from")(says_whose_it_is)
    checks.add(34, "a frame means the same each time")(means_alike)
    checks.add(35, "what a device with a clock said is the same fact whenever it is heard")(keeps_identity)
    checks.add(36, "a device's own time is a wall clock in whole seconds")(tells_wall_clocks)
    checks.add(37, "it can be heard by a hub that has no clock")(needs_no_clock)
    checks.add(38, "it can be heard in any time zone and in the double hour")(needs_no_zone)
    checks.add(39, "another person's number is held back")(holds_back_other_slots)
    checks.add(40, "a frame gives few readings, and none twice")(gives_few)
    checks.add(41, "a stream has no time of its own, unless it comes from memory")(streams_have_no_time)
    checks.add(42, "what comes from memory has its time, or says that it is uncertain")(dates_its_memory)


def keeps_to_its_kinds(case: Case) -> None:
    """The catalogue would lie."""
    extra = {one.kind for one in _all_readings(case)} - set(case.driver.kinds)
    require(not extra, f"it also gives {sorted(extra)}")


def stays_plausible(case: Case) -> None:
    """NaN, no finger, all ones and all zeros must never reach a nurse as numbers."""
    for one in _all_readings(case):
        least, most = PLAUSIBLE[one.kind]
        require(math.isfinite(one.value), f"{one.kind} is {one.value}")
        is_marked = Quality.INVALID in one.quality
        require(least <= one.value <= most or is_marked, f"{one.kind} is {one.value}, unmarked")


def says_whose_it_is(case: Case) -> None:
    """A number of nobody's can't be followed up."""
    heard = heard_on_kind_days(case)
    for one in heard.readings:
        require(one.device == heard.twin.address, f"its device is {one.device!r}")
        require(one.driver == case.driver.id, f"its driver is {one.driver!r}")
        require(one.received_at == LATER, "it was received at another time than the hub said")


def means_alike(case: Case) -> None:
    """Meaning has no memory and no clock."""
    heard = heard_on_kind_days(case)
    listener = heard_by(case.driver, heard.twin)
    for frame in heard.frames:
        twice = [case.driver.readings(frame, listener) for _ in range(2)]
        require(twice[0] == twice[1], f"two meanings of {frame}")


def keeps_identity(case: Case) -> None:
    """Read a memory a hundred times, and it is still one reading."""
    heard = heard_on_kind_days(case)
    for frame in heard.frames:
        first, again = (
            {
                one.id
                for one in case.driver.readings(frame, heard_by(case.driver, heard.twin, at=at))
                if one.device_time is not None
            }
            for at in (LATER, LATER + timedelta(days=3, seconds=7))
        )
        require(first == again, f"heard later, {frame} is another fact")


def tells_wall_clocks(case: Case) -> None:
    """As devices keep them: no zone, no fractions."""
    for one in _all_readings(case):
        if one.device_time is not None:
            require(one.device_time.tzinfo is None, f"a zone in {one.device_time!r}")
            require(one.device_time.microsecond == 0, f"fractions in {one.device_time!r}")


def needs_no_clock(case: Case) -> None:
    """A hub without a network boots in 1970."""
    heard = heard_on_kind_days(case)
    for frame in heard.frames:
        case.driver.readings(frame, heard_by(case.driver, heard.twin, at=NO_CLOCK))


def needs_no_zone(case: Case) -> None:
    """In autumn an hour comes twice, in spring one never comes."""
    heard = heard_on_kind_days(case)
    for zone in ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Oslo"):
        for at in (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)):
            listener = replace(heard_by(case.driver, heard.twin, at=at), timezone=ZoneInfo(zone))
            for frame in heard.frames:
                case.driver.readings(frame, listener)


def holds_back_other_slots(case: Case) -> None:
    """On a shared device somebody has to say whose it is."""
    heard = heard_on_kind_days(case)
    for slot in (None, 99):
        listener = replace(heard_by(case.driver, heard.twin), patient_slot=slot)
        for frame in heard.frames:
            for one in case.driver.readings(frame, listener):
                is_held = Quality.UNKNOWN_USER in one.quality
                require(one.user_slot in (None, slot) or is_held, f"slot {one.user_slot} is taken for {slot}")


def gives_few(case: Case) -> None:
    """One frame is one moment, or one record."""
    heard = heard_on_kind_days(case)
    for frame in heard.frames:
        ids = [one.id for one in case.driver.readings(frame, heard_by(case.driver, heard.twin))]
        require(len(ids) <= READINGS_PER_FRAME_MAX or _is_file(heard.readings), f"{len(ids)} of one frame")
        require(len(set(ids)) == len(ids), f"it gives one fact twice: {frame}")


def streams_have_no_time(case: Case) -> None:
    """A live number stands in the second of its arrival."""
    for one in heard_on_kind_days(case).readings:
        if one.is_continuous and one.device_time is not None:
            require(Quality.FROM_STORAGE in one.quality, f"a live {one.kind} says {one.device_time}")


def dates_its_memory(case: Case) -> None:
    """A number of last week must not look like one of now."""
    for one in heard_on_kind_days(case).readings:
        if Quality.FROM_STORAGE in one.quality:
            is_dated = one.device_time is not None or Quality.TIME_UNCERTAIN in one.quality
            require(is_dated, f"a stored {one.kind} without a time, and without a word about it")


def _is_file(readings: list[Reading]) -> bool:
    """A file of a night is one record of many samples."""
    return all(one.is_continuous for one in readings)


def _all_readings(case: Case) -> Iterator[Reading]:
    """Yield what the twin's frames mean, and whatever frames can be made of their bytes by changing them."""
    heard = heard_on_kind_days(case)
    yield from heard.readings
    listener = heard_by(case.driver, heard.twin)
    for frame in _changed_frames(heard.frames):
        try:
            yield from case.driver.readings(frame, listener)
        except FrameError:
            continue


def _changed_frames(frames: list[Any]) -> Iterator[Any]:
    """Yield frames that it could have said: with other octets, and with words in the place of numbers."""
    dice = Random(17)
    for _ in range(PIECES if frames else 0):
        frame = dice.choice(frames)
        data = bytearray(bytes(frame))
        for _ in range(dice.randrange(1, 4)):
            place = dice.randrange(max(len(data), 1))
            data[place : place + 2] = dice.choice((b"\xff\xff", b"\x00\x00", b"\x7f", dice.randbytes(2)))
        with suppress(FrameError, ValueError):
            yield type(frame).from_bytes(bytes(data))
    for frame in {type(frame): frame for frame in frames}.values():
        yield from _with_words(frame)


def _with_words(frame: Any) -> Iterator[Any]:  # noqa: ANN401 - a frame is private to its driver
    for each in fields(frame):
        if isinstance(getattr(frame, each.name), bool) or not isinstance(
            getattr(frame, each.name), int | float
        ):
            continue
        for word in WORDS:
            changed = replace(frame, **{each.name: word})
            with suppress(Exception):  # what can't be said, or not so, the device can't have said
                if type(frame).from_bytes(bytes(changed)) == changed:
                    yield changed
