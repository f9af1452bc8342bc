"""A log as the first version of Pusterom left it, without today's code: what an update begins with."""

import json
from collections.abc import Sequence

from sqlcipher3 import dbapi2
from sqlite_utils import Database

from gateway.alerts.state import JudgeState
from gateway.settings import Settings
from gateway.store import durable
from gateway.store.keys import HubSecret
from gateway.store.log import Fact
from gateway.store.schema import MIGRATIONS
from tests.given import NOON

JUDGE = bytes(JudgeState()).decode()


def first_version(settings: Settings, log: str, facts: Sequence[Fact]) -> None:
    """Make key, log and witness, with these facts as the first entries."""
    secret = HubSecret.made()
    durable.put(settings.key_file, secret.in_file)
    settings.folder.mkdir(mode=0o700)
    connection = dbapi2.connect(settings.folder / "log.db", isolation_level=None)
    connection.execute(f'pragma key = "{secret.as_log_key().pragma()}"')
    connection.execute("pragma journal_mode = wal")
    _, *later = [step.name for step in MIGRATIONS.pending(Database(memory=True))]
    MIGRATIONS.apply(Database(connection), stop_before=later[0])
    connection.execute("begin")
    for seq, fact in enumerate(facts, start=1):
        words = (seq, NOON.isoformat(), fact.kind, fact.body.decode())
        connection.execute("insert into entry (seq, at, kind, body) values (?, ?, ?, ?)", words)
        connection.execute("insert into told values (?, ?)", (fact.id, seq))
        series, measured_at = fact.series or ("", NOON)
        connection.execute("insert into reading values (?, ?, ?)", (seq, series, measured_at.isoformat()))
    state = (("log", log), ("home", settings.home), ("judge", JUDGE))
    connection.executemany("insert into state values (?, ?)", state)
    connection.execute("commit")
    connection.close()
    durable.put(settings.folder / "log.json", json.dumps({"log": log}).encode())
