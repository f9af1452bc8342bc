"""Plays a recording through its driver, and says where driver and recording part."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devices.driver import Advertisement, Driver, LinkError, Visitor
from gateway.decode import Listener
from gateway.recording import Header, RecordingError, Step, read_recording
from gateway.words import WordsError, near

_NOT_IN_TURN = frozenset({"has", "advertisement"})
"""What may be asked at any time: the answer is always the same."""


class ReplayLink:
    """A Link that answers what was recorded, and refuses whatever differs with the line where it does."""

    def __init__(self, file: Path | str, steps: Sequence[Step]) -> None:
        self._file = file
        self._offered = {step.about: step.is_so for step in steps if step.verb == "has"}
        touched = (step for step in steps if step.verb in ("read", "write", "subscribe", "notification"))
        self._offered = {step.about: True for step in touched} | self._offered
        self._steps = [step for step in steps if step.verb not in _NOT_IN_TURN]
        self._at = 0

    @property
    def backlog(self) -> int:
        """As many as waited then; where nobody asked then, those that came next."""
        if (step := self._next) is not None and step.verb == "backlog":
            self._at += 1
            return int(step.about)
        count = 0
        while self._at + count < len(self._steps) and self._steps[self._at + count].verb == "notification":
            count += 1
        return count

    def has(self, char: str) -> bool:
        """Tell whether the device offered this characteristic; refuse where nobody had asked."""
        if char not in self._offered:
            if self._is_cut:
                return False
            raise self._differs(f"asks whether the device offers {char}, and nobody knows")
        return self._offered[char]

    async def read(self, char: str) -> bytes:
        """Return what was read."""
        return self._in_turn("read", char).data

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Take the write if it is the one that was recorded."""
        step = self._in_turn("write", char, f" {data.hex()}", refuses=False)
        if not step.equals(data):
            raise self._parted(step, f"writes {data.hex()} to {char}")
        if step.is_so != with_response:
            raise self._parted(step, f"writes to {char} {'with' if with_response else 'without'} a response")
        _refuse(step)

    async def subscribe(self, char: str) -> None:
        """Take the subscription if it is the one that was recorded."""
        self._in_turn("subscribe", char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:  # noqa: ARG002 - the recording knows how long it was
        """Return the next notification, or be silent as the device was."""
        step = self._next
        if self._is_cut:
            raise LinkError("the recording ends here")
        if step is None or step.verb not in ("notification", "silence"):
            raise self._differs("waits for a notification")
        self._at += 1
        if step.verb == "silence":
            raise LinkError(step.about)
        return step.about, step.data

    def close(self) -> None:
        """Refuse where the recording goes on."""
        step = self._next
        if step is not None and step.verb != "end":
            raise self._differs("has ended")

    @property
    def _is_cut(self) -> bool:
        """Whether the recording stopped here, and the talk went on."""
        return (step := self._next) is None or (step.verb == "end" and not step.is_so)

    @property
    def _next(self) -> Step | None:
        return self._steps[self._at] if self._at < len(self._steps) else None

    def _in_turn(self, verb: str, char: str, how: str = "", *, refuses: bool = True) -> Step:
        step = self._next
        if self._is_cut:
            raise LinkError("the recording ends here")
        if step is None or (step.verb, step.about) != (verb, char):
            raise self._differs(f"does {verb} {char}{how}")
        self._at += 1
        if refuses:
            _refuse(step)
        return step

    def _differs(self, what: str) -> RecordingError:
        last = self._steps[-1].number if self._steps else 1
        if (step := self._next) is None:
            return RecordingError(self._file, last, f"the recording ends; the driver {what}")
        return self._parted(step, what)

    def _parted(self, step: Step, what: str) -> RecordingError:
        return RecordingError(self._file, step.number, f"recorded is {str(step)!r}; the driver {what}")


def _refuse(step: Step) -> None:
    if step.refused is not None:
        raise LinkError(step.refused)


class Replay:
    """One recording and its driver."""

    def __init__(self, file: Path, drivers: Sequence[Driver[Any]], *, bind_key: bytes | None = None) -> None:
        self._file = file
        self.header, self._steps = read_recording(file)
        self.driver = self._driver(drivers)
        if self.header.has_bind_key and bind_key is None:
            raise WordsError(
                f"--bind-key: {file} is of a device with a key, which never stands in a file; say it"
            )
        self._told = self.header.told(bind_key)
        self.listener = Listener(self._zone(), self.header.user_slot, self.header.address)

    def said(self) -> Iterator[Any]:
        """Yield what the device said, in its driver's frames; raise RecordingError where they part."""
        yield from self._overheard() if self.driver.overhear is not None else asyncio.run(self._talked())

    def _driver(self, drivers: Sequence[Driver[Any]]) -> Driver[Any]:
        for driver in drivers:
            if driver.id == self.header.driver:
                return driver
        name = self.header.driver
        hint = near(name, [driver.id for driver in drivers])
        raise RecordingError(self._file, 1, f"nobody knows the driver {name!r}{hint}")

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.header.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise RecordingError(self._file, 1, f"{self.header.timezone!r} is no time zone") from None

    def _calls(self) -> Iterator[Advertisement]:
        for step in self._steps:
            if step.verb != "advertisement":
                continue
            try:
                seen = _advertisement(self.header, step.about)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise RecordingError(self._file, step.number, f"no advertisement: {error!r}") from error
            if not self.driver.matches(seen):
                raise RecordingError(
                    self._file,
                    step.number,
                    f"the driver {self.driver.id} no longer takes this device for its own",
                )
            yield seen

    def _overheard(self) -> Iterator[Any]:
        assert self.driver.overhear is not None, "asked before"
        for seen in self._calls():
            if (said := self.driver.overhear(seen, self._told)) is not None:
                yield said

    async def _talked(self) -> list[Any]:
        assert self.driver.session is not None, "a driver hears or talks"
        link = ReplayLink(self._file, self._steps)
        for _ in self._calls():
            pass
        said = []
        visitor = Visitor(self.header.wall_clock, self._told)
        try:
            async for one in self.driver.session(link, visitor):
                said.append(one)  # noqa: PERF401 - what came before the LinkError counts
        except LinkError:
            pass
        link.close()
        return said


def _advertisement(header: Header, words: dict[str, Any]) -> Advertisement:
    return Advertisement(
        header.address,
        words["name"],
        frozenset(words["services"]),
        {uuid: bytes.fromhex(data) for uuid, data in words["service_data"].items()},
        {int(who): bytes.fromhex(data) for who, data in words["manufacturer_data"].items()},
        words["rssi_dbm"],
    )
