"""Starts a hub from its settings: key, log, radio, broker and page, in the order in which they can refuse."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import SystemRandom

from cloud_bridge.look.serve import address, listen, serve
from cloud_bridge.program import utc_now
from cloud_bridge.road import broker_from
from cloud_bridge.settings import load_plan
from gateway.apart import ask
from gateway.app import Hub
from gateway.box import box
from gateway.certificate_watch import CertificateWatch
from gateway.console import counted
from gateway.outside import LOAD_S, Outside, load_outside, noted
from gateway.quiet import quiet_libraries
from gateway.radio import open_radio
from gateway.recover import recovered
from gateway.settings import Settings
from gateway.store.episodes import open_key
from gateway.store.file import lock
from gateway.store.key_place import KeyPlace
from gateway.store.keys import LogKey
from gateway.store.log import Store
from gateway.store.organisation_key import public_key_in
from gateway.store.room import LogDisk
from gateway.view import View
from gateway.web.app import hub_app

BONDS_FILE = "bonds.json"


def new_key(settings: Settings) -> LogKey:
    """Return the log's key, made where there is none; raise KeyFileError with what to do."""
    organisation = settings.escrow_public_key_file
    escrow_to = None if organisation is None else public_key_in(organisation)
    return open_key(KeyPlace.of(settings), settings.home, utc_now(), escrow_to)


def open_store(settings: Settings) -> Store:
    """Open the hub's log with its key; raise KeyFileError or StoreError with what to do."""
    key = new_key(settings)
    with counted("entries carried over") as progress:
        return recovered(settings.folder, settings.home, key, at=utc_now(), progress=progress)


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Hold the hub's folder for this process alone."""
    held = lock(folder)
    try:
        yield
    finally:
        os.close(held)


async def run_hub(settings: Settings, say: Callable[[str], None]) -> int:
    """Run a hub until cancelled; return the exit code. What can refuse does so before the log is touched."""
    quiet_libraries()
    plan, told = load_plan(settings.plan_file), settings.told()
    outsiders = await ask(load_outside, "all", deadline_s=2 * LOAD_S)
    radio = open_radio(settings.radio, bonds=settings.folder / BONDS_FILE)
    broker = broker_from(settings, settings.home)
    with (
        closing(listen(settings.page.host, settings.page.port)) as page,
        own_folder(settings.folder),
        closing(open_store(settings)) as store,
        noted(settings.folder, outsiders) as note,
    ):
        hub = Hub(
            radio=radio,
            store=store,
            broker=broker,
            plan=plan,
            now=utc_now,
            box=box(),
            timezone=settings.zone,
            dice=SystemRandom(),
            disk=LogDisk(settings.folder),
            told=told,
            outside=Outside(outsiders),
        )
        hub.outsiders.on_quarantine = note
        say(f"home {settings.home}: log {store.log} up to number {store.highest}, "
            f"{store.waiting} entries waiting")  # fmt: skip
        say(f"page on {address(page)} · radio {settings.radio} · broker {settings.broker}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hub.run())
            tasks.create_task(
                CertificateWatch(lambda: broker.certificate_expiry, hub.troubles, now=hub.now).run()
            )
            tasks.create_task(serve(hub_app(View(hub), settings.zone), page))
    return 0
