"""Writes docs/bench.md: one table, what was measured, and why not where a goal was missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.row import Outcome, Row


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one row: its outcomes, or why this machine can't measure it."""

    row: Row
    outcomes: Sequence[Outcome]
    took_s: float
    lacking: str = ""


def table(done: Iterable[Done]) -> list[str]:
    """Return the lines of the table."""
    lines = [
        "| row | what | ours | held against | that | ratio | goal | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in done:
        if each.lacking:
            lines.append(f"| {each.row.name} | {each.row.title} | not measured | | | | | {each.lacking} |")
        lines += [_line(each.row, outcome) for outcome in each.outcomes]
    return lines


def paper(done: Sequence[Done], facts: Iterable[tuple[str, str]], command: str) -> str:
    """Return the whole paper."""
    missed = [(each.row, one) for each in done for one in each.outcomes if one.is_missed]
    goals = sum(one.goal is not None for each in done for one in each.outcomes)
    parts = [
        "# What it costs",
        f"Made by `{command}`, never by hand. Each figure is the median of its rounds, with the least and "
        "the most of them; whatever is held against ours was measured in the same run, on the same disk, in "
        "turns, unless it says otherwise. Only the ratios travel to another machine.",
        "\n".join(["| machine | |", "|---|---|", *(f"| {name} | {said} |" for name, said in facts)]),
        f"{goals - len(missed)} of {goals} goals are reached. A line without a goal only compares.",
        "\n".join(table(done)),
        "## What was measured",
        "\n".join(f"- **{each.row.name}** ({each.took_s:.0f} s): {each.row.measured}" for each in done),
    ]
    if missed:
        whys = [f"- **{row.name}**, {one.what}: {one.why}" for row, one in missed]
        parts += ["## Where a goal is missed, and why", "\n".join(whys)]
    return "\n\n".join(parts) + "\n"


def _line(row: Row, one: Outcome) -> str:
    mark = "" if one.goal is None else "**missed**" if one.is_missed else "reached"
    cells = (row.name, one.what, one.ours, one.against, one.theirs, one.ratio, one.goal, mark)
    return f"| {' | '.join('' if cell is None else str(cell) for cell in cells)} |"
