"""`pusterom store verify` and `export`: damage is named for what it is, and not a byte is changed."""

import json
import random
import sqlite3
import stat
import subprocess
import sys
from threading import Event, Thread

import pytest

from cloud_bridge.contract.bodies import DeviceFault, fault_body, plan_body, reading_body
from cloud_bridge.contract.entries import EntryKind
from gateway.settings import Settings
from gateway.store.episodes import look_key, open_key
from gateway.store.file import StoreError
from gateway.store.key_place import KeyPlace
from gateway.store.log import Fact, Store
from gateway.store.look import Look
from tests.gateway.conftest import CONFIG, on_disk
from tests.given import HOME, NOON, OTHER_HOME, SPO2_LOW, plan, reading

DAMAGE, PAGE, COUNT = 74, 4096, 3000
QUESTIONS = 10


def told(minute: int) -> Fact:
    """Return a reading that can be kept."""
    one = reading(minute=minute)
    return Fact(EntryKind.READING, reading_body(one), one.id, (one.series, one.measured_at))


def opened(folder, *, first=False) -> Store:
    """Open the log as the hub does."""
    settings = Settings.load(folder / "hub.toml")
    place = KeyPlace.of(settings)
    key = open_key(place, settings.home, NOON) if first else look_key(place, settings.home)
    return Store.open(settings.folder, settings.home, key)


@pytest.fixture
def log(folder):
    """A log of some thousand entries of several kinds, closed in order; returns its file."""
    store = opened(folder, first=True)
    fault = fault_body(DeviceFault("F0:00:00:00:0A:01", "x", "cut short"))
    start = b'{"at":"2027-01-05T12:00:00+00:00"}'
    store.commit(
        [
            Fact(EntryKind.HUB_STARTED, start),
            Fact(EntryKind.PLAN_APPLIED, plan_body(plan(SPO2_LOW))),
            Fact(EntryKind.DEVICE_FAULT, fault, "fault"),
        ],
        at=NOON,
        judge_state=b'{"plan_version":1,"limits":{}}',
    )
    for minute in range(3, COUNT, 50):
        store.commit([told(one) for one in range(minute, min(minute + 50, COUNT))], at=NOON)
    store.move_cursor(COUNT - 10)
    store.close()
    return folder / "log" / "log.db"


@pytest.fixture
def verified(run, folder):
    """Run `store verify`; return exit code, lines and stderr, after seeing that it changed nothing."""
    return lambda: _looked(run, folder, "verify")


@pytest.fixture
def exported(run, folder, tmp_path_factory):
    """Run `store export` into a file; return exit code, header, lines and stderr, and see as above."""

    def ran(*words):
        out = tmp_path_factory.mktemp("out") / "log.jsonl"
        code, said, err = _looked(run, folder, "export", "--out", out, *words)
        assert said == []
        if not out.exists():
            return code, None, [], err
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        header, *lines = map(json.loads, out.read_text().splitlines())
        return code, header, lines, err

    return ran


def _looked(run, folder, command, *words):
    before = on_disk(folder)
    code, out, err = run("store", command, "--config", folder / "hub.toml", *words)
    assert on_disk(folder) == before
    assert "Traceback" not in err
    assert all(line.startswith(("ok   ", "FAIL ")) for line in out.splitlines()), out
    return code, out.splitlines(), err


def spoilt(file, place, with_=None):
    """Flip one bit of a file, or write something over a place of it."""
    data = bytearray(file.read_bytes())
    data[place : place + len(with_ or b"x")] = with_ or bytes([data[place] ^ 1])
    file.write_bytes(data)


def changed(folder, *statements):
    """Change what a sound file says, as no hub would."""
    store = opened(folder)
    for statement in statements:
        store._db.execute(statement)
    store.close()


def failed(lines):
    """Return which questions were answered with FAIL."""
    return {line.split(":")[0].removeprefix("FAIL ") for line in lines if line.startswith("FAIL ")}


def test_a_sound_log_is_sound(verified, log):
    """Each question has its line, none fails, and nothing at all is made beside the log."""
    code, lines, err = verified()
    assert (code, err) == (0, "")
    assert len(lines) == QUESTIONS
    assert all(line.startswith("ok   ") for line in lines)
    assert f"1 to {COUNT} without a gap" in "\n".join(lines)
    assert {path.name for path in log.parent.iterdir()} == {"keyring.json", "log.db", "log.json"}


def test_an_export_is_the_log(exported, log, folder):
    """Header, then every entry with its body; the file is its owner's alone, and stderr says what it is."""
    code, header, lines, err = exported()
    assert code == 0
    assert (header["home"], header["count"]) == (HOME, COUNT)
    assert header["log"] == json.loads((log.parent / "log.json").read_text())["log"]
    assert [line["seq"] for line in lines] == list(range(1, COUNT + 1))
    store = opened(folder)
    kept = store.entries(after=0, count_max=COUNT)
    store.close()
    assert [json.loads(entry.body) for entry in kept] == [line["body"] for line in lines]
    assert "personal health data" in err


def test_an_export_begins_where_it_is_told(exported, log):
    """`--from` leaves out what is known elsewhere."""
    assert log.exists()
    _, header, lines, _ = exported("--from", COUNT - 1)
    assert (header["count"], [line["seq"] for line in lines]) == (2, [COUNT - 1, COUNT])


def test_an_export_never_writes_over_a_file(run, log, folder):
    """What stands there stays."""
    code, _, err = run("store", "export", "--config", folder / "hub.toml", "--out", log)
    assert code == 64
    assert "is there already" in err


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_on_any_page_is_found_and_all_around_it_saved(verified, exported, log, seed):
    """Planted at seeded places: verify names the page, export writes all else and says which are missing."""
    dice = random.Random(seed)
    pages = sorted(dice.sample(range(2, log.stat().st_size // PAGE + 1), k=1 + seed % 3))
    for page in pages:
        spoilt(log, (page - 1) * PAGE + dice.randrange(PAGE - 80))
    code, lines, _ = verified()
    assert code == DAMAGE
    assert "pages" in failed(lines)
    assert all(any(f"page {page}" in line for line in lines) for page in pages)
    code, header, kept, err = exported()
    found = {line["seq"] for line in kept}
    missing = spans(err)
    assert code == (DAMAGE if missing else 0)
    assert found | missing == set(range(1, header["last"] + 1))
    assert not found & missing
    assert len(missing) <= 40 * len(pages)


def spans(err):
    """Return the numbers that an export said were missing."""
    if "damaged: missing are" not in err:
        return set()
    words = err.partition("the numbers ")[2].partition(";")[0].split(", ")
    pairs = [word.split("-") for word in words]
    return {seq for pair in pairs for seq in range(int(pair[0]), int(pair[-1]) + 1)}


def pages_of(folder, sql):
    """Return what a question to the log's own tables says, asked as the hub could."""
    store = opened(folder)
    found = store._db.execute(sql).fetchone()[0]
    store.close()
    return found


def test_the_root_of_all_entries_lost_is_every_number_missing(verified, exported, log, folder):
    """Where no entry can be found any more, all numbers are named, from the other tables, and at once."""
    spoilt(log, (pages_of(folder, "select rootpage from sqlite_master where name = 'entry'") - 1) * PAGE + 50)
    assert {"pages", "numbers"} <= failed(verified()[1])
    code, header, kept, err = exported()
    assert (code, kept, header["last"]) == (DAMAGE, [], COUNT)
    assert spans(err) == set(range(1, COUNT + 1))


def test_a_damaged_page_of_states_costs_no_entry(verified, exported, log, folder):
    """Where home and cursor can't be read, they fail; the witness names the log, and every entry comes."""
    spoilt(log, (pages_of(folder, "select rootpage from sqlite_master where name = 'state'") - 1) * PAGE + 50)
    code, lines, _ = verified()
    assert code == DAMAGE
    assert {"identity", "cursor", "judge"} <= failed(lines)
    assert len(exported()[2]) == COUNT


def cut(log):
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2 + 100])


def cut_at_a_page(log):
    log.write_bytes(log.read_bytes()[: 20 * PAGE])


def first_page(log):
    spoilt(log, 100)


def foreign(log):
    log.unlink()
    with sqlite3.connect(log) as other:
        other.execute("create table guests (name text)")
    other.close()


def wrong_key(log):
    (log.parent.parent / "hub.key").write_text("cd" * 48)


def no_key(log):
    (log.parent.parent / "hub.key").unlink()


def other_home(log):
    file = log.parent.parent / "hub.toml"
    file.write_text(file.read_text().replace(HOME, OTHER_HOME))


@pytest.mark.parametrize(
    ("damage", "code", "hint"),
    [
        (cut, DAMAGE, "is cut off"),
        (cut_at_a_page, DAMAGE, "is cut off"),
        (first_page, DAMAGE, "damaged on its first page; the key is right"),
        (lambda log: log.write_bytes(b""), DAMAGE, "is empty"),
        (lambda log: log.unlink(), DAMAGE, "is gone"),
        (foreign, CONFIG, "an ordinary SQLite database"),
        (lambda log: log.write_bytes(b"no database" * 4000), CONFIG, "wrong key, or a foreign file"),
        (wrong_key, CONFIG, "can't be opened with this secret"),
        (no_key, CONFIG, "Put the key file back"),
        (other_home, CONFIG, f"the log of home {HOME}, not of {OTHER_HOME}"),
        (lambda log: (log.parent / "log.json").write_text('{"log":"other"}'), CONFIG, "belongs here"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "export"])
def test_what_is_no_log_of_ours_is_named(refused, log, folder, *, damage, code, hint, command):
    """One line that says what it is: damage is 74, settings, key and foreign files are 78."""
    damage(log)
    assert hint in refused("store", command, "--config", folder / "hub.toml", code=code)


def test_a_home_without_a_log_gets_neither_log_nor_key(refused, folder):
    """Before a first start there is nothing to look at, and looking makes nothing."""
    assert "no hub has run there" in refused("store", "verify", "--config", folder / "hub.toml")


@pytest.mark.parametrize(
    ("statement", "question", "hint"),
    [
        ("delete from entry where seq in (700, 701)", "numbers", "nothing stands at 700-701"),
        ("update entry set body = '{}' where seq = 900", "bodies", "number 900 (reading) no reading"),
        ("update entry set body = '{' where seq = 1", "bodies", "number 1 (hub_started)"),
        ("update entry set body = '{}' where seq = 3", "bodies", "number 3 (device_fault) no device fault"),
        ("update entry set kind = 'alert' where seq = 900", "bodies", "number 900 (alert) no alert"),
        ("update entry set body = (select body from entry where seq = 9) where seq = 8", "identities",
         "number 8 is told as 9"),
        ("update told set seq = 99999 where seq = 40", "identities told", "1 name no entry"),
        ("update state set body = '3007' where name = 'cursor'", "cursor", "7 entries were lost here"),
        ("update state set body = '{}}' where name = 'judge'", "judge", "can't be read"),
    ],
)  # fmt: skip
def test_a_whole_file_that_says_what_no_hub_wrote_fails(verified, log, folder, *, statement, question, hint):
    """Every question has its own FAIL, with the number, though each page is whole."""
    assert log.exists()
    changed(folder, statement)
    code, lines, _ = verified()
    assert code == DAMAGE
    assert question in failed(lines)
    assert "pages" not in failed(lines)
    assert any(line.startswith(f"FAIL {question}:") and hint in line for line in lines)


def test_an_index_that_is_not_of_its_table_fails(verified, log, folder):
    """Every page is whole, every entry is there, and the structure is wrong all the same."""
    assert log.exists()
    changed(
        folder,
        "pragma writable_schema = on",
        "update sqlite_master set rootpage = (select rootpage from sqlite_master where name = 'device')"
        " where name = 'reading_by_time'",
    )
    code, lines, _ = verified()
    assert (code, failed(lines)) == (DAMAGE, {"structure"})


def test_no_finding_shows_what_stands_in_a_body(verified, log, folder):
    """A finding is sent to others: it names numbers, never what was measured."""
    assert log.exists()
    changed(folder, 'update entry set body = \'{"value": "needle"}\' where seq = 900')
    assert "needle" not in "\n".join(verified()[1])


def test_a_writing_hub_is_not_disturbed_and_not_called_damaged(log, folder):
    """Beside a hub that commits all the time, both commands end well, and every commit is taken."""
    assert log.exists()
    store, stop, done = opened(folder), Event(), []

    def write():
        minute = COUNT
        while not stop.is_set():
            done.extend(store.commit([told(minute + one) for one in range(10)], at=NOON))
            minute += 10
            store.move_cursor(store.highest)

    writer = Thread(target=write)
    writer.start()
    try:
        seen = [subprocess.run([sys.executable, "-m", "gateway", "store", command, "--config",
                                str(folder / "hub.toml")], capture_output=True, text=True, timeout=60)
                for command in ("verify", "export", "verify")]  # fmt: skip
    finally:
        stop.set()
        writer.join()
        store.close()
    assert [one.returncode for one in seen] == [0, 0, 0], [one.stdout[-2000:] + one.stderr for one in seen]
    assert "a hub has it open" in seen[0].stdout
    header, *lines = map(json.loads, seen[1].stdout.splitlines())
    assert header["count"] == len(lines) > COUNT
    again = opened(folder)
    assert again.highest == COUNT + len(done)
    again.close()


def test_what_a_killed_hub_left_unmerged_is_read_and_not_merged(verified, exported, log, folder):
    """After a crash the last commits stand beside the file: they count, and stay where they stand."""
    store = opened(folder)
    store.commit([told(COUNT)], at=NOON)
    crashed = {path: path.read_bytes() for path in log.parent.glob("log.db*") if path.suffix != ".db-shm"}
    store.close()
    for path, data in crashed.items():
        path.write_bytes(data)
    assert verified()[0] == 0
    assert len(exported()[2]) == COUNT + 1


def test_a_hub_that_starts_meanwhile_is_noticed(log, folder):
    """What was taken for still and then written to is not judged: a person is told to ask again."""
    settings = Settings.load(folder / "hub.toml")
    look = Look(log.parent, look_key(KeyPlace.of(settings), settings.home))
    look.assert_unmoved()
    store = opened(folder)
    with pytest.raises(StoreError, match="a hub opened"):
        look.assert_unmoved()
    store.close()
    look.close()


def test_neither_radio_nor_network_is_loaded_for_a_look(log, folder):
    """A log can be looked at where there is no Bluetooth and no broker's library."""
    assert log.exists()
    code = (
        "import sys; from gateway.cli import app\n"
        f"app(['store', 'verify', '--config', {str(folder / 'hub.toml')!r}], standalone_mode=False)\n"
        "print({'bleak', 'paho', 'uvicorn', 'fastapi', 'bumble'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said.stdout.endswith("set()\n"), said.stderr


@pytest.mark.parametrize(
    ("command", "lesson"), [("verify", "Next, if it is damaged"), ("export", "This is personal health data")]
)
def test_help_teaches_what_to_do_next(run, command, lesson):
    """Who asks for help reads what the command promises."""
    assert lesson in " ".join(run("store", command, "--help")[1].split())
