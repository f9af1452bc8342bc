"""Drivers from outside: other packages hang them in by entry point, and none of them can stop another.

[project.entry-points."pusterom.drivers"]
peak_flow = "their_package.peak_flow:DRIVER"
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, get_args

from devices.catalog import HOUSE, Catalog
from devices.driver import DRIVER_API, Advertisement, Driver
from devices.kinds import Kind
from devices.readings import Tier
from gateway.apart import LateError, Outcome, apart, wait_for_all

GROUP = "pusterom.drivers"

QUARANTINE_FILE = "outside.json"
"""In the folder of a hub that runs and has drivers from outside."""

LOAD_S = 20.0
"""So long the import of a driver may take; a slow card with large libraries needs some seconds."""

CALL_S = 5.0
"""So long a driver from outside may think about one question; ours need microseconds."""

NOBODY = Advertisement("00:00:00:00:00:00")
"""What every driver is asked about once, before it meets a device."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outsider:
    """One driver from outside: its entry point, the package that brought it, why it is not asked, if so."""

    name: str
    origin: str
    driver: Driver[Any] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """All drivers from outside, and how long each may think about one question."""

    drivers: tuple[Outsider, ...] = ()
    call_s: float = CALL_S


NOBODY_OUTSIDE = Outside()


class _RefusedError(Exception):
    """What an entry point gives is no driver for this hub; says why."""


def load_outside(house: Catalog = HOUSE, *, deadline_s: float = LOAD_S) -> tuple[Outsider, ...]:
    """Return every installed driver from outside; one that is of no use has its problem instead.

    All are loaded at once, each in a thread of its own: the slowest delays nobody but itself.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, _origin(point)))
    loading = [apart(partial(_loaded, point), point.name) for point in points]
    wait_for_all(loading, deadline_s)
    taken = {driver.id: "the house" for driver in house.drivers}
    return tuple(
        _admitted(Outsider(point.name, _origin(point)), outcome, taken, deadline_s)
        for point, outcome in zip(points, loading, strict=True)
    )


def _admitted(
    one: Outsider, outcome: Outcome[Driver[Any]], taken: dict[str, str], deadline_s: float
) -> Outsider:
    try:
        if not outcome.done():
            raise LateError(deadline_s)
        one.driver = outcome.result()
        _claim(one, taken)
    except _RefusedError as refusal:
        one.problem = str(refusal)
    except LateError as error:
        one.problem = f"{error} while it was loaded"
    except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises is its own problem
        one.problem = f"can't be loaded: {type(error).__name__}: {error}"
    if one.problem is not None:
        log.warning("driver %s of %s is not asked: %s", one.name, one.origin, one.problem)
    return one


@contextmanager
def noted(folder: Path, outsiders: Iterable[Outsider]) -> Iterator[Callable[[Outsider], None]]:
    """Keep in this folder who is not asked by the hub that runs now, for `pusterom devices` to read."""
    file, outsiders = folder / QUARANTINE_FILE, tuple(outsiders)

    def note(_one: Outsider | None = None) -> None:
        found = [{"name": one.name, "problem": one.problem} for one in outsiders if one.problem is not None]
        file.write_text(json.dumps(found), encoding="utf-8")

    if outsiders:
        note()
    try:
        yield note
    finally:
        file.unlink(missing_ok=True)


def quarantined_in(folder: Path) -> dict[str, str]:
    """Return who is not asked by the hub of this folder, and why; nobody where no hub has said so."""
    try:
        found = json.loads((folder / QUARANTINE_FILE).read_text(encoding="utf-8"))
        return {one["name"]: one["problem"] for one in found}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def asked(outsiders: Iterable[Outsider]) -> tuple[Driver[Any], ...]:
    """Return the drivers of those who are asked."""
    return tuple(one.driver for one in outsiders if one.driver is not None and one.problem is None)


def _claim(one: Outsider, taken: dict[str, str]) -> None:
    """Take the driver's id for it, or refuse: an id is written into every reading."""
    assert one.driver is not None, "only a driver that was loaded has an id"
    if (owner := taken.get(one.driver.id)) is not None:
        raise _RefusedError(f"the id {one.driver.id!r} belongs to {owner}; the driver needs another")
    taken[one.driver.id] = one.origin


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "unknown"


def _loaded(point: EntryPoint) -> Driver[Any]:
    """Load, and ask what can be asked without a device. Runs apart."""
    found = point.load()
    if not isinstance(found, Driver) and callable(found):
        found = found()
    if not isinstance(found, Driver):
        raise _RefusedError(f"{point.value} gives {type(found).__name__}, and no Driver")
    if found.api != DRIVER_API:
        raise _RefusedError(
            f"it was made for version {found.api} of the driver's promises; this is {DRIVER_API}"
        )
    _look_over(found)
    try:
        found.matches(NOBODY)
    except Exception as error:
        raise _RefusedError(f"matches() raises {type(error).__name__}: {error}") from error
    return found


def _look_over(driver: Driver[Any]) -> None:
    """Refuse what would only be noticed when it is printed or judged."""
    if not (isinstance(driver.id, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,63}", driver.id)):
        raise _RefusedError(f"the id {driver.id!r} is none: small letters, digits and _, at most 64")
    if driver.tier not in get_args(Tier):
        raise _RefusedError(f"the tier {driver.tier!r} is none of {', '.join(get_args(Tier))}")
    if not all(isinstance(kind, Kind) for kind in driver.kinds):
        raise _RefusedError(f"its kinds {driver.kinds!r} are not all a Kind")
    if driver.session is None and driver.overhear is None:
        raise _RefusedError("it has neither a session nor an overhear: nothing could ever be heard")
