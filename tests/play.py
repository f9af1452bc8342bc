"""Plays a driver's session by hand: no event loop, no clock, no waiting."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from devices.driver import Link, LinkError, Visitor
from devices.identity import NOT_TOLD

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class ScriptedLink:
    """Answers from a script; remembers in `did` everything the session did.

    `has` names the characteristics, `values` what they read as. A verb in `refused`, such as
    "write", raises LinkError. What the script holds has arrived once anything was subscribed to,
    unless it `is_late` and comes only when it is waited for.
    """

    def __init__(
        self,
        *script: tuple[str, bytes],
        has: Iterable[str] = (),
        values: Mapping[str, bytes] | None = None,
        refused: Iterable[str] = (),
        is_late: bool = False,
    ) -> None:
        self._script = list(script)
        self._values = dict(values or {})
        self._has = {*has, *self._values, *(char for char, _ in script)}
        self._refused = set(refused)
        self._is_late = is_late
        self.did: list[tuple[Any, ...]] = []

    @property
    def backlog(self) -> int:
        is_subscribed = any(deed[0] == "subscribe" for deed in self.did)
        return len(self._script) if is_subscribed and not self._is_late else 0

    def has(self, char: str) -> bool:
        return char in self._has

    async def read(self, char: str) -> bytes:
        self._do("read", char)
        return self._values[char]

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        self._do("write" if with_response else "command", char, data)

    async def subscribe(self, char: str) -> None:
        assert char in self._has, f"subscribed to {char}, which isn't there"
        self._do("subscribe", char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        if not self._script:
            raise LinkError(f"silent for {timeout_s} s")
        return self._script.pop(0)

    def _do(self, verb: str, *words: Any) -> None:
        if verb in self._refused:
            raise LinkError(f"{verb} refused")
        self.did.append((verb, *words))


def step(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end at once. A session that waits for anything but its link fails here."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise AssertionError("a session may wait for nothing but its link")


HERE = Visitor(wall_clock=NOON.replace(hour=14, tzinfo=None))
"""A hub in Oslo at NOON, to which nobody has told anything about the device."""


def play(
    session: Callable[[Link, Visitor], AsyncIterator[Any]], link: ScriptedLink, visitor: Visitor = HERE
) -> list[Any]:
    """Return what a session yields until the script is over, without an identity that says nothing."""
    said, running = [], session(link, visitor)
    while True:
        try:
            said.append(step(anext(running)))
        except (LinkError, StopAsyncIteration):
            return [each for each in said if each != NOT_TOLD]
