"""Which resources there are, each at its newest, in one order for everybody: what is told stands in it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby

import orjson

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.fhir_rows import Made, made_of
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.outbox import Source
from cloud_bridge.fhir.naming import LOCAL, Resource
from cloud_bridge.look.words import Language

INDEXED_AT_ONCE = 200
"""So many facts are told in one transaction: whoever waits for the database waits no longer than that."""

_TURN_MIN = timedelta(microseconds=1)

# Whoever changes this row holds it until the end: two wards that tell at once tell one after the other.
_HOLD = "update resource_order set turn = turn returning turn, told_at"
_LET_GO = "update resource_order set turn = :turn, told_at = :told_at"
_WAITING = "select id, home, source, name, seq from outbox order by lane, id limit :count_max"
_DONE = """
    delete from outbox where id in (select line.id from lines (id bigint))
"""
_KNOWN = """
    select resource.type, resource.id, resource.digest, resource.source, resource.name, resource.seq
    from lines (type text, id text)
    join resource on resource.home = :home and resource.type = line.type and resource.id = line.id
"""
_TELL = """
    insert into resource (
        home, type, id, turn, told_at, source, name, seq, word, at, digest, giver, receiver
    )
    select :home, type, id, turn, told_at, source, name, seq, word, at, digest, giver, receiver
    from lines (
        type text, id text, turn bigint, told_at timestamptz, source text, name text, seq bigint,
        word text, at timestamptz, digest text, giver text, receiver text
    )
    where true
    on conflict (home, type, id) do update set
        turn = excluded.turn, told_at = excluded.told_at, source = excluded.source, name = excluded.name,
        seq = excluded.seq, word = excluded.word, at = excluded.at, digest = excluded.digest,
        giver = excluded.giver, receiver = excluded.receiver
"""


@dataclass(frozen=True, slots=True)
class _Known:
    digest: str
    source: Source


@dataclass(slots=True)
class _Order:
    """The one order of everything that is told: numbers and moments that only grow."""

    turn: int
    told_at: datetime

    def next(self) -> tuple[int, datetime]:
        """Return the next number and its moment."""
        self.turn += 1
        self.told_at += _TURN_MIN
        return self.turn, self.told_at


def index_next(transaction: Transaction, now: datetime, language: Language) -> int:
    """Bring what waits into the order, at most INDEXED_AT_ONCE of it; return how much that was."""
    turn, told_at = transaction.rows(_HOLD)[0]
    order = _Order(turn, now if told_at is None else max(now, moment(told_at)))
    waiting = transaction.rows(_WAITING, count_max=INDEXED_AT_ONCE)
    by_home = sorted(waiting, key=lambda row: row[1])  # stable: within a home as they wait
    for home, rows in groupby(by_home, key=lambda row: row[1]):
        sources = [Source(what, name, seq) for _, _, what, name, seq in rows]
        _index(transaction, home, list(made_of(transaction, home, sources, language)), order, language)
    if waiting:
        transaction.change(_DONE, lines=[{"id": row[0]} for row in waiting])
        transaction.change(_LET_GO, turn=order.turn, told_at=stamp(order.told_at))
    return len(waiting)


def _index(transaction: Transaction, home: str, made: list[Made], order: _Order, language: Language) -> None:
    known = _known(transaction, home, made)
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for each in made:
        for resource in each.resources:
            name = (str(resource["resourceType"]), str(resource["id"]))
            digest, before = _digest(resource), known.get(name)
            if before is not None and _is_no_news(
                transaction, home, each, resource, before, language=language
            ):
                continue
            known[name] = _Known(digest, each.source)
            turn, told_at = order.next()
            lines[name] = {
                "type": name[0], "id": name[1], "turn": turn, "told_at": stamp(told_at),
                "source": each.source.what, "name": each.source.name, "seq": each.source.seq,
                "word": _word(resource), "at": stamp(each.at), "digest": digest,
                "giver": each.giver, "receiver": each.receiver,
            }  # fmt: skip
    if lines:
        transaction.change(_TELL, home=home, lines=list(lines.values()))


def _known(transaction: Transaction, home: str, made: Iterable[Made]) -> dict[tuple[str, str], _Known]:
    names = {(str(each["resourceType"]), str(each["id"])) for one in made for each in one.resources}
    lines = [{"type": kind, "id": id_} for kind, id_ in sorted(names)]
    rows = transaction.rows(_KNOWN, home=home, lines=lines) if lines else []
    return {
        (kind, id_): _Known(digest, Source(what, name, seq)) for kind, id_, digest, what, name, seq in rows
    }


def _is_no_news(
    transaction: Transaction, home: str, made: Made, resource: Resource, before: _Known, *, language: Language
) -> bool:
    """Tell whether what is known says as much: the same, something later, or a device that told more."""
    if before.digest == _digest(resource):
        return True
    if made.source.is_before(before.source):
        return True
    if resource["resourceType"] != "Device":
        return False
    said = found(made_of(transaction, home, (before.source,), language))
    older = said.get(("Device", str(resource["id"])))
    return older is not None and older.keys() > resource.keys()


def found(made: Iterable[Made]) -> Mapping[tuple[str, str], Resource]:
    """Return resources by their type and id."""
    return {
        (str(resource["resourceType"]), str(resource["id"])): resource
        for each in made
        for resource in each.resources
    }


def _digest(resource: Resource) -> str:
    return blake2b(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _word(resource: Resource) -> str:
    """Return what it is called by our own code, which every code of others has beside it."""
    return next(_local(resource), "")


def _local(resource: Resource) -> Iterator[str]:
    for coding in resource.get("code", {}).get("coding", ()):
        if coding["system"] == LOCAL:
            yield str(coding["code"])
