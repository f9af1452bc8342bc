"""What paho meets on real roads: refusals, strangers, silence, TLS. The rest is in the contract suite."""

import asyncio
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud_bridge.broker import DeniedError, Message, UplinkError
from cloud_bridge.contract.topics import topic
from cloud_bridge.flow import Patience
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.tls import TlsFiles
from tests.cloud_bridge.certificates import write_certificate
from tests.contracts.mosquitto import free_port, mosquitto

pytestmark = pytest.mark.anyio

CONFIG = Path(__file__).parents[2] / "config"
HOME, NEIGHBOUR = "00c0ffee00c0ffee", "0000000000000b0b"
QUICK = Patience(connect_timeout_s=1.0, ack_timeout_s=1.0)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
async def bound():
    """Fail, rather than hang, when something is never woken."""
    async with asyncio.timeout(20):
        yield


@pytest.fixture
def house_rules(tmp_path):
    """Run Mosquitto with our own files; only the port and the path to the rules are filled in."""
    text = (CONFIG / "mosquitto.conf").read_text()
    for shown, filled in (
        ("listener 1883", "listener {port}"),
        ("acl_file config/", f"acl_file {CONFIG}/"),
    ):
        assert text.count(shown) == 1, f"config/mosquitto.conf has lost its line {shown!r}"
        text = text.replace(shown, filled)
    with mosquitto(tmp_path, text) as port:
        yield f"mqtt://127.0.0.1:{port}"


@asynccontextmanager
async def stranger(answer, **settings):
    """Listen on a port and let this coroutine function answer whoever calls; yield the URL."""
    answering = []

    async def tracked(reader, writer):
        answering.append(asyncio.current_task())
        try:
            await answer(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over; asyncio's streams take a cancelled task for a broken one
        finally:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(tracked, "127.0.0.1", 0, **settings)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)


def says(data):
    """Return a server that waits for CONNECT, says this, and closes."""

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(data)

    return answer


async def refusal(url, **settings):
    """Connect, which must fail; return what the UplinkError says."""
    with pytest.raises(UplinkError) as caught:
        async with PahoBroker(url, patience=QUICK, **settings).session(HOME, subscriptions=("a",)):
            raise AssertionError("this is no broker")
    return str(caught.value)


@pytest.mark.mosquitto
async def test_house_rules_let_home_and_ward_do_their_work(house_rules):
    """With our reference files a home speaks up and state and hears down; the ward the other way round."""
    home, ward = PahoBroker(house_rules, username=HOME), PahoBroker(house_rules, username="ward")
    subscriptions = (topic("+", "up"), topic("+", "state"))
    async with (
        ward.session("ward", subscriptions=subscriptions) as at_ward,
        home.session(HOME, subscriptions=(topic(HOME, "down"),)) as at_home,
    ):
        for direction in ("up", "state"):
            await at_home.publish(topic(HOME, direction), b"said")
            assert await at_ward.receive() == Message(topic(HOME, direction), b"said")
        await at_ward.publish(topic(HOME, "down"), b"heard")
        assert (await at_home.receive()).payload == b"heard"


@pytest.mark.mosquitto
async def test_an_answer_behind_an_acknowledgement_is_not_held_back(house_rules):
    """Neither end lets TCP wait for word of an acknowledgement: a receipt would be 40 ms late."""
    async with PahoBroker(house_rules, username=HOME).session(HOME) as session:
        ours = session._client.socket()
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert "\nset_tcp_nodelay true\n" in (CONFIG / "mosquitto.conf").read_text()


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("username", "name"),
    [
        (HOME, topic(NEIGHBOUR, "up")),
        (HOME, topic(NEIGHBOUR, "state")),
        (HOME, topic(HOME, "down")),
        (HOME, "elsewhere"),
        (None, topic(HOME, "up")),
        ("ward", "elsewhere"),
    ],
)
async def test_house_rules_refuse_what_is_not_ones_own(house_rules, username, name):
    """A publish against the rules is a DeniedError that names 0x87, and the session goes on."""
    async with PahoBroker(house_rules, username=username).session("x") as session:
        for _ in range(2):
            with pytest.raises(DeniedError, match=r"Not authorized \(0x87\)"):
                await session.publish(name, b"not mine")


@pytest.mark.mosquitto
async def test_house_rules_keep_homes_from_hearing_each_other(house_rules):
    """A home that subscribes to everything hears its own down and nothing else."""
    ward = PahoBroker(house_rules, username="ward")
    home = PahoBroker(house_rules, username=HOME)
    async with (
        ward.session("ward") as at_ward,
        home.session(HOME, subscriptions=("pusterom/#",)) as at_home,
    ):
        for name in (
            topic(NEIGHBOUR, "down"),
            topic(HOME, "down"),
        ):
            await at_ward.publish(name, b"secret")
        assert (await at_home.receive()).topic == topic(HOME, "down")


@pytest.mark.mosquitto
async def test_tls_is_spoken_and_checked(tmp_path):
    """Over TLS a burst arrives whole; a broker whose certificate nobody vouches for is refused."""
    ca, cert, key = write_certificate(tmp_path)
    config = (
        f"listener {{port}} 127.0.0.1\nallow_anonymous true\ncertfile {cert}\nkeyfile {key}\n"
        "max_inflight_messages 20\n"
    )
    with mosquitto(tmp_path, config) as port:
        url = f"mqtts://127.0.0.1:{port}"
        broker = PahoBroker(url, tls=TlsFiles(ca_file=ca))
        said = [b"%d" % number for number in range(300)]
        async with broker.session("w", subscriptions=("a",)) as ward, broker.session("h") as hub:
            async with asyncio.TaskGroup() as group:
                for payload in said:
                    group.create_task(hub.publish("a", payload))
            assert [(await ward.receive()).payload for _ in said] == said
            await hub.publish("a", bytes(1_000_000))
            assert len((await ward.receive()).payload) == 1_000_000
        assert "set ca_file" in await refusal(url)


@pytest.fixture
def users(tmp_path):
    """Write Mosquitto's file of hashed passwords, with one home in it."""
    file = tmp_path / "users"
    file.write_text("")
    subprocess.run(["mosquitto_passwd", "-b", file, HOME, "open sesame"], check=True)
    return file


@pytest.mark.mosquitto
async def test_password_opens_the_door(tmp_path, users):
    """The password that is sent is the one in the file; a wrong one is refused in words."""
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("open sesame\n")
    wrong.write_text("open barley\n")
    with mosquitto(tmp_path, f"listener {{port}} 127.0.0.1\npassword_file {users}\n") as port:
        url = f"mqtt://127.0.0.1:{port}"
        async with PahoBroker(url, username=HOME, password_file=right).session(HOME) as session:
            await session.publish("a", b"")
        for settings in ({"username": HOME, "password_file": wrong}, {}):
            assert "refused the connection: Not authorized (0x87)" in await refusal(url, **settings)


async def test_nobody_listens():
    """A closed port is said in words, with the address."""
    said = await refusal(f"mqtt://127.0.0.1:{free_port()}")
    assert "can't reach 127.0.0.1:" in said
    assert "refused" in said


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts"])
async def test_peer_without_mqtt_5_is_told_with_a_hint(tmp_path, scheme):
    """The CONNACK of a 3.1.1 broker (computed: code 1) leads to the hint what to install, over TLS too."""
    ca, cert, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    settings = {} if scheme == "mqtt" else {"ssl": context}
    async with stranger(says(bytes.fromhex("20020001")), **settings) as address:
        files = TlsFiles() if scheme == "mqtt" else TlsFiles(ca)
        said = await refusal(f"{scheme}://{address}", tls=files)
    assert "Unsupported protocol version (0x84)" in said
    assert "speaks MQTT 5" in said


async def test_refused_connection_is_told_with_its_reason():
    """A CONNACK with a reason code of 0x80 or more (computed: 0x87) is an UplinkError that names it."""
    async with stranger(says(bytes.fromhex("2003008700"))) as address:
        assert "refused the connection: Not authorized (0x87)" in await refusal(f"mqtt://{address}")


async def test_refused_subscription_is_told_with_its_filter():
    """A SUBACK with a reason code of 0x80 or more is an UplinkError that names filter and reason."""

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(bytes.fromhex("2003000000"))  # computed: CONNACK, success
        while (await reader.readexactly(1))[0] != 0x82:
            pass
        mid = (await reader.readexactly(3))[1:]
        writer.write(bytes.fromhex("9004") + mid + bytes.fromhex("008f"))  # computed: SUBACK, 0x8f
        await reader.read()
        writer.close()

    async with stranger(answer) as address:
        said = await refusal(f"mqtt://{address}")
    assert "the subscription a: Topic filter invalid (0x8f)" in said


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64), bytes.fromhex("2003ff")]
)
async def test_connection_that_is_closed_without_an_answer(data):
    """A stranger who hangs up, with or without words of another language, is an UplinkError at once."""
    async with stranger(says(data)) as address, asyncio.timeout(QUICK.connect_timeout_s / 2):
        assert address in await refusal(f"mqtt://{address}")


async def test_connection_without_an_answer_is_given_up():
    """A port that accepts and stays silent is left after the time for connecting."""

    async def answer(_reader, _writer):
        await asyncio.Event().wait()  # until the test is over

    async with stranger(answer) as address:
        assert "within 1 s" in await refusal(f"mqtt://{address}")


@pytest.mark.parametrize(
    "data", ["32050001610000", "fefefefefefe", "3003000100", "4002", "3004000161ff", "90020001"]
)
async def test_nonsense_in_mid_session_ends_it(data):
    """Whatever a broker sends, it ends as an UplinkError, never as another exception (computed bytes)."""

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(bytes.fromhex("2003000000") + bytes.fromhex(data))
        writer.close()

    async def listen(broker):
        async with broker.session(HOME) as session:
            while True:
                await session.receive()

    async with stranger(answer) as address:
        with pytest.raises(UplinkError):
            await listen(PahoBroker(f"mqtt://{address}", patience=QUICK))


async def test_packets_that_share_a_tls_record_are_all_taken(tmp_path):
    """What TLS has decrypted wakes no selector: several packets in one record come without more traffic."""
    ca, cert, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def answer(reader, writer):
        await reader.read(1)
        letters = b"".join(bytes.fromhex("300500016100") + letter for letter in (b"x", b"y", b"z"))
        writer.write(bytes.fromhex("2003000000") + letters)  # computed: CONNACK and three PUBLISH
        await asyncio.Event().wait()  # until the test is over

    async with stranger(answer, ssl=context) as address:
        broker = PahoBroker(f"mqtts://{address}", tls=TlsFiles(ca_file=ca), patience=QUICK)
        async with broker.session(HOME) as session:
            assert [(await session.receive()).payload for _ in range(3)] == [b"x", b"y", b"z"]


async def test_goodbye_of_the_broker_is_told_with_its_reason():
    """A DISCONNECT from the broker (computed: 0x8e) is what every later call says."""
    ends = bytes.fromhex("2003000000" + "e0018e")
    async with stranger(says(ends)) as address:
        broker = PahoBroker(f"mqtt://{address}", patience=QUICK)
        async with broker.session(HOME) as session:
            for action in (session.receive(), session.publish("a", b"")):
                with pytest.raises(UplinkError, match=r"ended the connection: Session taken over \(0x8e\)"):
                    await action


async def test_broker_that_falls_silent_is_noticed():
    """No answer to a ping within the keepalive ends the session, although the socket stays open."""

    async def answer(_reader, writer):
        writer.write(bytes.fromhex("2003000000"))  # computed: CONNACK, success
        await asyncio.Event().wait()  # until the test is over

    async with stranger(answer) as address:
        broker = PahoBroker(f"mqtt://{address}", patience=Patience(keepalive_s=1))
        async with broker.session(HOME) as session:
            with pytest.raises(UplinkError, match="Keep alive timeout"):
                await session.receive()


async def test_smaller_limit_of_the_broker_is_kept():
    """Where the broker takes less than we do, the message is refused here and not by a lost session."""
    allows_1000 = bytes.fromhex("200800000527000003e8")  # computed: CONNACK with maximum packet size

    async with stranger(says(allows_1000)) as address:
        broker = PahoBroker(f"mqtt://{address}", patience=QUICK)
        async with broker.session(HOME) as session:
            with pytest.raises(UplinkError, match="at most 1000"):
                await session.publish("a", bytes(1000))
