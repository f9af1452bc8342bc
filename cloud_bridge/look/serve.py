"""Serves a site on a port, and stops without waiting for pages that are still open."""

import socket

import uvicorn
from fastapi import FastAPI

STOP_S_MAX = 5


class PageServer(uvicorn.Server):
    """A uvicorn server that ends the live streams first: else each open page would hold the stop back."""

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_S_MAX,
            )
        )
        self._streams = app.state.streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then stop as any uvicorn server."""
        self._streams.end()
        await super().shutdown(sockets)
