"""From the ward's rows to FHIR: what one source says now, and by what was learnt later."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from cloud_bridge.backend.counted import accountable_at, turns
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.handovers import facts_of
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.outbox import Source
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.handover_record import HandoverFact, Happened
from cloud_bridge.fhir.follow_up import Act, FollowUp, follow_up_task
from cloud_bridge.fhir.mapping import resources
from cloud_bridge.fhir.naming import About, Resource
from cloud_bridge.fhir.transfer import Transfer, TransferStatus, transfer_provenance, transfer_task
from cloud_bridge.fhir.vkp import blood_pressure
from cloud_bridge.look.say import reason_said
from cloud_bridge.look.words import Language
from devices.kinds import Kind
from devices.readings import Reading, dated, series_name

_ENTRIES = """
    select entry.log, entry.seq, entry.at, entry.kind, entry.body
    from lines (name text, seq bigint)
    join entry on entry.home = :home and entry.log = line.name and entry.seq = line.seq
"""
_READING = "select log, seq, measured_at from reading where home = :home and id = :id"
_SAME_MOMENT = """
    select entry.body from reading
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    where reading.home = :home and reading.kind = :series and reading.measured_at = :measured_at
    order by reading.id
"""
_OTHER_HALF = {
    Kind.SYSTOLIC_PRESSURE: Kind.DIASTOLIC_PRESSURE,
    Kind.DIASTOLIC_PRESSURE: Kind.SYSTOLIC_PRESSURE,
}
_CHANGES = "select change, at from alert where home = :home and id = :id"
_ACTS = """
    select act, organisation, role, at, until, note, of_no_use from handled
    where home = :home and matter = :matter order by at, person, organisation
"""
NOBODY_YET = "nobody"
"""Who performed what was measured before anybody was accountable."""

_STATUS: dict[str, TransferStatus] = {
    Happened.OFFERED: "offered", Happened.ACCEPTED: "accepted", Happened.REFUSED: "refused",
    Happened.WITHDRAWN: "withdrawn", Happened.EXPIRED: "expired",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """What one source says: resources, and of a hand-over whose it is."""

    source: Source
    at: datetime
    resources: tuple[Resource, ...]
    giver: str | None = None
    receiver: str | None = None


def made_of(
    transaction: Transaction, home: str, sources: Iterable[Source], language: Language
) -> Iterator[Made]:
    """Yield what these sources of a home say; one that says nothing, or can't be read, yields nothing."""
    asked = tuple(dict.fromkeys(sources))
    record = facts_of(transaction, home)
    entries = _entries(transaction, home, [each for each in asked if each.what == "entry"])
    for source in asked:
        made = None
        match source.what:
            case "entry" if source in entries:
                with suppress(ContractError):  # it lies in quarantine, and says nothing to anybody
                    made = _of_entry(
                        transaction, home, source, entries[source], record=record, language=language
                    )
            case "fact":
                made = _of_fact(home, source, record)
            case "matter":
                made = _of_matter(transaction, home, source)
        if made is not None and made.resources:
            yield made


def _entries(transaction: Transaction, home: str, sources: Sequence[Source]) -> dict[Source, Entry]:
    lines = [{"name": each.name, "seq": each.seq} for each in sources]
    rows = transaction.rows(_ENTRIES, home=home, lines=lines) if lines else []
    return {
        Source("entry", log, seq): Entry(seq, moment(at), kind, body.encode())
        for log, seq, at, kind, body in rows
    }


def _of_entry(
    transaction: Transaction,
    home: str,
    source: Source,
    entry: Entry,
    *,
    record: Sequence[HandoverFact],
    language: Language,
) -> Made | None:
    about = About(home, source.name, accountable_at(turns(record), entry.at) or NOBODY_YET)
    if entry.kind == EntryKind.READING:
        reading = reading_from(entry.body)
        rows = transaction.rows(_READING, home=home, id=reading.id)
        if not rows or tuple(rows[0][:2]) != (source.name, source.seq):
            return None  # told before, under another number: that one counts
        about = replace(about, dated_at=moment(rows[0][2]))
        pressure = _pressure(transaction, reading, about)
        said = (*resources(entry, about), *(() if pressure is None else (pressure,)))
        return Made(source, about.dated_at or entry.at, said)
    if entry.kind in (EntryKind.ALERT, EntryKind.ALERT_CONFIRMED):
        known = _of_alert(transaction, about, alert_from(entry.body), language)
        if known is None:
            return None
        about = known
    return Made(source, about.dated_at or entry.at, resources(entry, about))


def _pressure(transaction: Transaction, reading: Reading, about: About) -> Resource | None:
    """Return the blood pressure that a reading is one half of; whichever half came last finds the other."""
    if (other := _OTHER_HALF.get(reading.kind)) is None or about.dated_at is None:
        return None
    words = {"series": series_name(other, reading.setting), "measured_at": stamp(about.dated_at)}
    for (body,) in transaction.rows(_SAME_MOMENT, home=about.home, **words):
        both = [dated(each, about.dated_at) for each in (reading, reading_from(body.encode()))]
        both.sort(key=lambda each: each.kind != Kind.SYSTOLIC_PRESSURE)
        if both[0].device == both[1].device:
            return blood_pressure(both[0], both[1], about)
    return None


def _of_alert(transaction: Transaction, about: About, alert: Alert, language: Language) -> About | None:
    """Return what is known of an alert; None where it has ended and this is an earlier word of it."""
    rows = transaction.rows(_CHANGES, home=about.home, id=alert.id)
    known = {change: moment(at) for change, at in rows}
    if "closed" in known and alert.change != "closed":
        return None
    return replace(
        about,
        reason=reason_said(alert, language),
        dated_at=known.get(alert.change, alert.at),
        opened_at=known.get("opened"),
    )


def _of_fact(home: str, source: Source, record: Sequence[HandoverFact]) -> Made | None:
    """Return a hand-over as it stood from this fact on."""
    fact = next((each for each in record if each.number == source.seq), None)
    if fact is None or fact.what not in _STATUS:
        return None
    offer = next(each for each in record if each.what == Happened.OFFERED and each.offer == fact.offer)
    assert offer.until is not None, "an offer ends"
    assert offer.content is not None, "the ward keeps what was offered"
    about = About(home, "", fact.accountable)
    transfer = Transfer(
        id=offer.offer, home=home, giver=offer.accountable, receiver=offer.organisation,
        status=_STATUS[fact.what], offered_at=offer.at, at=fact.at, until=offer.until,
        plan_version=offer.content.plan_version, role=fact.role,
    )  # fmt: skip
    said = (transfer_task(transfer, about), transfer_provenance(transfer, about))
    return Made(source, fact.at, said, transfer.giver, transfer.receiver)


def _of_matter(transaction: Transaction, home: str, source: Source) -> Made | None:
    rows = transaction.rows(_ACTS, home=home, matter=source.name)
    if not rows:
        return None
    began_at = moment(rows[0][3])
    act, organisation, role, at, until, note, of_no_use = rows[-1]
    known: Act = act
    follow_up = FollowUp(
        episode=source.name, act=known, organisation=organisation, role=role, began_at=began_at,
        at=moment(at), until=None if until is None else moment(until), note=note,
        is_of_no_use=bool(of_no_use),
    )  # fmt: skip
    return Made(source, moment(at), (follow_up_task(follow_up, About(home, "", organisation)),))
