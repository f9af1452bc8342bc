"""The small broker's own laws, beyond what every broker promises in tests/contracts."""

import asyncio

import mqtt5
import pytest

from simulators import broker_connection
from simulators.broker import SmallBroker
from simulators.broker_topics import is_filter, is_topic, matches
from tests.simulators.raw_client import AT_LEAST_ONCE, RawClient, connected, message, run, settle, subscribed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.10", "localhost", "example.org"])
def test_listens_on_loopback_only(host):
    """A broker without passwords and rules can't be opened to a network, not even by mistake."""

    async def listen():
        async with SmallBroker().listening(host=host):
            raise AssertionError("it listens")

    with pytest.raises(ValueError, match="loopback only"):
        asyncio.run(listen())


@pytest.mark.parametrize(
    ("pattern", "topic", "is_heard"),
    [
        ("a/b", "a/b", True), ("a/b", "a/B", False), ("a/b", "a/b/c", False), ("a/b", "a", False),
        ("+", "a", True), ("+", "a/b", False), ("a/+/c", "a/b/c", True), ("a/+/c", "a//c", True),
        ("#", "a/b/c", True), ("a/#", "a", True), ("a/#", "b", False), ("+/+", "/a", True),
        ("#", "$SYS/x", False), ("+/x", "$SYS/x", False), ("$SYS/#", "$SYS/x", True),
    ],
)  # fmt: skip
def test_filters_hear_what_the_standard_says(pattern, topic, is_heard):
    """The wildcards of section 4.7, with its corner cases."""
    assert is_filter(pattern)
    assert is_topic(topic)
    assert matches(pattern, topic) is is_heard


@pytest.mark.parametrize("pattern", ["", "a+", "a/#/b", "#a", "a/+b/c", "##"])
def test_filter_that_is_none_is_refused(pattern):
    """A wildcard stands alone in its level, and '#' stands last."""
    assert not is_filter(pattern)


def test_client_of_mqtt_3_is_refused_in_its_own_words():
    """MQTT 3.1.1 and 3.1 get their own CONNACK with code 1 (computed), and a closed connection."""

    async def main():
        for name in ("00044d515454" + "04", "00064d5149736470" + "03"):
            connect = bytes.fromhex(name + "02003c000161")
            client = RawClient(SmallBroker())
            await client.send(bytes([0x10, len(connect)]) + connect)
            assert client.bytes == bytes.fromhex("20020001")
            assert client.lost.is_set()

    run(main())


BAD = {
    "a second CONNECT": (mqtt5.ConnectPacket("x"), "PROTOCOL_ERROR"),
    "an answer nobody asked for": (mqtt5.PingRespPacket(), "PROTOCOL_ERROR"),
    "QoS 2": (mqtt5.PublishPacket("a", b"", qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=1), "QOS_NOT_SUPPORTED"),
    "a topic alias": (message(b"", topic_alias=1), "TOPIC_ALIAS_INVALID"),
    "a wildcard in a topic": (bytes.fromhex("30060003612f2b00"), "TOPIC_NAME_INVALID"),
    "an empty topic": (bytes.fromhex("3003000000"), "MALFORMED_PACKET"),
    "a subscription id": (
        mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("a")], subscription_id=7),
        "SUBSCRIPTION_IDS_NOT_SUPPORTED",
    ),
    "text that is not UTF-8": (bytes.fromhex("30050002fffe00"), "MALFORMED_PACKET"),
    "a claim of 100 MB": (bytes.fromhex("30ffffff2f"), "PACKET_TOO_LARGE"),
    "a length without end": (bytes.fromhex("30ffffffffff"), "MALFORMED_PACKET"),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # mqtt5 panics on bad UTF-8
@pytest.mark.parametrize("case", BAD)
def test_broken_rule_ends_the_connection_with_its_reason(case):
    """Each wrong word is answered by the DISCONNECT that names it (bytes computed), and speaks the will."""
    said, reason = BAD[case]

    async def main():
        broker = SmallBroker()
        witness = await subscribed(broker, "witness", "will")
        client = await connected(broker, "x", will=mqtt5.Will("will", payload=b"gone"))
        await client.send(said)
        assert client.goodbye == [reason]
        assert client.lost.is_set()
        assert witness.heard == [b"gone"]

    run(main())


def test_subscription_that_can_not_be_is_refused_alone():
    """A bad filter and a shared one get their reason codes; the good one beside them works."""

    async def main():
        broker = SmallBroker()
        client = await connected(broker, "x")
        filters = b"".join(
            len(name).to_bytes(2) + name + b"\x01" for name in (b"a/#/b", b"$share/g/a", b"a/b")
        )
        await client.send(bytes([0x82, 3 + len(filters), 0, 1, 0]) + filters)
        (answer,) = client.of(mqtt5.SubAckPacket)
        assert [int(code) for code in answer.reason_codes] == [0x8F, 0x9E, 1]
        await client.send(message(b"heard"))
        assert client.heard == [b"heard"]

    run(main())


def test_each_hears_a_message_once_at_the_best_of_his_filters():
    """Overlapping subscriptions do not multiply, and the higher quality wins."""

    async def main():
        broker = SmallBroker()
        client = await subscribed(broker, "x", "a/b", "#")
        low = mqtt5.TopicFilter("a/#", max_qos=mqtt5.QoS.AT_MOST_ONCE)
        await client.send(mqtt5.SubscribePacket(2, [low]), message(b"1"))
        (heard,) = client.of(mqtt5.PublishPacket)
        assert heard.qos == AT_LEAST_ONCE

    run(main())


def test_message_is_passed_on_with_its_properties():
    """What the sender says beside the payload reaches the subscriber."""
    said = {
        "content_type": "application/json",
        "user_properties": [("a", "b")],
        "response_topic": "r",
        "correlation_data": b"c",
        "message_expiry_interval": 9,
        "payload_format_indicator": 1,
    }

    async def main():
        client = await subscribed(SmallBroker(), "x", "a/b")
        await client.send(message(b"1", **said))
        (heard,) = client.of(mqtt5.PublishPacket)
        assert {name: getattr(heard, name) for name in said} == said

    run(main())


def test_subscriber_chooses_what_he_hears_of_himself_and_of_the_past():
    """No local, retain as published and retain handling are kept."""

    async def main():
        broker = SmallBroker()
        sender = await connected(broker, "sender")
        await sender.send(message(b"old", retain=True))
        client = await connected(broker, "x")
        options = {"max_qos": AT_LEAST_ONCE, "no_local": True, "retain_as_published": False}
        never = mqtt5.TopicFilter("a/b", retain_handling=mqtt5.RetainHandling.SEND_NEVER, **options)
        await client.send(mqtt5.SubscribePacket(1, [never]), message(b"own"))
        assert client.heard == []
        await sender.send(message(b"new", retain=True))
        (heard,) = client.of(mqtt5.PublishPacket)
        assert (heard.payload, heard.retain) == (b"new", False)
        first_only = mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS
        again = mqtt5.TopicFilter("a/b", retain_handling=first_only, max_qos=AT_LEAST_ONCE)
        await client.send(mqtt5.UnsubscribePacket(2, ["a/b"]), mqtt5.SubscribePacket(3, [again, again]))
        assert client.heard == [b"new", b"new"]

    run(main())


def test_empty_retained_message_clears_the_topic():
    """The way to take back a last word is to say nothing, retained."""

    async def main():
        broker = SmallBroker()
        client = await connected(broker, "x")
        await client.send(message(b"old", retain=True), message(b"", packet_id=2, retain=True))
        assert (await subscribed(broker, "late", "a/b")).heard == []

    run(main())


def test_receive_maximum_is_kept():
    """No more is sent than the client can take, and each acknowledgement lets one more come."""

    async def main():
        broker = SmallBroker()
        client = await subscribed(broker, "x", "a/b", receive_max=2)
        await client.send(*[message(b"%d" % number, packet_id=number) for number in range(1, 6)])
        assert client.heard == [b"1", b"2"]
        await client.send(mqtt5.PubAckPacket(client.of(mqtt5.PublishPacket)[0].packet_id))
        assert client.heard == [b"1", b"2", b"3"]

    run(main())


def test_unacknowledged_message_comes_again_marked_as_such():
    """After a lost connection the session sends in order: first what was in flight, then what waited."""

    async def main():
        broker = SmallBroker()
        said = {"session_expiry_interval": 60, "receive_max": 1}
        client = await subscribed(broker, "x", "a/b", **said)
        await client.send(message(b"1"), message(b"2", packet_id=2))
        client.hang_up()
        await settle()
        again = await connected(broker, "x", session_expiry_interval=60)
        assert again.of(mqtt5.ConnAckPacket)[0].session_present
        assert [(p.payload, p.duplicate) for p in again.of(mqtt5.PublishPacket)] == [
            (b"1", True),
            (b"2", False),
        ]

    run(main())


def test_session_ends_with_its_expiry_or_a_clean_start():
    """Before its time it is there, after it or on demand it is new; 0 ends with the connection."""

    async def main():
        broker = SmallBroker()

        async def comes_back(expiry_s, away_s, **said):
            client = await subscribed(broker, "x", "a/b", clean_start=True, session_expiry_interval=expiry_s)
            client.hang_up()
            await settle()
            await asyncio.sleep(away_s)
            again = await connected(broker, "x", **said)
            return again.of(mqtt5.ConnAckPacket)[0].session_present

        assert await comes_back(60, 59)
        assert not await comes_back(60, 61)
        assert not await comes_back(0, 0)
        assert not await comes_back(60, 0, clean_start=True)
        assert await comes_back(0xFFFF_FFFF, 10**6)

    run(main())


def test_silence_beyond_the_keepalive_ends_the_connection():
    """One and a half keepalives without a byte, no less, and the will is spoken."""

    async def main():
        broker = SmallBroker()
        witness = await subscribed(broker, "witness", "will")
        client = await connected(broker, "x", keep_alive=10, will=mqtt5.Will("will", payload=b"gone"))
        await asyncio.sleep(14)
        await client.send(mqtt5.PingReqPacket())
        await asyncio.sleep(14.9)
        assert client.goodbye == []
        await asyncio.sleep(0.2)
        assert client.goodbye == ["KEEP_ALIVE_TIMEOUT"]
        assert witness.heard == [b"gone"]

    run(main())


def test_caller_who_says_nothing_is_let_go():
    """A connection without a CONNECT does not stay."""

    async def main():
        client = RawClient(SmallBroker())
        await asyncio.sleep(broker_connection.HANDSHAKE_S + 1)
        assert client.lost.is_set()

    run(main())


def test_internet_can_be_cut_and_mended():
    """While it is cut, old connections die and new ones come to nothing; the sessions outlive it."""

    async def main():
        broker = SmallBroker()
        client = await subscribed(broker, "x", "a/b", session_expiry_interval=60)
        broker.set_reachable(False)
        await client.lost.wait()
        refused = await connected(broker, "x")
        assert (refused.packets, refused.lost.is_set()) == ([], True)
        broker.set_reachable(True)
        again = await connected(broker, "x")
        assert again.of(mqtt5.ConnAckPacket)[0].session_present

    run(main())


def test_broker_can_forget_everything():
    """As after kill -9 without a disk: no session, no retained message, and no will."""

    async def main():
        broker = SmallBroker()
        client = await subscribed(
            broker, "x", "a/b", session_expiry_interval=60, will=mqtt5.Will("w", payload=b"gone", retain=True)
        )
        await client.send(message(b"1", retain=True))
        broker.forget()
        await client.lost.wait()
        again = await subscribed(broker, "x", "#", session_expiry_interval=60)
        assert not again.of(mqtt5.ConnAckPacket)[0].session_present
        assert again.heard == []

    run(main())


def test_what_is_denied_stays_denied_after_a_fall():
    """A rule stands in a file, so it outlives the broker's memory; taken back, all may publish again."""

    async def main():
        broker = SmallBroker()
        broker.deny("closed/#")
        answers = []
        for name in ("closed/door", "open"):
            answers.append(broker.state.publish(message(b"", name), None))
            broker.forget()
        answers.append(broker.state.publish(message(b"", "closed/door"), None))
        broker.deny()
        answers.append(broker.state.publish(message(b"", "closed/door"), None))
        denied, unheard = (
            mqtt5.PubAckReasonCode.NOT_AUTHORIZED,
            mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS,
        )
        assert answers == [denied, unheard, denied, unheard]

    run(main())
