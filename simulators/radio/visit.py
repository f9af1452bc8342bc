"""One connection as the twin meets it: its Hub, and the tasks that end with the connection."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from bumble import att
from bumble.core import BaseBumbleError
from bumble.device import Connection
from bumble.hci import HCI_Error

from devices.driver import LinkError
from simulators.radio.firmly import firmly
from simulators.radio.table import INDICATE_BIT, NOTIFY_BIT, Table

CONFIRM_S = 30.0
"""The specification's time for an answer; then the link counts as dead."""

_HEADER_BYTES = 3


class Visit:
    """Implements the twin's Hub over one connection; calls `over` when that and its tasks have ended."""

    def __init__(
        self, connection: Connection, table: Table, tasks: asyncio.TaskGroup, over: Callable[[], None]
    ) -> None:
        self.connection = connection
        self._server = connection.device.gatt_server
        self._table = table
        self._group = tasks
        self._over = over
        self._running: set[asyncio.Task[None]] = set()
        self._subscriptions: set[str] = set()
        self._is_gone = False
        self._answer: asyncio.Future[bool | None] | None = None
        self._one_at_a_time = asyncio.Lock()

    def is_news(self, char: str, is_on: bool) -> bool:
        """Tell whether this begins a subscription; saying twice that one listens begins nothing."""
        was_on = char in self._subscriptions
        (self._subscriptions.add if is_on else self._subscriptions.discard)(char)
        return is_on and not was_on

    def run(self, act: Callable[[], Awaitable[None]]) -> None:
        """Let the twin act, at most as long as the connection lives."""

        async def until_lost() -> None:
            with contextlib.suppress(LinkError):  # the twin keeps what it could not tell
                await act()

        task = self._group.create_task(until_lost())
        self._running.add(task)
        task.add_done_callback(self._ran)

    def end(self) -> None:
        """The connection is gone: tell whoever waits for a confirmation, then end all that goes on."""
        self._is_gone = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(False)
        for task in list(self._running):
            asyncio.get_running_loop().call_soon(task.cancel)
        if not self._running:
            self._over()

    async def indicate(self, char: str, data: bytes) -> bool:
        """Send and wait for the confirmation; False when it did not come, or nobody subscribed.

        bumble's own would wait 30 s for the confirmation of somebody who has left.
        """
        async with self._one_at_a_time:
            if self._is_gone or not self._table.has_subscribed(self.connection, char, INDICATE_BIT):
                return False
            self._answer = asyncio.get_running_loop().create_future()
            self._server.pending_confirmations[self.connection] = self._answer
            self._send(att.ATT_Handle_Value_Indication(self._table.handle(char), self._cut(data)))
            try:
                async with asyncio.timeout(CONFIRM_S):
                    return await self._answer is not False
            except TimeoutError:
                return False
            finally:
                self._server.pending_confirmations.pop(self.connection, None)

    async def notify(self, char: str, data: bytes) -> None:
        """Send without confirmation, to a subscriber."""
        if self._is_gone:
            raise LinkError("the hub is gone")
        if self._table.has_subscribed(self.connection, char, NOTIFY_BIT):
            self._send(att.ATT_Handle_Value_Notification(self._table.handle(char), self._cut(data)))
            await asyncio.sleep(0)  # a twin that tells in a loop lets others live

    async def hang_up(self) -> None:
        """End the connection; the task that asks for it may finish its sentence."""
        if self._is_gone:
            return
        this = asyncio.current_task()
        self._running = {task for task in self._running if task is not this}
        with contextlib.suppress(BaseBumbleError, HCI_Error):  # somebody was faster
            await firmly(self.connection.disconnect())

    def _ran(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._is_gone and not self._running:
            self._over()

    def _cut(self, data: bytes) -> bytes:
        return data[: self.connection.att_mtu - _HEADER_BYTES]

    def _send(self, pdu: att.ATT_PDU) -> None:
        self.connection.device.send_l2cap_pdu(self.connection.handle, att.ATT_CID, bytes(pdu))
