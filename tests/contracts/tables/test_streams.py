"""What organisations are told of the rows: everything once, in one order, to whoever may see it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cloud_bridge.backend.database import Database
from cloud_bridge.backend.fhir_told import Lane, Line
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Handled
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.alert import Change
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.handover import Accept, Offer, Refuse
from cloud_bridge.contract.handover_content import Content
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality, Reading
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, applied, at, batch, reading, told
from tests.contracts.tables.test_dating import undated, word

pytestmark = pytest.mark.anyio

HOSPITAL, MUNICIPALITY, STRANGER = "sykehuset", "ringsaker", "lier"
ORGANISATIONS = tuple(Organisation(each, each, "gp") for each in (HOSPITAL, MUNICIPALITY, STRANGER))


async def followed(tables: Tables, *homes: str) -> None:
    """Homes that the hospital follows."""
    await tables.enrol_organisations(ORGANISATIONS)
    for home in homes or (HOME,):
        assert await tables.begin_follow_up(home, HOSPITAL, "lege", NOON) is None


async def hear(
    tables: Tables, organisation: str, lane: Lane = "homes", *, now: datetime = NOON, count_max: int = 1000
) -> tuple[Line, ...]:
    """Everything that an organisation has not been told yet, as somebody who was told it all."""
    while await tables.index_next(now, "nb"):
        pass
    heard: list[Line] = []
    is_last = False
    while not is_last:
        stretch = await tables.next_stretch(organisation, lane, now, count_max=count_max, language="nb")
        await tables.reached(organisation, lane, stretch.up_to)
        heard += stretch.lines
        is_last = stretch.is_last
    return tuple(heard)


def ids(lines: tuple[Line, ...], kind: str = "Observation") -> list[str]:
    """The ids of one kind of resource, in their order."""
    return [line.resource["id"] for line in lines if line.type == kind]


async def offered(tables: Tables, *, sees_until: datetime | None) -> None:
    """An offer of the home to the municipality."""
    content = Content(plan_version=1, why_now="stabil", giver_sees_until=sees_until)
    offer = Offer(
        id="o1", home=HOME, by=HOSPITAL, role="lege", seen=1, to=MUNICIPALITY, until=at(600), content=content
    )
    stepped = await tables.hand_over(offer, at(1))
    assert stepped.answer.what == "offered"


async def accepted(tables: Tables, minutes: float) -> None:
    """The municipality takes over."""
    accept = Accept(id="a1", home=HOME, by=MUNICIPALITY, role="nurse", seen=2, offer="o1")
    stepped = await tables.hand_over(accept, at(minutes))
    assert stepped.answer.what == "accepted"


def pressed(number: int, kind: Kind, value: float, device: str = "AA") -> Reading:
    """One half of a blood pressure."""
    return replace(reading(number, kind=kind, value=value), device=device)


SYSTOLIC, DIASTOLIC = pressed(1, Kind.SYSTOLIC_PRESSURE, 141.0), pressed(2, Kind.DIASTOLIC_PRESSURE, 87.0)


@pytest.mark.parametrize("is_together", [True, False])
async def test_two_halves_are_one_blood_pressure(tables: Tables, is_together: bool) -> None:
    """Both numbers, and once the two together, whether they came at once or the second after a while."""
    await followed(tables)
    entries = [told(1, DIASTOLIC), told(2, SYSTOLIC)]
    heard: list[Line] = []
    for group in [entries] if is_together else [[each] for each in entries]:
        await tables.commit(batch(*group), at=NOON)
        heard += await hear(tables, HOSPITAL)
    assert len(ids(tuple(heard))) == len(set(ids(tuple(heard)))) == 3
    (whole,) = [line.resource for line in heard if "component" in line.resource]
    assert [part["valueQuantity"]["value"] for part in whole["component"]] == [141, 87]


@pytest.mark.parametrize("other", [replace(DIASTOLIC, device="BB"), replace(DIASTOLIC, measured_at=at(1))])
async def test_halves_of_two_measurements_are_none(tables: Tables, other: Reading) -> None:
    """Another device in the same minute, or the same one later, measured something else."""
    await followed(tables)
    await tables.commit(batch(told(1, SYSTOLIC), told(2, other)), at=NOON)
    assert len(ids(await hear(tables, HOSPITAL))) == 2


async def test_a_repeat_is_told_once(tables: Tables) -> None:
    """The same batch again, and the same readings from another log, are no news for anybody."""
    await followed(tables)
    said = [told(seq, reading(seq, minutes=seq)) for seq in (1, 2)]
    heard = []
    for log in ("log1", "log1", "log2"):
        await tables.commit(batch(*said, log=log), at=at(3))
        heard.append(len(await hear(tables, HOSPITAL)))
    assert heard == [3, 0, 0], "two Observations and their Device"


async def test_everything_has_its_place_in_one_order(tables: Tables) -> None:
    """Numbers and moments only grow, over homes and a clock that is set back; small steps miss nothing."""
    await followed(tables, HOME, OTHER)
    heard: list[Line] = []
    for seq, minutes in enumerate((5, -300, 9, 9), start=1):
        for home in (HOME, OTHER):
            await tables.commit(batch(told(seq, reading(seq)), home=home), at=at(minutes))
        heard += await hear(tables, HOSPITAL, now=at(minutes), count_max=1)
    stamps = [line.resource["meta"]["lastUpdated"] for line in heard]
    turns = [int(line.resource["meta"]["versionId"]) for line in heard]
    assert turns == sorted(set(turns))
    assert stamps == sorted(set(stamps))
    assert len(ids(tuple(heard))) == 8


async def test_an_alert_goes_before_a_backlog(tables: Tables) -> None:
    """What waits for its turn lets an alert pass, and still comes."""
    await followed(tables)
    await hear(tables, HOSPITAL)
    await tables.commit(batch(*(told(seq, reading(seq)) for seq in range(1, 200))), at=at(1))
    await tables.commit(batch(told(200, alert(1, "opened"))), at=at(2))
    heard = await hear(tables, HOSPITAL)
    assert heard[0].type == "DetectedIssue"
    assert len(ids(heard)) == 199


@pytest.mark.parametrize(("change", "log"), [("closed", "log1"), ("closed", "log2"), ("confirmed", "log1")])
async def test_an_earlier_word_of_an_alert_that_comes_late_is_no_news(
    tables: Tables, change: Change, log: str
) -> None:
    """Opening, confirmation and end are one issue that never goes back, also where a new log tells anew."""
    await followed(tables)
    kind = EntryKind.ALERT_CONFIRMED if change == "confirmed" else EntryKind.ALERT
    await tables.commit(batch(replace(told(5, alert(1, change, minutes=60)), kind=kind)), at=at(1))
    heard = await hear(tables, HOSPITAL)
    assert [line.resource["status"] for line in heard if line.type == "DetectedIssue"] == ["final"]
    await tables.commit(batch(told(4, alert(1, "opened")), log=log), at=at(2))
    assert [line for line in await hear(tables, HOSPITAL) if line.type == "DetectedIssue"] == []


async def test_what_was_dated_afterwards_is_told_again(tables: Tables) -> None:
    """The same Observation in a newer version, at the time that is known now."""
    await followed(tables)
    await tables.commit(batch(undated(1, 60.0)), at=at(1))
    (before,) = [line for line in await hear(tables, HOSPITAL) if line.type == "Observation"]
    await tables.commit(batch(word(2, 600.0)), at=at(2))
    (after,) = [line for line in await hear(tables, HOSPITAL) if line.type == "Observation"]
    assert after.resource["id"] == before.resource["id"]
    assert after.turn > before.turn
    assert after.resource["effectiveDateTime"] == at(-9).isoformat()


async def test_a_device_that_once_told_more_stays_whole(tables: Tables) -> None:
    """A visit that tells less of a device changes nothing; one that tells more is news."""
    await followed(tables)
    nonin = DeviceIdentity("Nonin", "3230")
    names = [None, None, nonin, None, nonin, replace(nonin, serial="5051")]
    news = []
    for seq, name in enumerate(names, start=1):
        one = reading(seq) if name is None else replace(reading(seq), identity=name)
        await tables.commit(batch(told(seq, one)), at=at(seq))
        heard = await hear(tables, HOSPITAL)
        news.append([line.resource.get("serialNumber", "-") for line in heard if line.type == "Device"])
    assert news == [["-"], [], ["-"], [], [], ["5051"]]


async def test_only_whoever_may_see_a_home_hears_of_it(tables: Tables) -> None:
    """Nobody hears of a home that nobody follows, a stranger never, the receiver all from its acceptance."""
    await tables.enrol_organisations(ORGANISATIONS)
    await tables.commit(batch(told(1, reading(1))), at=at(0))
    for each in ORGANISATIONS:
        assert await hear(tables, each.organisation) == ()
    assert await tables.begin_follow_up(HOME, HOSPITAL, "lege", NOON) is None
    assert len(ids(await hear(tables, HOSPITAL))) == 1
    await offered(tables, sees_until=at(30))
    assert await hear(tables, MUNICIPALITY) == ()
    await accepted(tables, 5)
    await tables.commit(batch(told(2, reading(2, minutes=6))), at=at(6))
    assert len(ids(await hear(tables, MUNICIPALITY, now=at(6)))) == 2
    assert await hear(tables, STRANGER, now=at(6)) == ()


async def test_a_stream_ends_where_the_entitlement_ends(tables: Tables) -> None:
    """The giver hears until the moment that the offer named, and from that instant on nothing."""
    await followed(tables)
    await offered(tables, sees_until=at(30))
    await accepted(tables, 5)
    await tables.commit(batch(told(1, reading(1, minutes=29))), at=at(29))
    assert len(ids(await hear(tables, HOSPITAL, now=at(29)))) == 1
    await tables.commit(batch(told(2, reading(2, minutes=30))), at=at(30))
    assert await hear(tables, HOSPITAL, now=at(30)) == ()
    assert len(ids(await hear(tables, MUNICIPALITY, now=at(30)))) == 2


async def test_both_hear_what_became_of_an_offer(tables: Tables) -> None:
    """Whoever is offered a home reads the offer and its end as one Task, and nothing of the patient."""
    await followed(tables)
    await tables.commit(batch(told(1, reading(1))), at=at(0))
    await offered(tables, sees_until=None)
    first = await hear(tables, MUNICIPALITY, "transfers", now=at(2))
    refuse = Refuse(id="r1", home=HOME, by=MUNICIPALITY, role="nurse", seen=2, offer="o1", reason="fullt")
    await tables.hand_over(refuse, at(3))
    second = await hear(tables, MUNICIPALITY, "transfers", now=at(4))
    tasks = [line.resource for line in (*first, *second) if line.type == "Task"]
    assert [each["status"] for each in tasks] == ["requested", "rejected"]
    assert len({each["id"] for each in tasks}) == 1
    assert {line.type for line in (*first, *second)} == {"Task", "Provenance"}
    assert await hear(tables, STRANGER, "transfers", now=at(4)) == ()
    theirs = [line.resource for line in await hear(tables, HOSPITAL, now=at(4)) if line.type == "Task"]
    assert theirs[-1]["status"] == "rejected"


async def test_what_was_done_is_one_task_of_its_episode(tables: Tables) -> None:
    """Seen, taken, done: each act is a newer version of one Task, and no person stands in it."""
    await followed(tables)
    await tables.commit(batch(told(1, alert(1, "opened"))), at=at(0))
    said = []
    for minutes, act in ((1, "seen"), (2, "taken"), (3, "done")):
        who = Who("0123", HOSPITAL, Role.NURSE)
        done = Handled(home=HOME, matter="e1", act=act, by=who, at=at(minutes), upto=at(0), note="ringte")
        await tables.keep_handled(done)
        said += [line.resource for line in await hear(tables, HOSPITAL) if line.type == "Task"]
    assert [each["status"] for each in said] == ["received", "in-progress", "completed"]
    assert len({each["id"] for each in said}) == 1
    assert "0123" not in str(said)


async def test_what_cannot_be_read_or_is_nobodys_stops_nothing(tables: Tables) -> None:
    """Between good readings a broken one and a visitor's are told to nobody, and the rest comes."""
    await followed(tables)
    visitor = replace(reading(3), quality=(Quality.UNKNOWN_USER,))
    await tables.commit(
        batch(told(1, reading(1)), told(2, body=b"{}"), told(3, visitor), told(4, reading(4))), at=at(1)
    )
    assert len(ids(await hear(tables, HOSPITAL))) == 2


async def test_what_was_told_survives_and_what_was_not_comes_again(
    open_database: Callable[[], Database],
) -> None:
    """A restart before the note behind a stretch tells it again: the same ids in the same versions."""
    tables = Tables(open_database())
    await followed(tables)
    await tables.commit(batch(applied(1, version=1), told(2, reading(2))), at=at(1))
    await tables.index_next(at(2), "nb")
    lost = await tables.next_stretch(HOSPITAL, "homes", at(2), count_max=50, language="nb")
    again = Tables(open_database())
    assert await hear(again, HOSPITAL) == lost.lines
    assert await hear(again, HOSPITAL, now=at(2) + timedelta(days=1)) == ()
