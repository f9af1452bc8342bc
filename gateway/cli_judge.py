"""The commands that need no hub: judge a file of readings by a plan, and read a plan aloud."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_bridge.program import say_error
from gateway.console import say
from gateway.errors import EXIT_CONFIG, EXIT_DATA
from gateway.hung_in import OpenGroup

if TYPE_CHECKING:
    from gateway.judging import Judged

plan = typer.Typer(cls=OpenGroup, help="A patient's treatment plan.", no_args_is_help=True)

PlanFile = Annotated[Path, typer.Argument(help="The plan's TOML file.", metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the program."""
    app.add_typer(plan, name="plan")
    app.command("judge")(judge_file)


@plan.command("check")
def plan_check(
    file: PlanFile,
    language: Annotated[str | None, typer.Option(help="nb or en; both where it is not said.")] = None,
) -> None:
    """Say what a plan means in plain words, and where it contradicts itself.

    Exit code 0: nothing grave. 78: a hub would refuse this plan.

    Next: have a clinician approve each number, then name the file as plan_file in the hub's settings.
    """
    from cloud_bridge.contract.contradictions import contradictions
    from cloud_bridge.contract.plan import Plan
    from cloud_bridge.look.plan_said import contradiction_said, plan_said
    from cloud_bridge.look.words import LANGUAGES
    from cloud_bridge.settings import load

    known = load(Plan, file)
    found = contradictions(known)
    wanted = [each for each in LANGUAGES if language in (None, each)]
    if not wanted:
        raise typer.BadParameter(f"--language: write one of {', '.join(LANGUAGES)}")
    for each in wanted:
        for line in plan_said(known, each):
            say(line)
        for one in found:
            say(f"{'!!' if one.is_grave else '!'} {contradiction_said(one, each)}")
        say("")
    if any(one.is_grave for one in found):
        raise typer.Exit(EXIT_CONFIG)


def judge_file(
    readings: Annotated[
        Path, typer.Argument(help="Readings and answers, one JSON object a line; - is stdin.")
    ],
    plan_file: Annotated[Path, typer.Option("--plan", help="The plan's TOML file.")],
    refusals: Annotated[bool, typer.Option(help="Print also what was kept and not judged.")] = False,
) -> None:
    """Judge readings from a file as a hub would, and print every change of an alert as a line of JSON.

    A line is {"kind": "spo2", "value": 84, "unit": "%", "measured_at": "2027-01-05T07:30:00+01:00",
    "device": "oximeter", "quality": []}, or {"question": "breathlessness", "value": "worse",
    "answered_at": …}, or {"passed_at": …}. What can't be read is said on stderr with its number, and
    the rest is judged.

    Exit code 0: every line was read. 65: some were not. 78: the plan can't be used.

    Next: `pusterom plan check FILE` says by which rules.
    """
    from cloud_bridge.settings import load_plan
    from gateway.judging import replayed

    known, bad = load_plan(plan_file), 0
    try:
        lines = sys.stdin.buffer if str(readings) == "-" else readings.open("rb")
    except OSError as error:
        say_error(f"{readings}: {error.strerror}")
        raise typer.Exit(EXIT_DATA) from error
    with lines:
        for judged in replayed(known, lines):
            bad += judged.problem is not None
            _print(str(readings), judged, with_refusals=refusals)
    if bad:
        raise typer.Exit(EXIT_DATA)


def _print(name: str, judged: "Judged", *, with_refusals: bool) -> None:
    if judged.problem is not None:
        say_error(f"{name}:{judged.line}: {judged.problem}")
    from gateway.judging import alert_line

    for alert in judged.changes:
        sys.stdout.write(f"{alert_line(judged, alert).decode()}\n")
    if with_refusals and judged.refusals:
        told = [{"rule": rule, "why": why} for rule, why in judged.refusals]
        sys.stdout.write(f"{json.dumps({'line': judged.line, 'refused': told})}\n")
