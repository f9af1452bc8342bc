"""Lends the air to other processes: each client of the unix socket gets a controller of its own."""

import asyncio
import contextlib
import itertools
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

from gateway.ports import RadioError
from simulators.radio.air import Air
from simulators.radio.controller import AirController
from simulators.radio.pipe import Pipe

SCHEME = "unix:"


@contextlib.asynccontextmanager
async def serve(air: Air, spec: str) -> AsyncIterator[None]:
    """Serve the air at "unix:/path" while the context is open; raise RadioError where that is impossible."""
    path = path_of(spec)
    _clear(path)
    clients: dict[Pipe, AirController] = {}
    numbers = itertools.count(1)

    def opened(pipe: Pipe) -> None:
        one = clients[pipe] = AirController(f"client-{next(numbers):06}", air)
        one.set_packet_sink(pipe)
        pipe.set_packet_sink(one)

    def lost(pipe: Pipe) -> None:
        one = clients.pop(pipe)
        one.set_packet_sink(None)
        air.detach(one)

    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Pipe(opened, lost), sock=_listening(path))
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)
        for pipe in list(clients):
            pipe.close()


def path_of(spec: str) -> Path:
    """Return the path in "unix:/path", or raise RadioError."""
    if not spec.startswith(SCHEME) or len(spec) == len(SCHEME):
        raise RadioError(f"radio {spec!r} is not of the form unix:/path/to/socket")
    return Path(spec.removeprefix(SCHEME))


def _clear(path: Path) -> None:
    """Remove a socket that a dead process left behind; never one that is in use, never a file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise RadioError(f"{path} is there and is no socket. Choose another path for the radio")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise RadioError(f"another process serves {path}. Stop it, or choose another path for the radio")


def _listening(path: Path) -> socket.socket:
    # The mask and not a later chmod: between bind and chmod anybody could get in.
    before = os.umask(0o177)
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise RadioError(f"can't serve the radio at {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    return listening
