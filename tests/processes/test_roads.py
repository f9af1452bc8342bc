"""A hub and a ward whose road is not there, or carries what nobody can read."""

import asyncio
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import pytest

from cloud_bridge.broker import Session
from cloud_bridge.contract.entries import Batch, Entry, EntryKind
from cloud_bridge.contract.receipts import Receipt, Refusal, answer_from_bytes
from cloud_bridge.contract.topics import topic
from cloud_bridge.mqtt import PahoBroker
from tests.contracts.mosquitto import free_port, mosquitto
from tests.contracts.tables.conftest import postgres_url, server
from tests.given import HOME, NOON, OTHER_HOME, bare
from tests.processes.house import House, broker_config, last_round, measured, page, until
from tests.program import WAIT_S

__all__ = ["postgres_url", "server"]

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgres]

EVERY_S = 5.0
LOG = "ab" * 8
T = TypeVar("T", Receipt, Refusal)


@pytest.fixture
def house(postgres_url):
    """A house whose paths are short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as folder:
        yield House(Path(folder), postgres_url, free_port())


def test_a_broker_that_is_away_at_the_start_is_waited_for(house):
    """Hub and ward start, say what they miss, and the hub keeps; once there is a broker all is delivered."""
    with house.ward() as ward, house.room(EVERY_S) as room, house.hub() as hub:
        hub.wait_for("road to the ward: can't reach 127.0.0.1")
        ward.wait_for("intake: can't reach 127.0.0.1")
        until(lambda: "opplysninger venter" in page(hub) and "Vekt" in page(hub), "the hub keeps and shows")
        assert "can't reach" in page(hub).replace("&#39;", "'")
        assert house.count("reading") == 0
        with mosquitto(house.folder, broker_config(house.broker_port)):
            hub.wait_for("road to the ward: back")
            last_round(room)
            until(lambda: house.count("reading") == measured(room) > 0, "all is delivered")
            assert (hub.stop(), ward.stop(), room.stop()) == (0, 0, 0)
            assert "Traceback" not in hub.err + ward.err + room.err


async def asked(session: Session, payload: bytes, kind: type[T]) -> T:
    """Publish by hand what a hub would; return the answer, past what the ward answers the hub itself."""
    await session.publish(topic(HOME, "up"), payload)
    async with asyncio.timeout(WAIT_S):
        while True:
            message = await session.receive()
            assert message.topic == topic(HOME, "down")
            answer = answer_from_bytes(message.payload)
            if isinstance(answer, kind) and not (isinstance(answer, Receipt) and answer.log != LOG):
                return answer


def batch(home: str = HOME) -> bytes:
    """Return a good batch of another log of this home."""
    return bytes(Batch(home, LOG, (Entry(1, NOON, EntryKind.HUB_STARTED, b"{}"),)))


def test_a_batch_that_nobody_can_read_is_refused_and_kept(house):
    """A reason on `down`, the bytes in quarantine, and the next good batch of hand and hub gets in."""
    broken = {
        b"no batch at all": "bytes that are no batch",
        batch(OTHER_HOME): f"a batch of home '{OTHER_HOME}'",
    }

    async def by_hand() -> None:
        broker = PahoBroker(f"mqtt://127.0.0.1:{house.broker_port}", username=HOME)
        async with broker.session("by-hand", subscriptions=(topic(HOME, "down"),)) as session:
            for data, reason in broken.items():
                answer = await asked(session, data, Refusal)
                assert answer.digest == blake2b(data, digest_size=16).hexdigest()
                assert reason in answer.reason
            assert bare(await asked(session, batch(), Receipt)) == Receipt(LOG, 1)

    with mosquitto(house.folder, broker_config(house.broker_port)), house.ward() as ward:
        ward.wait_for("work list on")
        with house.hub() as hub:
            until(lambda: house.count("entry") >= 2, "the hub is heard")
            asyncio.run(by_hand())
            hub.wait_for("the ward refused a batch: bytes that are no batch")
            until(
                lambda: ("batch_refused",) in house.rows("select kind from entry"),
                "the hub's next batch is in",
            )
            assert hub.stop() == 0
        assert ward.stop() == 0
    kept = house.rows("select home, data, reason from quarantine order by id")
    assert [(home, bytes(data)) for home, data, _ in kept] == [(HOME, data) for data in broken]
    for (_, _, reason), expected in zip(kept, broken.values(), strict=True):
        assert expected in reason
    assert house.count(f"entry where log = '{LOG}'") == 1
