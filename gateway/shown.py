"""The catalogue as people and programs read it."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from devices.driver import Driver
from gateway.outside import Outsider
from gateway.words import short

Line = dict[str, Any]


def listed(drivers: Iterable[Driver[Any]], outsiders: Iterable[Outsider]) -> list[Line]:
    """Return one line for each driver of the house, then for each from outside, asked or not."""
    ours = [_line(driver, "house") for driver in drivers]
    return ours + [_outside(one) for one in outsiders]


def table(lines: Iterable[Line]) -> Table:
    """Return the lines as a table for a terminal."""
    made = Table(show_lines=True)
    made.add_column("driver", overflow="fold")
    made.add_column("what is known of it", overflow="fold", ratio=1)
    for line in lines:
        made.add_row(_who(line), _what(line))
    return made


def _line(driver: Driver[Any], origin: str) -> Line:
    return {
        "id": driver.id,
        "title": driver.title,
        "tier": driver.tier,
        "kinds": [kind.value for kind in driver.kinds],
        "quirks": list(driver.quirks),
        "vectors": list(driver.vectors),
        "speaks": list(driver.speaks),
        "origin": origin,
        "quarantined": None,
    }


def _outside(one: Outsider) -> Line:
    if one.driver is not None:
        return _line(one.driver, one.origin) | {"quarantined": one.problem}
    nothing: Line = {"title": None, "tier": None, "kinds": [], "quirks": [], "vectors": [], "speaks": []}
    return {"id": one.name} | nothing | {"origin": one.origin, "quarantined": one.problem}


def _who(line: Line) -> Text:
    who = Text(line["id"], style="bold")
    if line["tier"]:
        who.append(f"\n{line['tier']}", style="not bold")
    if line["origin"] != "house":
        who.append(f"\nof {line['origin']}", style="not bold")
    return who


def _what(line: Line) -> Text:
    what = Text()
    if line["quarantined"]:
        what.append(f"NOT ASKED: {line['quarantined']}\n", style="bold red")
    if line["title"]:
        what.append(f"{line['title']}\n", style="bold")
        what.append(f"tells {', '.join(line['kinds'])}\n")
    if line["speaks"]:
        what.append(f"speaks {', '.join(map(short, line['speaks']))}\n")
    for quirk in line["quirks"]:
        what.append(f"· {quirk}\n")
    if line["vectors"]:
        what.append(f"tried with bytes of: {', '.join(line['vectors'])}", style="dim")
    what.rstrip()
    return what
