"""The other process: owns an air, lends it to the hub, and obeys the orders of the tests."""

import asyncio
import functools
import json
import sys

from gateway.quiet import quiet_libraries
from simulators.radio.air import Air
from simulators.radio.host import hosted
from simulators.radio.server import serve
from tests.contracts.radios import INTERVAL_MS, SUPERVISION_S, obey, tellers


async def room(air: Air, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Fill a room for one test, and obey until the test hangs up."""
    async with hosted(air, tellers(), interval_ms=INTERVAL_MS) as hosts:
        named = {host.twin.name: host for host in hosts}
        while line := await reader.readline():
            order = json.loads(line)
            answer = await obey(named[order.pop("name")], order.pop("what"), **order)
            writer.write(json.dumps(answer).encode() + b"\n")
    writer.close()


async def main(radio: str, orders: str) -> None:
    """Serve until killed."""
    quiet_libraries()
    air = Air(SUPERVISION_S)
    async with serve(air, radio):
        server = await asyncio.start_unix_server(functools.partial(room, air), orders)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
