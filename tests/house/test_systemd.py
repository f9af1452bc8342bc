"""The units name commands, settings, credentials and exit codes that exist, and keep every lock."""

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cloud_bridge.backend.database import AwayError
from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.broker_access import parse_url
from gateway.errors import EXIT_CONFIG, exit_code_of
from gateway.settings import Settings
from gateway.store.keys import CREDENTIAL, LogKey
from tests.house.papers import ROOT, code_blocks, commands

UNITS = sorted((ROOT / "systemd").glob("*.service"))
GUIDE = ROOT / "systemd" / "README.md"
MODELS = {"hub": Settings, "ward": WardSettings, "intake": WardSettings}
SAYS = {"hub": "home =", "ward": "[login]", "intake": 'username = "ingest"'}
"""By what the guide's settings of each are told apart."""

LOCKS = {
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "SystemCallArchitectures": "native",
    "ProtectProc": "invisible",
    "UMask": "0077",
    "LimitCORE": "0",
    "Restart": "on-failure",
}


def unit(path: Path) -> dict[str, list[str]]:
    """Return a unit's settings; one that is written twice has two values, as systemd reads it."""
    said: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            said.setdefault(name, []).append(value)
    return said


def who(path: Path) -> str:
    """Return hub, intake or ward."""
    return path.stem.removeprefix("pusterom-")


def guides_settings(path: Path) -> str:
    """Return what the guide tells to write into this unit's settings."""
    texts = {name: text for text in code_blocks(GUIDE, "toml") for name in SAYS if SAYS[name] in text}
    return texts[who(path)]


def test_there_is_a_unit_for_the_hub_the_ward_and_an_intake():
    """What the other tests walk is there."""
    assert [who(path) for path in UNITS] == ["hub", "intake", "ward"]


@pytest.mark.parametrize("path", UNITS, ids=who)
def test_a_unit_starts_a_command_that_exists(path):
    """ExecStart names the installed program, one of its commands, and an option which that command has."""
    (line,) = unit(path)["ExecStart"]
    program, *words, option, file = shlex.split(line)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert Path(program).name in scripts
    assert option in commands()[" ".join(words)]
    assert file in GUIDE.read_text()


@pytest.mark.parametrize("path", UNITS, ids=who)
def test_the_guides_settings_are_settings(path, tmp_path):
    """What systemd/README.md tells to write is taken by the program, and lies where the unit allows it."""
    said = unit(path)
    file = tmp_path / f"{who(path)}.toml"
    file.write_text(guides_settings(path))
    settings = MODELS[who(path)].load(file)
    if isinstance(settings, Settings):
        assert [str(settings.folder.relative_to("/var/lib"))] == said["StateDirectory"]
    ids = {value.partition(":")[0] for value in said["LoadCredentialEncrypted"]}
    key = settings.tls_files.certificate_key_file
    assert key is not None
    assert key.parent == Path("/run/credentials") / path.name
    assert key.name in ids
    settings.tls_files.assert_fit(parse_url(settings.broker))


def test_the_guides_intake_may_run_beside_the_ward(tmp_path):
    """An intake shares its database, and is at the broker who the access list lets take in."""
    file = tmp_path / "intake.toml"
    file.write_text(guides_settings(ROOT / "systemd" / "pusterom-intake.service"))
    settings = WardSettings.load(file)
    settings.assert_shared()
    assert f"user {settings.username}\n" in (ROOT / "config/mosquitto.acl").read_text()


def test_the_hubs_credential_is_the_one_it_looks_for():
    """The key's credential has the name that gateway/store/keys.py asks for, in the unit and in the guide."""
    (path,) = (path for path in UNITS if who(path) == "hub")
    ids = [value.partition(":")[0] for value in unit(path)["LoadCredentialEncrypted"]]
    assert CREDENTIAL in ids
    assert f"--name={CREDENTIAL} " in GUIDE.read_text()


def test_the_guides_key_is_a_key():
    """The line that makes the key, run as it stands, makes one that the log can be opened with."""
    (line,) = (line for text in code_blocks(GUIDE) for line in text.splitlines() if "token_hex" in line)
    _, dash_c, program, *_ = shlex.split(line)
    assert dash_c == "-c"
    made = subprocess.run((sys.executable, dash_c, program), capture_output=True, text=True, check=True)
    LogKey(made.stdout.strip())


@pytest.mark.parametrize("path", UNITS, ids=who)
def test_a_person_is_waited_for_and_a_crash_is_not(path):
    """The one exit code that systemd leaves alone is the one that says that a person must act."""
    assert unit(path)["RestartPreventExitStatus"] == [str(EXIT_CONFIG)]
    assert f"| {EXIT_CONFIG} |" in GUIDE.read_text()


def test_a_database_that_is_away_is_tried_again():
    """After a power cut the database may be slower than the ward: that is no reason to stay down."""
    told = exit_code_of(AwayError("PostgreSQL: connection refused", "start it"))
    assert told is not None
    assert told[1] != EXIT_CONFIG


@pytest.mark.parametrize("path", UNITS, ids=who)
def test_every_lock_is_on(path):
    """No unit is ever less locked than this."""
    said = unit(path)
    assert {name: said.get(name) for name in LOCKS} == {name: [value] for name, value in LOCKS.items()}
    assert said.get("DynamicUser") == ["yes"] or said["User"] not in ([], ["root"])
    assert said["SystemCallFilter"][0] == "@system-service"
    assert said["SystemCallFilter"][1].startswith("~")
