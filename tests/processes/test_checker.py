"""The checker is checked: whatever is planted in a database or in a record, it says so."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from sqlcipher3 import dbapi2

from cloud_bridge.backend.tables import open_tables
from cloud_bridge.contract.bodies import alert_body, reading_body
from cloud_bridge.contract.entries import Batch, EntryKind
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState
from gateway.store.file import LOG_FILE
from gateway.store.log import Fact
from tests.contracts.tables.conftest import anyio_backend, postgres_url, server
from tests.given import HOME, KEY, NOON, SPO2_LOW, plan, reading, store
from tests.processes.checker import Verdict, check, devices_record, hub_place, ward_place

__all__ = ["anyio_backend", "postgres_url", "server"]

pytestmark = [pytest.mark.postgres, pytest.mark.anyio]

VALUES = (91.0, 84.0, 93.0, 92.0)
"""The second opens an alert, the third closes it: six entries in all."""


@dataclass
class Three:
    """The three places, filled with the same facts."""

    folder: object
    url: str

    @property
    def record(self):
        return self.folder / "record.jsonl"

    def on_hub(self, sql: str) -> None:
        """Change the hub's file past all code of ours."""
        connection = dbapi2.connect(self.folder / LOG_FILE, isolation_level=None)
        connection.execute(f'pragma key = "{KEY.pragma()}"')
        connection.execute(sql)
        connection.close()

    def in_ward(self, sql: str) -> None:
        """Change PostgreSQL past all code of ours."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def on_both(self, sql: str) -> None:
        """Change both alike."""
        self.on_hub(sql)
        self.in_ward(sql)

    def note(self, **said: object) -> None:
        """Add a line to the devices' record."""
        with self.record.open("a") as file:
            file.write(json.dumps({"device": "F0:00:00:00:0A:01", **said}) + "\n")

    def verdict(self, killed_s: tuple = ()) -> Verdict:
        """Let the checker look."""
        measured, _ = devices_record(self.record)
        hub = hub_place(self.folder / LOG_FILE, KEY.pragma())
        return check(measured.values(), hub, ward_place(self.url, HOME), killed_s)


@pytest.fixture
async def three(tmp_path, postgres_url):
    """Four readings and an alert, in the record, on the hub and in the ward."""
    made, state = Three(tmp_path, postgres_url), take_plan(plan(SPO2_LOW), JudgeState(), NOON).state
    keeping = store(tmp_path)
    for number, value in enumerate(VALUES, start=1):
        measured = reading(value, minute=number)
        # The device's own time is what makes a reading the same in all three places.
        said = {"kind": "spo2", "value": value, "device_time": None}
        made.note(what="measured", record=number, is_keeping=False, facts=[said | _time(number)])
        made.note(what="confirmed", record=number, at_s=100.0 * number)
        verdict = judge(plan(SPO2_LOW), state, measured)
        state = verdict.state
        body = json.loads(reading_body(measured)) | _time(number)
        facts = [Fact(EntryKind.READING, json.dumps(body).encode(), measured.id, ("spo2", NOON))]
        facts += [Fact(EntryKind.ALERT, alert_body(alert)) for alert in verdict.changes]
        keeping.commit(facts, at=NOON)
    entries = keeping.entries(after=0, count_max=99)
    tables = open_tables(postgres_url)
    await tables.commit(Batch(HOME, keeping.log, entries), at=NOON)
    tables.close()
    keeping.move_cursor(len(entries))
    keeping.close()
    return made


def _time(number: int) -> dict[str, str]:
    return {"device_time": f"2027-01-05T13:0{number}:00"}


async def test_three_places_that_agree_are_without_fault(three):
    """Nothing is said of what is as it should be."""
    verdict = three.verdict()
    assert verdict.faults == []
    assert (verdict.counts["measured"], verdict.counts["on the hub"]) == (4, 6)
    assert (verdict.counts["in the ward"], verdict.counts["alert changes"]) == (6, 2)


ALTER = "update entry set body = replace(body, '93.0', '94.0') where kind = 'reading'"
AGAIN = "insert into entry (seq, at, kind, body) select 7, at, kind, body from entry where seq = 1"
WARD_AGAIN = (
    "insert into entry select home, log, 7, at, kind, body, committed_at from entry where seq = 1;"
    " update log set up_to = 7"
)
STRANGE = "replace(body, '13:01', '14:01')"
INVENTED = f"insert into entry (seq, at, kind, body) select 7, at, kind, {STRANGE} from entry where seq = 1"

PLANTED: dict[str, tuple[str, Callable[[Three], None]]] = {
    "lost on the hub and in the ward": ("lost", lambda t: t.on_both("delete from entry where seq = 6")),
    "lost on the road": ("lost", lambda t: t.in_ward("delete from entry where seq = 6")),
    "a gap": ("lost", lambda t: t.on_both("delete from entry where seq = 1")),
    "doubled on the hub": ("doubled", lambda t: (t.on_hub(AGAIN), t.in_ward(WARD_AGAIN))),
    "doubled in the ward": ("doubled", lambda t: t.in_ward(WARD_AGAIN)),
    "indexed twice": ("doubled", lambda t: t.in_ward(
        "insert into reading select home, 'x', log, seq, kind, measured_at from reading where seq = 1")),
    "altered on both": ("altered", lambda t: t.on_both(ALTER)),
    "altered in the ward": ("altered", lambda t: t.in_ward(ALTER)),
    "another time in the ward": ("altered", lambda t: t.in_ward(
        "update entry set at = at + interval '1 second' where seq = 1")),
    "invented on the hub": ("invented", lambda t: t.on_hub(INVENTED)),
    "invented in the ward": ("invented", lambda t: t.in_ward(WARD_AGAIN.replace("body,", f"{STRANGE},"))),
    "an alert lost in the ward's table": ("lost", lambda t: t.in_ward(
        "delete from alert where change = 'opened'")),
    "an alert invented there": ("invented", lambda t: t.in_ward(
        "insert into alert select home, 'x', change, log, seq, level, at from alert")),
    "an alert closed that never opened": ("disordered", lambda t: t.on_both(
        "update entry set body = replace(body, 'opened', 'closed') where seq = 3")),
    "not indexed": ("lost", lambda t: t.on_hub("delete from reading where seq = 1")),
    "in quarantine": ("disordered", lambda t: t.in_ward(
        f"insert into quarantine (home, log, seq, digest, reason, data, at)"
        f" values ('{HOME}', '', 0, 'x', 'x', '', now())")),
    "a receipt that is not there": ("disordered", lambda t: t.on_hub(
        "update state set body = '3' where name = 'cursor'")),
    "measured and never told": ("lost", lambda t: t.note(what="measured", record=5, is_keeping=False,
        facts=[{"kind": "spo2", "value": 90.0} | _time(9)])),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
async def test_what_is_planted_is_named(three, name):
    """One fault in one place is one fault of its kind, at least."""
    what, plant = PLANTED[name]
    plant(three)
    verdict = three.verdict(killed_s=((0.0, 1.0),))
    assert verdict.counts[what] >= 1, verdict.faults
    assert len(verdict.faults) >= 1


@pytest.mark.parametrize(
    ("at_s", "killed_s", "is_keeping", "is_excused"),
    [
        (500.2, (500.4, 500.5), False, True),
        (500.0, (500.4, 500.5), False, False),
        (500.9, (500.4, 500.5), False, True),
        (502.0, (500.4, 500.5), False, False),
        (500.2, (500.4, 500.5), True, False),
        (None, (500.4, 500.5), False, False),
    ],
)
async def test_only_the_confirm_window_excuses(three, at_s, killed_s, is_keeping, is_excused):
    """Excused is what a forgetful device was told is safe just before a kill, and it is counted."""
    facts = [{"kind": "spo2", "value": 90.0} | _time(9)]
    three.note(what="measured", record=5, is_keeping=is_keeping, facts=facts)
    if at_s is not None:
        three.note(what="confirmed", record=5, at_s=at_s)
    verdict = three.verdict((killed_s,))
    assert (verdict.counts["excused"], verdict.counts["lost"]) == ((1, 0) if is_excused else (0, 1))


async def test_a_line_that_is_half_written_is_no_line(three):
    """A record is read up to its last whole line."""
    with three.record.open("a") as file:
        file.write('{"what": "measured", "dev')
    assert three.verdict().faults == []


async def test_one_kill_excuses_one_record_of_a_device(three):
    """What stood in memory beyond the record in hand is lost, and no kill excuses it."""
    for number in (5, 6):
        facts = [{"kind": kind, "value": 90.0} | _time(number + 3) for kind in ("spo2", "pulse_rate")]
        three.note(what="measured", record=number, is_keeping=False, facts=facts)
        three.note(what="confirmed", record=number, at_s=500.0 + number / 100)
    verdict = three.verdict(((500.1, 500.2),))
    assert (verdict.counts["excused"], verdict.counts["lost"]) == (2, 2)
