"""Serves a page inside a program that has other things to do: no signal handlers, one clear error."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

GRACE_S = 2
"""Open event streams are closed after so long when the program ends."""


class PortError(Exception):
    """The port can't be had; a person must choose another, or stop who has it."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the program: it stops everything in order."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or raise PortError. Port 0 takes any free one."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise PortError(f"port {port} on {host} can't be had ({error.strerror}).") from error
    return taken


def address(taken: socket.socket) -> str:
    """Return where a browser finds what is served here."""
    host, port = taken.getsockname()[:2]
    return f"http://{host}:{port}/"


async def serve(app: FastAPI, taken: socket.socket) -> None:
    """Serve until cancelled, then close open streams within GRACE_S."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_S
    )
    await _Server(config).serve(sockets=[taken])
