"""Recordings: what was once said is understood as it was then, and a driver that changes is found out."""

import json
from dataclasses import replace

import pytest

from devices.drivers import pulse_oximeter, weight_scale
from devices.drivers.pulse_oximeter import FEATURES, RECORDS
from gateway.recording import RecordingError
from tests.installed import own_parts
from tests.recorded import FOLDER, TWINS, meant, names, record, replayed

DATA = 65
OXIMETER, SCALE = FOLDER / "pulse_oximeter.jsonl", FOLDER / "weight_scale.jsonl"


@pytest.mark.parametrize("name", names())
def test_a_kept_talk_means_what_it_meant(name):
    """Every recording in tests/captures/ gives, line for line, the readings kept beside it."""
    assert replayed(FOLDER / f"{name}.jsonl") == meant(name) != []


def test_the_walk_finds_the_recordings():
    """Those of the two first twins are among them, and each recording has its meaning beside it."""
    assert set(TWINS) <= set(names())
    assert len(list(FOLDER.iterdir())) == 2 * len(names())


@pytest.mark.parametrize("driver_id", TWINS)
def test_a_talk_that_is_recorded_now_is_played_as_the_twin_meant_it(driver_id, tmp_path):
    """Twin, driver, recording and replay agree about every number on the display."""
    twin = record(driver_id, tmp_path / "new.jsonl", measures=5, seed=7)
    facts = [fact for each in twin.measured for fact in each.facts]
    said = [
        (line["kind"], line["value"], line["measured_at"][:19]) for line in replayed(tmp_path / "new.jsonl")
    ]
    assert set(said) == {(fact.kind, fact.value, fact.device_time.isoformat()) for fact in facts}
    assert len(set(said)) >= 5


def test_a_driver_that_means_something_else_is_found_out():
    """Another number, a missing reading: the kept meaning differs."""

    def halves(frame, heard):
        return tuple(replace(one, value=one.value / 2) for one in weight_scale.readings(frame, heard))

    changed = replace(weight_scale.DRIVER, readings=halves)
    assert replayed(SCALE, [changed]) != meant("weight_scale")
    silent = replace(weight_scale.DRIVER, readings=lambda _frame, _heard: ())
    assert replayed(SCALE, [silent]) == []


async def _writes_other(link, visitor):
    await link.subscribe(RECORDS)
    async for said in pulse_oximeter.session(link, visitor):
        yield said


async def _does_less(link, _visitor):
    yield link.has(pulse_oximeter.CONTINUOUS)


async def _asks_else(link, _visitor):
    yield link.has("0000180f-0000-1000-8000-00805f9b34fb")


async def _listens_at_once(link, _visitor):
    yield await link.receive(timeout_s=1)


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (_writes_other, f"the driver does subscribe {RECORDS}"),
        (_does_less, "the driver has ended"),
        (_asks_else, "asks whether the device offers 0000180f-"),
        (_listens_at_once, "the driver waits for a notification"),
    ],
)
def test_a_driver_that_talks_otherwise_is_told_where(session, reason):
    """The first line of the file where recording and driver part is named, with both sides."""
    with pytest.raises(
        RecordingError, match=rf"pulse_oximeter.jsonl: line 11: recorded is 'subscribe .*{reason}"
    ):
        replayed(OXIMETER, [replace(pulse_oximeter.DRIVER, session=session)])


def test_a_driver_that_no_longer_knows_the_device_is_told_so():
    """The advertisement is played too."""
    stranger = replace(weight_scale.DRIVER, matches=lambda _seen: False)
    with pytest.raises(RecordingError, match="line 2: the driver weight_scale no longer takes this device"):
        replayed(SCALE, [stranger])


def changed(tmp_path, number, old, new):
    """Return the oximeter's recording with one line changed."""
    lines = OXIMETER.read_text().splitlines()
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    file = tmp_path / "changed.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(
    ("number", "change", "reason"),
    [
        (1, ('"pusterom_capture": 1', '"pusterom_capture": 2'), "line 1: this is a capture of version 2"),
        (1, ('"pusterom_capture": 1', '"other": 1'), "line 1: this is no capture of Pusterom"),
        (1, ("pulse_oximeter", "pulse_oximetre"), r"nobody knows the driver .* \(did you mean pulse_oxi"),
        (1, ('"user_slot": null', '"user_slot": "me"'), "line 1: user_slot can't be 'me'"),
        (1, ("2026-06-01T15", "yesterday"), "line 1: Invalid isoformat"),
        (1, ("Europe/Oslo", "Oslo"), "line 1: 'Oslo' is no time zone"),
        (2, ('"name": "Oximeter", ', ""), "line 2: no advertisement"),
        (3, ("has", "had"), "line 3: nothing happens here"),
        (14, ("4c00", "4c0"), "line 14: its hex '4c0' is not hexadecimal"),
        (14, ("{", ""), "line 14: "),
        (18, ('"0101"', '"0103"'), "line 18: recorded is 'write .* 0103'; the driver writes 0101"),
        (18, ("true", "false"), "line 18: .*the driver writes to .* with a response"),
    ],
)
def test_a_broken_recording_is_named_with_file_and_line(tmp_path, run, number, change, reason):
    """A file that is none, or whose talk can't have been: exit code 65, the reason as JSON and for people."""
    file = changed(tmp_path, number, *change)
    with pytest.raises(RecordingError, match=reason):
        replayed(file)
    code, out, err = run("replay", file)
    assert code == DATA
    assert f"{file}: line {number}: " in json.loads(out)["error"]
    assert err.startswith(f"pusterom: {file}: line {number}: ")
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(run, tmp_path):
    """So are an empty one and one that is no text."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "picture").write_bytes(b"\x89PNG")
    for name in ("none", "empty", "picture"):
        code, _, err = run("replay", tmp_path / name)
        assert (code, err.count("\n")) == (DATA, 1)


def test_replay_prints_what_decode_would(run):
    """One JSON object a line; with --frame the frames, among them what the device says of itself."""
    code, out, err = run("replay", OXIMETER)
    assert (code, err) == (0, "")
    assert [json.loads(line) for line in out.splitlines()] == meant("pulse_oximeter")
    _, out, _ = run("replay", OXIMETER, "--frame")
    assert [json.loads(line)["frame"] for line in out.splitlines()] == ["DeviceIdentity", "Spot", "Spot"]


def test_a_bad_frame_in_a_talk_is_an_error_line_between_its_neighbours(run, tmp_path):
    """The talk goes on as it did; the exit code says that something was broken."""
    code, out, _ = run("replay", changed(tmp_path, 19, "0958003a00", "ff58003a00"))
    said = [json.loads(line) for line in out.splitlines()]
    assert code == DATA
    assert "flags 0xff" in said[0]["error"]
    assert said[1:] == meant("pulse_oximeter")[3:]


def test_what_was_refused_is_refused_again(tmp_path):
    """A device that hung up in the middle of the questions: what had arrived by then is still handed out."""
    lines = [json.loads(line) for line in OXIMETER.read_text().splitlines()]
    spot = lines[18]
    refused = {"ms": 350, "read": FEATURES, "refused": "the device hung up"}
    waiting = {"ms": 350, "backlog": 1}
    file = tmp_path / "hung_up.jsonl"
    story = [*lines[:13], refused, waiting, spot, *lines[21:]]
    file.write_text("".join(json.dumps(line) + "\n" for line in story))
    assert replayed(file) == meant("pulse_oximeter")[:3]
    file.write_text("".join(json.dumps(line) + "\n" for line in story if "backlog" not in line))
    assert replayed(file) == meant("pulse_oximeter")[:3], "nobody had asked: what came next was waiting"


def test_a_recording_that_was_cut_short_ends_like_a_lost_link(tmp_path):
    """Where the recorder stopped and the device did not, the readings so far are told; nothing is wrong."""
    lines = OXIMETER.read_text().splitlines()
    for kept in (19, 20, 21):
        file = tmp_path / f"{kept}.jsonl"
        file.write_text("\n".join(lines[:kept]) + "\n")
        assert replayed(file) == meant("pulse_oximeter")[: 3 * (min(kept, 20) - 18)]
    file.write_text("\n".join([*lines[:15], '{"ms": 300, "end": "time was up", "is_whole": false}']) + "\n")
    assert replayed(file) == []


def test_a_driver_from_outside_is_replayed_too(run, packages, tmp_path):
    """Whoever brings a driver may keep recordings for it."""
    packages.driver("theirs", own_parts())
    file = tmp_path / "theirs.jsonl"
    file.write_text(SCALE.read_text().replace("weight_scale", "their_scale"))
    code, out, _ = run("replay", file)
    assert code == 0
    assert [json.loads(line)["value"] for line in out.splitlines()] == [
        line["value"] for line in meant("weight_scale")
    ]
