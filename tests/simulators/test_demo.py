"""`pusterom demo` as a person runs it: a process with two pages, an end, and a Ctrl-C in the middle."""

import json
import re
import signal
import socket
import urllib.request
from contextlib import ExitStack
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.cloud_bridge.fhir.test_profiles import KNOWN_FALSE, hold
from tests.contracts.mosquitto import free_port, mosquitto
from tests.processes.house import broker_config, is_served
from tests.program import ROOT, Program, pusterom

CONFIG, UNAVAILABLE = 78, 69
END_S = 45.0
STOP_S = 5.0
ANY_PORTS = ("--ward-port", "0", "--hub-port", "0", "--login-port", "0")
KEYS = {
    "readings_sent", "readings_on_hub", "readings_in_ward", "alerts_opened", "alerts_closed", "gaps",
    "duplicates", "receipts", "readings_sent_in_outage", "seconds_indication_to_ward_p50",
    "seconds_indication_to_ward_p99", "handovers_offered", "handovers_accepted", "accountable_min",
    "accountable_max", "device_swaps", "resources_at_organisations", "resources_missing",
    "resources_unentitled",
}  # fmt: skip


class Story:
    """A demo that plays to its end, in a folder of its own."""

    def __init__(self, stack: ExitStack, folder: Path, *words: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.file, self.fhir = folder / "summary.json", folder / "fhir"
        out = ("--json", str(self.file), "--fhir-out", str(self.fhir))
        words = ("demo", "--until-done", *out, *ANY_PORTS, *words)
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
        assert told["resources_at_organisations"] == len(self.resources()) > told["readings_sent"]
        assert told["resources_missing"] == told["resources_unentitled"] == 0
        assert {path.name for path in self.folder.iterdir()} == {"summary.json", "fhir"}

    def resources(self, organisation: str = "*") -> list[dict]:
        """Return what went to an organisation, as it was received."""
        return [json.loads(path.read_text()) for path in sorted(self.fhir.glob(f"{organisation}/*.json"))]


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


class Browser:
    """Opens pages as somebody; where it is asked who it is, it says so."""

    def __init__(self, person: str) -> None:
        self._person = person
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def page(self, demo: Program, name: str, path: str = "") -> str:
        """Return what the ward's or the hub's page shows now."""
        url = demo.wait_for(rf"{name} page +(http://\S+)")[1]
        at, shown = self._open(url + path)
        if choice := re.search(rf'href="(/choose\?[^"]*person={self._person})"', shown):
            _, shown = self._open(urljoin(at, unescape(choice[1])))
        return shown

    def _open(self, url: str) -> tuple[str, str]:
        with self._opener.open(url, timeout=STOP_S) as answer:
            return answer.url, answer.read().decode()


def needs_somebody(work_list: str) -> bool:
    """Tell whether Kari stands among those who need attention."""
    return 'data-name="Kari N."' in work_list.split('id="silent"', maxsplit=1)[0]


def test_the_pages_follow_the_story(story):
    """While it is told the ward answers, its work list changes, and so does the hub's page."""
    page = Browser("lege").page
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


def test_everything_that_an_organisation_received_is_r4(story):
    """Each file is read by somebody else's model of FHIR, and the stream of Kari ended for the hospital."""
    story.ended_well()
    for each in story.resources():
        get_fhir_model_class(each["resourceType"]).model_validate_json(json.dumps(each))
    task = next(each for each in story.resources("sykehuset") if each["resourceType"] == "Task")
    of_kari = [
        [each["effectiveDateTime"] for each in story.resources(name) if is_measured(each, task["for"])]
        for name in ("sykehuset", "ringsaker")
    ]
    assert task["status"] == "completed"
    assert len(of_kari[0]) < len(of_kari[1])
    assert max(of_kari[0]) < max(of_kari[1])
    assert set(of_kari[0]) < set(of_kari[1])


def is_measured(resource: dict, patient: dict) -> bool:
    """Tell whether it was measured of this patient."""
    return resource["resourceType"] == "Observation" and resource["subject"] == patient


@pytest.mark.node
def test_everything_that_an_organisation_received_keeps_its_profiles(story, tmp_path):
    """No file breaks R4, PHD, VKP or our own profile, save by what this validator can't see."""
    story.ended_well()
    doubts = hold(story.resources(), tmp_path)
    said = {(each["profile"].rpartition("/")[2], each["doubt"].rpartition(" @ ")[2]) for each in doubts}
    assert said <= KNOWN_FALSE


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
