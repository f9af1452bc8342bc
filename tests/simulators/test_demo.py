"""`pusterom demo` as a person runs it: a process with two pages, an end, and a Ctrl-C in the middle."""

import json
import signal
import socket
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contracts.mosquitto import free_port, mosquitto
from tests.processes.house import broker_config, is_served
from tests.program import ROOT, Program, pusterom

CONFIG, UNAVAILABLE = 78, 69
END_S = 45.0
STOP_S = 5.0
ANY_PORTS = ("--ward-port", "0", "--hub-port", "0")
KEYS = {
    "readings_sent", "readings_on_hub", "readings_in_ward", "alerts_opened", "alerts_closed", "gaps",
    "duplicates", "receipts", "readings_sent_in_outage", "seconds_indication_to_ward_p50",
    "seconds_indication_to_ward_p99", "handovers_offered", "handovers_accepted", "accountable_min",
    "accountable_max", "device_swaps",
}  # fmt: skip


class Story:
    """A demo that plays to its end, in a folder of its own."""

    def __init__(self, stack: ExitStack, folder: Path, *words: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.file = folder / "summary.json"
        words = ("demo", "--until-done", "--json", str(self.file), *ANY_PORTS, *words)
        self.program = stack.enter_context(pusterom(*words, TMPDIR=str(folder)))

    def ended_well(self) -> None:
        """See that it ends in time, whole, without a complaint, and leaves only its summary behind."""
        assert self.program.ended(within_s=END_S) == 0, self.program.err
        assert self.program.err == ""
        self.program.wait_for("nothing is missing, nothing is doubled")
        told = json.loads(self.file.read_text())
        assert set(told) >= KEYS
        assert told["readings_sent"] == told["readings_on_hub"] == told["readings_in_ward"] > 0
        assert told["gaps"] == told["duplicates"] == 0
        assert told["alerts_opened"] == told["alerts_closed"] > 0
        assert told["readings_sent_in_outage"] > 0
        assert told["receipts"] > 0
        assert told["handovers_offered"] == told["handovers_accepted"] == told["device_swaps"] == 1
        assert told["accountable_min"] == told["accountable_max"] == 1
        assert 0 < told["seconds_indication_to_ward_p50"] <= told["seconds_indication_to_ward_p99"]
        assert [path.name for path in self.folder.iterdir()] == ["summary.json"]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The story on the demo's own broker; it plays while other tests run."""
    with ExitStack() as stack:
        yield Story(stack, tmp_path_factory.mktemp("demo") / "own")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The story on a Mosquitto that runs with our own access list."""
    folder = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(mosquitto(folder, broker_config(port)))
        yield Story(stack, folder / "mosquitto", "--broker", f"mqtt://127.0.0.1:{port}")


def page(demo: Program, name: str, path: str = "") -> str:
    """Return what the ward's or the hub's page shows now."""
    url = demo.wait_for(rf"{name} page +(http://\S+)")[1]
    with urllib.request.urlopen(url + path, timeout=STOP_S) as answer:
        return answer.read().decode()


def needs_somebody(work_list: str) -> bool:
    """Tell whether Kari stands among those who need attention."""
    return 'data-name="Kari N."' in work_list.split('id="silent"', maxsplit=1)[0]


def test_the_pages_follow_the_story(story):
    """While it is told the ward answers, its work list changes, and so does the hub's page."""
    story.program.wait_for("measures")
    assert json.loads(page(story.program, "ward", "health"))["is_up"]
    assert not needs_somebody(page(story.program, "ward"))
    assert 'class="sheet zone red"' not in page(story.program, "hub")
    story.program.wait_for("RED.* opened at the ward")
    assert needs_somebody(page(story.program, "ward"))
    assert 'class="sheet zone red"' in page(story.program, "hub")


@pytest.mark.mosquitto
def test_any_other_broker_serves_as_well(elsewhere):
    """Mosquitto with our access list carries the whole story; the demo gives the names that it asks for."""
    elsewhere.ended_well()


def test_the_story_is_told_to_its_end(story):
    """Within 45 s: nothing missing, nothing doubled, every alert closed, exit code 0, nothing left behind."""
    story.ended_well()


def refusal(*words: str) -> tuple[int, str]:
    """Return exit code and complaint of a demo that does not begin: one line, and nothing else is said."""
    with pusterom("demo", "--until-done", *words) as demo:
        code = demo.ended()
        assert demo.out == []
        assert demo.err.startswith("pusterom: ")
        assert demo.err.count("\n") == 0
        return code, demo.err


@pytest.mark.parametrize("option", ["--ward-port", "--hub-port"])
def test_a_second_demo_on_a_taken_port_says_so(option):
    """The port is named, and nothing is begun."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refusal(*ANY_PORTS, option, str(port))
    assert code == UNAVAILABLE
    assert f"port {port} on 127.0.0.1" in said


def test_a_broken_plan_is_named(tmp_path):
    """File, limit and what to write instead, before a page is served."""
    plan = tmp_path / "plan.toml"
    plan.write_text((ROOT / "config/plan.toml").read_text().replace("clear = 89", "clear = 80"))
    code, said = refusal(*ANY_PORTS, "--plan", str(plan))
    assert code == CONFIG
    assert f"{plan}: limits.spo2_low: write a clear of 88 or more" in said


def test_a_summary_that_cannot_be_written_is_said_before_the_story(tmp_path):
    """Nobody waits to the end of the story to hear that its summary has no place."""
    code, said = refusal(*ANY_PORTS, "--json", str(tmp_path / "nowhere/summary.json"))
    assert code == CONFIG
    assert "command line: --json:" in said


@pytest.mark.parametrize(
    ("url", "code", "hint"),
    [
        ("nonsense", CONFIG, "command line: --broker: "),
        ("mqtts://127.0.0.1", CONFIG, "command line: --broker: "),
        ("mqtt://127.0.0.1:9", UNAVAILABLE, "can't reach 127.0.0.1:9"),
    ],
)
def test_a_broker_that_does_not_serve_is_said_before_the_story(url, code, hint):
    """A URL that is none, one that the demo can't use, and a broker that isn't there: one line each."""
    found, said = refusal(*ANY_PORTS, "--broker", url)
    assert found == code
    assert hint in said


@pytest.mark.parametrize("moment", ["ward page", "measures", "RED.* opened"])
def test_ctrl_c_ends_all_of_it(tmp_path, moment):
    """At any moment of the story: exit code 0 within 5 s, no trace, no folder, no port left."""
    words = ("--until-done",) if moment.startswith("RED") else ()
    with pusterom("demo", *words, *ANY_PORTS, TMPDIR=str(tmp_path)) as demo:
        url = demo.wait_for(r"ward page +(http://\S+)")[1]
        demo.wait_for(moment)
        assert demo.stop(signal.SIGINT, within_s=STOP_S) == 0
        assert demo.err == ""
    assert not is_served(url)
    assert list(tmp_path.iterdir()) == []
