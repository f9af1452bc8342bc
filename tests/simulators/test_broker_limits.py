"""The small broker's limits: what is full, too large or too slow is refused, counted or waited for."""

import asyncio
import contextlib
import socket

import mqtt5
import pytest

from simulators import broker_session, broker_state
from simulators.broker import SmallBroker
from simulators.mqtt_packets import Framer
from tests.simulators.raw_client import AT_LEAST_ONCE, connected, message, run, settle, subscribed


@pytest.mark.parametrize("limit", ["QUEUE_COUNT_MAX", "QUEUE_BYTES_MAX"])
def test_full_queue_drops_the_newest_and_counts(monkeypatch, limit):
    """What an absent client's queue can't hold is counted, and what it held comes in order."""
    monkeypatch.setattr(broker_session, limit, 3)

    async def main():
        broker = SmallBroker()
        client = await subscribed(broker, "x", "a/b", session_expiry_interval=60)
        client.hang_up()
        await settle()
        sender = await connected(broker, "sender")
        await sender.send(*[message(b"%d" % number, packet_id=number) for number in range(1, 6)])
        assert broker.dropped_count == 2
        assert (await connected(broker, "x")).heard == [b"1", b"2", b"3"]
        broker.forget()
        assert broker.dropped_count == 2

    run(main())


def test_slow_reader_is_not_drowned():
    """While a client reads nothing from its socket, QoS 0 is dropped and counted, and QoS 1 waits."""

    async def main():
        broker, framer = SmallBroker(), Framer(10**7)
        async with asyncio.timeout(10), broker.listening() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            wanted = mqtt5.TopicFilter("a/b", max_qos=AT_LEAST_ONCE)
            writer.write(mqtt5.ConnectPacket("x").write() + mqtt5.SubscribePacket(1, [wanted]).write())
            packets = []
            while len(packets) < 2:
                packets += framer.feed(await reader.read(1000))
            writer.transport.pause_reading()
            sender = await connected(broker, "sender")
            for _ in range(20):
                await sender.send(mqtt5.PublishPacket("a/b", bytes(1_000_000)))
            assert broker.dropped_count > 0
            await sender.send(message(b"waited"))
            writer.transport.resume_reading()
            while getattr(packets[-1], "payload", b"") != b"waited":
                packets += framer.feed(await reader.read(1_000_000))
            assert len(packets) - 3 + broker.dropped_count == 20
            writer.close()

    asyncio.run(main())


def test_who_does_not_read_is_not_listened_to():
    """While answers can't be written no more is read, so that they don't pile up in memory."""

    class Transport(asyncio.Transport):
        did = ()

        def pause_reading(self):
            self.did += ("pause",)

        def resume_reading(self):
            self.did += ("resume",)

        def is_closing(self):
            return False

    async def main():
        connection, transport = SmallBroker().connection(), Transport()
        connection.connection_made(transport)
        connection.pause_writing()
        assert transport.did == ("pause",)
        connection.resume_writing()
        assert transport.did == ("pause", "resume")

    run(main())


@pytest.mark.parametrize("turns", range(5))
def test_caller_in_the_last_moment_is_not_left_hanging(turns):
    """Whoever calls while the broker stops is closed like the others, whichever turn of the loop it is."""

    async def main():
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
        async with SmallBroker().listening() as port:
            caller = socket.create_connection(("127.0.0.1", port))
            for _ in range(turns):
                await asyncio.sleep(0)
        with caller:
            caller.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert caller.recv(1) == b""
        assert errors == []

    asyncio.run(main())


def test_message_larger_than_the_client_takes_is_not_sent_to_it():
    """The client's own packet limit holds at both qualities; others still hear, and it is counted."""

    async def main():
        broker = SmallBroker()
        small = await subscribed(broker, "small", "a/b", max_packet_size=100)
        large = await subscribed(broker, "large", "a/b")
        await large.send(
            message(bytes(200)), mqtt5.PublishPacket("a/b", bytes(200)), message(b"1", packet_id=2)
        )
        assert small.heard == [b"1"]
        assert large.heard == [bytes(200), bytes(200), b"1"]
        assert broker.dropped_count == 2

    run(main())


def test_limits_of_the_house_are_told_in_reason_codes(monkeypatch):
    """One session and one retained topic too many are refused with 0x97, never dropped in silence."""
    monkeypatch.setattr(broker_state, "SESSION_COUNT_MAX", 1)
    monkeypatch.setattr(broker_state, "RETAINED_COUNT_MAX", 1)

    async def main():
        broker = SmallBroker()
        client = await connected(broker, "x")
        await client.send(message(b"1", retain=True), message(b"2", topic="other", packet_id=2, retain=True))
        assert [int(ack.reason_code) for ack in client.of(mqtt5.PubAckPacket)] == [0x10, 0x97]
        other = await connected(broker, "y")
        assert int(other.of(mqtt5.ConnAckPacket)[0].reason_code) == 0x97
        assert other.lost.is_set()

    run(main())
