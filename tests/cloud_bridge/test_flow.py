"""The window, the inbox and the ending that every session is built on."""

import asyncio

import pytest

from cloud_bridge.broker import DeniedError, Message, UplinkError
from cloud_bridge.flow import INBOX_COUNT_MAX, PACKET_BYTES_MAX, WINDOW, Flow

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Line:
    """A flow, and what it sends: packet ids in order."""

    def __init__(self, ack_timeout_s=60.0):
        self.sent = []
        self.lost_count = 0
        self.flow = Flow(self._lost, ack_timeout_s)

    def _lost(self):
        self.lost_count += 1

    def publish(self):
        """Publish one small message."""
        return self.flow.publish(1, self._send)

    def _send(self):
        self.sent.append(len(self.sent) + 1)
        return self.sent[-1]


async def settle():
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_never_more_than_one_window_is_in_flight():
    """The next message is sent only when an earlier one has been acknowledged."""
    line = Line()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(3 * WINDOW):
            group.create_task(line.publish())
        await settle()
        assert len(line.sent) == WINDOW
        for packet_id in range(1, 3 * WINDOW + 1):
            line.flow.acked(packet_id, None)
            await settle()
            assert len(line.sent) == min(WINDOW + packet_id, 3 * WINDOW)


async def test_broker_may_allow_less():
    """A receive maximum below our window narrows it; one above does not widen it."""
    for allowed, expected in ((3, 3), (65_535, WINDOW), (None, WINDOW)):
        line = Line()
        line.flow.agree(allowed, None)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.publish()) for _ in range(2 * WINDOW)]
            await settle()
            assert len(line.sent) == expected
            for task in tasks:
                task.cancel()


async def test_cancelled_publish_keeps_its_place_in_the_window():
    """A message whose publisher gave up is still in flight, until the broker has acknowledged it."""
    line = Line()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        given_up = [group.create_task(line.publish()) for _ in range(WINDOW)]
        await settle()
        for task in given_up:
            task.cancel()
        next_one = group.create_task(line.publish())
        await settle()
        assert len(line.sent) == WINDOW
        line.flow.acked(1, None)
        await settle()
        assert len(line.sent) == WINDOW + 1
        line.flow.acked(WINDOW + 1, None)
        await next_one


async def test_second_acknowledgement_counts_for_nothing():
    """A broker that acknowledges twice does not widen the window."""
    line = Line()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        tasks = [group.create_task(line.publish()) for _ in range(WINDOW + 2)]
        await settle()
        line.flow.acked(1, None)
        line.flow.acked(1, None)
        await settle()
        assert len(line.sent) == WINDOW + 1
        for task in tasks:
            task.cancel()


async def test_only_the_first_reason_counts():
    """A connection ends once, and everybody is told the same reason."""
    line = Line()
    line.flow.lose("the first")
    line.flow.lose("the second")
    for action in (line.publish(), line.flow.receive()):
        with pytest.raises(UplinkError, match="the first"):
            await action
    assert line.lost_count == 1
    assert line.sent == []


async def test_what_arrived_is_handed_out_before_the_error():
    """A receipt that came before the line broke is not lost with it, nor acknowledged on a dead line."""
    line, taken = Line(), []
    line.flow.arrived(Message("t", b"1"), lambda: taken.append(1))
    line.flow.arrived(Message("t", b"2"), lambda: taken.append(2))
    assert (await line.flow.receive()).payload == b"1"
    line.flow.lose("gone")
    assert (await line.flow.receive()).payload == b"2"
    with pytest.raises(UplinkError):
        await line.flow.receive()
    assert taken == [1]


async def test_flood_ends_the_session():
    """A broker that sends without end is not listened to without end."""
    line = Line()
    for _ in range(INBOX_COUNT_MAX):
        line.flow.arrived(Message("t", b""), lambda: None)
    assert line.flow.reason is None
    line.flow.arrived(Message("t", b""), lambda: None)
    assert "1000 messages" in line.flow.reason


@pytest.mark.parametrize(
    ("allowed", "limit"), [(None, PACKET_BYTES_MAX), (2000, 2000), (10**8, PACKET_BYTES_MAX)]
)
async def test_message_over_the_limit_is_never_sent(allowed, limit):
    """The smaller of the broker's limit and ours holds, with room for the packet's own bytes."""
    line = Line()
    line.flow.agree(None, allowed)
    for size, is_sent in ((limit, False), (limit - 100, True)):
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(attempt(line.flow.publish(size, line._send)))
            await settle()
            assert bool(line.sent) is is_sent
            line.flow.acked(1, None)
        assert (publishing.result() is None) is is_sent


async def test_refusal_is_the_senders_alone():
    """A reason code of 0x80 or more ends one publish with its words, and not the session."""
    line = Line()
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(attempt(line.publish()))
        await settle()
        line.flow.acked(1, "Not authorized (0x87)")
    assert "Not authorized (0x87)" in publishing.result()
    assert line.flow.reason is None


@pytest.mark.parametrize("is_denied", [True, False])
async def test_denial_is_told_apart(is_denied):
    """A publish that the rules forbid is a DeniedError that says who must act; any other refusal is none."""
    line = Line()

    async def publish():
        with pytest.raises(UplinkError) as caught:
            await line.publish()
        return caught.value

    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(publish())
        await settle()
        line.flow.acked(1, "0x87", is_denied=is_denied)
    assert isinstance(publishing.result(), DeniedError) == is_denied
    assert ("access list" in str(publishing.result())) == is_denied


async def attempt(action):
    """Await the action; return what its UplinkError says, or None."""
    try:
        await action
    except UplinkError as error:
        return str(error)
    return None
