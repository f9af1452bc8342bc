"""Accidents on a line of real processes, drawn from a seed; then calm, and an independent count.

`make chaos SEED=7 MINUTES=10`. The seed gives the accidents, their order and length; what real processes
make of them no seed can give.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg

from tests.contracts.tables.server import private_server
from tests.processes.checker import Verdict, devices_record
from tests.processes.parts import Road, pause
from tests.processes.town import Town, town

SETTLE_S = 240.0
STRIKE_S = 15.0
"""So long an accident waits for its tender moment; then it happens anyway."""

TENDER_S = 0.02
"""Then it waits up to so much more: for the middle of the next record, or of a commit."""

BACKLOG_S = 6.0
"""So long a hub stays away until its devices have something of a backlog."""

SLOW_S = 0.4
"""Each piece of a slow road takes so much longer."""

CLOCKS = tuple(
    timedelta(days=days, hours=hours)
    for days, hours in ((-56 * 365, 0), (-3650, 0), (-1, 0), (0, -2), (0, 1), (400, 0), (3650, 0))
)
"""1970 and thereabouts, ten years, yesterday, a summer time missed, a year and ten too far."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Accident:
    """What goes wrong with which part, and how it ends."""

    name: str
    part: str
    begin: Callable[[], None]
    end: Callable[[], None]


def accidents(place: Town, dice: Random) -> list[Accident]:
    """Return every accident that there is."""
    whole = [*_of_hub(place, dice), *_of_ward(place, dice), *_of_broker(place), *_of_clock(place, dice)]
    whole.append(Accident("database killed", "database", place.database.kill, place.database.start))
    return whole + [each for whose, road in place.roads.items() for each in _of_road(f"{whose}'s road", road)]


def _of_hub(place: Town, dice: Random) -> list[Accident]:
    hub = place.hub

    def soon_after(what: str) -> Callable[[], None]:
        return lambda: _strike(place, dice, lambda: _lines(place, what), hub.kill)

    def again() -> None:
        place.tend(BACKLOG_S)
        hub.start()
        soon_after("confirmed")()
        hub.start()

    return [
        Accident("hub killed", "hub", hub.kill, hub.start),
        Accident("hub killed at a confirmation", "hub", soon_after("confirmed"), hub.start),
        Accident("hub killed while a device tells", "hub", soon_after("measured"), hub.start),
        Accident("hub killed, and again while it is told a backlog", "hub", hub.kill, again),
    ]


def _of_ward(place: Town, dice: Random) -> list[Accident]:
    ward = place.ward

    def at_a_commit() -> None:
        _strike(place, dice, lambda: _kept(place) or 0, ward.kill)

    return [
        Accident("ward killed", "ward", ward.kill, ward.start),
        Accident("ward killed at a commit", "ward", at_a_commit, ward.start),
    ]


def _of_broker(place: Town) -> list[Accident]:
    broker = place.broker

    def forget() -> None:
        broker.kill()
        broker.forget()

    return [
        Accident("broker killed", "broker", broker.kill, broker.start),
        Accident("broker killed and its state deleted", "broker", forget, broker.start),
    ]


def _of_clock(place: Town, dice: Random) -> list[Accident]:
    def set_wrong() -> None:
        place.clock.set(dice.choice(CLOCKS))

    return [
        Accident("clock set", "clock", set_wrong, lambda: None),
        Accident("clock set and put right", "clock", set_wrong, lambda: place.clock.set(timedelta())),
    ]


def _of_road(part: str, road: Road) -> list[Accident]:
    return [
        Accident(f"{part} cut", part, lambda: road.set_cut(True), lambda: road.set_cut(False)),
        Accident(f"{part} half open", part, lambda: road.set_silent(True), lambda: road.set_silent(False)),
        Accident(f"{part} slow", part, lambda: road.set_slow(SLOW_S), lambda: road.set_slow(0.0)),
    ]


def drawn(all_: list[Accident], dice: Random) -> Iterator[tuple[Accident, ...]]:
    """Yield what happens at once, for ever: first each accident on its own, then several of them."""
    yield from ((accident,) for accident in dice.sample(all_, len(all_)))
    while True:
        several = dice.sample(all_, dice.choice((1, 2, 2, 3, 4)))
        yield tuple({accident.part: accident for accident in several}.values())


def disturb(place: Town, dice: Random, *, until_s: float, count_min: int, say: Say) -> Counter[str]:
    """Let accidents happen, at least so many times, and until the steady clock says so; return how often."""
    begun_s, happened = time.monotonic(), Counter[str]()
    for number, several in enumerate(drawn(accidents(place, dice), dice)):
        if number >= count_min and time.monotonic() >= until_s:
            return happened
        length_s = min(8.0, dice.expovariate(1 / 1.5))
        names = " + ".join(accident.name for accident in several)
        say(f"[{time.monotonic() - begun_s:4.0f} s] {names}, for {length_s:.1f} s · {_standing(place)}")
        for accident in several:
            accident.begin()
        place.tend(length_s)
        for accident in several:
            accident.end()
        happened.update(accident.name for accident in several)
        if dice.random() < 0.7:  # else the next one comes while it still starts
            _await_moment(place, lambda: place.hub.is_up and place.ward.is_up)
        place.tend(dice.expovariate(1 / 1.0))
    raise AssertionError("accidents do not end by themselves")


def settle(place: Town, say: Say) -> None:
    """End every trouble, and return once everything has had its way; else say where it stands."""
    place.calm()
    say("calm")
    begun_s, last = time.monotonic(), ""
    while time.monotonic() < begun_s + SETTLE_S:
        place.tend(0.5)
        is_over = bool(place.room.said("measure no more"))
        standing = place.unsettled() if is_over else "the last round is not over"
        if not standing:
            say(f"settled after {time.monotonic() - begun_s:.0f} s")
            return
        if standing != last:
            say(f"  {standing}")
        last = standing
    raise AssertionError(
        f"not settled after {SETTLE_S:g} s: {last}\n{place.hub.now.err}\n{place.ward.now.err}"
    )


def live(place: Town, seed: int, *, for_s: float, say: Say) -> Verdict:
    """Disturb, settle, stop, count; return what the count says."""
    dice = Random(seed)
    count_min = len(accidents(place, dice))
    happened = disturb(place, dice, until_s=time.monotonic() + for_s, count_min=count_min, say=say)
    settle(place, say)
    place.leave()
    verdict = place.verdict()
    for name, count in sorted(happened.items()):
        say(f"  {count:3} × {name}")
    for line in (*place.hub.left_by_itself, *place.ward.left_by_itself):
        say(f"  by itself: {line.splitlines()[-1]}")
    for line in verdict.faults:
        say(f"  FAULT {line}")
    say(f"seed {seed}: {verdict}")
    return verdict


def _await_moment(place: Town, is_time: Callable[[], bool]) -> None:
    """Wait for a moment, which may never come while other things are broken."""
    ends_s = time.monotonic() + STRIKE_S
    while not is_time() and time.monotonic() < ends_s:
        place.tend(0.002)


def _strike(place: Town, dice: Random, count: Callable[[], int], kill: Callable[[], None]) -> None:
    """Kill a little after this has counted one more."""
    _await_moment(place, _grown(count))
    pause(dice.uniform(0.0, TENDER_S))
    kill()


def _lines(place: Town, what: str) -> int:
    return place.record.read_bytes().count(b'"what":"%s"' % what.encode())


def _grown(count: Callable[[], int]) -> Callable[[], bool]:
    """Return a question that is answered with yes once this counts more than when it was first asked."""
    before: list[int] = []

    def has_grown() -> bool:
        before.append(count())
        return before[-1] > before[0]

    return has_grown


def _kept(place: Town) -> int | None:
    try:
        return place.house.count("entry")
    except psycopg.OperationalError:
        return None


def _standing(place: Town) -> str:
    measured, _ = devices_record(place.record)
    confirmed = sum(each.confirmed_at_s is not None for each in measured.values())
    kept = _kept(place)
    return f"{len(measured)} records, {confirmed} confirmed; ward has {'?' if kept is None else kept} entries"


def main() -> int:
    """Run from the command line; 0 only if nothing is lost, doubled, altered or invented."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as folder,
        private_server(is_durable=True) as server,
        town(Path(folder), server, server.url("public"), asked.seed) as place,
    ):
        verdict = live(place, asked.seed, for_s=60 * asked.minutes, say=_say)
    return bool(verdict.faults)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
