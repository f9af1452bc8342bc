"""What a look into a log sees beside each entry, also in a log that no newer hub has opened."""

from contextlib import closing

import orjson
import pytest

from cloud_bridge.contract.entries import Clock
from gateway.cli_store import _line
from gateway.soundness import identity_in
from gateway.store.kept import Kept
from gateway.store.look import Look
from tests.given import KEY, NOON, fact, store


def seen(folder) -> list[Kept]:
    """Return everything that a look sees."""
    with closing(Look(folder, KEY)) as look:
        return [one for one in look.entries(1, 2) if isinstance(one, Kept)]


def test_a_look_sees_how_the_clock_stood(tmp_path):
    """An export says boot, uptime and trust in the words of the wire, and nothing where nobody told."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON)
    log.commit([fact("b")], at=NOON, clock=Clock(3, 812.25, "kept"))
    log.close()
    told = [orjson.loads(_line(kept)).get("clock") for kept in seen(tmp_path)]
    assert told == [None, {"boot": 3, "uptime_s": 812.25, "trust": "kept"}]


def test_a_log_of_an_older_hub_is_not_called_damaged(tmp_path):
    """A log without the columns of the clock is read as it is: a look never changes a file."""
    log = store(tmp_path)
    log._db.execute("drop index entry_clock_found")
    for column in ("boot", "uptime_s", "trust"):
        log._db.execute(f"alter table entry drop column {column}")
    log._db.execute("insert into entry values (1, ?, 'reading', '{}')", (NOON.isoformat(),))
    log.close()
    assert [kept.clock for kept in seen(tmp_path)] == [None]


def test_a_clock_that_no_hub_wrote_is_found():
    """A time to run that is none makes an entry unsound."""
    with pytest.raises(ValueError, match="nothing runs"):
        identity_in(Kept(1, NOON.isoformat(), "answer", "{}", 3, -1.0, "kept"))
