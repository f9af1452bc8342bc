"""What every Broker promises: paho to our small broker, paho to Mosquitto, the virtual client."""

import asyncio
from itertools import count

import pytest

from cloud_bridge.broker import DeniedError, Message, UplinkError
from cloud_bridge.contract.topics import topic
from cloud_bridge.flow import PACKET_BYTES_MAX, WINDOW, Patience
from tests.contracts.brokers import DENIED, VirtualFar, paho_to, paho_to_small
from tests.contracts.mosquitto import OPEN, mosquitto

pytestmark = pytest.mark.anyio

BOUND_S = 15.0
_homes = count(1)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def mosquitto_port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mosquitto")
    rules = folder / "rules.acl"
    rules.write_text(f"topic readwrite #\ntopic deny {DENIED}\n")
    with mosquitto(folder, f"{OPEN}acl_file {rules}\n") as port:
        yield port


@pytest.fixture(params=["paho-small", pytest.param("paho-mosquitto", marks=pytest.mark.mosquitto), "virtual"])
async def far(request):
    """Yield the far end."""
    if request.param == "virtual":
        yield VirtualFar()
    elif request.param == "paho-small":
        async with paho_to_small() as far:
            yield far
    else:
        async with paho_to(request.getfixturevalue("mosquitto_port")) as far:
            yield far


@pytest.fixture
def home():
    """Return a home of this test's own: the real broker remembers from test to test."""
    return f"{next(_homes):016x}"


@pytest.fixture(autouse=True)
async def bound():
    """Fail, rather than hang, when something is never woken."""
    async with asyncio.timeout(BOUND_S):
        yield


async def test_message_reaches_a_subscriber_unchanged(far, home):
    """Every byte value and a whole megabyte arrive as they were sent, with their topic."""
    road = await far.road()
    up = topic(home, "up")
    payloads = [bytes(range(256)), b"", bytes(range(256)) * 4096]
    async with (
        road.broker.session(f"ward-{home}", subscriptions=(topic("+", "up"),)) as ward,
        road.broker.session(home) as hub,
    ):
        for payload in payloads:
            await hub.publish(up, payload)
        assert [await ward.receive() for _ in payloads] == [Message(up, payload) for payload in payloads]


async def test_publish_returns_only_after_the_acknowledgement(far, home):
    """As long as the broker's answer is missing, publish waits, even if the message has arrived."""
    near, other = await far.road(), await far.road()
    async with (
        other.broker.session(f"ward-{home}", subscriptions=(topic(home, "up"),)) as ward,
        near.broker.session(home) as hub,
        asyncio.TaskGroup() as group,
    ):
        near.mute_answers()
        publishing = group.create_task(refused(hub.publish(topic(home, "up"), b"said")))
        assert (await ward.receive()).payload == b"said"
        assert not publishing.done()
        near.cut()
        await publishing


async def test_no_subscriber_is_a_success(far, home):
    """The far end may be away: that is no reason to say the message again."""
    road = await far.road()
    async with road.broker.session(home) as hub:
        await hub.publish(topic(home, "up"), b"into the void")


async def test_order_is_kept_and_all_are_acknowledged(far, home):
    """More messages than the window holds, published at once, arrive once each and in order."""
    road = await far.road()
    said = [b"%d" % number for number in range(10 * WINDOW)]
    async with (
        road.broker.session(f"ward-{home}", subscriptions=(topic(home, "up"),)) as ward,
        road.broker.session(home) as hub,
    ):
        async with asyncio.TaskGroup() as group:
            for payload in said:
                group.create_task(hub.publish(topic(home, "up"), payload))
        assert [(await ward.receive()).payload for _ in said] == said


async def test_retained_message_reaches_a_late_subscriber(far, home):
    """Who comes later hears the last word that was retained, and not the one before it."""
    road = await far.road()
    async with road.broker.session(home) as hub:
        for state in (b"old", b"new"):
            await hub.publish(topic(home, "state"), state, is_retained=True)
    async with road.broker.session(f"ward-{home}", subscriptions=(topic(home, "state"),)) as ward:
        assert (await ward.receive()).payload == b"new"


async def test_will_is_spoken_when_the_connection_is_lost(far, home):
    """A hub whose line is cut is declared away, also to those who come later."""
    near, other = await far.road(), await far.road()
    will = Message(topic(home, "state"), b"away")
    async with other.broker.session(f"ward-{home}", subscriptions=(will.topic,)) as ward:
        async with near.broker.session(home, will=will) as hub:
            near.cut()
            with pytest.raises(UplinkError):
                await hub.receive()
        assert await ward.receive() == will
    async with other.broker.session(f"late-{home}", subscriptions=(will.topic,)) as late:
        assert await late.receive() == will


@pytest.mark.parametrize("ending", ["left", "cancelled"])
async def test_will_is_silent_after_a_clean_leave(far, home, ending):
    """Leaving says goodbye, whether by the end of the block or by cancellation."""
    road = await far.road()
    will = Message(topic(home, "state"), b"away")
    is_open = asyncio.Event()

    async def live():
        async with road.broker.session(home, will=will) as hub:
            is_open.set()
            if ending == "cancelled":
                await hub.receive()

    async with road.broker.session(f"ward-{home}", subscriptions=(will.topic,)) as ward:
        async with asyncio.TaskGroup() as group:
            living = group.create_task(live())
            await is_open.wait()
            if ending == "cancelled":
                living.cancel()
        async with road.broker.session(home) as again:  # a connection left open would be taken over
            await again.publish(will.topic, b"back")
        assert (await ward.receive()).payload == b"back"


async def test_lost_connection_wakes_all_who_wait(far, home):
    """A waiting publish, a publish without a place in the window and a waiting receive all learn of it."""
    road = await far.road()
    async with road.broker.session(home, subscriptions=(topic(home, "down"),)) as hub:
        road.mute_answers()
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(refused(hub.receive()))]
            waiting += [
                group.create_task(refused(hub.publish(topic(home, "up"), b"?"))) for _ in range(WINDOW + 5)
            ]
            await asyncio.sleep(0)  # let each of them begin to wait
            road.cut()
        assert all("lost" in task.result() for task in waiting)


async def test_silent_connection_is_noticed_by_a_publish(far, home):
    """A half-open connection, which no socket reports, ends with the time for an acknowledgement."""
    road = await far.road(Patience(connect_timeout_s=5.0, ack_timeout_s=0.2))
    async with road.broker.session(home) as hub:
        road.mute_answers()
        assert "no acknowledgement within 0.2 s" in await refused(hub.publish(topic(home, "up"), b"?"))
        await refused(hub.receive())


async def test_silent_connection_is_noticed_by_the_keepalive(far, home):
    """A half-open connection on which nobody publishes ends when no ping is answered."""
    road = await far.road(Patience(connect_timeout_s=5.0, keepalive_s=1))
    async with road.broker.session(home, subscriptions=(topic(home, "down"),)) as hub:
        road.mute_answers()
        assert "lost" in await refused(hub.receive())


async def test_broker_away_is_told_and_forgiven(far, home):
    """No broker is an UplinkError in bounded time; once it is back, a new session just works."""
    road = await far.road()
    for _ in range(2):
        road.cut()
        with pytest.raises(UplinkError):
            async with road.broker.session(home):
                raise AssertionError("there is nobody to connect to")
        road.mend()
        async with road.broker.session(home) as hub:
            await hub.publish(topic(home, "up"), b"again")


async def test_second_session_takes_over(far, home):
    """The newest connection of a client id is the one that counts; the older one learns of it."""
    road = await far.road()
    async with road.broker.session(home) as first, road.broker.session(home) as second:
        await refused(first.receive())
        await refused(first.publish(topic(home, "up"), b"too late"))
        await second.publish(topic(home, "up"), b"in time")


async def test_what_was_said_while_we_were_away_is_kept(far, home):
    """A ward that restarts hears, on its next session, what a hub published meanwhile."""
    road = await far.road()
    subscriptions = (topic(home, "up"),)
    async with road.broker.session(f"ward-{home}", subscriptions=subscriptions):
        pass
    async with road.broker.session(home) as hub:
        await hub.publish(topic(home, "up"), b"meanwhile")
    async with road.broker.session(f"ward-{home}", subscriptions=subscriptions) as ward:
        assert (await ward.receive()).payload == b"meanwhile"


async def test_what_nobody_has_taken_comes_again(far, home):
    """A message is acknowledged when it is taken, not when it arrives: a crash before that loses nothing."""
    road = await far.road()
    subscriptions = (topic(home, "up"), topic(home, "state"))
    async with road.broker.session(home) as hub:
        async with road.broker.session(f"ward-{home}", subscriptions=subscriptions) as ward:
            await hub.publish(topic(home, "up"), b"taken")
            await hub.publish(topic(home, "up"), b"not taken")
            assert (await ward.receive()).payload == b"taken"
        async with road.broker.session(f"ward-{home}", subscriptions=subscriptions) as ward:
            assert (await ward.receive()).payload == b"not taken"


async def test_reader_who_falls_behind_loses_nothing(far, home):
    """More than the broker may send unacknowledged waits there, until it is taken."""
    road = await far.road()
    said = [b"%d" % number for number in range(300)]
    async with (
        road.broker.session(f"ward-{home}", subscriptions=(topic(home, "up"),)) as ward,
        road.broker.session(home) as hub,
    ):
        for payload in said:
            await hub.publish(topic(home, "up"), payload)
        assert [(await ward.receive()).payload for _ in said] == said


async def test_forbidden_publish_is_told_apart(far, home):
    """A publish against the broker's rules is a DeniedError at once, each time, and the session goes on."""
    road = await far.road()
    async with (
        road.broker.session(f"ward-{home}", subscriptions=(DENIED, topic(home, "up"))) as ward,
        road.broker.session(home) as hub,
    ):
        for _ in range(2 * WINDOW):  # a refusal gives its place in the window back
            with pytest.raises(DeniedError, match=r"ot authorized \(0x87\).*access list"):
                await hub.publish(DENIED, b"not mine")
        await hub.publish(topic(home, "up"), b"mine")
        assert (await ward.receive()).payload == b"mine"


async def test_oversize_message_is_refused(far, home):
    """A message that no session would take is an UplinkError, and the session goes on."""
    road = await far.road()
    async with road.broker.session(home) as hub:
        assert "at most" in await refused(hub.publish(topic(home, "up"), bytes(PACKET_BYTES_MAX)))
        await hub.publish(topic(home, "up"), b"smaller")


async def test_session_that_was_left_can_do_no_more(far, home):
    """After the block neither publish nor receive waits for anything."""
    road = await far.road()
    async with road.broker.session(home) as hub:
        pass
    await refused(hub.publish(topic(home, "up"), b"?"))
    await refused(hub.receive())


async def test_cancelled_publish_leaves_the_session_whole(far, home):
    """Who stops waiting for an acknowledgement disturbs nobody else."""
    road = await far.road()
    async with road.broker.session(home) as hub:
        for _ in range(2 * WINDOW):
            async with asyncio.TaskGroup() as group:
                publishing = group.create_task(hub.publish(topic(home, "up"), b"never mind"))
                await asyncio.sleep(0)  # it has begun
                publishing.cancel()
        await hub.publish(topic(home, "up"), b"goes on")


async def refused(action) -> str:
    """Await the action, which must end in an UplinkError; return what it says."""
    with pytest.raises(UplinkError) as caught:
        await action
    return str(caught.value)
