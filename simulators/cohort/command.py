"""The command `pusterom cohort`: how often the rules are right, on people who were made up."""

import json as json_words
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud_bridge.contract.trend_settings import TrendSettings
from gateway.console import counted, say
from simulators.cohort.cohort import Wishes, operating_points
from simulators.cohort.cohort import cohort as simulate
from simulators.cohort.physiology import PHYSIOLOGY_FILE, load_physiology
from simulators.cohort.plot import operating_plot

GOALS = {
    "sensitivity": "≥ 0.80",
    "ppv": "≥ 0.25",
    "false_alerts_per_patient_month": "≤ 0.5",
    "false_trend_per_patient_month": "≤ 0.3",
    "false_red_per_patient_month": "≤ 0.1",
    "lead_days_before_treatment_median": "≥ 2",
    "lead_days_before_onset_median": "≥ 0",
}


def cohort(
    *,
    patients: Annotated[int, typer.Option(min=1, help="How many people.")] = 1_000,
    days: Annotated[int, typer.Option(min=35, help="How long each is followed.")] = 365,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another cohort.")] = 1,
    physiology: Annotated[
        Path, typer.Option(help="Another physiology; begin with a copy of the one in simulators/cohort.")
    ] = PHYSIOLOGY_FILE,
    json: Annotated[bool, typer.Option("--json", help="Print one object, and nothing else.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the operating points into this SVG; ten more cohorts.")
    ] = None,
    swaps: Annotated[bool, typer.Option(help="Also try device changes, up to 1,000 people.")] = True,
    jobs: Annotated[int, typer.Option(min=0, help="How many processes; 0 is one for each core.")] = 0,
) -> None:
    """Let virtual people live, and count how often the hub's own rules are right about them.

    Sensitivity: of the exacerbations that show in any signal, the share with an alert from seven days
    before their onset to three after. False: an episode of alerts outside seven days before to 21
    after any. The first four weeks are not counted. Intervals are of 95 %, people resampled. What the
    physiology assumes, the figures assume: they say how the rules behave, not how patients do.

    Next: change a number in a copy of the physiology, and see what it does.
    """
    wishes = Wishes(patients, days, seed, load_physiology(physiology), TrendSettings(), jobs, swaps)
    with counted("living") as progress:
        found = simulate(wishes, progress)
    if json:
        say(json_words.dumps(found, ensure_ascii=False))
    else:
        for line in _lines(found):
            say(line)
    if plot is not None:
        with counted("operating points") as progress:
            points = operating_points(wishes, progress)
        plot.write_text(operating_plot(points, wishes.settings), encoding="utf-8")


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"RULES: {found['rules']}",
        f"{found['patients']} people, {found['days']} days, seed {found['seed']},"
        f" {found['events']:.0f} exacerbations counted",
    ]
    for name, figure in found.items():
        if isinstance(figure, dict) and "value" in figure:
            goal = f"   goal {GOALS[name]}" if name in GOALS else ""
            lines.append(f"  {name:40}{_words(figure)}{goal}")
    lines += [
        f"  device change, {name:18} false {_words(cell['false_share'])}, found {_words(cell['found_share'])}"
        for name, cell in found.get("device_swaps", {}).items()
    ]
    return [*lines, f"  {found['processor_s_per_patient_year']} processor seconds a patient-year"]


def _words(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "nothing to count"
    return f"{figure['value']:6.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
