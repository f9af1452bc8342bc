"""The commands that only simulators have: demo and simulate."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console

from cloud_bridge.program import utc_now
from devices.driver import NOTHING_TOLD, Told
from gateway.console import begin_logging, finish, say
from gateway.errors import EXIT_DATA
from gateway.quiet import quiet_libraries
from gateway.words import WordsError, near
from simulators.conformance.trial import case_of, verdict
from simulators.demo import Wishes
from simulators.demo import demo as play
from simulators.diary import diary
from simulators.patient import Patient
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.twin import Twin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.shelf import SHELF
from simulators.simulate import Measure
from simulators.simulate import simulate as serve_room
from simulators.story import OSLO

PLAN_FILE = Path(__file__).resolve().parent.parent / "config" / "plan.toml"
PACE_S = 2.5
"""Seconds a story day lasts when somebody watches."""

_console = Console(highlight=False, soft_wrap=True)


def demo(
    *,
    until_done: Annotated[bool, typer.Option("--until-done", help="End when the story ends.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the summary to this file.")] = None,
    fhir_out: Annotated[
        Path | None,
        typer.Option(help="Write each FHIR resource that went to an organisation into this new folder."),
    ] = None,
    ward_port: Annotated[int, typer.Option(help="Port of the ward page; 0 takes any.")] = 8480,
    hub_port: Annotated[int, typer.Option(help="Port of the hub page; 0 takes any.")] = 8481,
    login_port: Annotated[int, typer.Option(help="Port where people log in; 0 takes any.")] = 8482,
    plan: Annotated[Path, typer.Option(help="The treatment plan to begin with.")] = PLAN_FILE,
    broker: Annotated[str | None, typer.Option(help="Another broker, such as mqtt://127.0.0.1:1883")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another fortnight.")] = 1,
    day_s: Annotated[float, typer.Option(min=0, help="How long a day of the story takes.")] = PACE_S,
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
    pace_s = 0.0 if until_done else day_s
    wishes = Wishes(plan, ward_port, hub_port, login_port, until_done, json, fhir_out, seed, pace_s, broker)
    finish(play(wishes, _console.print))


def simulate(
    *,
    radio: Annotated[
        str, typer.Option(help="The unix socket to offer the air on.")
    ] = "unix:/tmp/pusterom-room",
    device: Annotated[
        list[str] | None, typer.Option(help="A driver's id: put its twin into the room. May be repeated.")
    ] = None,
    every_s: Annotated[float, typer.Option(min=1, help="How often the devices measure.")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed is another patient's fortnight.")] = 1,
    record: Annotated[
        Path | None, typer.Option(help="Write what they measure, and what is confirmed, to this new file.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="An oximeter keeps what it has told, and tells it when asked.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Own a virtual room with devices in it, for hubs in other processes, until Ctrl-C.

    Without --device: an oximeter and a scale that show one patient's days.

        pusterom simulate --device weight_scale --device pulse_oximeter --record record.jsonl

    On the signal USR1 each device measures once more, and from then on only answers.

    Next, in another terminal: `pusterom hub run --radio unix:/tmp/pusterom-room`, or
    `pusterom capture --out talk.jsonl --driver weight_scale --radio unix:/tmp/pusterom-room`
    """
    begin_logging(verbose=verbose)
    quiet_libraries()
    dice = Random(seed)
    twins, measure = _shelved(device, dice) if device else _patients_own(dice)
    for twin in twins:
        twin.is_keeping = keep and isinstance(twin, PulseOximeterTwin)
    with diary(record, twins, utc_now) if record else nullcontext():
        finish(_in_the_air(radio, twins, every_s, measure))


async def _in_the_air(radio: str, twins: Sequence[Twin], every_s: float, measure: Measure) -> int:
    last_round = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, last_round.set)
    await serve_room(radio, twins, every_s, say, measure=measure, now=utc_now, last_round=last_round)
    return 0


def _patients_own(dice: Random) -> tuple[Sequence[Peripheral], Measure]:
    """Return the room of one patient, whose two devices show the same body."""
    patient = Patient("nobody", 1955, 91, 82, 62.0)

    def measure(twin: Twin, now: datetime) -> None:
        local = now.astimezone(OSLO)
        body = patient.body(local.date(), dice)
        if isinstance(twin, PulseOximeterTwin):
            twin.measure(local, body.spo2, body.pulse_bpm)
        elif isinstance(twin, WeightScaleTwin):
            twin.measure(local, body.weight_kg)

    return (PulseOximeterTwin(is_secured=True), WeightScaleTwin()), measure


def _shelved(names: Sequence[str], dice: Random) -> tuple[Sequence[Peripheral], Measure]:
    """Return the twins of these drivers; say what a hub must be told of them, where it must."""
    for name in names:
        if name not in SHELF:
            raise WordsError(
                f"--device: there is no twin of {name!r}{near(name, SHELF)}. There are {', '.join(SHELF)}"
            )
    twins = [SHELF[name]() for name in dict.fromkeys(names)]
    for twin in twins:
        if twin.told != NOTHING_TOLD:
            say(f"{twin.name} ({twin.address}): tell the hub {_words_of(twin.told)}")

    def measure(twin: Twin, now: datetime) -> None:
        assert isinstance(twin, Peripheral), "what stands on the shelf"
        twin.measure_any(now.astimezone(OSLO), dice)

    return twins, measure


def _words_of(told: Told) -> str:
    key = None if told.bind_key is None else told.bind_key.hex()
    words = (("user_slot", told.user_slot), ("consent_code", told.consent_code), ("a bind key of", key))
    return ", ".join(f"{name} {word}" for name, word in words if word is not None)


def check_device(
    module: Annotated[str, typer.Argument(help="A module with DRIVER and TWIN, or a driver's id.")],
) -> None:
    """Try a driver and its twin: the numbered checks of the conformance kit, one line each.

    The checks ask what bytes can do to the driver, what its numbers mean, and how it talks to its
    twin on kind days and on days when the link breaks. Ends with 65 if one of them fails.

    Next: mend what FAIL names, then add the driver as devices/README.md says.
    """
    sys.path.insert(0, "")  # a module that lies where one stands is what a person means
    if not verdict(case_of(module), say):
        raise typer.Exit(EXIT_DATA)
