"""A conversation with a device, kept line by line: what each line of a recording holds.

The first line says what it is. Every other one holds `ms`, the time since the start, and one thing
that happened: an advertisement, a question (`has`, `backlog`), a deed (`read`, `write`, `subscribe`),
what came (`notification`, `silence`), or the `end`. Bytes are hexadecimal; `**` is an octet that was
blotted out. `refused` beside a deed is why it failed.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any

from devices.driver import Told, Visitor

VERSION = 1
BLOT = "**"

Event = dict[str, Any]

_HEADER: dict[str, type | UnionType] = {
    "driver": str, "radio": str, "address": str, "timezone": str, "wall_clock": str | None,
    "user_slot": int | None, "has_consent_code": bool, "has_bind_key": bool,
}  # fmt: skip


class RecordingError(Exception):
    """A recording can't be played: which file, which line, and why."""

    def __init__(self, file: Path | str, number: int, reason: str) -> None:
        super().__init__(f"{file}: line {number}: {reason}")


@dataclass(frozen=True, slots=True)
class Header:
    """What must be known to play a recording; the address is whole only where a key needs it to be.

    `radio` is what heard it: bluez heard a real device, any other one a twin.
    """

    driver: str
    radio: str
    address: str
    timezone: str
    wall_clock: datetime | None = None
    user_slot: int | None = None
    has_consent_code: bool = False
    has_bind_key: bool = False

    @classmethod
    def of(cls, driver: str, radio: str, address: str, timezone: str, visitor: Visitor) -> "Header":
        """Return the header of a talk; of a secret it only says that there was one."""
        told = visitor.told
        return cls(
            driver,
            radio,
            address if told.bind_key is not None else f"{address[:8]}:00:00:00",
            timezone,
            visitor.wall_clock,
            told.user_slot,
            told.consent_code is not None,
            told.bind_key is not None,
        )

    def line(self) -> Event:
        """Return the first line."""
        clock = None if self.wall_clock is None else self.wall_clock.isoformat()
        words = {name: getattr(self, name) for name in Header.__slots__}
        return {"pusterom_capture": VERSION} | words | {"wall_clock": clock}

    @classmethod
    def from_line(cls, line: Event) -> "Header":
        """Return what the first line says; raise ValueError where it is none of ours."""
        version = line.get("pusterom_capture")
        if version != VERSION:
            said = "no capture of Pusterom" if version is None else f"a capture of version {version}"
            raise ValueError(f"this is {said}; this program reads version {VERSION}")
        words: dict[str, Any] = {name: line.get(name) for name in cls.__slots__}
        for name, value in words.items():
            if not isinstance(value, _HEADER[name]):
                raise ValueError(f"{name} can't be {value!r}")
        clock = words.pop("wall_clock")
        return cls(**words, wall_clock=None if clock is None else datetime.fromisoformat(clock))

    def told(self, bind_key: bytes | None) -> Told:
        """Return what the driver is told when this is played: the code it writes is blotted out anyway."""
        return Told(self.user_slot, 0 if self.has_consent_code else None, bind_key)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a recording: what happened, to which characteristic or in which words, and its number."""

    number: int
    verb: str
    about: Any
    kept: str | None = None
    refused: str | None = None
    is_so: bool = True

    @classmethod
    def from_line(cls, number: int, line: Event) -> "Step":
        """Return the step; raise ValueError where something is missing."""
        verb = next((verb for verb in VERBS if verb in line), None)
        if verb is None:
            raise ValueError(f"nothing happens here: it needs one of {', '.join(VERBS)}")
        kept, refused, about = line.get("hex"), line.get("refused"), line[verb]
        if not isinstance(about, VERBS[verb]):
            raise ValueError(f"{verb} can't be {about!r}")
        is_hex = isinstance(kept, str) and _KEPT.fullmatch(kept)
        if verb in _WITH_BYTES and refused is None and not is_hex:
            raise ValueError(f"its hex {kept!r} is not hexadecimal, two digits an octet")
        return cls(number, verb, about, kept, refused, bool(line.get(_FLAGS.get(verb, ""), True)))

    @property
    def data(self) -> bytes:
        """The bytes, with zeros where some were blotted out."""
        return bytes.fromhex((self.kept or "").replace(BLOT, "00"))

    def equals(self, data: bytes) -> bool:
        """Tell whether these are the bytes, as far as they were kept."""
        return re.fullmatch((self.kept or "").replace(BLOT, ".."), data.hex()) is not None

    def __str__(self) -> str:
        said = f" {self.kept}" if self.kept else ""
        return f"{self.verb} {self.about}{said}" if isinstance(self.about, str) else self.verb


VERBS: dict[str, type] = {
    "advertisement": dict, "has": str, "backlog": int, "read": str, "write": str, "subscribe": str,
    "notification": str, "silence": str, "end": str,
}  # fmt: skip
_WITH_BYTES = frozenset({"read", "write", "notification"})
_FLAGS = {"has": "is_offered", "write": "with_response", "end": "is_whole"}
_KEPT = re.compile(r"([0-9a-f]{2}|\*\*)*")


def read_recording(file: Path) -> tuple[Header, tuple[Step, ...]]:
    """Return header and steps; raise RecordingError with the first line that is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(file, 1, f"can't be read: {error}") from error
    header: Header | None = None
    steps = []
    for number, words in enumerate(text.splitlines(), start=1):
        try:
            line = json.loads(words)
            if not isinstance(line, dict):
                raise ValueError("it is no JSON object")
            if header is None:
                header = Header.from_line(line)
            else:
                steps.append(Step.from_line(number, line))
        except ValueError as error:
            raise RecordingError(file, number, str(error)) from error
    if header is None:
        raise RecordingError(file, 1, "the file is empty")
    return header, tuple(steps)
