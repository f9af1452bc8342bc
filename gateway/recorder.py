"""Writes a conversation down while it goes on, and blots out what must never stand in a file."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from devices.device_information import SERIAL, SYSTEM_ID
from devices.driver import Advertisement, Link, LinkError, Told
from gateway.recording import BLOT, Event, Header

T = TypeVar("T")

_WHOSE_IT_IS = frozenset({SERIAL, SYSTEM_ID})
"""Characteristics that tell this one device from all others, and with it whose it is."""


class Blotter:
    """Blots out of what is kept each form in which a secret can stand in it."""

    def __init__(self, told: Told, address: str) -> None:
        self._address = None if told.bind_key is not None else re.compile(re.escape(address), re.IGNORECASE)
        self._keys = [] if told.bind_key is None else [told.bind_key, told.bind_key[::-1]]
        self._codes = [] if told.consent_code is None else list(_forms(told.consent_code))
        self._guarded: set[str] = set()

    def written(self, char: str, data: bytes) -> str:
        """Return what was written; where a code stood in it, answers there are looked through as well."""
        kept = _blotted(data, [*self._keys, *self._codes])
        if BLOT in kept:
            self._guarded.add(char)
        return kept

    def arrived(self, char: str, data: bytes) -> str:
        """Return what came; a code is only looked for where one was written: measured bytes may equal it."""
        if char in _WHOSE_IT_IS:
            return BLOT * len(data)
        return _blotted(data, [*self._keys, *(self._codes if char in self._guarded else ())])

    def said(self, error: LinkError) -> str:
        """Return why something failed, without the device's address."""
        return str(error) if self._address is None else self._address.sub("the device", str(error))


@dataclass(slots=True)
class Recorder:
    """Writes one line for everything that happens."""

    write: Callable[[str], object]
    elapsed_ms: Callable[[], int]
    blotter: Blotter

    def begin(self, header: Header) -> None:
        """Write the first line."""
        self.write(json.dumps(header.line()) + "\n")

    def note(self, **event: object) -> None:
        """Write what happened now."""
        self.write(json.dumps({"ms": self.elapsed_ms()} | event, ensure_ascii=False) + "\n")

    def advertisement(self, seen: Advertisement) -> None:
        """Write what was called into the room."""
        self.note(
            advertisement={
                "name": seen.name,
                "services": sorted(seen.services),
                "service_data": {uuid: data.hex() for uuid, data in seen.service_data.items()},
                "manufacturer_data": {str(who): data.hex() for who, data in seen.manufacturer_data.items()},
                "rssi_dbm": seen.rssi_dbm,
            }
        )


class RecordingLink:
    """A Link that writes down what is done with it and what comes of it."""

    def __init__(self, link: Link, recorder: Recorder) -> None:
        self._link = link
        self._recorder = recorder

    @property
    def backlog(self) -> int:
        """How many notifications wait, as the session was told."""
        count = self._link.backlog
        self._recorder.note(backlog=count)
        return count

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        is_offered = self._link.has(char)
        self._recorder.note(has=char, is_offered=is_offered)
        return is_offered

    async def read(self, char: str) -> bytes:
        """Read, and write down the value."""
        data = await self._done(self._link.read(char), {"read": char})
        self._recorder.note(read=char, hex=self._recorder.blotter.arrived(char, data))
        return data

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Write, and keep it without its secrets."""
        kept = self._recorder.blotter.written(char, data)
        event: Event = {"write": char, "hex": kept, "with_response": with_response}
        await self._done(self._link.write(char, data, with_response=with_response), event)
        self._recorder.note(**event)

    async def subscribe(self, char: str) -> None:
        """Subscribe, and write it down."""
        await self._done(self._link.subscribe(char), {"subscribe": char})
        self._recorder.note(subscribe=char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Receive, and write it down; silence as well."""
        try:
            char, data = await self._link.receive(timeout_s=timeout_s)
        except LinkError as error:
            self._recorder.note(silence=self._recorder.blotter.said(error))
            raise
        self._recorder.note(notification=char, hex=self._recorder.blotter.arrived(char, data))
        return char, data

    async def _done(self, deed: Awaitable[T], event: Event) -> T:
        try:
            return await deed
        except LinkError as error:
            self._recorder.note(**event, refused=self._recorder.blotter.said(error))
            raise


def _forms(code: int) -> Iterator[bytes]:
    """Yield how a code of four digits is written: a number either way round, digits, packed digits."""
    yield code.to_bytes(2, "little")
    yield code.to_bytes(2, "big")
    yield f"{code:04}".encode()
    yield bytes.fromhex(f"{code:04}")


def _blotted(data: bytes, secrets: Iterable[bytes]) -> str:
    hidden: set[int] = set()
    for secret in secrets:
        at = data.find(secret)
        while at >= 0:
            hidden.update(range(at, at + len(secret)))
            at = data.find(secret, at + 1)
    return "".join(BLOT if at in hidden else f"{octet:02x}" for at, octet in enumerate(data))
