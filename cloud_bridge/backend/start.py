"""Starts a ward from its settings: database, page and intake, in the order in which they can refuse."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from random import SystemRandom
from secrets import token_hex

from cloud_bridge.backend.app import LogsIn, ward_app
from cloud_bridge.backend.checklists import checklist_from
from cloud_bridge.backend.indicators import Indicators, Period
from cloud_bridge.backend.ingest import ALONE, FIRST_OF_MANY, WORKER, Ingest
from cloud_bridge.backend.live import Changes, Elsewhere
from cloud_bridge.backend.login_settings import private_text, secret_of
from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.streams import Streams
from cloud_bridge.backend.tables import Tables, open_tables
from cloud_bridge.backend.views import Person, Plans, WrittenPlan
from cloud_bridge.backend.watch import Watch
from cloud_bridge.flow import PATIENCE, Patience
from cloud_bridge.look.serve import address, listen, serve
from cloud_bridge.program import utc_now
from cloud_bridge.road import broker_from
from cloud_bridge.settings import SettingsError

SHARING = Patience(session_expiry_s=0)
"""Nothing waits at the broker for a worker that has gone: its hubs send it again, to another."""

COORDINATOR = "coordinator"
"""The role of whoever enrols at the ward's own machine."""


async def run_ward(settings: WardSettings, say: Callable[[str], None]) -> int:
    """Run a ward until cancelled; return the exit code."""
    settings.assert_safe_to_show()
    broker = broker_from(settings, settings.username)
    async with AsyncExitStack() as stack:
        page = stack.enter_context(closing(listen(settings.page.host, settings.page.port)))
        tables = stack.enter_context(closing(open_tables(settings.database)))
        login = await login_of(settings, tables, stack)
        changes = Changes()
        streams = Streams(tables, broker, utc_now, dice=SystemRandom())
        changes.on_change(streams.wake)
        ingest = _intake(settings, tables, changes.notify, FIRST_OF_MANY if settings.is_shared else ALONE)
        app = ward_app(tables, changes, utc_now, settings.zone, login=login, on_decided=ingest.decided)
        say(f"work list on {address(page)} · broker {settings.broker}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ingest.run())
            tasks.create_task(streams.run())
            tasks.create_task(Watch(tables, utc_now, changes.notify).run())
            tasks.create_task(serve(app, page))
            if settings.is_shared:
                tasks.create_task(Elsewhere(tables.commits, changes.notify).run())
    return 0


async def run_intake(settings: WardSettings, say: Callable[[str], None]) -> int:
    """Run a worker beside the ward until cancelled; return the exit code."""
    settings.assert_shared()
    with closing(open_tables(settings.database)) as tables:
        intake = _intake(settings, tables, lambda _home: None, WORKER)
        say(f"taking in · broker {settings.broker}")
        await intake.run()
    return 0


def _intake(
    settings: WardSettings, tables: Tables, on_commit: Callable[[str], None], subscriptions: tuple[str, ...]
) -> Ingest:
    """Return the intake; one that shares leaves nothing at the broker when it goes: others shall get it."""
    is_alone = subscriptions is ALONE
    broker = broker_from(settings, settings.username, PATIENCE if is_alone else SHARING)
    client_id = f"ward-intake-{token_hex(8)}" if subscriptions is WORKER else "ward-ingest"
    return Ingest(
        tables, broker, utc_now, on_commit,
        dice=SystemRandom(), client_id=client_id, name=settings.name, subscriptions=subscriptions,
    )  # fmt: skip


async def figures_of(settings: WardSettings, period: Period) -> tuple[Indicators, tuple[Organisation, ...]]:
    """Count the indicators of a period; return them, and who takes part."""
    with closing(open_tables(settings.database)) as tables:
        return await tables.indicators(period), await tables.organisations()


async def login_of(settings: WardSettings, tables: Tables, stack: AsyncExitStack) -> LogsIn | None:
    """Return where people log in; raise SettingsError for what would only be found when somebody tries."""
    if (login := settings.login) is None:
        return None
    secret = secret_of(settings.file, login)
    key_text = private_text(settings.file, "client_key_file", login.client_key_file)
    try:
        from cloud_bridge.backend.login import Login  # the extra [ward], only where asked for
        from cloud_bridge.backend.provider import Provider, http_client, key_from
    except ImportError as error:
        raise SettingsError(settings.file, "login", "logging in needs: pip install pusterom[ward]") from error
    try:
        key = key_from(key_text)
    except ValueError as error:
        raise SettingsError(
            settings.file, "login.client_key_file", f"{login.client_key_file} {error}."
        ) from None
    http = await stack.enter_async_context(http_client())
    return Login(Provider(login, key, http), tables, secret, utc_now)


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


async def enrol_organisation(
    settings: WardSettings, organisation: Organisation, checklist: Path | None = None
) -> int:
    """Note who takes part, perhaps with what they go through before a hand-over; return the exit code."""
    if checklist is not None:
        organisation = replace(organisation, checklist=checklist_from(checklist))
    with closing(open_tables(settings.database)) as tables:
        await tables.enrol_organisations((organisation,))
    return 0
