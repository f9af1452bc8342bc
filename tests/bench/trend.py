"""Row: what one reading costs the trend, with five years behind it and with little; no disk, no log."""

from time import perf_counter

from tests.bench.row import Bench, Figure, Outcome, Row, figure, most, ratio
from tests.gateway.alerts.trend_days import Diary

YEARS_DAYS, MONTH_DAYS = 5 * 365, 30
WHY_RATIO = "the memory holds numbers of more digits, and no more of them."
WHY_DAY = (
    "on the first day there is no baseline, so that there is nothing to compare with yet; against a month, "
    "which has one, the cost is the same."
)


def trend(bench: Bench) -> list[Outcome]:
    """Hear the same days with memories of different age, in turns."""
    rounds, days = bench.many(30, 2), bench.many(60, 3)
    bench.say("making five years")
    kept = {
        name: Diary().quiet(length if not bench.is_small else min(length, 40)).memory
        for name, length in (("years", YEARS_DAYS), ("month", MONTH_DAYS), ("day", 1))
    }
    begins = {"years": YEARS_DAYS, "month": MONTH_DAYS, "day": 1}
    took: dict[str, list[float]] = {name: [] for name in kept}
    for _ in range(rounds):
        for name, memory in kept.items():
            # The first day's memory must not become a fortnight's: it hears one day, again and again.
            long = 1 if name == "day" else days
            spent = 0.0
            for _ in range(days // long):
                spent += _heard_s(memory, begins[name], long)
            took[name].append(spent / (2 * days))
    return [
        _against("a reading, five years behind it", took["years"], "a month behind it", took["month"]),
        _against("the same", took["years"], "one day behind it", took["day"], WHY_DAY),
        Outcome(
            what="readings heard a second, five years behind them",
            ours=Figure(tuple(1 / each for each in took["years"]), "/s"),
            against="",
        ),
    ]


def _heard_s(memory, begins: int, days: int) -> float:
    diary = Diary(memory=memory, day=begins)
    began = perf_counter()
    diary.quiet(days)
    return perf_counter() - began


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
        "trend",
        "cost of a reading in the trend, five years against little",
        "SpO2 and pulse of one check a day, quiet days, through `gateway/alerts/trend.py` alone: in memory, "
        "without judge, store or disk, in turns with memories of five years, a month and a day.",
        trend,
    ),
)
