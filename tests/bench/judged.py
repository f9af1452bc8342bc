"""Row: what one reading costs the whole judge, with five years behind it and with little; no disk, no log."""

from collections.abc import Iterator
from datetime import timedelta
from time import perf_counter

from cloud_bridge.contract.plan import Plan
from cloud_bridge.settings import load_plan
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState
from tests.bench.row import Bench, Figure, Outcome, Row, figure, most, ratio
from tests.gateway.alerts.trend_days import FIRST, QUIET, check
from tests.program import ROOT

YEARS_DAYS, MONTH_DAYS = 5 * 365, 30
PLAN_FILE = ROOT / "config/plans/copd.toml"
WHY_RATIO = "the memory holds numbers of more digits, and no more of them."
WHY_DAY = "on the first day there is no baseline: nothing is compared with the usual yet (see a month)."


def judged(bench: Bench) -> list[Outcome]:
    """Judge the same days with memories of different age, in turns."""
    plan = load_plan(PLAN_FILE)
    rounds, days = bench.many(20, 2), bench.many(30, 2)
    begins = {"years": bench.many(YEARS_DAYS, 20), "month": MONTH_DAYS, "day": 1}
    bench.say("making five years")
    kept = {name: _lived(plan, JudgeState(), 0, begun)[0] for name, begun in begins.items()}
    took: dict[str, list[float]] = {name: [] for name in kept}
    for _ in range(rounds):
        for name, state in kept.items():
            # The first day's memory must not become a fortnight's: it hears one day, again and again.
            long = 1 if name == "day" else days
            runs = [_lived(plan, state, begins[name], long) for _ in range(days // long)]
            took[name].append(sum(spent for _, spent in runs) / (3 * long * len(runs)))
    return [
        _against("a reading, five years behind it", took["years"], "a month behind it", took["month"]),
        _against("the same", took["years"], "one day behind it", took["day"], WHY_DAY),
        Outcome(
            what="readings judged a second, five years behind them",
            ours=Figure(tuple(1 / each for each in took["years"]), "/s"),
            against="",
        ),
    ]


def _lived(plan: Plan, state: JudgeState, begins: int, days: int) -> tuple[JudgeState, float]:
    """Return the judge's memory after these days, and how long they took in seconds."""
    readings = [one for day in range(begins, begins + days) for one in _day(day)]
    if state.plan_version == 0:
        state = take_plan(plan, state, readings[0].received_at).state
    began = perf_counter()
    for reading in readings:
        state = judge(plan, state, reading).state
    return state, perf_counter() - began


def _day(day: int) -> Iterator[Reading]:
    """Yield one quiet day: saturation and pulse of one check, and a weight."""
    at, off = FIRST + timedelta(days=day), QUIET[day % len(QUIET)]
    yield check(Kind.SPO2, 95.0 + off, at)
    yield check(Kind.PULSE_RATE, 78.0 + 5 * QUIET[(day + 3) % len(QUIET)], at)
    yield check(Kind.BODY_WEIGHT, 72.0 + off / 10, at, device="scale")


def _against(
    what: str, ours: list[float], against: str, theirs: list[float], why: str = WHY_RATIO
) -> Outcome:
    return Outcome(
        what=what,
        ours=figure(ours, "µs", times=1e6),
        against=against,
        theirs=figure(theirs, "µs", times=1e6),
        ratio=ratio(ours, theirs),
        goal=most(1.1),
        why=why,
    )


ROWS = (
    Row(
        "judge",
        "cost of a reading in the whole judge, five years against little",
        "SpO2, pulse and weight of one check a day, quiet days, through every family of rules with the plan "
        "`config/plans/copd.toml`: in memory, without store or disk, in turns with memories of five years, a "
        "month and a day.",
        judged,
    ),
)
