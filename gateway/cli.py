"""The `pusterom` command. Floors above hang their own commands in by entry point.

What only one command needs is imported inside it: a command that turns bytes into readings is there
at once, and loads neither radio nor store nor network.
"""

import asyncio
import secrets
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from cloud_bridge.program import say_error
from gateway import cli_backup, cli_devices, cli_intake, cli_judge, cli_keys
from gateway.cli_certificates import certificates
from gateway.cli_store import store
from gateway.console import Verbose, begin_logging, finish, say
from gateway.errors import exit_code_of
from gateway.hung_in import OpenGroup

app = typer.Typer(
    cls=OpenGroup,
    help="Pusterom: a hub in the home of a COPD patient, and the bridge from there to hospital and"
    " municipality.\n\n"
    "Begin with `pusterom demo`: the whole line on this machine, nothing to install.\n\n"
    "Not an emergency service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
hub = typer.Typer(
    cls=OpenGroup, help="The box in the home: hears devices, keeps, judges, carries.", no_args_is_help=True
)
ward = typer.Typer(
    cls=OpenGroup, help="The shared backend of hospital and municipality.", no_args_is_help=True
)
app.add_typer(hub, name="hub")
app.add_typer(ward, name="ward")
app.add_typer(store, name="store")
app.add_typer(certificates, name="certificates")
cli_devices.add_to(app)
cli_judge.add_to(app)
cli_intake.add_to(ward)
cli_keys.add_to(store)
cli_backup.add_to(store)

HubFile = Annotated[Path, typer.Option("--config", help="The hub's settings file.")]
WardFile = Annotated[Path, typer.Option("--config", help="The ward's settings file.")]


@hub.command("run")
def hub_run(
    config: HubFile = Path("config/hub.toml"),
    radio: Annotated[str | None, typer.Option(help="bluez, or unix:/path of `pusterom simulate`.")] = None,
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port")] = None,
    verbose: Verbose = 0,
) -> None:
    """Run the hub until Ctrl-C. Needs a settings file; the log and its key are made at first start.

    Without Bluetooth, in two terminals:

        pusterom simulate --radio unix:/tmp/room.sock

        pusterom hub run --radio unix:/tmp/room.sock --broker mqtt://127.0.0.1:1883

    Next: open the address that it prints, and run the ward with `pusterom ward run`.
    """
    from gateway.settings import Settings
    from gateway.start import run_hub

    begin_logging(verbose=verbose)
    said = {name: value for name, value in (("radio", radio), ("broker", broker)) if value}
    finish(run_hub(Settings.load(config, said), say))


@hub.command("check")
def hub_check(config: HubFile = Path("config/hub.toml")) -> None:
    """Read the settings, the plan and the certificates, and say what is wrong with them, if anything.

    Says which keys there are, without any secret. Touches neither log nor any key nor the network.

    Next: `pusterom hub run`.
    """
    from cloud_bridge.program import utc_now
    from cloud_bridge.road import certificates_aloud
    from cloud_bridge.settings import load_plan
    from gateway.keys_told import keys_told
    from gateway.settings import Settings

    settings = Settings.load(config)
    plan = load_plan(settings.plan_file)
    say(f"{config}: home {settings.home}, radio {settings.radio}, broker {settings.broker}")
    for line in certificates_aloud(settings, settings.home, utc_now()):
        say(line)
    state = "approved" if plan.is_verified else "UNVERIFIED: a clinician must approve each number"
    say(f"{settings.plan_file}: plan version {plan.version}, {len(plan.limits)} limits, {state}")
    for line in keys_told(settings):
        say(line)
    say(f"Next: pusterom hub run --config {config}")


@hub.command("new-home")
def new_home() -> None:
    """Print a new random home id; it says nothing about anybody.

    Next: write it as `home` into the hub's settings file, and tell the ward who lives there with
    `pusterom ward enrol`.
    """
    say(secrets.token_hex(8))


@ward.command("run")
def ward_run(
    config: WardFile = Path("config/ward.toml"),
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port")] = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///file or postgresql://…")] = None,
    verbose: Verbose = 0,
) -> None:
    """Run the ward until Ctrl-C: takes in what homes publish and serves the work list.

    Needs a broker that speaks MQTT 5, such as Mosquitto; homes wait until there is one.

    Next: open the address that it prints, and name the patients with `pusterom ward enrol`.
    """
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.start import run_ward

    begin_logging(verbose=verbose)
    said = {name: value for name, value in (("broker", broker), ("database", database)) if value}
    finish(run_ward(WardSettings.load(config, said), say))


def assert_home_id(home: str) -> None:
    """Raise SettingsError unless this can be a home."""
    from cloud_bridge.contract.topics import is_home_id
    from cloud_bridge.settings import COMMAND_LINE, SettingsError
    from gateway.settings import HOME_HINT

    if not is_home_id(home):
        raise SettingsError(COMMAND_LINE, "--home", f"{HOME_HINT} (it says {home!r}).")


@ward.command("enrol")
def ward_enrol(
    home: Annotated[str, typer.Option(help="The home id, as in the hub's settings.")],
    name: Annotated[str, typer.Option(help="The patient's name; it never leaves the ward.")],
    birth_year: Annotated[int, typer.Option(min=1900, max=2100)],
    accountable: Annotated[
        str, typer.Option(help="Which organisation follows this home from now on, until it hands it over.")
    ] = "",
    config: WardFile = Path("config/ward.toml"),
) -> None:
    """Tell the ward who lives in a home; a second word about the same home replaces the first.

    With --accountable an organisation begins to follow; later only a hand-over on the home's page moves that.

    Next: `pusterom ward run`, and the name stands in the work list.
    """
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.start import enrol_person
    from cloud_bridge.backend.views import Person
    from cloud_bridge.settings import COMMAND_LINE, SettingsError

    assert_home_id(home)
    person = Person(home, name, birth_year)
    refusal = asyncio.run(enrol_person(WardSettings.load(config), person, accountable))
    if refusal is not None:
        hint = "`pusterom ward organisation` tells the ward who takes part"
        raise SettingsError(COMMAND_LINE, "--accountable", f"nobody begins to follow: {refusal} ({hint}).")
    say(f"home {home} is enrolled: {name}, born {birth_year}")


@ward.command("organisation")
def ward_organisation(
    organisation: Annotated[str, typer.Argument(help="Its id: small letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="Its name, as people read it.")],
    kind: Annotated[Literal["hospital", "municipality", "gp"], typer.Option(help="What it is.")],
    checklist: Annotated[Path | None, typer.Option(help="Its discharge list: a file, a line each.")] = None,
    config: WardFile = Path("config/ward.toml"),
) -> None:
    """Tell the ward of an organisation that takes part; a second word about it replaces the first.

    Next: `pusterom ward enrol --accountable ID`, and it follows a home.
    """
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.sharing import Organisation
    from cloud_bridge.backend.start import enrol_organisation
    from cloud_bridge.contract.responsibility import is_organisation
    from cloud_bridge.settings import COMMAND_LINE, SettingsError

    if not is_organisation(organisation):
        hint = "write small letters, digits and hyphens"
        raise SettingsError(COMMAND_LINE, "ORGANISATION", f"{hint} (it says {organisation!r}).")
    finish(enrol_organisation(WardSettings.load(config), Organisation(organisation, name, kind), checklist))
    say(f"{name} takes part as {organisation}")


@ward.command("write-plan")
def ward_write_plan(
    plan_file: Annotated[Path, typer.Argument(help="The plan, such as config/plans/copd.toml.")],
    home: Annotated[str, typer.Option(help="The home id, as in the hub's settings.")],
    by: Annotated[str, typer.Option(help="Who approved it: a role, and no name.")],
    config: WardFile = Path("config/ward.toml"),
) -> None:
    """Write a newer plan for a home: the ward sends it until the hub has put it in force.

    Prints what changes. `pusterom plan check FILE` explains a plan before it is written.

    Next: the patient's page in the ward says when it came into force.
    """
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.start import write_plan
    from cloud_bridge.backend.views import WrittenPlan
    from cloud_bridge.look.plan_said import plan_changes_said
    from cloud_bridge.program import utc_now
    from cloud_bridge.settings import SettingsError, load_plan

    assert_home_id(home)
    plan = load_plan(plan_file)
    refusal, before = asyncio.run(
        write_plan(WardSettings.load(config), home, WrittenPlan(plan, by, utc_now()))
    )
    if refusal is not None:
        raise SettingsError(plan_file, "version", f"not written: {refusal}.")
    last = before.waiting.plan if before.waiting else before.in_force
    for change, line in () if last is None else plan_changes_said(last, plan, "en"):
        say(f"{'+' if change == 'new' else '-'} {line}")
    say(f"version {plan.version} is written for home {home}; a hub that is there has it within a minute")


@ward.command("report")
def ward_report(
    *,
    first_on: Annotated[str, typer.Option("--from", help="The first day, such as 2026-01-01.")],
    last_on: Annotated[str, typer.Option("--to", help="The last day; it counts, too.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it; else it is printed.")] = None,
    form: Annotated[
        Literal["html", "csv", "json"], typer.Option("--format", help="A page to print, or its numbers.")
    ] = "html",
    language: Annotated[Literal["nb", "en"], typer.Option(help="What the page speaks.")] = "nb",
    config: WardFile = Path("config/ward.toml"),
) -> None:
    """Count the quality indicators of a period, the same for every organisation: the yearly report.

    Names no patient and no home. Days are those of the ward's own time zone.

        pusterom ward report --from 2026-01-01 --to 2026-12-31 --out 2026.html

    Next: open the file and print it. How each figure is counted stands below it.
    """
    from cloud_bridge.backend.figure_report import Report, period_of, said
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.start import figures_of
    from cloud_bridge.program import utc_now
    from cloud_bridge.settings import COMMAND_LINE, SettingsError

    settings, at = WardSettings.load(config), utc_now()
    period, wrong = period_of(first_on, last_on, settings.zone, at)
    if period is None:
        raise SettingsError(COMMAND_LINE, wrong[0], wrong[1])
    figures, organisations = asyncio.run(figures_of(settings, period))
    text = said(Report(period, at, settings.zone, figures, organisations), form, language)
    if out is None:
        say(text)
    else:
        _write(out, text)
        say(f"{out}: {period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC")


def _write(out: Path, text: str) -> None:
    from cloud_bridge.settings import COMMAND_LINE, SettingsError

    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(COMMAND_LINE, "--out", f"{out}: {error.strerror}; write another path.") from error


@app.command("version")
def show_version() -> None:
    """Print the version."""
    say(version("pusterom"))


def main() -> None:
    """Run the command; an error that a person must act on is one line and an exit code."""
    try:
        app()
    except BaseException as error:
        known = exit_code_of(error)
        if known is None:
            raise
        message, code = known
        say_error(message)
        sys.exit(code)
