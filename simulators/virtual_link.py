"""One connection between the hub and a twin, without a radio: what each end sees of it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress

from devices.driver import LinkError
from simulators.fate import Fate
from simulators.peripherals.twin import Characteristic, Property, Twin

HOP_S = 0.03
"""How long one exchange takes."""

INBOX_COUNT_MAX = 1000
"""So many notifications wait for the hub at most; then the link breaks, and nothing is confirmed."""

_Part = Callable[[], Coroutine[None, None, None]]


class Connection:
    """The connection as the twin sees it: this is its Hub. Owns the twin's tasks and the hub's inbox."""

    def __init__(self, twin: Twin, fate: Fate, tasks: asyncio.TaskGroup) -> None:
        self.twin = twin
        self.inbox: deque[tuple[str, bytes]] = deque()
        self.lost: str | None = None
        self.changed = asyncio.Event()
        self._fate = fate
        self._group = tasks
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed: dict[str, None] = {}

    async def indicate(self, char: str, data: bytes) -> bool:
        """Send; the confirmation goes out as the bytes arrive, before anybody has committed them.

        Garbled bytes go unconfirmed: a device that stutters says it again. Were they confirmed, the
        fact would be lost to every hub, and "each told fact arrives" could not be tested of any.
        """
        await self.hop()
        if char not in self._subscribed or not self._arrive(char, data):
            return False
        if self._fate.is_met_by(self._fate.unkindness.confirm_lost):
            self.lose("the confirmation was lost")  # nothing more may be indicated on such a link
            return False
        return True

    async def notify(self, char: str, data: bytes) -> None:
        """Send without confirmation."""
        await self.hop()
        if char in self._subscribed:
            self._arrive(char, data)

    async def hang_up(self) -> None:
        """End the connection from the device's side."""
        self.lose("the device hung up")

    async def hop(self) -> None:
        """Let one exchange pass; raise LinkError where the link doesn't live to see its end."""
        if self.lost is None:
            await asyncio.sleep(HOP_S)
        if self.lost is not None:
            raise LinkError(self.lost)

    def subscribe(self, char: str) -> None:
        """Let the twin know, once, that somebody listens."""
        if char not in self._subscribed:
            self._subscribed[char] = None
            self._begin(lambda: self.twin.subscribed(char, self))

    def write(self, char: str, data: bytes) -> None:
        """Let the twin know what was written; on a lost link it never does."""
        if self.lost is None:
            self._begin(lambda: self.twin.written(char, data, self))

    def lose(self, why: str) -> None:
        """Break the link; what has arrived stays in the inbox."""
        if self.lost is None:
            self.lost = why
            self._fate.note("link over", self.twin.address, why)
            self.changed.set()

    def close(self) -> None:
        """Break the link from the hub's side and end whatever the twin still does."""
        self.lose("the hub hung up")
        for task in self._tasks:
            task.cancel()

    def _arrive(self, char: str, data: bytes) -> bool:
        """Put bytes into the inbox; return whether they are the ones that were sent."""
        fate, address = self._fate, self.twin.address
        if fate.is_met_by(fate.unkindness.link_lost):
            self.lose("out of reach")
        if len(self.inbox) >= INBOX_COUNT_MAX:
            self.lose("the hub doesn't keep up")
        if self.lost is not None:
            raise LinkError(self.lost)
        is_garbled = fate.is_met_by(fate.unkindness.frame_garbled)
        self.inbox.append((char, fate.garble(address, char, data) if is_garbled else data))
        self.changed.set()
        return not is_garbled

    def _begin(self, part: _Part) -> None:
        self._tasks.append(self._group.create_task(_until_lost(part)))


async def _until_lost(part: _Part) -> None:
    with suppress(LinkError):  # the twin's part ends with the link, as it should
        await part()


class VirtualLink:
    """The connection as the hub sees it; keeps the promises of devices.driver.Link."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        return len(self._connection.inbox)

    def has(self, char: str) -> bool:
        """Tell whether the twin offers this characteristic."""
        return self._found(char) is not None

    async def read(self, char: str) -> bytes:
        """Return the characteristic's value, or raise LinkError."""
        value = self._allowed(char, Property.READ).value
        await self._connection.hop()
        return value

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Write, or raise LinkError; without a response nobody waits for the exchange."""
        self._allowed(char, Property.WRITE)
        if with_response:
            await self._connection.hop()
        self._connection.write(char, data)

    async def subscribe(self, char: str) -> None:
        """Subscribe, or raise LinkError. Pairing always succeeds at this level."""
        self._allowed(char, Property.NOTIFY | Property.INDICATE)
        await self._connection.hop()
        self._connection.subscribe(char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Return what has arrived, oldest first; raise LinkError on silence, or after a lost link's last."""
        connection = self._connection
        while not connection.inbox:
            if connection.lost is not None:
                raise LinkError(connection.lost)
            connection.changed.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await connection.changed.wait()
            except TimeoutError as error:
                raise LinkError(f"silent for {timeout_s} s") from error
        return connection.inbox.popleft()

    def _found(self, char: str) -> Characteristic | None:
        services = self._connection.twin.services
        return next((c for service in services for c in service.characteristics if c.uuid == char), None)

    def _allowed(self, char: str, wanted: Property) -> Characteristic:
        found = self._found(char)
        if found is None or not found.properties & wanted:
            raise LinkError(f"the device doesn't offer {wanted} on {char}")
        return found
