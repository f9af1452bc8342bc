"""The virtual road: each fault does what its name says, time costs nothing, one seed is one life."""

import asyncio
import os
import subprocess
import sys
from random import Random

import pytest

from cloud_bridge.broker import DeniedError, UplinkError
from cloud_bridge.flow import Patience
from simulators.broker import SmallBroker
from simulators.virtual_faults import Faults
from simulators.virtual_mqtt import VirtualBroker
from tests.simulators.raw_client import run

TOPIC = "a/b"


async def publish_under(faults):
    """Publish one message under these faults; return what its UplinkError says, and what was heard."""
    small = SmallBroker()
    kind, unkind = VirtualBroker(small, Random(1)), VirtualBroker(small, Random(1), faults=faults)
    async with kind.session("ward", subscriptions=(TOPIC,)) as ward:
        said = None
        try:
            async with unkind.session("hub") as hub:
                await hub.publish(TOPIC, b"1")
        except UplinkError as error:
            said = str(error)
        async with kind.session("other") as other:
            await other.publish(TOPIC, b"the end")
        heard = []
        while (message := await ward.receive()).payload != b"the end":
            heard.append(message.payload)
    return said, heard


@pytest.mark.parametrize(
    ("faults", "words", "heard"),
    [
        (Faults(), None, [b"1"]),
        (Faults(publish_refused=1), "Quota exceeded (0x97)", []),
        (Faults(ack_lost=1), "lost", [b"1"]),
        (Faults(connection_lost=1), "lost", []),
        (Faults(half_open=1), "no acknowledgement within 30 s", []),
        (Faults(duplicated=1), None, [b"1", b"1"]),
    ],
)
def test_each_fault_does_what_it_says(faults, words, heard):
    """What the sender is told, and what the subscriber hears, under each fault alone."""
    said, arrived = run(publish_under(faults))
    assert arrived == heard
    assert said is None if words is None else words in said


def test_line_may_break_under_a_message_to_us():
    """A connection lost on the way in ends the session; the message was not taken, so it comes again."""

    async def main():
        small = SmallBroker()
        ward, hub = VirtualBroker(small, Random(1)), VirtualBroker(small, Random(2))
        async with ward.session("ward", subscriptions=(TOPIC,)) as first, hub.session("hub") as sender:
            ward.set_faults(Faults(connection_lost=1))
            await sender.publish(TOPIC, b"1")
            with pytest.raises(UplinkError):
                await first.receive()
        ward.set_faults(Faults())
        async with ward.session("ward", subscriptions=(TOPIC,)) as second:
            assert (await second.receive()).payload == b"1"

    run(main())


def test_latency_is_in_its_range_and_keeps_the_order():
    """There and back takes two steps; a later message never overtakes an earlier one."""

    async def main():
        small, loop = SmallBroker(), asyncio.get_running_loop()
        far = VirtualBroker(small, Random(1), faults=Faults(latency_s=(0.5, 2.0)))
        near = VirtualBroker(small, Random(1))
        said = [b"%d" % number for number in range(100)]
        async with near.session("ward", subscriptions=(TOPIC,)) as ward, far.session("hub") as hub:
            begun_at = loop.time()
            await hub.publish(TOPIC, said[0])
            assert 1.0 <= loop.time() - begun_at <= 4.0
            async with asyncio.TaskGroup() as group:
                for payload in said[1:]:
                    group.create_task(hub.publish(TOPIC, payload))
            assert [(await ward.receive()).payload for _ in said] == said

    run(main())


def test_idle_session_lives_for_a_day_and_a_silent_one_is_noticed():
    """Pings keep both ends content; once they vanish, two keepalives are enough to know."""

    async def main():
        loop = asyncio.get_running_loop()
        broker = VirtualBroker(SmallBroker(), Random(1), patience=Patience(keepalive_s=60))
        async with broker.session("hub", subscriptions=(TOPIC,)) as hub:
            await asyncio.sleep(24 * 3600)
            await hub.publish(TOPIC, b"still here")
            assert (await hub.receive()).payload == b"still here"
            broker.mute()
            silent_at = loop.time()
            with pytest.raises(UplinkError, match="not even an answer to a ping"):
                await hub.receive()
            assert 60 <= loop.time() - silent_at <= 180

    run(main())


class HardLife:
    """Carries 60 messages over an unkind road, saying each until it is acknowledged; keeps the story."""

    def __init__(self, seed):
        dice = Random(seed)
        faults = Faults((0.01, 0.5), 0.05, 0.05, 0.05, 0.02, 0.05)
        small = SmallBroker()
        self._hub = VirtualBroker(small, dice, faults=faults)
        self._ward = VirtualBroker(small, dice, faults=faults)
        self._left = [b"%d" % number for number in range(60)]
        self.story = []

    async def live(self):
        """Send and take until everything is acknowledged, and then for five quiet minutes."""
        async with self._ward.session("ward", subscriptions=(TOPIC,)):
            pass  # from now on the broker keeps what is for the ward
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._again_and_again("ward", self._take))
            sending = group.create_task(self._again_and_again("hub", self._send))
            await sending
            await asyncio.sleep(300)
            taking.cancel()
        return self.story

    def _tell(self, *words):
        self.story.append((round(asyncio.get_running_loop().time(), 9), *words))

    async def _again_and_again(self, who, act):
        while True:
            try:
                return await act()
            except UplinkError as error:
                self._tell(who, str(error))
                await asyncio.sleep(1)

    async def _send(self):
        async with self._hub.session("hub") as session:
            while self._left:
                await session.publish(TOPIC, self._left[0])
                self._tell("acknowledged", self._left.pop(0))

    async def _take(self):
        async with self._ward.session("ward", subscriptions=(TOPIC,)) as session:
            while True:
                self._tell("heard", (await session.receive()).payload)


def life(seed):
    """Return the story of one life."""

    async def main():
        return await HardLife(seed).live()

    return run(main())


@pytest.mark.parametrize("seed", range(8))
def test_everything_arrives_in_the_end(seed):
    """Who says a message until it is acknowledged has it heard, however unkind the road is."""
    story = life(seed)
    assert {line[2] for line in story if line[1] == "heard"} == {b"%d" % number for number in range(60)}
    assert any(line[1] == "hub" for line in story), "nothing went wrong: this was no test"


def test_one_seed_is_one_life():
    """The same seed gives the same story in other processes with other hash seeds; another one does not."""
    program = (
        "import hashlib, sys; from tests.simulators.test_virtual_mqtt import life;"
        "print(hashlib.sha256(repr(life(int(sys.argv[1]))).encode()).hexdigest())"
    )

    def fingerprint(seed, hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", program, str(seed)]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    assert fingerprint(1, "1") == fingerprint(1, "2") != fingerprint(2, "1")


def test_the_small_broker_denies_what_it_is_told_to_deny():
    """A topic that is denied is answered with 0x87, heard by nobody, and the session goes on."""

    async def story():
        small = SmallBroker()
        small.denied_topics.add(TOPIC)
        road = VirtualBroker(small, Random(1))
        async with (
            road.session("ward", subscriptions=("a/+",)) as ward,
            road.session("hub") as hub,
        ):
            with pytest.raises(DeniedError, match=r"Not authorized \(0x87\)"):
                await hub.publish(TOPIC, b"1")
            await hub.publish("a/c", b"2")
            assert (await ward.receive()).payload == b"2"

    run(story())
