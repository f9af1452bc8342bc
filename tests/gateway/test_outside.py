"""Drivers from outside: installed like any package, named with their origin, and put aside with a reason."""

import json
import os
import subprocess
import sys
import time

import pytest

from devices.catalog import DRIVERS, HOUSE
from gateway.outside import asked, load_outside, noted, quarantined_in
from tests.installed import DRIVER, HANGS, SPINS, own_parts
from tests.program import ROOT, pusterom

PROMPT_S = 1.5
"""The deadline of a test: what hangs, hangs for an hour."""


@pytest.fixture
def listed(run):
    """Return the catalogue as a program reads it, by id."""

    def ran(*words):
        code, out, _ = run("devices", "--json", *words)
        assert code == 0
        return {line["id"]: line for line in json.loads(out)}

    return ran


def problems(deadline_s=20.0):
    """Load what is installed; return the reason of each that is not asked."""
    return {one.name: one.problem for one in load_outside(deadline_s=deadline_s) if one.problem}


def test_the_catalogue_lists_what_is_known(listed):
    """Every driver of the house with all that one wants to know before buying, and that it is ours."""
    lines = listed()
    assert list(lines) == [driver.id for driver in DRIVERS]
    scale = HOUSE.driver_by_id("weight_scale")
    assert lines["weight_scale"] == {
        "id": "weight_scale",
        "title": scale.title,
        "tier": "specified",
        "kinds": [kind.value for kind in scale.kinds],
        "quirks": list(scale.quirks),
        "vectors": list(scale.vectors),
        "speaks": list(scale.speaks),
        "origin": "house",
        "quarantined": None,
    }


def test_the_table_for_people_says_the_same(run, packages, monkeypatch):
    """Ids, tiers, kinds, what they speak, quirks, origin; and in red who is not asked, and why."""
    monkeypatch.setenv("COLUMNS", "200")
    packages.driver("theirs", DRIVER)
    packages.driver("broken", "raise RuntimeError('not today')")
    code, out, _ = run("devices")
    assert code == 0
    for words in ("weight_scale", "specified", "body_weight", "0x2A9D", "Renpho", "of theirs"):
        assert words in out
    assert "NOT ASKED: can't be loaded: RuntimeError: not today" in out


@pytest.mark.parametrize("point", ["DRIVER", "make"])
def test_a_driver_from_outside_is_listed_behind_the_houses(listed, packages, point):
    """The entry point gives a Driver, or something that gives one; its package is its origin."""
    packages.driver("theirs", f"{DRIVER}\n    def make():\n        return DRIVER\n", point)
    lines = listed()
    assert list(lines)[-1] == "their_scale"
    assert lines["their_scale"]["origin"] == "theirs"
    assert lines["their_scale"]["quarantined"] is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('not today')", "can't be loaded: RuntimeError: not today"),
        ("import horoscope", "can't be loaded: ModuleNotFoundError: No module named 'horoscope'"),
        ("def DRIVER(:", "can't be loaded: SyntaxError"),
        ("raise SystemExit(3)", "can't be loaded: StrangeError: SystemExit: 3"),
        ("", "can't be loaded: AttributeError"),
        ("DRIVER = 'a scale'", "gives str, and no Driver"),
        ("DRIVER = dict", "gives dict, and no Driver"),
        (own_parts(api="2"), "made for version 2 of the driver's promises; this is 1"),
        (own_parts(id="'weight_scale'"), "the id 'weight_scale' belongs to the house"),
        (own_parts(id="'Their Scale'"), "small letters, digits and _"),
        (own_parts(id="7"), "small letters, digits and _"),
        (own_parts(tier="'sworn'"), "the tier 'sworn' is none of captured"),
        (own_parts(kinds="('mood',)"), "are not all a Kind"),
        (own_parts(session="None"), "neither a session nor an overhear"),
        (own_parts(matches="lambda seen: 1 / 0"), "matches() raises ZeroDivisionError"),
    ],
)
def test_what_is_of_no_use_is_put_aside_with_its_reason(listed, packages, code, reason):
    """By name and with why; what the house knows, and what others bring, is as it was."""
    packages.driver("broken", code)
    packages.driver("theirs", own_parts(id="'other_scale'"))
    lines = listed()
    assert len(lines) == len(DRIVERS) + 2 - ("belongs" in reason)
    said = lines.get("broken") or next(one for one in lines.values() if one["origin"] == "broken")
    assert reason in said["quarantined"]
    assert lines["other_scale"]["quarantined"] is None


def test_of_two_with_one_id_the_first_by_name_has_it(packages):
    """Who comes second is told whose it is."""
    packages.driver("zz_late", own_parts())
    packages.driver("aa_early", own_parts())
    assert problems() == {"zz_late": "the id 'their_scale' belongs to aa_early; the driver needs another"}


@pytest.mark.parametrize(
    "code",
    [
        f"{HANGS}\n    hang()",
        own_parts(HANGS, matches="hang"),
        own_parts(SPINS, matches="hang"),
        f"{HANGS}\n    DRIVER = hang",
    ],
)
def test_what_does_not_come_back_delays_the_others_by_one_deadline(packages, code):
    """An import, a factory or a matches() that hangs for ever is given up; all are loaded at once."""
    for number in (1, 2, 3):
        packages.driver(f"slow{number}", code)
    packages.driver("theirs", DRIVER)
    began = time.monotonic()
    loaded = load_outside(deadline_s=1.0)
    assert time.monotonic() - began < 2.9, "three deadlines one after the other"
    assert {one.name: one.problem for one in loaded if one.problem} == {
        f"slow{number}": "no answer within 1 s while it was loaded" for number in (1, 2, 3)
    }
    assert [driver.id for driver in asked(loaded)] == ["their_scale"]


def test_a_known_driver_is_found_without_loading_any(run, packages):
    """What hangs outside is not even asked for when the house knows the answer."""
    packages.driver("slow", f"{HANGS}\n    hang()")
    code, out, _ = run("decode", "--driver", "weight_scale", "--characteristic", "0x2A9D", "00983a")
    assert (code, '"value": 75.0' in out) == (0, True)
    assert "slow" not in sys.modules


@pytest.mark.parametrize("how", [HANGS, SPINS])
def test_no_thread_that_hangs_keeps_a_process_from_leaving(packages, how):
    """One that sleeps and one that spins are left behind when the program ends."""
    packages.driver("slow", own_parts(how, matches="hang"))
    program = (
        f"from gateway.outside import load_outside; print(load_outside(deadline_s={PROMPT_S})[0].problem)"
    )
    ended = subprocess.run(
        (sys.executable, "-c", program),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(packages.folder)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert ended.stdout == f"no answer within {PROMPT_S} s while it was loaded\n"


def test_what_a_running_hub_has_given_up_is_listed(listed, packages, folder):
    """The hub's folder says whom it no longer asks; without such a file, or with a damaged one, nobody."""
    packages.driver("theirs", DRIVER)
    config = ("--config", folder / "hub.toml")
    assert listed(*config)["their_scale"]["quarantined"] is None
    (folder / "log").mkdir()
    loaded = load_outside()
    with noted(folder / "log", loaded) as note:
        assert listed(*config)["their_scale"]["quarantined"] is None
        loaded[0].problem = "no answer within 5 s"
        note(loaded[0])
        assert listed(*config)["their_scale"]["quarantined"] == "no answer within 5 s"
    assert listed(*config)["their_scale"]["quarantined"] is None, "it runs no longer"
    (folder / "log" / "outside.json").write_text('[{"name": 3}]')
    assert quarantined_in(folder / "log") == {}
    assert listed(*config)["their_scale"]["quarantined"] is None


def test_a_real_hub_runs_on_with_a_driver_that_is_of_no_use(packages, folder):
    """It says which and why, leaves a word for `pusterom devices`, serves its page, stops when told to."""
    packages.driver("broken", "raise RuntimeError('not today')")
    packages.driver("theirs", DRIVER)
    with pusterom("hub", "run", "--config", str(folder / "hub.toml"), PYTHONPATH=str(packages.folder)) as hub:
        hub.wait_for("driver broken of broken is not asked: can't be loaded: RuntimeError: not today")
        hub.wait_for("page on http")
        assert list(quarantined_in(folder / "log")) == ["broken"]
        assert hub.stop() == 0
    assert quarantined_in(folder / "log") == {}
