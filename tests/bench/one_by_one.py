"""What a gateway without batches does: paho, QoS 1, one reading a message, a row and a commit each."""

import sys
from threading import Event

import orjson
import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud_bridge.contract.entries import Entry

HOME = "00c0ffee00c0ffee"
TOPIC = f"pusterom/v1/home/{HOME}/up"
TABLE = (
    "create table one (seq bigint primary key, body text not null, "
    "committed_at timestamptz not null default clock_timestamp())"
)
WAIT_S = 30.0


def connected(client_id: str, port: int, *, user: str = HOME) -> Client:
    """Return a client whose thread runs; the broker's rules hold for it as for anybody of this name."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(user)
    is_connected = Event()
    client.on_connect = lambda *_: is_connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert is_connected.wait(WAIT_S), "the broker does not answer"
    return client


def send(client: Client, entries: tuple[Entry, ...]) -> None:
    """Publish these readings one by one, each acknowledged before the next."""
    for entry in entries:
        said = orjson.dumps([entry.seq, entry.at.isoformat(), entry.kind, orjson.Fragment(entry.body)])
        client.publish(TOPIC, said, qos=1).wait_for_publish(WAIT_S)


def receive(url: str, port: int) -> None:
    """Keep each message as a row in a commit of its own, until stdin ends."""
    client = Client(CallbackAPIVersion.VERSION2, "one-by-one", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set("ward")
    connection = psycopg.connect(url, autocommit=True)

    def keep(_client: object, _data: object, message: object) -> None:
        seq, _at, _kind, body = orjson.loads(message.payload)
        words = (seq, orjson.dumps(body).decode())
        connection.execute("insert into one (seq, body) values (%s, %s) on conflict do nothing", words)

    client.on_message = keep
    client.on_subscribe = lambda *_: sys.stdout.write("ready\n") and sys.stdout.flush()
    client.connect("127.0.0.1", port)
    client.subscribe(TOPIC, qos=1)
    client.loop_start()
    sys.stdin.read()
    client.loop_stop()


if __name__ == "__main__":
    receive(sys.argv[1], int(sys.argv[2]))
