"""What organisations were told, as the broker has acknowledged it; and what must hold of that."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_bridge.backend.escalated import named
from cloud_bridge.backend.fhir_told import Line
from cloud_bridge.backend.handling import held
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.handover_record import HandoverFact, Happened, state_of
from cloud_bridge.fhir.asking import COUNT_MAX, TYPES, Asked
from cloud_bridge.fhir.mapping import NOT_THE_PATIENTS
from cloud_bridge.fhir.naming import id_of

AT_MOST = 10**9
_ESCALATED = "select home, matter, upto from handled where act = 'escalated'"
LATE = timedelta(hours=2)
"""So long after it was due somebody must have been told: the ward looks now and then."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One resource on its way to one organisation."""

    organisation: str
    home: str
    type: str
    id: str
    version: int
    at: datetime


class Streamed:
    """Notes what was told to whom, and when."""

    def __init__(self) -> None:
        self.tellings: list[Telling] = []

    def note(self, organisation: str, line: Line, at: datetime) -> None:
        """Note that the broker has taken this for this organisation, sent at that moment."""
        told = Telling(organisation, line.home, line.type, str(line.resource["id"]), line.turn, at)
        self.tellings.append(told)

    def newest(self, organisation: str) -> dict[tuple[str, str], int]:
        """Return what an organisation was told, each resource with the newest version of it."""
        found: dict[tuple[str, str], int] = {}
        for each in self.tellings:
            if each.organisation == organisation:
                name = (each.type, each.id)
                found[name] = max(each.version, found.get(name, 0))
        return found

    async def unentitled(self, tables: Tables) -> list[Telling]:
        """Return what was told to somebody who could not see the home then, nor took part in its transfer."""
        records = {
            home: () if (state := await tables.handovers(home)) is None else state.record
            for home in {each.home for each in self.tellings}
        }
        return [each for each in self.tellings if not _may_hear(each, records[each.home])]


async def due(tables: Tables, organisation: str, now: datetime) -> AsyncIterator[Line]:
    """Yield everything that an organisation may know now, each at its newest."""
    who = Who("", organisation, Role.SYSTEM)
    for kind in TYPES:
        after: int | None = 0
        while after is not None:
            lines, after = await tables.find(Asked(kind, count=COUNT_MAX, after=after), who, now)
            for line in lines:
                yield line


async def check_streams(tables: Tables, streamed: Streamed, now: datetime) -> Counter[str]:
    """Nobody was told what was not theirs; and whoever may know something was told it at its newest."""
    assert not (wrong := await streamed.unentitled(tables)), f"told to whoever may not know: {wrong[:3]}"
    totals: Counter[str] = Counter(tellings=len(streamed.tellings))
    for organisation in [each.organisation for each in await tables.organisations()]:
        told = streamed.newest(organisation)
        async for line in due(tables, organisation, now):
            name = (line.type, str(line.resource["id"]))
            assert told.get(name) == line.turn, f"{organisation} knows {name} as {told.get(name)}"
            totals["known"] += 1
        for home in await tables.homes_of(organisation, now):
            kept = await tables.readings(home, count_max=AT_MOST)
            measured = [each.reading for each in kept if NOT_THE_PATIENTS.isdisjoint(each.reading.quality)]
            untold = [one for one in measured if ("Observation", id_of(home, "reading", one.id)) not in told]
            assert not untold, f"{len(untold)} readings of {len(measured)} never went to {organisation}"
    return totals


async def check_escalated(tables: Tables, now: datetime) -> Counter[str]:
    """What nobody has seen in time was told to whoever the plan names, once for all that stood there."""
    acts = await tables.handled()
    told = Counter(await tables._rows(_ESCALATED))
    assert max(told.values(), default=1) == 1, f"escalated twice: {told.most_common(1)}"
    known = await tables.organisations()
    for home in sorted({each.home for each in await tables.open_alerts()}):
        plan, state = await tables.plan(home), await tables.handovers(home)
        to = None if plan is None or plan.escalation is None else named(plan.escalation.to, known)
        if to is None or state is None or not state.responsibility.may_see(to, now):
            continue
        for each in held(await tables.open_alerts(home), acts, plan, now - LATE):
            is_due = each.care.overdue_at is not None and state.record[-1].at < now - LATE
            assert not is_due or each.care.escalated is not None, f"nobody told {to} of {each.matter.id}"
    return Counter(escalated=len(told))


def _may_hear(telling: Telling, record: tuple[HandoverFact, ...]) -> bool:
    known = [fact for fact in record if fact.at <= telling.at]
    if known and state_of(known).responsibility.may_see(telling.organisation, telling.at):
        return True
    parties = {
        each
        for fact in known
        if fact.what == Happened.OFFERED
        for each in (fact.accountable, fact.organisation)
    }
    return telling.type in ("Task", "Provenance") and telling.organisation in parties
