"""The rules of form that a machine can check; each walk counts what it walked."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from devices.catalog import DRIVERS
from tests.house.papers import ROOT, files, files_of_tests, name_of, source_files

SOURCE_LINES_MAX, TEST_LINES_MAX, FUNCTION_LINES_MAX, POSITIONAL_MAX = 300, 400, 40, 5
FILES_MIN, FUNCTIONS_MIN, TESTS_MIN = 100, 800, 300
"""Fewer than this, and the walk has lost its way."""

DOORS = {
    "authlib": {"cloud_bridge/backend/provider.py"},
    "bleak": {"gateway/radio.py", "simulators/radio/"},
    "bumble": {"simulators/radio/"},
    "mqtt5": {"simulators/"},
    "paho": {"cloud_bridge/mqtt.py", "cloud_bridge/mqtt_session.py"},
    "psycopg": {"cloud_bridge/backend/postgres.py"},
    "sqlcipher3": {"gateway/store/"},
    "sqlite3": {"cloud_bridge/backend/sqlite.py"},
    "sqlite_utils": {"gateway/store/schema.py"},
}

HOSTS = {
    "127.0.0.1", "www.w3.org", "www.apache.org", "keepachangelog.com", "semver.org",
    # canonical names of FHIR's code systems and profiles, which nobody fetches
    "hl7.org", "terminology.hl7.org", "hl7.no", "ehelse.no", "loinc.org", "snomed.info", "unitsofmeasure.org",
}  # fmt: skip
"""Whom the repository's own texts may point at, besides names that end in .example or .invalid."""

_EXCUSE = re.compile(
    r"#\s*(noqa|type:\s*ignore)(?P<codes>:?\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[a-z-]+\])?(?P<rest>.*)"
)
_URL_HOST = re.compile(r"https?://([\w.-]+)")
_WORKPLACE = re.compile(r"(?<![\w.~])/(?:home|root|work|Users)/\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    """Return a file as Python reads it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file, inner ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def imports(path: Path) -> Iterator[str]:
    """Yield the first word of everything that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def texts() -> dict[str, str]:
    """Return every text of the repository by its name."""
    found = {}
    for path in files():
        try:
            found[name_of(path)] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            assert path.suffix in {".png", ".webp"}, f"{name_of(path)} is neither text nor a picture"
    return found


def test_files_are_short():
    """A source file has at most 300 lines, a test file at most 400."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(".py")}
    assert len(lengths) > FILES_MIN
    tests = set(files_of_tests())
    assert {
        name_of(path): length
        for path, length in lengths.items()
        if length > (TEST_LINES_MAX if path in tests else SOURCE_LINES_MAX)
    } == {}


def test_functions_are_short_and_take_few_things_by_place():
    """A function has at most 40 lines and 5 positional parameters, itself not counted."""
    walked, long, wide = 0, [], []
    for path in files(".py"):
        for function in functions(path):
            walked += 1
            where = f"{name_of(path)}: {function.name}"
            if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX:
                long.append(where)
            by_place = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
            if len(by_place) - (by_place[:1] in (["self"], ["cls"])) > POSITIONAL_MAX:
                wide.append(where)
    assert walked > FUNCTIONS_MIN
    assert (long, wide) == ([], [])


def test_every_module_begins_with_a_sentence():
    """Whoever opens a file is told in one sentence what it is; only empty files may be silent."""
    walked, silent = 0, []
    for path in files(".py"):
        walked += 1
        first = (ast.get_docstring(tree(path)) or "").partition("\n\n")[0]
        if tree(path).body and not first.endswith("."):
            silent.append(name_of(path))
    assert walked > FILES_MIN
    assert silent == []


def test_every_test_says_its_law():
    """A test function has a sentence that says what must hold."""
    walked, silent = 0, []
    for path in files_of_tests():
        for function in functions(path):
            if function.name.startswith("test_"):
                walked += 1
                if not (ast.get_docstring(function) or "").strip().endswith("."):
                    silent.append(f"{name_of(path)}: {function.name}")
    assert walked > TESTS_MIN
    assert silent == []


def test_every_excuse_has_its_reason():
    """What a tool is told not to see is said with why, on the same line."""
    walked, bare = 0, []
    for path in files(".py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if path != Path(__file__) and (excuse := _EXCUSE.search(line)):
                walked += 1
                if not excuse["codes"] or len(excuse["rest"].strip(" -#")) < len("why"):
                    bare.append(f"{name_of(path)}:{number}")
    assert walked > 10
    assert bare == []


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_has_its_door(library):
    """Where the architecture says, and nowhere else."""
    used_in = {name_of(path) for path in source_files() if library in imports(path)}
    assert used_in, f"nobody imports {library} any more: mend this test"
    assert [name for name in used_in if not any(name.startswith(door) for door in DOORS[library])] == []


def test_tests_neither_mock_nor_sleep_nor_look_away():
    """Fakes keep the contracts of what they stand for; a test waits for an event, and is never left out."""
    forbidden = re.compile(
        r"unittest\.mock|unittest import mock|time\.sleep|mark\.(?:skip|xfail)|pytest\.skip"
    )
    walked = [path for path in files_of_tests() if path != Path(__file__)]
    assert len(walked) > 40
    assert [name_of(path) for path in walked if forbidden.search(ast.unparse(tree(path)))] == []


def test_every_driver_is_known_has_bytes_and_a_twin():
    """A file in drivers/ is in the catalogue, has vectors with some to refuse, and a twin."""
    names = {path.stem for path in (ROOT / "devices" / "drivers").glob("*.py")} - {"__init__"}
    assert len(names) >= 2
    assert {driver.id for driver in DRIVERS} == names
    assert all(import_module(f"devices.drivers.{name}").DRIVER in DRIVERS for name in names)
    for name in names:
        vectors = json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text())
        assert sum("error" in vector["expected"] for vector in vectors) >= 3, f"{name}: three to be refused"
        assert any("error" not in vector["expected"] for vector in vectors), name
        assert (ROOT / "simulators" / "peripherals" / f"{name}.py").is_file()


def test_the_repository_names_no_workplace_and_no_registry():
    """Paths of one person's machine and hosts that only some can reach have no place here."""
    walked = texts()
    assert len(walked) > 200
    assert [name for name, text in walked.items() if _WORKPLACE.search(text)] == []
    strange = {
        f"{name}: {host}"
        for name, text in walked.items()
        for host in _URL_HOST.findall(text)
        if "." in host and host not in HOSTS and not host.endswith((".example", ".invalid"))
    }
    assert strange == set()


def test_pins_come_with_hashes_and_from_nowhere_in_particular():
    """A requirement is one version with its hashes; which registry it comes from is the installer's word."""
    for name in ("run", "test"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        pins = re.findall(r"^[\w.\[\]-]+==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(pins) > 20
        assert all("--hash=sha256:" in pin for pin in pins)
        assert not re.search(r"://|index-url|find-links", text)
