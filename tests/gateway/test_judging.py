"""`pusterom judge` and `pusterom plan check`: what a file says is judged, and what it can't say is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gateway.cli import app
from gateway.judging import LineError, event_in, replayed
from tests.gateway.alerts.scenarios import plan_named

ROOT = Path(__file__).parents[2]
COPD = str(ROOT / "config/plans/copd.toml")
FIRST = {"kind": "spo2", "value": 84, "unit": "%", "measured_at": "2027-01-05T07:30:00+01:00", "device": "x"}
SECOND = FIRST | {"value": 83, "measured_at": "2027-01-05T07:36:00+01:00"}
ANSWER = {"question": "blue_lips", "value": "yes", "answered_at": "2027-01-05T08:00:00+01:00"}


def called(tmp_path, lines, *more):
    """Run `pusterom judge` over these lines."""
    file = tmp_path / "readings.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return CliRunner().invoke(app, ["judge", "--plan", COPD, str(file), *more])


def test_readings_and_answers_become_alerts_as_lines_of_json(tmp_path):
    """Each change is a line with rule, level, severity and its reason in both languages."""
    result = called(tmp_path, [FIRST, SECOND, "", ANSWER])
    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["line"], one["rule"], one["change"], one["level"]) for one in told] == [
        (1, "T1", "opened", "yellow"),
        (2, "T1", "closed", "yellow"),
        (2, "T1", "opened", "red"),
        (4, "T7", "opened", "red"),
    ]
    assert told[-1]["severity"] == 40
    assert told[-1]["reasons"]["en"] == "danger sign: blue lips. Call 113"


def test_a_bad_line_is_named_and_the_rest_is_judged(tmp_path):
    """Its number and what to write instead stand on stderr; the exit code says that not all was read."""
    result = called(tmp_path, [FIRST, "nonsense", SECOND | {"unit": "kPa"}, SECOND])
    assert result.exit_code == 65
    assert ":2: is not JSON" in result.stderr
    assert ":3: unit: spo2 is told in %" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_what_was_not_judged_is_printed_where_asked_for(tmp_path):
    """With --refusals a weak reading says why it opened nothing."""
    result = called(tmp_path, [FIRST | {"quality": ["low_perfusion"]}], "--refusals")
    assert json.loads(result.stdout)["refused"] == [{"rule": "D2", "why": "poor signal"}]


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("[1]", "not an object"),
        ("{}", "neither kind"),
        (json.dumps(FIRST | {"kind": "mood"}), "mood"),
        (json.dumps(FIRST | {"value": "84"}), "write a number"),
        (json.dumps(FIRST | {"measured_at": "yesterday"}), "measured_at"),
        (json.dumps(FIRST | {"measured_at": "2027-01-05T07:30:00"}), "zone"),
        (json.dumps(FIRST | {"quality": ["fine"]}), "no quality"),
        (json.dumps(FIRST | {"devise": "x"}), "devise"),
        (json.dumps(FIRST | {"setting": "moon"}), "setting"),
        (json.dumps(ANSWER | {"value": "perhaps"}), "blue_lips"),
        (json.dumps(ANSWER | {"question": "two words"}), "question"),
    ],
)
def test_each_mistake_is_told_what_to_write(said, hint):
    """A line that can't be meant says which word is wrong."""
    with pytest.raises(LineError, match=hint):
        event_in(said)


@given(st.lists(st.text() | st.binary(), max_size=5))
def test_no_line_makes_the_replay_raise(lines):
    """Whatever stands in a file, each line is judged or refused with a reason."""
    for judged in replayed(plan_named("copd", {}), lines):
        assert judged.problem or not judged.changes


def test_a_plan_is_read_aloud_and_its_contradictions_named(tmp_path):
    """A sound plan ends with 0; a grave contradiction is said and ends with 78, as a hub would."""
    sound = CliRunner().invoke(app, ["plan", "check", COPD, "--language", "en"])
    assert sound.exit_code == 0
    assert "T1: red at a saturation below 92 % twice" in sound.stdout
    bad = tmp_path / "bad.toml"
    bad.write_text(Path(COPD).read_text().replace("news2_scale = 1", "news2_scale = 2"))
    grave = CliRunner().invoke(app, ["plan", "check", str(bad)])
    assert grave.exit_code == 78
    assert "!! NEWS2 skala 2" in grave.stdout
    assert "!! NEWS2 scale 2" in grave.stdout
