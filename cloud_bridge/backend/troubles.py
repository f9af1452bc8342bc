"""Troubles as rows: told by hubs, or found by the ward itself; each opens once and closes once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cloud_bridge.backend.asked import can_be_asked, look_for
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import plans_of
from cloud_bridge.backend.standing import QUIET_AFTER_H, Finding, Known, Standing, findings
from cloud_bridge.backend.views import OpenTrouble
from cloud_bridge.contract.trouble import Trouble, TroubleKind

_Key = tuple[str, str]
"""What is wrong, and with what."""

# A closing may come before its opening: an alert overtakes a backlog, a gap is filled later.
_OPENED = """
    insert into trouble (home, id, source, what, about, detail, opened_at)
    values (:home, :id, :source, :what, :about, :detail, :at)
    on conflict (home, id) do update set opened_at = excluded.opened_at
"""
_CLOSED = """
    insert into trouble (home, id, source, what, about, detail, opened_at, closed_at)
    values (:home, :id, :source, :what, :about, :detail, :at, :at)
    on conflict (home, id) do update set closed_at = excluded.closed_at
"""
_CLOSE = "update trouble set closed_at = :at where home = :home and id = :id"
_OPEN = """
    select home, id, source, what, about, detail, opened_at from trouble
    where closed_at is null order by opened_at, home, id
"""
_OPEN_FOUND = """
    select trouble.home, id, source, what, about, detail, opened_at
    from lines (home text) join trouble on trouble.home = line.home
    where closed_at is null and source = 'ward'
"""
_STANDINGS = """
    select home.home, home.is_online, home.state_at, newest.committed_at,
        coalesce(newest.seq - log.up_to, 0)
            - (select count(*) from entry
               where entry.home = home.home and entry.log = log.log and entry.seq > log.up_to),
        home.births
    from lines (home text)
    join home on home.home = line.home
    left join log on log.home = home.home
        and log.turn = (select max(turn) from log as other where other.home = home.home)
    left join entry as newest on newest.home = log.home and newest.log = log.log
        and newest.seq = (select max(seq) from entry where entry.home = log.home and entry.log = log.log)
    order by home.home
"""


def keep_told(transaction: Transaction, home: str, told: Iterable[Trouble]) -> None:
    """Keep what a hub said about its troubles, in whatever order it arrives."""
    for each in told:
        transaction.change(
            _OPENED if each.change == "opened" else _CLOSED,
            home=home,
            id=each.id,
            source="hub",
            what=each.what,
            about=each.about,
            detail=each.detail.replace("\0", ""),
            at=stamp(each.at),
        )


def open_troubles(transaction: Transaction) -> tuple[OpenTrouble, ...]:
    """Return every trouble that is open now, the oldest first."""
    return tuple(map(_trouble, transaction.rows(_OPEN)))


def look_at_homes(transaction: Transaction, homes: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Open what is newly wrong with these homes, close what is over; return those where anything changed."""
    lines = [{"home": home} for home in homes]
    open_here = defaultdict[str, dict[_Key, OpenTrouble]](dict)
    for trouble in map(_trouble, transaction.rows(_OPEN_FOUND, lines=lines)):
        open_here[trouble.home][trouble.what, trouble.about] = trouble
    changed = []
    for standing in map(_standing, transaction.rows(_STANDINGS, lines=lines)):
        not_come = look_for(transaction, standing.home, now)
        if not_come is not None:
            standing = replace(standing, quiet_after_h=None)
        elif standing.is_perhaps_quiet(now):
            standing = replace(standing, quiet_after_h=_quiet_after_h(transaction, standing.home))
        if keep_found(transaction, standing, (open_here[standing.home], not_come or ()), now):
            changed.append(standing.home)
    return tuple(changed)


def keep_found(
    transaction: Transaction,
    standing: Standing,
    known_and_not_come: tuple[Mapping[_Key, OpenTrouble], Iterable[Finding]],
    now: datetime,
) -> bool:
    """Open what is found now and was not known, close what is known and not found; tell whether any was.

    What the plan asks for is only looked at where the home has told all that it has.
    """
    known, not_come = known_and_not_come
    found = {(finding.what, finding.about): finding for finding in findings(standing, now)}
    if can_be_asked(standing, now):
        found |= {(finding.what, finding.about): finding for finding in not_come}
    else:  # nobody knows what lies in the hub: what was open stays, and nothing opens
        found |= {key: Finding(*key) for key in known if key[0] == TroubleKind.MEASUREMENT_MISSING}
    for key in found.keys() - known.keys():
        _open(transaction, standing.home, found[key], now)
    for key in known.keys() - found.keys():
        transaction.change(_CLOSE, home=standing.home, id=known[key].id, at=stamp(now))
    return found.keys() != known.keys()


def _quiet_after_h(transaction: Transaction, home: str) -> float:
    plan = plans_of(transaction, home).in_force
    return QUIET_AFTER_H if plan is None else plan.stale_h


def _open(transaction: Transaction, home: str, finding: Finding, now: datetime) -> None:
    words = {"what": finding.what, "about": finding.about, "detail": finding.detail, "source": "ward"}
    which = "-".join(filter(None, (finding.what, finding.about)))
    transaction.change(_OPENED, home=home, id=f"ward-{which}-{stamp(now)}", at=stamp(now), **words)


def _trouble(row: tuple[Any, ...]) -> OpenTrouble:
    home, id_, source, what, about, detail, opened_at = row
    return OpenTrouble(home, id_, source, what, about, detail, moment(opened_at))


def _standing(row: tuple[Any, ...]) -> Standing:
    home, is_online, state_at, committed_at, missing_count, births = row
    return Standing(
        home=home,
        is_online=bool(is_online),
        state_at=moment(state_at) if state_at else None,
        last_committed_at=moment(committed_at) if committed_at else None,
        missing_count=missing_count,
        known=Known.from_text(births),
    )
