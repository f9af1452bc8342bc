"""A real Chromium that may speak to this machine only, and pages served to it on a loopback port."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from cloud_bridge.look.serve import PageServer

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = Path(__file__).parents[2] / "docs/pictures"
START_S_MAX = 10
STOP_S_MAX = 4  # under uvicorn's own patience: a server that only stops by giving up is caught


def chromium_path() -> str | None:
    """Where Chromium is installed, if it is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items):
    """All that lies in this folder needs Chromium, and says so."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium():
    """One browser for a file of tests; where there is none, they fail with what to do.

    Not for the whole session: Playwright keeps a loop running here, and async tests need their own.
    """
    program = chromium_path()
    if program is None:
        pytest.fail("no Chromium on this machine: apt-get install -y chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Served:
    """A site on a port: its address, and a way to do something on the server's own loop."""

    url: str
    server: PageServer
    thread: threading.Thread
    loop: object

    def on_loop(self, do: Callable[[], None]) -> None:
        """Do it where the site lives, so that no future is touched from outside."""
        self.loop.call_soon_threadsafe(do)

    def stop(self) -> None:
        """Stop the server and see to it that it really ends."""
        self.server.should_exit = True
        self.thread.join(STOP_S_MAX)
        assert not self.thread.is_alive(), "the server does not stop while a page is open"


class _Telling(PageServer):
    """A server that says when it listens."""

    def __init__(self, app):
        super().__init__(app)
        self.listens = threading.Event()
        self.loop = None

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.listens.set()


@contextmanager
def _serving(app):
    server = _Telling(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listens.wait(START_S_MAX), "the server does not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    served = Served(f"http://127.0.0.1:{port}", server, thread, server.loop)
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture
def serving():
    """Serve an app for the length of a with block."""
    return _serving


@pytest.fixture
def open_page(chromium):
    """Open pages that fail the test on any console error and on any request that leaves this machine."""
    contexts, complaints = [], []

    def opened(url, *, width=1440, height=900, scheme="light", **more):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **more
        )
        contexts.append(context)
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith("http://127.0.0.1:") else complaints.append(asked.url),
        )
        page.goto(url)
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def picture(tmp_path):
    """Where a picture is put: among the documents when asked for, else where it is thrown away."""
    is_kept = bool(os.environ.get("PUSTEROM_PICTURES"))
    folder = PICTURES if is_kept else tmp_path

    def taken(page, name, *, is_whole=True):
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=is_whole and is_kept)

    return taken
