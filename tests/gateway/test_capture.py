"""A talk written down: everything that was asked and answered, and nothing that says whose it is."""

import asyncio
import json
import stat
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devices.catalog import Catalog
from devices.decoder import WholeFrames, attempt, listen
from devices.device_information import MODEL, SERIAL, SYSTEM_ID, identify
from devices.driver import Advertisement, LinkError, Told
from devices.drivers.weight_scale import DRIVER as HOUSE_SCALE
from devices.drivers.weight_scale import SERVICE, WEIGHT, Frame
from gateway.capture import NothingHeardError, Wish, capture
from gateway.recording import RecordingError
from gateway.words import WordsError
from tests.devices.vectors import OSLO
from tests.play import NOON, ScriptedLink
from tests.program import pusterom
from tests.recorded import replayed
from tests.virtual_time import in_virtual_time

USAGE, UNAVAILABLE = 64, 69
ADDRESS = "C8:47:8C:12:34:56"
CONTROL = "00002a9f-0000-1000-8000-00805f9b34fb"
KEY = bytes.fromhex("b853075158487ca39a5b5ea9b34f1a02")
SEEN = Advertisement(ADDRESS, "Scale", frozenset({SERVICE}), {"0000fe95-x": b"\1"}, {343: b"\2"}, -60)
WEIGHED, CONSENTED = bytes.fromhex("00983a"), bytes.fromhex("200201")


class OneDevice:
    """A radio that hears these calls, and has this link."""

    def __init__(self, *calls, link=None):
        self._calls, self._link = calls, link

    async def scan(self):
        for seen in self._calls:
            yield seen
            await asyncio.sleep(1)
        await asyncio.Event().wait()

    @asynccontextmanager
    async def connect(self, address):
        if self._link is None:
            raise LinkError(f"{address}: connect: no answer in time")
        yield self._link


def captured(folder, radio, *, driver=None, told=None, seconds=60.0, address=None):
    """Capture into a new file; return it and its lines."""
    file, driver = folder / "talk.jsonl", driver or SCALE
    known = {} if told is None else {ADDRESS: told}
    wish = Wish(Catalog((driver,)), OSLO, None if address else driver, address, seconds, known)
    in_virtual_time(capture(radio, wish, file, lambda: NOON, lambda _line: None))
    return file, [json.loads(line) for line in file.read_text().splitlines()]


def scale(*script, **how):
    """Return a link to a scale that says who it is."""
    values = {MODEL: b"BF720", SERIAL: b"SN-4711", SYSTEM_ID: bytes(range(1, 9))} | how.pop("values", {})
    return ScriptedLink(*script, has=(WEIGHT, CONTROL), values=values, **how)


async def _consents(link, visitor):
    """A talk as a scale with several users wants it: consent first, with the code a person has told."""
    await link.subscribe(CONTROL)
    code = visitor.told.consent_code
    if code is not None:
        await link.write(CONTROL, bytes((2, visitor.told.user_slot or 0)) + code.to_bytes(2, "little"))
    await link.subscribe(WEIGHT)
    async for said in listen(
        link, WholeFrames({WEIGHT: Frame.from_bytes, CONTROL: Frame.from_bytes}), silence_s=5
    ):
        yield said


async def _plain(link, _visitor):
    """The simplest talk there is."""
    yield await identify(link)
    await link.subscribe(WEIGHT)
    async for said in listen(link, WholeFrames({WEIGHT: Frame.from_bytes}), silence_s=20.0):
        yield said


SCALE = replace(HOUSE_SCALE, session=_plain)
CONSENTING = replace(SCALE, session=_consents)


def test_everything_that_was_asked_and_answered_stands_there(tmp_path):
    """Advertisement, offers, reads, subscriptions, notifications and the end, each with its milliseconds."""
    _, lines = captured(tmp_path, OneDevice(SEEN, link=scale((WEIGHT, WEIGHED))))
    header, advertisement, *rest = lines
    assert header["driver"] == "weight_scale"
    assert header["wall_clock"] == "2026-06-01T14:00:00"
    assert advertisement == {
        "ms": 0,
        "advertisement": {
            "name": "Scale",
            "services": [SERVICE],
            "service_data": {"0000fe95-x": "01"},
            "manufacturer_data": {"343": "02"},
            "rssi_dbm": -60,
        },
    }
    verbs = [next(word for word in line if word != "ms") for line in rest]
    assert verbs == [
        *("has", "has", "read", "has", "read", "has", "has", "has", "has", "read"),
        *("subscribe", "notification", "silence", "end"),
    ]
    assert {"ms": 0, "read": MODEL, "hex": b"BF720".hex()} in rest
    assert {"ms": 0, "notification": WEIGHT, "hex": "00983a"} in rest
    assert rest[-1] == {"ms": 0, "end": "silent for 20.0 s", "is_whole": True}


def test_nothing_says_whose_it_is(tmp_path):
    """No serial number, no system id, no whole address, not even in the words of an error."""
    file, _ = captured(tmp_path, OneDevice(SEEN, link=scale((WEIGHT, WEIGHED))))
    told = file.read_text()
    assert b"SN-4711".hex() not in told
    assert bytes(range(1, 9)).hex() not in told
    assert ADDRESS not in told
    assert "C8:47:8C:00:00:00" in told
    assert f'"{SERIAL}", "hex": "{"**" * 7}"' in told
    assert [line["value"] for line in replayed(file, [SCALE])] == [75.0], "and it is played all the same"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


class Refusing(ScriptedLink):
    """A link whose errors name the device, as those of a real radio do."""

    async def receive(self, *, timeout_s):
        raise LinkError(f"{ADDRESS.lower()}: gone after {timeout_s} s")


def test_an_error_does_not_name_the_device(tmp_path):
    """Radios put the address into every error."""
    file, lines = captured(tmp_path, OneDevice(SEEN, link=Refusing(has=(WEIGHT,))))
    assert ADDRESS.lower() not in file.read_text().lower()
    assert lines[-1]["end"] == "the device: gone after 20.0 s"


@pytest.mark.parametrize("code", [4711, 5, 0, 9999])
def test_a_consent_code_is_blotted_out_and_the_talk_can_be_played(tmp_path, code):
    """The device gets the code, the file does not; a replay writes another one there and that is fine."""
    link = scale((CONTROL, CONSENTED), (WEIGHT, WEIGHED))
    file, lines = captured(tmp_path, OneDevice(SEEN, link=link), driver=CONSENTING, told=Told(1, code))
    written = code.to_bytes(2, "little")
    assert ("write", CONTROL, b"\2\1" + written) in link.did
    (write,) = [line for line in lines if "write" in line]
    assert write["hex"].endswith("****")
    assert lines[0]["has_consent_code"] is True
    assert str(code) not in json.dumps({**lines[0], "wall_clock": "", "address": ""}) or code == 0
    assert [line["value"] for line in replayed(file, [CONSENTING]) if "value" in line] == [75.0]


def test_what_stands_beside_the_code_is_still_compared(tmp_path):
    """Only the octets of the code are free: another operation or another user is another talk."""
    link = scale((WEIGHT, WEIGHED))
    file, _ = captured(tmp_path, OneDevice(SEEN, link=link), driver=CONSENTING, told=Told(1, 4711))
    file.write_text(file.read_text().replace('"0201****"', '"0202****"'))
    with pytest.raises(
        RecordingError, match=r"recorded is 'write .* 0202\*\*\*\*'; the driver writes 02010000"
    ):
        replayed(file, [CONSENTING])


@pytest.mark.parametrize("form", ["6712", "1267", "34373131", "4711"])
def test_a_code_is_found_in_each_way_to_write_it(tmp_path, form):
    """A number either way round, digits, packed digits; and in the answer to it."""

    async def tells(link, _visitor):
        await link.subscribe(CONTROL)
        await link.write(CONTROL, b"\x09" + bytes.fromhex(form) + b"\x09")
        yield await link.receive(timeout_s=1)

    link = scale((CONTROL, b"\x20" + bytes.fromhex(form)))
    driver = replace(SCALE, session=lambda link, visitor: tells(link, visitor))
    file, lines = captured(tmp_path, OneDevice(SEEN, link=link), driver=driver, told=Told(1, 4711))
    blots = "**" * (len(form) // 2)
    assert [line["hex"] for line in lines if "hex" in line] == [f"09{blots}09", f"20{blots}"]
    assert form not in file.read_text()


def test_measured_bytes_that_equal_the_code_are_kept(tmp_path):
    """A weight may be the very number; only where the code was written are answers looked through."""
    link = scale((WEIGHT, b"\0" + (4711).to_bytes(2, "little")))
    file, _ = captured(tmp_path, OneDevice(SEEN, link=link), driver=CONSENTING, told=Told(1, 4711))
    assert [line["value"] for line in replayed(file, [CONSENTING])] == [23.555]


def _hears(seen, told):
    data = seen.service_data.get(SERVICE)
    return None if data is None or told.bind_key != KEY else attempt(Frame.from_bytes, data)


BROADCAST = replace(SCALE, matches=lambda seen: seen.name == "Scale", session=None, overhear=_hears)


def call(data, rssi_dbm=-60):
    """Return what a broadcasting scale calls."""
    return Advertisement(ADDRESS, "Scale", frozenset({SERVICE}), {SERVICE: bytes.fromhex(data)}, {}, rssi_dbm)


def test_of_a_device_that_is_overheard_the_calls_are_kept(tmp_path):
    """What it repeats once, what others call not at all; never the key, which whoever plays it must say."""
    radio = OneDevice(call("00983a"), call("00983a", -70), Advertisement("F0:00:00:00:00:07"), call("000c3a"))
    file, lines = captured(tmp_path, radio, driver=BROADCAST, told=Told(bind_key=KEY), seconds=10)
    calls = [line["advertisement"]["service_data"][SERVICE] for line in lines if "advertisement" in line]
    assert calls == ["00983a", "000c3a"]
    assert lines[-1] == {"ms": 10000, "end": "time was up", "is_whole": False}
    assert KEY.hex() not in file.read_text().lower()
    assert lines[0]["address"] == ADDRESS, "a key opens nothing without it"
    with pytest.raises(WordsError, match="--bind-key"):
        replayed(file, [BROADCAST])
    assert [line["value"] for line in replayed(file, [BROADCAST], KEY)] == [75.0, 74.3]


def test_a_key_that_is_written_to_the_device_is_blotted_out(tmp_path):
    """Either way round."""

    async def unlocks(link, visitor):
        await link.write(CONTROL, b"\x01" + visitor.told.bind_key)
        await link.write(CONTROL, visitor.told.bind_key[::-1])
        yield link.has(WEIGHT)

    driver = replace(SCALE, session=unlocks)
    file, _ = captured(tmp_path, OneDevice(SEEN, link=scale()), driver=driver, told=Told(bind_key=KEY))
    assert KEY.hex() not in file.read_text()
    assert KEY[::-1].hex() not in file.read_text()
    assert f'"01{"**" * 16}"' in file.read_text()


def test_a_talk_that_is_not_over_in_time_is_cut_and_says_so(tmp_path):
    """What was said until then can be played."""

    class Slow(ScriptedLink):
        async def receive(self, *, timeout_s):
            if self._script:
                return self._script.pop(0)
            await asyncio.sleep(timeout_s * 100)
            raise LinkError("never so late")

    file, lines = captured(tmp_path, OneDevice(SEEN, link=Slow((WEIGHT, WEIGHED))), seconds=30)
    assert lines[-1] == {"ms": 30000, "end": "time was up", "is_whole": False}
    assert [line["value"] for line in replayed(file, [SCALE])] == [75.0]


def test_a_driver_that_stumbles_leaves_a_file_that_says_so(tmp_path):
    """The trace is for whoever writes the driver; what was said before stands in the file."""

    async def stumbles(link, _visitor):
        yield link.has(WEIGHT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        captured(tmp_path, OneDevice(SEEN, link=scale()), driver=replace(SCALE, session=stumbles))
    last = json.loads((tmp_path / "talk.jsonl").read_text().splitlines()[-1])
    assert last["end"] == "stopped by ZeroDivisionError"


@pytest.mark.parametrize(
    ("radio", "address", "reason"),
    [
        (OneDevice(), None, "no device of the driver weight_scale was heard in 60 s"),
        (OneDevice(Advertisement(ADDRESS)), ADDRESS, "was not heard, or no driver knows it"),
        (OneDevice(replace(SEEN, address="F0:00:00:00:00:07")), ADDRESS, "was not heard"),
        (OneDevice(SEEN), None, "called and did not answer"),
    ],
)
def test_a_device_that_is_not_there_leaves_no_file(tmp_path, radio, address, reason):
    """Nobody is left with an empty recording, and the line says what to do."""
    with pytest.raises(NothingHeardError, match=reason):
        captured(tmp_path, radio, address=address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--out", "new.jsonl"), "--address MAC, or --driver ID"),
        (("--out", "hub.toml", "--driver", "weight_scale"), "is there already"),
        (("--out", "nowhere/new.jsonl", "--driver", "weight_scale"), "there is no folder"),
        (("--out", "new.jsonl", "--driver", "weight-scale"), "did you mean weight_scale?"),
        (("--out", "new.jsonl", "--address", "scale"), "such as C0:26:DA:01:02:03"),
    ],
)
def test_a_slip_is_said_before_anybody_waits(refused, folder, monkeypatch, words, hint):
    """Exit code 64, one line, and no file is begun."""
    monkeypatch.chdir(folder)
    assert hint in refused("capture", *words, code=USAGE)


def test_a_room_that_nobody_serves_is_one_line(refused, folder):
    """The radio is to be had, or its absence is said."""
    words = ("capture", "--out", folder / "new.jsonl", "--driver", "weight_scale", "--radio")
    assert "pusterom simulate" in refused(*words, "unix:/tmp/no-such-room", code=UNAVAILABLE)


def test_a_twin_in_another_process_is_captured_and_replayed():
    """Three programs, as a person runs them: any twin of the shelf in a room, a recording, its meaning."""
    with tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as name:
        room, file = f"unix:{name}/room", Path(name) / "talk.jsonl"
        with pusterom("simulate", "--radio", room, "--device", "weight_scale", "--every-s", "2") as twins:
            twins.wait_for("1 devices are in the air")
            words = ("--driver", "weight_scale", "--radio", room, "--seconds", "15")
            with pusterom("capture", "--out", str(file), *words) as program:
                assert program.ended() == 0, program.err
                assert f"Next: pusterom replay {file}" in program.out[-1]
        assert json.loads(file.read_text().splitlines()[0])["radio"] == "unix"
        with pusterom("replay", str(file)) as program:
            assert program.ended() == 0, program.err
            assert "body_weight" in {json.loads(line)["kind"] for line in program.out}


def test_a_twin_that_is_not_on_the_shelf_is_named(refused):
    """The line says which there are, and which is nearly called so."""
    said = refused("simulate", "--device", "weight-scale", code=USAGE)
    assert "did you mean weight_scale?" in said
    assert "pulse_oximeter" in said
