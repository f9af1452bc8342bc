"""The commands that only simulators have: demo and simulate."""

import logging
import sys
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console

from cloud_bridge.program import say_error, utc_now
from gateway.cli import begin_logging, finish, say
from gateway.quiet import quiet_libraries
from simulators.conformance.trial import TrialError, case_of, verdict
from simulators.demo import Wishes
from simulators.demo import demo as play
from simulators.patient import Patient
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.twin import Twin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.simulate import simulate as serve_room
from simulators.story import OSLO

PLAN_FILE = Path(__file__).resolve().parent.parent / "config" / "plan.toml"
PACE_S = 2.5
"""Seconds a story day lasts when somebody watches."""

EXIT_USAGE, EXIT_BROKEN = 64, 65
"""sysexits.h: the command was used wrongly; what it was given is broken."""

_console = Console(highlight=False, soft_wrap=True)


def demo(
    *,
    until_done: Annotated[bool, typer.Option("--until-done", help="End when the story ends.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the summary to this file.")] = None,
    ward_port: Annotated[int, typer.Option(help="Port of the ward page; 0 takes any.")] = 8480,
    hub_port: Annotated[int, typer.Option(help="Port of the hub page; 0 takes any.")] = 8481,
    plan: Annotated[Path, typer.Option(help="The treatment plan to begin with.")] = PLAN_FILE,
    broker: Annotated[str | None, typer.Option(help="Another broker, such as mqtt://127.0.0.1:1883")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another fortnight.")] = 1,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Show the whole line on this machine: a virtual room, hubs, a broker, the ward, and a story.

    Three people measure each morning; one of them gets worse, an alert opens, her internet is cut
    and comes back, and nothing is missing. The devices speak real ATT, GATT and SMP bytes.
    Everything lives in a temporary folder and on loopback.

    Next: open the two addresses that it prints. Then the same in pieces of your own:
    `pusterom simulate --help` and `pusterom hub run --help`.
    """
    begin_logging(verbose=verbose)
    if not verbose:
        logging.getLogger("cloud_bridge").setLevel(
            logging.ERROR
        )  # that the line is cut, the story itself says
    pace_s = 0.0 if until_done else PACE_S
    finish(play(Wishes(plan, ward_port, hub_port, until_done, json, seed, pace_s, broker), _console.print))


def simulate(
    radio: Annotated[
        str, typer.Option(help="The unix socket to offer the air on.")
    ] = "unix:/tmp/pusterom-room",
    every_s: Annotated[float, typer.Option(min=1, help="How often the devices measure.")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed is another patient's fortnight.")] = 1,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Own a virtual room with an oximeter and a scale, for hubs in other processes, until Ctrl-C.

    Next, in another terminal: `pusterom hub run --radio unix:/tmp/pusterom-room`
    """
    begin_logging(verbose=verbose)
    quiet_libraries()
    dice, patient = Random(seed), Patient("nobody", 1955, 91, 82, 62.0)
    twins: tuple[Twin, ...] = (PulseOximeterTwin(is_secured=True), WeightScaleTwin())

    def measure(twin: Twin, now: datetime) -> None:
        local = now.astimezone(OSLO)
        body = patient.body(local.date(), dice)
        if isinstance(twin, PulseOximeterTwin):
            twin.measure(local, body.spo2, body.pulse_bpm)
        elif isinstance(twin, WeightScaleTwin):
            twin.measure(local, body.weight_kg)

    async def room() -> int:
        await serve_room(radio, twins, every_s, say, measure=measure, now=utc_now)
        return 0

    finish(room())


def check_device(
    module: Annotated[str, typer.Argument(help="A module with DRIVER and TWIN, or a driver's id.")],
) -> None:
    """Try a driver and its twin: the numbered checks of the conformance kit, one line each.

    The checks ask what bytes can do to the driver, what its numbers mean, and how it talks to its
    twin on kind days and on days when the link breaks. Ends with 65 if one of them fails.

    Next: mend what FAIL names, then add the driver as devices/README.md says.
    """
    sys.path.insert(0, "")  # a module that lies where one stands is what a person means
    try:
        case = case_of(module)
    except TrialError as error:
        say_error(str(error))
        raise typer.Exit(EXIT_USAGE) from None
    if not verdict(case, say):
        raise typer.Exit(EXIT_BROKEN)
