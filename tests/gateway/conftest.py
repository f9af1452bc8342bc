"""A hub and a ward on the disk, and a way to run a command that must refuse them."""

import signal
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from tests.given import HOME
from tests.installed import Packages

CONFIG, UNAVAILABLE = 78, 69
COMMAND_S_MAX = 30
PLAN = (Path(__file__).resolve().parents[2] / "config/plan.toml").read_text()
HUB = f"""
home = "{HOME}"
folder = "log"
key_file = "hub.key"
plan_file = "plan.toml"
broker = "mqtt://127.0.0.1:9"
radio = "unix:/tmp/no-such-room"

[page]
port = 0
"""
WARD = """
database = "sqlite:///ward.db"
broker = "mqtt://127.0.0.1:9"

[page]
port = 0
"""


def _too_long(*_):
    raise TimeoutError(f"the command still runs after {COMMAND_S_MAX} s; it should have refused")


@pytest.fixture
def folder(tmp_path):
    """A folder with good settings of a hub and a ward."""
    for name, text in (("hub", HUB), ("ward", WARD), ("plan", PLAN)):
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process; return its exit code, stdout and stderr.

    One that refuses too little would run for ever: after a while it fails instead.
    """

    def ran(*words):
        monkeypatch.setattr(sys, "argv", ["pusterom", *map(str, words)])
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(COMMAND_S_MAX)
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.alarm(0)
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return ran


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder on the path, into which a test puts packages as if they were installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    put = Packages(folder)
    yield put
    put.forget()


@pytest.fixture
def refused(run, folder):
    """Run a command that must refuse: one line on stderr, nothing on stdout, nothing changed on the disk."""

    def ran(*words, code=CONFIG):
        before = on_disk(folder)
        found, out, err = run(*words)
        assert (found, out) == (code, ""), err
        assert err.startswith("pusterom: ")
        assert err.count("\n") == 1
        assert on_disk(folder) == before
        return err

    return ran


def on_disk(folder: Path) -> dict[str, bytes | None]:
    """Return every name under this folder with what it holds; SQLite's shared memory is no content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.name.endswith("-shm")
    }
