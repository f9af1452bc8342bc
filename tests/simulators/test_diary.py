"""The devices' own record, a memory that keeps what it told, and a last round."""

import asyncio
import json
from datetime import timedelta

import pytest

from devices.drivers import pulse_oximeter
from gateway.words import WordsError
from simulators.diary import diary
from simulators.fate import Unkindness
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.simulate import simulate
from simulators.virtual_radio import VirtualRadio
from tests.play import NOON
from tests.simulators.visit import meaning, visit
from tests.virtual_time import in_virtual_time

WALL = NOON.replace(tzinfo=None)


def told(path) -> list[tuple[str, int]]:
    """Return what is written there, and of which record."""
    return [(line["what"], line["record"]) for line in map(json.loads, path.read_text().splitlines())]


def test_a_record_says_what_was_measured_and_what_was_confirmed(tmp_path):
    """Each value stands there before anybody has heard it, and a confirmation when it came, not before."""
    file, twin = tmp_path / "record.jsonl", PulseOximeterTwin()
    radio = VirtualRadio([twin], unkindness=Unkindness(confirm_lost=1.0))
    with diary(file, [twin], lambda: NOON):
        twin.measure(WALL, 91.0, 78.0)
        twin.measure(WALL + timedelta(minutes=1), 92.0, 79.0)
        in_virtual_time(visit(radio))
        assert told(file) == [("measured", 1), ("measured", 2)]
        radio.unkindness = Unkindness()
        in_virtual_time(visit(radio))
    assert told(file) == [("measured", 1), ("measured", 2), ("confirmed", 1), ("confirmed", 2)]
    first = json.loads(file.read_text().splitlines()[0])
    assert (first["device"], first["is_keeping"], first["at"]) == (twin.address, False, NOON.isoformat())
    assert first["facts"][0] == {"kind": "spo2", "value": 91.0, "device_time": WALL.isoformat()}
    assert file.stat().st_mode & 0o077 == 0


def test_a_record_that_is_there_is_not_written_on(tmp_path):
    """New devices count from one: two lives in one file could not be told apart."""
    file = tmp_path / "record.jsonl"
    file.write_text("")
    with pytest.raises(WordsError, match="Name a new file"), diary(file, [], lambda: NOON):
        pass


def test_an_oximeter_that_keeps_tells_everything_anew_when_asked(tmp_path):
    """What was confirmed and lost is told again at the next visit, until that has gone well."""
    file, twin = tmp_path / "record.jsonl", PulseOximeterTwin()
    twin.is_keeping = True
    radio = VirtualRadio([twin])
    with diary(file, [twin], lambda: NOON):
        twin.measure(WALL, 91.0, 78.0)
        first = in_virtual_time(visit(radio))
        assert not twin.is_awake
        twin.measure(WALL + timedelta(minutes=1), 92.0, 79.0)
        second = in_virtual_time(visit(radio))
    assert [len(meaning(said, pulse_oximeter.DRIVER)) for said in (first, second)] == [2, 4]
    assert told(file)[-1] == ("all_told", 2)
    assert not twin.is_awake


def test_after_the_last_round_devices_only_answer(tmp_path):
    """Each measures once more, says so, and stays in the air."""

    async def life() -> int:
        twin, over, quiet, said = PulseOximeterTwin(), asyncio.Event(), asyncio.Event(), []

        def say(line: str) -> None:
            said.append(line)
            if "has measured" in line:
                over.set()
            if "measure no more" in line:
                quiet.set()

        def measure(one, now) -> None:
            one.measure(now, 91.0, 78.0)

        async with asyncio.TaskGroup() as tasks:
            place = f"unix:{tmp_path}/room"
            room = tasks.create_task(simulate(place, [twin], 0.01, say, measure=measure, last_round=over))
            await quiet.wait()
            assert (tmp_path / "room").is_socket()
            room.cancel()
        return len(twin.measured)

    assert asyncio.run(asyncio.wait_for(life(), 20)) == 2
