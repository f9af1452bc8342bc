"""The command: it teaches, and what a person must act on is one line and an exit code."""

import socket
from importlib import import_module
from importlib.metadata import version

import pytest

from cloud_bridge.settings import SettingsError
from gateway.errors import EXITS, exit_code_of
from gateway.settings import Settings
from tests.gateway.conftest import CONFIG, HUB, PLAN, UNAVAILABLE, on_disk
from tests.given import HOME
from tests.program import pusterom


@pytest.mark.parametrize(
    ("words", "lesson"),
    [
        ("", "Begin with `pusterom demo`"),
        ("hub new-home", "ward enrol"),
        ("hub check", "Next: `pusterom hub run`"),
        ("hub run", "pusterom simulate --radio unix:/tmp/room.sock"),
        ("ward run", "Mosquitto"),
        ("ward enrol", "Next: `pusterom ward run`"),
        ("certificates new-authority", "Next: `pusterom certificates new-certificate ward`"),
        ("certificates new-certificate", "never authority.key"),
        ("simulate", "`pusterom hub run --radio"),
        ("demo", "Next: open the two addresses"),
        ("devices", "Next: `pusterom decode --driver ID"),
        ("decode", "Next: `--frame` shows"),
        ("capture", "Next: `pusterom replay FILE`"),
        ("replay", "Play a recording through its driver"),
    ],
)
def test_help_teaches(run, words, lesson):
    """Who asks for help reads what the command is for, and what to do next."""
    code, out, _ = run(*words.split(), "--help")
    assert code == 0
    assert lesson in " ".join(out.split())


def test_the_version_is_the_packages(run):
    """`pusterom version` says what was installed."""
    assert run("version") == (0, f"{version('pusterom')}\n", "")


def test_a_new_home_is_random_and_fits_the_settings(run, folder):
    """What `hub new-home` prints can be written into the settings file, and no two are alike."""
    homes = {run("hub", "new-home")[1].strip() for _ in range(3)}
    assert len(homes) == 3
    for home in homes:
        (folder / "hub.toml").write_text(HUB.replace(HOME, home))
        assert Settings.load(folder / "hub.toml").home == home


def test_check_reads_the_settings_aloud_and_touches_nothing(run, folder):
    """`hub check` names home, plan and next step, and begins neither log nor key."""
    before = on_disk(folder)
    code, out, err = run("hub", "check", "--config", folder / "hub.toml")
    assert (code, err) == (0, "")
    assert f"home {HOME}" in out
    assert "plan version 1, 4 limits, UNVERIFIED" in out
    assert f"Next: pusterom hub run --config {folder}/hub.toml" in out
    assert on_disk(folder) == before


@pytest.mark.parametrize("words", ["hub run", "hub check", "ward run"])
def test_a_missing_file_is_refused(refused, folder, words):
    """Each command that needs a settings file names the one that is not there."""
    assert f"{folder}/none.toml: there is no such file" in refused(
        *words.split(), "--config", folder / "none.toml"
    )


@pytest.mark.parametrize("words", ["hub run", "hub check"])
def test_a_broken_plan_is_refused_before_anything_begins(refused, folder, words):
    """The plan that the settings name is read first; the message names it and the limit."""
    (folder / "plan.toml").write_text(PLAN.replace("clear = 89", "clear = 80"))
    config = folder / f"{words.split()[0]}.toml"
    said = refused(*words.split(), "--config", config)
    assert f"{folder}/plan.toml: limits.spo2_low: write a clear of 88 or more" in said


def test_an_invalid_file_is_refused(refused, folder):
    """File, key and hint stand in one line."""
    (folder / "hub.toml").write_text(HUB.replace(HOME, "kari"))
    assert f"{folder}/hub.toml: home: write sixteen" in refused("hub", "run", "--config", folder / "hub.toml")


@pytest.mark.parametrize("words", ["hub run --config hub.toml", "ward run --config ward.toml"])
def test_a_broker_on_the_command_line_that_is_none_is_refused(refused, folder, monkeypatch, words):
    """The option is blamed, not the file."""
    monkeypatch.chdir(folder)
    assert "command line: --broker:" in refused(*words.split(), "--broker", "127.0.0.1")


@pytest.mark.parametrize("name", ["hub", "ward"])
def test_a_password_file_that_is_not_there_is_refused(refused, folder, name):
    """A secret that is missing is no trace, and is found before anything begins."""
    file = folder / f"{name}.toml"
    file.write_text(f'password_file = "secret"\n{file.read_text()}')
    assert f"{folder}/secret" in refused(name, "run", "--config", file)


def test_an_unknown_radio_is_refused(refused, folder):
    """The message lists the radios that are installed."""
    said = refused("hub", "run", "--config", folder / "hub.toml", "--radio", "zigbee:/x", code=UNAVAILABLE)
    assert "known are: bluez, unix:<place>" in said


def test_a_wrong_home_cannot_be_enrolled(refused, folder):
    """A name is kept for no home that no hub can have."""
    words = ("--home", "kari", "--name", "Kari N.", "--birth-year", "1955")
    assert "command line: --home: write sixteen" in refused(
        "ward", "enrol", "--config", folder / "ward.toml", *words
    )


def test_an_organisation_has_an_id_that_a_topic_can_carry(refused, folder):
    """Another id is refused, and says which may be."""
    ward = ("--config", folder / "ward.toml")
    said = refused("ward", "organisation", "Syke/huset", "--name", "S", "--kind", "hospital", *ward)
    assert "write small letters, digits and hyphens" in said


@pytest.mark.parametrize("name", ["hub", "ward"])
def test_a_port_in_use_is_refused(refused, folder, name):
    """The message names the port; log and database are not begun."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = folder / f"{name}.toml"
        file.write_text(file.read_text().replace("port = 0", f"port = {port}"))
        assert f"port {port} on 127.0.0.1" in refused(name, "run", "--config", file, code=UNAVAILABLE)


def test_a_command_whose_packages_are_missing_says_what_to_install(tmp_path):
    """Without the simulators' packages the others work as ever, and only the missing one complains."""
    (tmp_path / "bumble.py").write_text("raise ModuleNotFoundError(\"No module named 'bumble'\")")
    with pusterom("hub", "new-home", PYTHONPATH=str(tmp_path)) as other:
        assert (other.ended(), other.err) == (0, "")
    with pusterom("demo", "--until-done", PYTHONPATH=str(tmp_path)) as demo:
        assert demo.ended() == UNAVAILABLE
        assert "Install pusterom[simulators]" in demo.err
        assert demo.err.count("\n") == 0


def test_another_package_hangs_a_command_into_a_group(run, packages):
    """An entry point `devices.try` is the command `pusterom devices try`, with its help and its words."""
    code = """
        from typing import Annotated
        import typer

        def check(module: str, strict: Annotated[bool, typer.Option(help="Be strict.")] = False) -> None:
            "Try a driver from outside against every law."
            typer.echo(f"{module} {strict}")
    """
    packages.add("kit", code, commands="devices.try = kit:check")
    assert run("devices", "try", "their_scale", "--strict") == (0, "their_scale True\n", "")
    _, out, _ = run("devices", "try", "--help")
    assert "Try a driver from outside" in out
    _, out, _ = run("devices", "--help")
    assert "try" in out
    code, out, _ = run("devices", "--json")
    assert (code, out[0]) == (0, "["), "without a command the group lists"
    assert run("try")[0] != 0, "it is no command of its own"


def test_what_is_hung_in_takes_no_command_of_ours_away(run, packages):
    """A name that is taken stays ours, and an entry point that can't be loaded hurts nobody else."""
    code = "def version():\n    raise AssertionError\n"
    points = "version = thief:version\nsimulate = thief:version\ndevices.lost = thief:nowhere"
    packages.add("thief", code, commands=points)
    assert run("version") == (0, f"{version('pusterom')}\n", "")
    assert run("devices", "--json")[0] == 0
    assert "virtual room" in run("simulate", "--help")[1]
    assert "decode" in run("--help")[1]
    code, out, err = run("devices", "lost")
    assert (code, out) == (UNAVAILABLE, "")
    assert "`devices lost` of thief can't be loaded: AttributeError" in err


def test_a_command_of_another_package_names_it_when_it_is_not_whole(run, packages):
    """Whose own packages are missing says which to install, in one line, when it is called."""
    packages.add("kit", "import horoscope", commands="devices.try = kit:check")
    code, out, err = run("devices", "try", "theirs", "--any", "words")
    assert (code, out) == (UNAVAILABLE, "")
    assert "`devices try` is not here: No module named 'horoscope'. Install kit for it." in err


def test_every_error_that_has_an_exit_code_exists():
    """The table knows errors by name: each is a class of that module, and finds its own code."""
    for name, code in EXITS.items():
        module, _, word = name.rpartition(".")
        error = getattr(import_module(module), word)
        assert issubclass(error, Exception)
        made = error.__new__(error)
        assert exit_code_of(made)[1] == code
    assert exit_code_of(type("OurOwn", (SettingsError,), {}).__new__(SettingsError))[1] == CONFIG
    assert exit_code_of(ZeroDivisionError()) is None


def test_a_refusal_of_a_real_process_is_one_line(folder):
    """What the tests above see in this process, a shell sees as well."""
    with pusterom("hub", "run", "--config", str(folder / "none.toml")) as hub:
        assert hub.ended() == CONFIG
        assert hub.err.startswith(f"pusterom: {folder}/none.toml: there is no such file.")
        assert hub.err.count("\n") == 0
