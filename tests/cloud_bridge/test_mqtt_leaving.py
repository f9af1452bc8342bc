"""What a session leaves behind when it is left or cancelled: no byte too many and no thread."""

import asyncio
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from cloud_bridge.broker import UplinkError
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.tls import TlsFiles
from simulators.broker import SmallBroker
from tests.cloud_bridge.certificates import write_certificate

HOME = "00c0ffee00c0ffee"


class Listener(asyncio.Protocol):
    """Keeps what it hears; `lost` is set when the caller has gone."""

    def __init__(self):
        self.heard = b""
        self.lost = asyncio.Event()

    def data_received(self, data):
        self.heard += data

    def connection_lost(self, _error):
        self.lost.set()


def test_call_that_is_cancelled_never_says_connect(tmp_path):
    """Who is cancelled while it dials takes over nobody's session: not one byte of MQTT is sent."""
    ca, cert, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    async def call(url):
        async with PahoBroker(url, tls=TlsFiles(ca_file=ca)).session(HOME):
            raise AssertionError("the handshake is not done yet")

    async def live(server):
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(15), asyncio.TaskGroup() as group:
            calling = group.create_task(call(f"mqtts://127.0.0.1:{server.getsockname()[1]}"))
            connection, _ = await loop.sock_accept(server)
            calling.cancel()  # the thread now waits for our half of the handshake
            await asyncio.wait([calling])
            _, listener = await loop.connect_accepted_socket(Listener, connection, ssl=context)
            await listener.lost.wait()
            assert listener.heard == b""

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        asyncio.run(live(server))


class SlowLoop(ThreadPoolExecutor):
    """Holds the event loop until the thread is done: the loop can only be too late, never too early."""

    def submit(self, *args):
        future = super().submit(*args)
        wait([future])
        return future


def test_call_that_has_got_through_when_it_is_cancelled_never_says_connect():
    """Even where the thread has reached the broker before the cancellation, it has said nothing yet."""

    async def call(url):
        async with PahoBroker(url).session(HOME):
            raise AssertionError("nobody has answered")

    async def live(port):
        asyncio.get_running_loop().set_default_executor(SlowLoop(1))
        async with asyncio.timeout(15), asyncio.TaskGroup() as group:
            calling = group.create_task(call(f"mqtt://127.0.0.1:{port}"))
            await asyncio.sleep(0)  # it has dialled, and got through
            calling.cancel()

    with socket.create_server(("127.0.0.1", 0)) as server:
        asyncio.run(live(server.getsockname()[1]))
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            assert connection.recv(100) == b""


def test_no_thread_is_left_behind():
    """When the event loop is over, so is every thread that a session has used, cancelled or not."""
    before = set(threading.enumerate())

    async def live():
        async with SmallBroker().listening() as port:
            broker = PahoBroker(f"mqtt://127.0.0.1:{port}")
            async with broker.session(HOME) as hub:
                await hub.publish("a", b"")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0), broker.session(HOME):
                    raise AssertionError("there was no time for that")

    asyncio.run(live())
    assert set(threading.enumerate()) == before


class DeafBroker(Listener):
    """Answers CONNECT, and then reads no more."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, _data):
        self.transport.write(bytes.fromhex("2003000000"))  # computed: CONNACK, success
        self.transport.pause_reading()


def test_leaving_is_bounded_when_nobody_reads(monkeypatch):
    """A broker that no longer takes a byte can't keep us: goodbye is given up after its time."""
    monkeypatch.setattr("cloud_bridge.mqtt_session.LEAVE_TIMEOUT_S", 0.2)

    async def live():
        deaf = DeafBroker()
        server = await asyncio.get_running_loop().create_server(lambda: deaf, "127.0.0.1", 0)
        broker = PahoBroker(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            async with broker.session(HOME) as hub:
                saying = [group.create_task(say(hub)) for _ in range(5)]
                await asyncio.sleep(0)  # they have begun
            await asyncio.wait(saying)
        server.close()
        deaf.transport.abort()
        await deaf.lost.wait()

    async def say(hub):
        with pytest.raises(UplinkError, match="left"):
            await hub.publish("a", bytes(4_000_000))

    asyncio.run(live())
