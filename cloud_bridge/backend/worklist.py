"""The work list: from what the tables hold to the lines that a person needs to see."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cloud_bridge.backend.access import Admission
from cloud_bridge.backend.asked import schedule_of
from cloud_bridge.backend.handling import Held, held
from cloud_bridge.backend.listed import Listed
from cloud_bridge.backend.views import (
    Handled,
    HomeState,
    KeptReading,
    OpenAlert,
    OpenOffer,
    OpenTrouble,
    Person,
    Quarantined,
    Views,
)
from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.contract.trouble import TroubleKind
from cloud_bridge.look.spark import DAYS
from devices.kinds import Kind

LISTED = (Kind.SPO2, Kind.PULSE_RATE, Kind.BODY_WEIGHT)
_COUNTED = (*LISTED, Kind.FEV1, Kind.PEF)
"""Whoever blows is not silent, though a blow has no column of its own."""

STALE_H = 48.0
"""Where no plan says otherwise."""

SHOWN_ELSEWHERE = frozenset(
    {
        TroubleKind.HOME_OFFLINE,
        TroubleKind.HOME_QUIET,
        TroubleKind.ENTRIES_MISSING,
        TroubleKind.MEASUREMENT_MISSING,
    }
)
"""Of people on the list these have lines of their own, which know more."""

OfHome = TypeVar("OfHome", OpenAlert, Handled)


@dataclass(frozen=True, slots=True)
class Followed:
    """One person as the list knows them."""

    person: Person
    state: HomeState | None
    plan: Plan | None
    alerts: tuple[OpenAlert, ...]
    latest: Mapping[Kind, KeptReading]
    spark: tuple[KeptReading, ...]

    @property
    def level(self) -> Level | None:
        """The worst level that is open, or None."""
        return self.alerts[0].alert.level if self.alerts else None

    @property
    def last_measured_at(self) -> datetime | None:
        """When the newest of the kinds that count was measured, at home."""
        return max((kept.shown.measured_at for kept in self.latest.values()), default=None)


@dataclass(frozen=True, slots=True)
class Line(Held):
    """One matter of one person."""

    who: Followed


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody from whom nothing comes: the key of the words that say why, and since when."""

    who: Followed
    why: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Technical:
    """Something technical in one home: missing entries, bytes that could not be read, or a trouble."""

    home: str
    name: str | None
    missing_count: int = 0
    unreadable: Quarantined | None = None
    more_count: int = 0
    trouble: OpenTrouble | None = None


@dataclass(frozen=True, slots=True)
class WorkList:
    """The sections of the page, each in its order of urgency."""

    needs: tuple[Line, ...]
    """Nobody has taken it yet."""
    taken: tuple[Line, ...]
    settled: tuple[Line, ...]
    """Done or put off, and still open."""
    silent: tuple[Silence, ...]
    technical: tuple[Technical, ...]
    everybody: tuple[Followed, ...]
    offers: tuple[tuple[Person, OpenOffer], ...]
    """Hand-overs that wait for an answer."""
    names: Mapping[str, str]

    @property
    def silent_homes(self) -> frozenset[str]:
        """The homes of those who are silent."""
        return frozenset(each.who.person.home for each in self.silent)


async def work_list(views: Views, now: datetime, admission: Admission) -> WorkList:
    """Return the whole page as values, with the homes that whoever asks was admitted to and no other."""
    alerts = [each for each in await views.open_alerts() if admission.shows(each.home)]
    named = await views.people()
    people = [each for each in named if admission.shows(each.home)]
    of_home = _by_home(alerts)
    nameless = sorted({each.home for each in alerts} - {person.home for person in people})
    all_of_them = [*people, *map(stranger, nameless)]
    listed = await views.listed([each.home for each in all_of_them], _COUNTED, now - timedelta(days=DAYS))
    followed = [_followed(each, listed[each.home], of_home[each.home]) for each in all_of_them]
    everybody = followed[: len(people)]
    lines = _lines(followed, await views.handled(), now)
    needs = (each for each in lines if not each.care.is_settled and each.care.taken is None)
    taken = (each for each in lines if not each.care.is_settled and each.care.taken is not None)
    troubles = [each for each in await views.troubles() if admission.shows(each.home)]
    not_come = {
        each.home: each for each in reversed(troubles) if each.what == TroubleKind.MEASUREMENT_MISSING
    }
    silences = (silence_of(each, now, not_come.get(each.person.home)) for each in everybody)
    silent = sorted(
        (silence for silence in silences if silence is not None),
        key=lambda each: (each.since is not None, each.since or now),
    )
    unread = [each for each in await views.quarantined() if admission.shows(each.home)]
    offers = [each for each in await views.offers() if admission.shows_offer(each.home)]
    names = {person.home: person for person in named}
    return WorkList(
        needs=tuple(needs),
        taken=tuple(taken),
        settled=tuple(each for each in lines if each.care.is_settled),
        silent=tuple(silent),
        technical=tuple(_technical(everybody, unread, troubles)),
        everybody=tuple(everybody),
        offers=tuple((names.get(each.home) or stranger(each.home), each) for each in offers),
        names={each.organisation: each.name for each in await views.organisations()},
    )


def _lines(followed: Iterable[Followed], handled: Sequence[Handled], now: datetime) -> list[Line]:
    """Return a line for each matter, the most urgent first."""
    of_home = _by_home(handled)
    lines = (
        Line(each.matter, each.care, who)
        for who in followed
        for each in held(who.alerts, of_home[who.person.home], who.plan, now)
    )
    return sorted(lines, key=lambda line: line.urgency)


def stranger(home: str) -> Person:
    """Return whoever lives in a home that nobody has enrolled: without a name, but never overlooked."""
    return Person(home, "", 0)


def _followed(person: Person, listed: Listed, alerts: Sequence[OpenAlert]) -> Followed:
    return Followed(person, listed.state, listed.plan, tuple(alerts), listed.latest, listed.spark)


def _by_home(each_of_a_home: Iterable[OfHome]) -> Mapping[str, list[OfHome]]:
    """Return them home by home, so that no home is looked for among all others."""
    found = defaultdict[str, list[OfHome]](list)
    for each in each_of_a_home:
        found[each.home].append(each)
    return found


def silence_of(who: Followed, now: datetime, not_come: OpenTrouble | None = None) -> Silence | None:
    """Return why nothing comes from this home, or None where all is as it should be.

    Where the plan has a schedule, that says what is silence; `not_come` is what the ward itself misses.
    """
    state, last = who.state, who.last_measured_at
    stale_h = who.plan.stale_h if who.plan is not None else STALE_H
    if state is None:
        return Silence(who, "silent_never", None)
    if not state.is_online:
        why = "silent_offline" if state.state_at is not None else "silent_offline_unknown"
        return Silence(who, why, state.state_at)
    if who.plan is not None and schedule_of(who.plan) is not None:
        return Silence(who, "silent_not_come", not_come.opened_at) if not_come is not None else None
    if last is None:
        return Silence(who, "silent_no_reading_ever", None)
    if now - last > timedelta(hours=stale_h):
        return Silence(who, "silent_no_readings", last)
    return None


def _technical(
    everybody: Sequence[Followed], quarantined: Sequence[Quarantined], troubles: Sequence[OpenTrouble]
) -> Iterator[Technical]:
    names = {each.person.home: each.person.name for each in everybody}
    for trouble in troubles:
        if trouble.home not in names or trouble.what not in SHOWN_ELSEWHERE:
            yield Technical(trouble.home, names.get(trouble.home), trouble=trouble)
    homes = dict.fromkeys(each.home for each in quarantined)
    for home in homes:
        those = [each for each in quarantined if each.home == home]
        yield Technical(home, names.get(home), unreadable=those[0], more_count=len(those) - 1)
    for each in everybody:
        if each.state is not None and each.state.missing_count:
            yield Technical(each.person.home, each.person.name, missing_count=each.state.missing_count)
