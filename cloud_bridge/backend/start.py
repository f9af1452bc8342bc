"""Starts a ward from its settings: database, page and intake, in the order in which they can refuse."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from random import SystemRandom

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.ingest import Ingest
from cloud_bridge.backend.live import Changes
from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import open_tables
from cloud_bridge.backend.views import Person, Plans, WrittenPlan
from cloud_bridge.backend.watch import Watch
from cloud_bridge.look.serve import address, listen, serve
from cloud_bridge.program import utc_now
from cloud_bridge.road import broker_from

COORDINATOR = "coordinator"
"""The role of whoever enrols at the ward's own machine."""


async def run_ward(settings: WardSettings, say: Callable[[str], None]) -> int:
    """Run a ward until cancelled; return the exit code."""
    broker = broker_from(settings, settings.username)
    with (
        closing(listen(settings.page.host, settings.page.port)) as page,
        closing(open_tables(settings.database)) as tables,
    ):
        changes = Changes()
        ingest = Ingest(tables, broker, utc_now, changes.notify, dice=SystemRandom(), name=settings.name)
        app = ward_app(tables, changes, utc_now, settings.zone, on_decided=ingest.decided)
        say(f"work list on {address(page)} · broker {settings.broker}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ingest.run())
            tasks.create_task(Watch(tables, utc_now, changes.notify).run())
            tasks.create_task(serve(app, page))
    return 0


async def write_plan(settings: WardSettings, home: str, written: WrittenPlan) -> tuple[str | None, Plans]:
    """Keep a plan for a home; return why not, and how its plans stood before."""
    with closing(open_tables(settings.database)) as tables:
        before = await tables.plans(home)
        return await tables.write_plan(home, written), before


async def enrol_person(settings: WardSettings, person: Person, accountable: str = "") -> str | None:
    """Note who lives in a home, and who follows it from now on; return why not, and then nothing is noted."""
    with closing(open_tables(settings.database)) as tables:
        if accountable:
            refusal = await tables.begin_follow_up(person.home, accountable, COORDINATOR, utc_now())
            if refusal is not None:
                return refusal
        await tables.enrol(person)
    return None


async def enrol_organisation(settings: WardSettings, organisation: Organisation) -> int:
    """Note who takes part; return the exit code."""
    with closing(open_tables(settings.database)) as tables:
        await tables.enrol_organisations((organisation,))
    return 0
