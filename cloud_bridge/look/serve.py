"""Serves a site inside a program that has other things to do, and stops without waiting for open pages."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

STOP_S_MAX = 2


class PortError(Exception):
    """The port can't be had; a person must choose another, or stop who has it."""


class PageServer(uvicorn.Server):
    """A uvicorn server that ends the live streams first: else each open page would hold the stop back."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=STOP_S_MAX,
            )
        )
        self._streams = app.state.streams

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the program: it stops everything in order."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop as any uvicorn server."""
        self._streams.end()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Take the port, or raise PortError. Port 0 takes any free one."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise PortError(
            f"port {port} on {host} can't be had ({error.strerror}). Stop the program that has it, "
            "or choose another port."
        ) from error
    return taken


def address(taken: socket.socket) -> str:
    """Return where a browser finds what is served here."""
    host, port = taken.getsockname()[:2]
    return f"http://{host}:{port}/"


async def serve(app: FastAPI, taken: socket.socket) -> None:
    """Serve until cancelled; then the streams end first, and everything else within STOP_S_MAX."""
    server = PageServer(app)
    try:
        await server.serve(sockets=[taken])
    finally:
        taken.close()
