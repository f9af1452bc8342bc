"""Any bytes at any time end at most the connection they came on."""

import asyncio

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.broker import SmallBroker
from tests.simulators.raw_client import RawClient, connected, message, run, subscribed

GOOD = [
    mqtt5.ConnectPacket("x", will=mqtt5.Will("will", payload=b"w"), session_expiry_interval=9),
    message(b"payload", content_type="text"),
    mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("a/#"), mqtt5.TopicFilter("+/b")]),
    mqtt5.UnsubscribePacket(2, ["a/#"]),
    mqtt5.PubAckPacket(1),
    mqtt5.PingReqPacket(),
    mqtt5.DisconnectPacket(),
]


@st.composite
def broken(draw):
    """Draw a good packet with some of its bytes changed, its end cut off or bytes added."""
    data = bytearray(draw(st.sampled_from(GOOD)).write())
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(data)))
    return bytes(data[:cut]) + draw(st.binary(max_size=8))


@st.composite
def framed(draw):
    """Draw bytes behind a header that is right about their length."""
    body = draw(st.binary(max_size=60))
    return bytes([draw(st.integers(0, 255)), len(body)]) + body


PIECES = st.lists(st.one_of(st.binary(max_size=80), broken(), framed()), max_size=6)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # mqtt5 panics on bad UTF-8
@pytest.mark.parametrize("is_connected", [False, True])
@settings(max_examples=400, deadline=None)
@given(pieces=PIECES)
def test_whatever_one_client_says_the_others_go_on(is_connected, pieces):
    """After any bytes, before or after CONNECT, a second client still publishes and hears."""

    async def main():
        broker = SmallBroker()
        good = await subscribed(broker, "good", "mine")
        bad = await connected(broker, "bad") if is_connected else RawClient(broker)
        for piece in pieces:
            await bad.send(piece)
        await good.send(message(b"still here", topic="mine"))
        assert good.heard == [b"still here"]
        bad.hang_up()
        await bad.lost.wait()
        await good.send(message(b"and now", topic="mine", packet_id=2))
        assert good.heard == [b"still here", b"and now"]

    run(main())  # which fails on any error in a callback


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(1, 200), max_size=12))
def test_packets_may_arrive_in_any_pieces(cuts):
    """Where the stream is cut changes nothing of what is understood."""
    stream = b"".join(packet.write() for packet in [*GOOD[:3], message(bytes(300), packet_id=9), GOOD[5]])

    async def main():
        client = RawClient(SmallBroker())
        rest = stream
        for cut in cuts:
            await client.send(rest[:cut])
            rest = rest[cut:]
        await client.send(rest)
        assert [packet_id.packet_id for packet_id in client.of(mqtt5.PubAckPacket)] == [1, 9]
        assert len(client.of(mqtt5.PingRespPacket)) == 1
        await asyncio.sleep(0)

    run(main())
