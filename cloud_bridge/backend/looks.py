"""Who looked at which patient: rows that are only ever added, in the transaction that admits the look."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeVar

from cloud_bridge.backend.access import ACTS, Admission, Need, Standing, Verdict, What, decide
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.sharing import homes_of, organisations, responsibility_of
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.looked import LOOKS_MAX, Looked, ReadLook
from cloud_bridge.contract.topics import is_home_id

T = TypeVar("T")

SAME_LOOK = timedelta(minutes=1)
"""A page that stays open asks again and again: within this it is one look."""

SAME_LIST = timedelta(hours=1)
"""As above for the list and for programs: a row for everybody each minute would bury the rest."""

_KEEP = """
    insert into look (home, organisation, role, person, what, at)
    select line.home, line.organisation, line.role, line.person, line.what, line.at
    from lines (home text, organisation text, role text, person text, what text, at timestamptz)
    where not exists (
        select 1 from look as earlier
        where earlier.home = line.home and earlier.organisation = line.organisation
            and earlier.role = line.role and earlier.person = line.person and earlier.what = line.what
            and earlier.at > :since and earlier.at <= :now
    )
    on conflict (home, at, organisation, person, role, what) do nothing
"""
_LOOKS = """
    select home, organisation, role, person, what, at from look
    where home = :home order by at desc, organisation, role, person, what limit :count_max
"""
_NEWEST = """
    select look.home, max(look.at) from look
    join home on home.home = look.home
    where home.is_online and home.fact is not null
    group by look.home
"""
_OFFERED = """
    select home from responsibility where offered_to = :organisation and offer_until > :now order by home
"""
_KNOWN = "select home from home union select home from person union select home from responsibility"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a patient, or one act: who, for which organisation, at what, when."""

    home: str
    by: Who
    what: What
    at: datetime


def as_the_patient_reads(looks: Iterable[Look], names: Mapping[str, str], now: datetime) -> Looked:
    """Return what the patient may read of the looks at them: organisation, role and time, no person."""
    read = (
        ReadLook(names.get(each.by.organisation, each.by.organisation), each.by.role, each.at)
        for each in looks
    )
    return Looked(now, tuple(islice(read, LOOKS_MAX)))


def admit(transaction: Transaction, need: Need, who: Who | None, home: str, now: datetime) -> Admission:
    """Decide upon a request of somebody who may have logged in, and note whom they see by it."""
    verdict = decide(need, who, _standing(transaction, need, who, home, now), now)
    if verdict is not Verdict.ADMITTED or who is None:
        return Admission(verdict, frozenset())
    if need.concerns in ("nobody", "homes_in_answer"):
        return Admission(verdict, frozenset())
    if need.concerns != "all_homes":
        keep_looks(transaction, (home,), who, need.what, now)
        return Admission(verdict, frozenset((home,)))
    offered = frozenset(_offered(transaction, who.organisation, now))
    homes = frozenset(homes_of(transaction, who.organisation, now))
    keep_looks(transaction, homes | offered, who, need.what, now)
    return Admission(verdict, homes, offered)


def let_in(transaction: Transaction, need: Need, who: Who, home: str, now: datetime) -> Admission:
    """Let whoever sits at the ward's own machine do everything, and note whom they see by it."""
    is_noted_here = need.concerns not in ("nobody", "homes_in_answer")
    known = {each for (each,) in transaction.rows(_KNOWN)} if is_noted_here else set()
    seen = known if need.concerns == "all_homes" else known & {home}
    keep_looks(transaction, seen, who, need.what, now)
    return Admission(Verdict.ADMITTED)


def keep_looks(transaction: Transaction, homes: Iterable[str], who: Who, what: What, now: datetime) -> None:
    """Add a row for each of these homes, unless it is one look with an earlier one."""
    same = SAME_LIST if what in ("list", "fhir") else SAME_LOOK
    since = now if what in ACTS else now - same
    lines = [
        {
            "home": home, "organisation": who.organisation, "role": who.role.value, "person": who.person,
            "what": what, "at": stamp(now),
        }
        for home in sorted(homes)
    ]  # fmt: skip
    if lines:
        transaction.change(_KEEP, lines=lines, since=stamp(since), now=stamp(now))


def _standing(
    transaction: Transaction, need: Need, who: Who | None, home: str, now: datetime
) -> Standing | None:
    if who is None or need.concerns not in ("home_in_path", "home_in_form") or not is_home_id(home):
        return None
    responsibility = responsibility_of(transaction, home)
    if responsibility is None:
        return None
    return Standing(responsibility, home in _offered(transaction, who.organisation, now))


def _offered(transaction: Transaction, organisation: str, now: datetime) -> tuple[str, ...]:
    rows = transaction.rows(_OFFERED, organisation=organisation, now=stamp(now))
    return tuple(home for (home,) in rows)


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class LookTables:
    """What the tables decide and keep of looks; each call is one transaction."""

    async def admit(self: _Asked, need: Need, who: Who | None, home: str, now: datetime) -> Admission:
        """Decide upon a request; what is admitted is noted with it, or neither happens."""
        return await self._ask(lambda transaction: admit(transaction, need, who, home, now))

    async def let_in(self: _Asked, need: Need, who: Who, home: str, now: datetime) -> Admission:
        """Let whoever sits at the ward's own machine do everything, and note whom they see."""
        return await self._ask(lambda transaction: let_in(transaction, need, who, home, now))

    async def looked(self: _Asked, home: str, now: datetime) -> Looked:
        """Return who looked at a home, as its patient reads it."""

        def work(transaction: Transaction) -> Looked:
            names = {each.organisation: each.name for each in organisations(transaction)}
            rows = transaction.rows(_LOOKS, home=home, count_max=LOOKS_MAX)
            return as_the_patient_reads((_look(row) for row in rows), names, now)

        return await self._ask(work)

    async def newest_looks(self: _Asked) -> dict[str, datetime]:
        """Return the homes that are there and can be told who has looked, and when that was last."""
        rows = await self._ask(lambda transaction: transaction.rows(_NEWEST))
        return {home: moment(at) for home, at in rows}

    async def looks(self: _Asked, home: str, *, count_max: int = 200) -> tuple[Look, ...]:
        """Return who looked at a home, the newest first."""
        rows = await self._ask(lambda transaction: transaction.rows(_LOOKS, home=home, count_max=count_max))
        return tuple(_look(row) for row in rows)


def _look(row: tuple[Any, ...]) -> Look:
    home, organisation, role, person, what, at = row
    return Look(home, Who(person, organisation, Role(role)), what, moment(at))
