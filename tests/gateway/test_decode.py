"""What bytes mean, on the command line: one JSON object a line, no time invented, every slip explained."""

import json
import subprocess
import sys

import pytest

from devices.catalog import DRIVERS, HOUSE
from devices.driver import FrameError
from gateway.decode import Listener, Tally, frame_line, lines
from gateway.words import WordsError, bytes_named, characteristic_named, driver_named
from tests.devices.vectors import OSLO, decoded, vectors
from tests.installed import own_parts
from tests.program import ROOT

SCALE = ("decode", "--driver", "weight_scale", "--characteristic", "0x2A9D")
OXIMETER = ("decode", "--driver", "pulse_oximeter", "--characteristic", "0x2A5E")
WEIGHED = "020c3aea07030108151e"
USAGE, DATA = 64, 65

UART = """
    UART = tuple(f"{n:08x}-b5a3-f393-e0a9-e50e24dcca9e" for n in (0x6E400002, 0x6E400003))
    OWN = ("0734594a-a8e7-4b1a-a6b1-cd5243059a57",)
    TWINS = ("0000ffe1-0000-1000-8000-00805f9b34fb",)
"""
HALVES = """
    from devices.drivers.weight_scale import Frame

    class Halves:
        data = b""

        def feed(self, char, data):
            self.data += data
            if len(self.data) == 3:
                yield Frame.from_bytes(self.data)
"""
BROADCAST = """
    def heard(seen, told):
        data = dict(seen.service_data).get(SERVICE)
        if data is None:
            return None
        if told.bind_key is not None:
            data = bytes(a ^ told.bind_key[0] ^ int(seen.address[:2], 16) for a in data)
        from devices.decoder import attempt
        from devices.drivers.weight_scale import Frame
        return attempt(Frame.from_bytes, data)
"""


@pytest.fixture
def told(run):
    """Run decode; return exit code, JSON lines and what was said beside them."""

    def ran(*words):
        code, out, err = run(*words)
        return code, [json.loads(line) for line in out.splitlines()], err

    return ran


def test_a_reading_is_one_line_with_codes_unit_and_time(told):
    """Kind, MDC, LOINC, value, unit, the time that the device's own clock says, and who decoded it."""
    assert told(*SCALE, WEIGHED) == (
        0,
        [
            {
                "kind": "body_weight",
                "mdc": 188736,
                "loinc": ["29463-7"],
                "value": 74.3,
                "unit": "kg",
                "measured_at": "2026-03-01T08:21:30+01:00",
                "quality": [],
                "driver": "weight_scale",
            }
        ],
        "",
    )


def test_the_time_zone_is_the_homes(told):
    """The wall clock of the device is meant where the home is."""
    _, (line,), _ = told(*SCALE, WEIGHED, "--timezone", "Atlantic/Reykjavik")
    assert line["measured_at"] == "2026-03-01T08:21:30+00:00"


def test_no_arrival_is_invented(told):
    """Bytes without a time have none, and neither has a clock that was never set: that one says so."""
    _, (line,), _ = told(*SCALE, "00983a")
    assert (line["measured_at"], line["quality"]) == (None, [])
    _, unset, _ = told(*OXIMETER, "1162004e00e60701010000" + "00")
    assert {one["measured_at"] for one in unset} == {None}
    assert {flag for one in unset for flag in one["quality"]} == {"time_uncertain"}


def test_a_device_is_believed_whatever_the_day_is_here(told):
    """Nobody knows when these bytes were heard: what the device says of next year isn't ahead of us."""
    _, (line,), _ = told(*SCALE, "020c3aef07030108151e")
    assert (line["measured_at"], line["quality"]) == ("2031-03-01T08:21:30+01:00", [])


def test_a_frame_may_come_in_pieces(told, packages):
    """One decoder hears all notifications: what is half in the first is whole in the second."""
    packages.driver("halves", own_parts(HALVES, decoder="Halves"))
    words = ("decode", "--driver", "their_scale", "--characteristic", "2a9d")
    _, said, _ = told(*words, "0098", "3a")
    assert [line["value"] for line in said] == [75.0]
    code, said, err = told(*words, "0098")
    assert (code, said) == (0, [])
    assert "no whole frame yet" in err


def test_a_stranger_on_the_scale_is_named(told):
    """A slot stands in the line, and is only the patient's where somebody has said so."""
    _, (line,), _ = told(*SCALE, "04983a02")
    assert (line["user_slot"], line["quality"]) == (2, ["unknown_user"])
    _, (line,), _ = told(*SCALE, "04983a02", "--user-slot", "2")
    assert (line["user_slot"], line["quality"]) == (2, [])


def test_several_notifications_are_told_in_their_order_and_a_bad_one_hides_none(told):
    """Good frames around a broken one give their readings; it is an error line, and the exit code 65."""
    code, said, _ = told(*SCALE, "00983a", "05", "000c3a")
    assert code == DATA
    assert [one.get("value", "error") for one in said] == [75.0, "error", 74.3]
    assert said[1] == {"error": "no weighing: ends after 1 octets, in the middle of a field: 05"}


@pytest.mark.parametrize("data", ["00ffff", "00 00 00"])
def test_no_number_is_no_line(told, data):
    """A weighing that failed is in order: exit code 0, a note beside, and nothing for a program to read."""
    code, said, err = told(*SCALE, data)
    assert (code, said) == (0, [])
    assert "no reading" in err
    assert err.count("\n") == 1


def test_a_frame_shows_its_own_fields(told):
    """With --frame the device's own words: class, fields, bytes in hexadecimal, wall clocks in ISO 8601."""
    _, (line,), _ = told(*SCALE, f"{WEIGHED}abcd", "--frame")
    assert line == {
        "frame": "Frame",
        "steps": 14860,
        "is_imperial": False,
        "device_time": "2026-03-01T08:21:30",
        "user": None,
        "bmi_and_height": None,
        "trailing": "abcd",
    }
    code, said, _ = told(*SCALE, "00ffff", "05", "--frame")
    assert (code, said[0]["steps"]) == (DATA, None)
    assert "error" in said[1]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.id)
def test_every_vector_says_here_what_it_says_in_a_hub(driver):
    """What decode prints for a vector's bytes is the vector's readings; its frame is always JSON."""
    walked = 0
    for vector in vectors(driver.id):
        said = decoded(driver, vector)
        tally = Tally()
        printed = list(lines(driver, said, Listener(OSLO), tally))
        numbers = [[line["kind"], line["value"]] for line in printed if "error" not in line]
        wanted = vector.get("readings", {})
        pairs = wanted.items() if isinstance(wanted, dict) else wanted
        assert sorted(numbers) == sorted(map(list, pairs)) or "error" in vector["expected"]
        assert bool(tally.errors) == ("error" in vector["expected"])
        json.dumps([frame_line(one) for one in said if not isinstance(one, FrameError)], allow_nan=False)
        walked += 1
    assert walked > 3


@pytest.mark.parametrize(
    "text",
    ["0x2A9D", "2a9d", "0x2a9D", "00002A9D-0000-1000-8000-00805F9B34FB", "00002a9d00001000800000805f9b34fb",
     "00002a9d-…", "00002a9d", "0x00002A9D", "2A9D / FFE1", "FFE1/2A9D"],
)  # fmt: skip
def test_a_characteristic_is_written_as_people_write_it(text):
    """Short or long, any case, cut short where only one begins so, or one of several."""
    scale = HOUSE.driver_by_id("weight_scale")
    assert characteristic_named(text, scale) == "00002a9d-0000-1000-8000-00805f9b34fb"


def test_a_cut_uuid_is_the_one_that_begins_so(told, packages):
    """The beginning of a vendor's long UUID, as logs and vectors abbreviate it, is found by the driver."""
    packages.driver("vendor", own_parts(UART, speaks="(*UART, *OWN, *TWINS)"))
    words = ("decode", "--driver", "their_scale", "--frame", "--characteristic")
    for text in ("6e400003-…", "6e400003-", "6E400003", "0734594a-", "0734594A-a8e7…", "FFE1 / FFF1"):
        _, said, _ = told(*words, text, "00983a")
        assert "nothing is known of characteristic" in said[0]["error"], "asked, and by the whole UUID"
    code, said, err = told(*words, "6e40", "00")
    assert (code, said) == (USAGE, [])
    assert "6e400002" in err
    assert "6e400003" in err


@pytest.mark.parametrize("word", ["-", "2A9D", "0x2a9d", "00002a9d..2a9f", "00002a9d-…", "FFE1 / 2A9D"])
def test_a_characteristic_is_understood_however_people_write_it(told, word):
    """Short, cut short, as a range, as one of two, or not at all where the driver has a first."""
    code, said, _ = told("decode", "--driver", "weight_scale", "--characteristic", word, "00983a")
    assert (code, [line["value"] for line in said]) == (0, [75.0])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((*SCALE[:2], "weight-scale", *SCALE[3:], "00"), "did you mean weight_scale?"),
        ((*SCALE[:2], "Weightscales", *SCALE[3:], "00"), "did you mean weight_scale"),
        ((*SCALE[:2], "horoscope", *SCALE[3:], "00"), "`pusterom devices` lists them"),
        ((*SCALE, "00983x"), "'00983x' is not hexadecimal"),
        ((*SCALE, "00983"), "an octet has two, one is missing"),
        ((*SCALE[:4], "0x2A37", "00"), "weight_scale does not speak '0x2A37'; it speaks 0x2A9"),
        ((*SCALE[:4], "a scale", "00"), "'a scale' is no UUID"),
        ((*SCALE[:3], "00"), "either --characteristic UUID, or --service-data UUID"),
        ((*SCALE[:3], "--service-data", "0x181D", "00"), "weight_scale is not overheard"),
        ((*SCALE, "00983a", "--timezone", "Oslo"), "one such as Europe/Oslo"),
        ((*SCALE, "00983a", "--address", "scale"), "such as C0:26:DA:01:02:03"),
    ],
)
def test_a_slip_is_one_line_that_says_what_to_write(refused, words, hint):
    """Exit code 64, one line, nothing on stdout: what can't be meant, and what is nearly called so."""
    assert hint in refused(*words, code=USAGE)


def test_bytes_are_written_as_people_write_them():
    """With 0x, spaces, colons, dashes, commas, in capitals, or nothing at all."""
    for text in ("00983A", "0x00983a", "00 98 3a", "00:98:3A", "00-98-3a", "0x00, 0x98, 0x3a"):
        assert bytes_named(text) == b"\x00\x98\x3a"
    assert bytes_named("") == b""


def test_an_unknown_driver_is_met_with_the_nearest():
    """The line names those that are nearly called so."""
    with pytest.raises(WordsError, match=r"did you mean pulse_oximeter\?"):
        driver_named("pulseoximeter", DRIVERS)


def test_what_is_called_into_the_room_is_decoded_too(told, packages):
    """Service data with the device's address and a key; without a measurement nothing; other data nothing."""
    packages.driver("broadcast", own_parts(BROADCAST, overhear="heard", session="None"))
    words = ("decode", "--driver", "their_scale", "--service-data")
    code, (line,), _ = told(*words, "0x181D", "00983a", "--address", "F0:00:00:00:00:01")
    assert (code, line["value"]) == (0, 75.0)
    key = ("--bind-key", "f1" * 16, "--address", "F0:00:00:00:00:01")
    _, (line,), _ = told(*words, "181d", "01993b", *key)
    assert line["value"] == 75.0
    code, said, err = told(*words, "0x181B", "00983a")
    assert (code, said) == (0, [])
    assert "nothing for this driver" in err
    code, said, _ = told(*words, "0x181D", "05")
    assert (code, list(said[0])) == (DATA, ["error"])


def test_a_key_that_is_none_is_refused(refused, packages):
    """Thirty-two digits, and the address that belongs to them."""
    packages.driver("broadcast", own_parts(BROADCAST, overhear="heard", session="None"))
    words = ("decode", "--driver", "their_scale", "--service-data", "0x181D", "00983a", "--bind-key")
    assert "has 2 octets; a key has 16" in refused(*words, "abcd", code=USAGE)
    assert "--address: is missing" in refused(*words, "ab" * 16, code=USAGE)


@pytest.mark.parametrize(("data", "code"), [(WEIGHED, 0), ("05", DATA), ("xx", USAGE)])
def test_neither_radio_nor_store_nor_network_is_loaded(data, code):
    """Whoever only asks what bytes mean waits for no library that they don't need, not even on refusal."""
    ended = subprocess.run(
        (sys.executable, "-X", "importtime", "-m", "gateway", *SCALE, data),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert ended.returncode == code
    assert {"devices.catalog", "gateway.decode"} <= loaded
    heavy = {"bleak", "bumble", "sqlcipher3", "sqlite3", "paho", "uvicorn", "fastapi", "gateway.store.log",
             "gateway.radio", "gateway.start", "simulators"}  # fmt: skip
    assert loaded & heavy == set()
