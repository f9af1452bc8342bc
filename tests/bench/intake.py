"""One process of the row ingest: what waits in a file is taken in by the ward or by one statement."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import perf_counter

import orjson
import psycopg
import zstandard

from cloud_bridge.backend.ingest import Ingest
from cloud_bridge.backend.tables import open_tables
from cloud_bridge.broker import Message
from cloud_bridge.contract.topics import topic
from cloud_bridge.program import utc_now

_TABLE = """
    create table if not exists plain (
        home text, id text, seq bigint, kind text, at timestamptz, value float8, body jsonb,
        primary key (home, id)
    )
"""
_KEEP = """
    insert into plain select %s, line -> 3 ->> 'id', (line ->> 0)::bigint, line -> 3 ->> 'kind',
        (line -> 3 ->> 'measured_at')::timestamptz, (line -> 3 ->> 'value')::float8, line -> 3
    from jsonb_array_elements(%s::jsonb) as line on conflict do nothing
"""


class _Replay:
    """A broker whose session hands out messages that wait already, and is at rest when they are answered."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = list(reversed(messages))
        self._waiting = len(messages)
        self.is_done = asyncio.Event()

    @asynccontextmanager
    async def session(self, _client_id: str, **_: object) -> AsyncIterator["_Replay"]:
        yield self

    async def receive(self) -> Message:
        """Return the next message."""
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop()

    async def publish(self, _topic: str, payload: bytes, **_: object) -> None:
        """Take a receipt."""
        assert b'"up_to"' in payload, payload
        self._waiting -= 1
        if not self._waiting:
            self.is_done.set()


def ours(url: str, messages: list[Message]) -> float:
    """Let the ward's intake take these in; return how many seconds it took."""

    async def work() -> float:
        tables, broker = open_tables(url), _Replay(messages)
        intake = Ingest(tables, broker, utc_now, lambda _home: None, dice=Random(1))
        async with asyncio.TaskGroup() as tasks:
            began = perf_counter()
            running = tasks.create_task(intake.run())
            await broker.is_done.wait()
            took = perf_counter() - began
            running.cancel()
        tables.close()
        return took

    return asyncio.run(work())


def theirs(url: str, messages: list[Message]) -> float:
    """Unpack and hand each message to one statement; return how many seconds it took."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE)
        began = perf_counter()
        for message in messages:
            said = orjson.loads(zstandard.ZstdDecompressor().decompress(message.payload))
            connection.execute(_KEEP, (said["home"], orjson.dumps(said["entries"]).decode()))
        return perf_counter() - began


SIDES: dict[str, Callable[[str, list[Message]], float]] = {"ours": ours, "theirs": theirs}


def _main(side: str, url: str, file: str) -> None:
    payloads = [bytes.fromhex(line) for line in Path(file).read_text().splitlines()]
    home = file.rpartition("-")[2]
    messages = [Message(topic(home, "up"), payload) for payload in payloads]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(f"{SIDES[side](url, messages)}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
