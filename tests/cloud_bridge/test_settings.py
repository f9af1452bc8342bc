"""Files into values: what is wrong in one is said with the file, the key and what to write instead."""

import re
from pathlib import Path

import pytest

from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.settings import SettingsError, load_plan

WARD = """
database = "sqlite:///ward.db"
broker = "mqtt://127.0.0.1:1883"
"""
PLAN = """
version = 1
approved_at = 2027-01-05T12:00:00+01:00
approved_by_role = "lege"
"""
LOW = {"id": '"low"', "kind": '"spo2"', "level": '"yellow"', "below": "88", "clear": "89"}


def written(folder: Path, text: str, name: str = "ward.toml") -> Path:
    """Return a file with this text."""
    file = folder / name
    file.write_text(text)
    return file


def refusal(file: Path, overrides: dict[str, str] | None = None) -> SettingsError:
    """Return why these ward settings are refused; the whole of it is one line."""
    with pytest.raises(SettingsError) as caught:
        WardSettings.load(file, overrides)
    assert "\n" not in str(caught.value)
    return caught.value


def limits(*changes: dict[str, str | None]) -> str:
    """Return a plan with one limit per change of a good one; None takes a line away."""
    text = PLAN
    for change in changes:
        words = {name: value for name, value in (LOW | change).items() if value is not None}
        text += "[[limits]]\n" + "".join(f"{name} = {value}\n" for name, value in words.items())
    return text


def plan_refusal(folder: Path, text: str) -> tuple[str, str]:
    """Return key and hint of a refused plan; the message begins with the file and stays on one line."""
    file = written(folder, text, "plan.toml")
    with pytest.raises(SettingsError) as caught:
        load_plan(file)
    said = str(caught.value)
    assert said.startswith(f"{file}: {caught.value.key}")
    assert "\n" not in said
    return caught.value.key, caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path):
    """Who forgot the file is told which one, and where a copy to begin with lies."""
    error = refusal(tmp_path / "nowhere.toml")
    assert str(error).startswith(f"{tmp_path}/nowhere.toml: there is no such file.")
    assert "copy" in error.hint


@pytest.mark.parametrize("data", [b"this is not TOML", b'a = "unended', b"a = 1\na = 2"])
def test_what_is_not_toml_is_named_with_its_place(tmp_path, data):
    """The message says where in the file the reading ended."""
    file = tmp_path / "ward.toml"
    file.write_bytes(data)
    assert re.search(r"is not TOML: .+ \(at ", refusal(file).hint)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff\xfe\x00")])
def test_what_cannot_be_read_at_all_is_said_so(tmp_path, make):
    """A folder, or bytes in no encoding of ours, is a refusal and not a trace."""
    make(tmp_path / "ward.toml")
    assert "can't be read" in refusal(tmp_path / "ward.toml").hint


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        (WARD.replace("database", "#"), "database", "is missing; write it into the file"),
        (WARD + 'datbase = "x"\n', "datbase", "mend its spelling"),
        (WARD + "[page]\nhots = 1\n", "page.hots", "mend its spelling"),
        (WARD + '[page]\nport = "many"\n', "page.port", "valid integer"),
        (WARD + "[page]\nport = 65536\n", "page.port", "less than or equal to 65535 (it says 65536)"),
        (WARD.replace('"sqlite:///ward.db"', "7"), "database", "valid string (it says 7)"),
        (WARD + "timezone = 1\n", "timezone", "valid string"),
    ],
)
def test_a_key_that_is_wrong_is_named_with_what_to_write(tmp_path, text, key, hint):
    """Missing, unknown or of the wrong type: the file, the key as it stands there, and a hint."""
    file = written(tmp_path, text)
    error = refusal(file)
    assert (error.file, error.key) == (file, key)
    assert hint in error.hint


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "Europe", "../../etc/passwd", "/etc/localtime", "Europe/oslo\0"]
)
def test_a_zone_that_is_none_is_refused_with_an_example(tmp_path, zone):
    """Whatever the time zone database makes of the name, the person reads the same sentence."""
    error = refusal(written(tmp_path, WARD), {"timezone": zone})
    assert "write a time zone such as Europe/Oslo" in error.hint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1",
        "http://host",
        "mqtt://",
        "mqtt://host:0",
        "mqtt://host:many",
        "mqtt://host/x",
        "mqtt://[",
    ],
)
def test_a_broker_that_is_no_url_is_refused_with_the_form(tmp_path, url):
    """The form to write stands in the message, before anything was started."""
    error = refusal(written(tmp_path, WARD.replace("mqtt://127.0.0.1:1883", url)))
    assert error.key == "broker"
    assert "mqtt://host:port" in error.hint


def test_a_password_in_a_url_is_never_repeated(tmp_path):
    """Who wrote a password where none belongs does not find it in a terminal or a journal."""
    error = refusal(written(tmp_path, WARD.replace("127.0.0.1", "ward:s3cret@127.0.0.1")))
    assert error.key == "broker"
    assert "s3cret" not in str(error)


def test_what_the_command_line_says_is_blamed_on_the_command_line(tmp_path):
    """The file is right: nobody shall look for the fault there."""
    error = refusal(written(tmp_path, WARD), {"broker": "nonsense"})
    assert str(error).startswith("command line: --broker: ")


def test_what_the_command_line_says_goes_before_the_file(tmp_path):
    """Even a broken key of the file does not matter where the command line says it."""
    file = written(tmp_path, WARD.replace("mqtt://", "nothing"))
    assert WardSettings.load(file, {"broker": "mqtts://host"}).broker == "mqtts://host"


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path, monkeypatch):
    """Wherever a program is started, the file means the same files; the database's, too."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "elsewhere").mkdir()
    written(tmp_path, WARD + 'password_file = "../secret"\n', "etc/ward.toml")
    monkeypatch.chdir(tmp_path / "elsewhere")
    settings = WardSettings.load(Path("../etc/ward.toml"))
    assert settings.password_file.resolve() == tmp_path / "secret"
    assert settings.database == f"sqlite:///{tmp_path}/etc/ward.db"


@pytest.mark.parametrize(
    "url", ["sqlite:////var/ward.db", "postgresql://ward@db.example/pusterom", "sqlite:///"]
)
def test_a_database_that_is_no_relative_path_is_left_alone(tmp_path, url):
    """Only a relative SQLite path has a folder to start at."""
    assert WardSettings.load(written(tmp_path, WARD.replace("sqlite:///ward.db", url))).database == url


def test_a_database_of_the_command_line_starts_where_the_person_stands(tmp_path):
    """Relative paths on a command line mean what they mean to the shell."""
    settings = WardSettings.load(written(tmp_path, WARD), {"database": "sqlite:///here.db"})
    assert settings.database == "sqlite:///here.db"


def test_a_good_plan_is_read(tmp_path):
    """The plan that the refusals below change is itself in order."""
    assert load_plan(written(tmp_path, limits({}))).limits[0].edge == 88


@pytest.mark.parametrize(
    ("change", "key", "hint"),
    [
        ({"above": "95"}, "limits.low", "write either below or above"),
        ({"below": None}, "limits.low", "write either below or above"),
        ({"clear": "87"}, "limits.low", "write a clear of 88 or more"),
        ({"below": None, "above": "88"}, "limits.low", "write a clear of 88 or less"),
        ({"clear": None}, "limits.low.clear", "is missing; write it into the file"),
        ({"below": '"low"'}, "limits.low.below", "valid number"),
        ({"below": "nan"}, "limits.low.below", "finite number"),
        ({"clear": "inf"}, "limits.low.clear", "finite number"),
        ({"in_a_row": "0"}, "limits.low.in_a_row", "greater than or equal to 1 (it says 0)"),
        ({"kind": '"spo3"'}, "limits.low.kind", "'spo2'"),
        ({"level": '"orange"'}, "limits.low.level", "'yellow' or 'red'"),
        ({"lcear": "89"}, "limits.low.lcear", "mend its spelling"),
        ({"id": None}, "limits.#1.id", "is missing"),
        ({"id": '"Low limit"'}, "limits.Low limit.id", "match pattern"),
    ],
)
def test_a_broken_limit_is_named_by_its_id(tmp_path, change, key, hint):
    """A person finds the limit by the id that he gave it, and reads what to write there."""
    found, said = plan_refusal(tmp_path, limits(change))
    assert found == key
    assert hint in said


def test_two_limits_with_one_id_are_refused(tmp_path):
    """An alert is known by its limit's id: each needs an id of its own."""
    key, hint = plan_refusal(tmp_path, limits({}, {"kind": '"pulse_rate"'}))
    assert key == "limits"
    assert "two limits share the id low" in hint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (limits({}).replace("+01:00", ""), "approved_at"),
        (limits({}).replace("version = 1", "version = 0"), "version"),
        ("stale_h = inf\n" + limits({}), "stale_h"),
        (PLAN, "limits"),
    ],
)
def test_what_is_wrong_with_the_plan_itself_is_named(tmp_path, text, key):
    """A time without a zone, a version 0, readings that never grow stale, no limits at all: refused."""
    assert plan_refusal(tmp_path, text)[0] == key
