"""The `pusterom` command. Floors above hang their own commands in by entry point."""

import logging
import secrets
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.backend.start import enrol_person, run_ward
from cloud_bridge.program import run_program, say_error
from cloud_bridge.settings import load_plan
from gateway.errors import exit_code_of
from gateway.settings import Settings
from gateway.start import run_hub

COMMANDS = "pusterom.commands"

app = typer.Typer(
    help="Pusterom: a hub in the home of a COPD patient, and the bridge from there to hospital and"
    " municipality.\n\n"
    "Begin with `pusterom demo`: the whole line on this machine, nothing to install.\n\n"
    "Not an emergency service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
hub = typer.Typer(help="The box in the home: hears devices, keeps, judges, carries.", no_args_is_help=True)
ward = typer.Typer(help="The shared backend of hospital and municipality.", no_args_is_help=True)
app.add_typer(hub, name="hub")
app.add_typer(ward, name="ward")

_console = Console(highlight=False)
say: Callable[[str], None] = _console.print

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more of what happens inside.")]
HubFile = Annotated[Path, typer.Option("--config", help="The hub's settings file.")]
WardFile = Annotated[Path, typer.Option("--config", help="The ward's settings file.")]


@hub.command("run")
def hub_run(
    config: HubFile = Path("config/hub.toml"),
    radio: Annotated[str | None, typer.Option(help="bluez, or unix:/path of `pusterom simulate`.")] = None,
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port")] = None,
    verbose: Verbose = False,
) -> None:
    """Run the hub until Ctrl-C. Needs a settings file; the log and its key are made at first start.

    Two terminals without Bluetooth:

        pusterom simulate --radio unix:/tmp/room.sock

        pusterom hub run --radio unix:/tmp/room.sock --broker mqtt://127.0.0.1:1883
    """
    begin_logging(verbose=verbose)
    said = {name: value for name, value in (("radio", radio), ("broker", broker)) if value}
    finish(run_hub(Settings.load(config, said), say))


@hub.command("check")
def hub_check(config: HubFile = Path("config/hub.toml")) -> None:
    """Read the settings and the plan, and say what is wrong with them, if anything."""
    settings = Settings.load(config)
    plan = load_plan(settings.plan_file)
    say(f"{config}: home {settings.home}, radio {settings.radio}, broker {settings.broker}")
    state = "approved" if plan.is_verified else "UNVERIFIED: a clinician must approve each number"
    say(f"{settings.plan_file}: plan version {plan.version}, {len(plan.limits)} limits, {state}")


@hub.command("new-home")
def new_home() -> None:
    """Print a new random home id for the settings file; it says nothing about anybody."""
    say(secrets.token_hex(8))


@ward.command("run")
def ward_run(
    config: WardFile = Path("config/ward.toml"),
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port")] = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///file or postgresql://…")] = None,
    verbose: Verbose = False,
) -> None:
    """Run the ward until Ctrl-C: takes in what homes publish and serves the work list."""
    begin_logging(verbose=verbose)
    said = {name: value for name, value in (("broker", broker), ("database", database)) if value}
    finish(run_ward(WardSettings.load(config, said), say))


@ward.command("enrol")
def ward_enrol(
    home: Annotated[str, typer.Option(help="The home id, as in the hub's settings.")],
    name: Annotated[str, typer.Option(help="The patient's name; it never leaves the ward.")],
    birth_year: Annotated[int, typer.Option(min=1900, max=2100)],
    config: WardFile = Path("config/ward.toml"),
) -> None:
    """Tell the ward who lives in a home."""
    finish(enrol_person(WardSettings.load(config), home, name, birth_year))
    say(f"home {home} is enrolled")


@app.command("version")
def show_version() -> None:
    """Print the version."""
    say(version("pusterom"))


def begin_logging(*, verbose: bool) -> None:
    """Log to stderr; the libraries below say only what a person can act on."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format=form)


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a program to its end and leave with its exit code, if that is not 0."""
    if code := run_program(work):
        raise typer.Exit(code)


def main() -> None:
    """Run the command; an error that a person must act on is one line and an exit code."""
    for point in entry_points(group=COMMANDS):
        try:
            app.command(point.name)(point.load())
        except ModuleNotFoundError as missing:
            say_error(f"`{point.name}` is not here: {missing}. Install pusterom[simulators] for it.")
    try:
        app()
    except BaseException as error:
        known = exit_code_of(error)
        if known is None:
            raise
        message, code = known
        say_error(message)
        sys.exit(code)
