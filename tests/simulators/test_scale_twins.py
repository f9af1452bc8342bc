"""The twins of scales show the quirks of theirs; and of two people on one scale, one is the patient."""

import asyncio
from dataclasses import replace
from random import Random

import pytest

from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.plan import Limit
from devices.catalog import driver_by_id
from devices.driver import FrameError, LinkError, Told, Visitor
from devices.drivers import and_scale, beurer_scale, weight_scale
from devices.kinds import Kind
from devices.readings import Quality
from gateway.pipeline import Pipeline
from gateway.talk import talk
from simulators.peripherals.and_scale import BUFFER, AndScaleTwin, OldAndScaleTwin
from simulators.peripherals.beurer_scale import STUBS_MAX, BeurerScaleTwin
from simulators.peripherals.composed import Composed
from simulators.peripherals.weight_scale import BodyScaleTwin, WeightScaleTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO, wall
from tests.given import NOON, plan, store
from tests.play import HERE
from tests.simulators.visit import heard_once, visit
from tests.virtual_time import in_virtual_time

MORNING, EVENING = wall("2027-01-05T07:42:10"), wall("2027-01-05T12:05:00")
BODY = Composed(24.5, 40.7, 51.25, 43.25, 452.0)
PATIENT, OTHER = 1, 2
HEAVY = Limit(id="weight_high", kind=Kind.BODY_WEIGHT, level="yellow", above=100, clear=99)


async def hear(twin, doing):
    """Do something with a link to a twin, then hear it out."""
    radio = VirtualRadio([twin])
    await heard_once(radio)
    said = []
    try:
        async with radio.connect(twin.address) as link:
            await doing(link)
            while True:
                said.append(await link.receive(timeout_s=30))
    except LinkError:
        return said


@pytest.mark.parametrize(
    ("twin", "driver_id"),
    [
        (WeightScaleTwin, "weight_scale"),
        (BodyScaleTwin, "weight_scale"),
        (BeurerScaleTwin, "beurer_scale"),
        (AndScaleTwin, "and_scale"),
    ],
)
def test_two_people_stand_on_one_scale_and_only_the_patient_is_judged(twin, driver_id, tmp_path):
    """Through the air, the driver, the judge and the log: the other's weight is kept, and tells nobody."""
    scale, the_store = twin(), store(tmp_path)
    scale.measure(MORNING, 130.0, user=OTHER)
    scale.measure(EVENING, 104.0, user=PATIENT)
    pipeline = Pipeline(the_store, plan(HEAVY), now=lambda: NOON, timezone=OSLO, on_commit=lambda: None)
    told = replace(scale.told, user_slot=PATIENT)

    async def visited():
        radio = VirtualRadio([scale])
        await heard_once(radio)
        assert await talk(radio, pipeline, driver_by_id(driver_id), scale.address, told)

    in_virtual_time(visited())
    entries = the_store.entries(after=0, count_max=100)
    assert not [entry for entry in entries if entry.kind == EntryKind.DEVICE_FAULT]
    kept = [reading_from(entry.body) for entry in entries if entry.kind == EntryKind.READING]
    weights = {one.user_slot: one for one in kept if one.kind is Kind.BODY_WEIGHT}
    assert {slot: one.value for slot, one in weights.items()} == {PATIENT: 104.0, OTHER: 130.0}
    assert weights[OTHER].quality == (Quality.UNKNOWN_USER,)
    assert weights[PATIENT].quality == ()
    (alert,) = [alert_from(entry.body) for entry in entries if entry.kind == EntryKind.ALERT]
    assert alert.readings == (weights[PATIENT].id,)


def test_a_body_comes_in_two_packets_that_each_fit():
    """Twenty octets a packet; the driver puts time and user of the first to the second."""
    twin = BodyScaleTwin()
    record = twin.compose(MORNING, 74.3, BODY, user=OTHER)
    assert [len(data) <= 20 for _, data in record.more] == [True, True]
    said = in_virtual_time(visit(VirtualRadio([twin])))
    bodies = [frame for frame in said if isinstance(frame, weight_scale.Composition)]
    assert {(body.device_time, body.user) for body in bodies} == {(MORNING, OTHER)}
    assert twin.facts() == record.facts
    (can,) = [frame for frame in said if isinstance(frame, weight_scale.CompositionFeatures)]
    assert set(can.tells) == bodies[0].told | bodies[1].told


def test_beurer_tells_nothing_without_consent():
    """Neither who has no code nor who has the wrong one hears a single weight."""
    for told in (Told(), Told(user_slot=1, consent_code=1), Told(user_slot=9, consent_code=2520)):
        twin = BeurerScaleTwin()
        twin.measure(MORNING, 74.3, BODY)
        (error,) = in_virtual_time(visit(VirtualRadio([twin]), replace(HERE, told=told)))
        assert isinstance(error, FrameError)
        assert (twin.memory.waiting_count, twin.is_awake) == (1, True)


def test_beurer_wants_consent_at_every_connection():
    """Yesterday's consent is forgotten with yesterday's link, and given anew by the driver."""
    twin = BeurerScaleTwin()
    visitor = replace(HERE, told=twin.told)
    for count, moment in enumerate((MORNING, EVENING), start=1):
        twin.measure(moment, 74.3, BODY)
        in_virtual_time(visit(VirtualRadio([twin]), visitor))
        assert twin.memory.confirmed_count == count
    twin.measure(EVENING, 75.0, BODY)

    async def only_listen(link):
        await link.subscribe(beurer_scale.COMPOSITION)
        await link.subscribe(beurer_scale.WEIGHT)

    assert in_virtual_time(hear(twin, only_listen)) == []


def test_beurer_tells_stubs_for_what_it_has_told_and_for_whom_it_does_not_trust():
    """A known history comes as zeros; without the profile everything does, and nothing is forgotten."""
    twin = BeurerScaleTwin()
    visitor = replace(HERE, told=twin.told)
    for day in range(1, 41):
        twin.measure(MORNING.replace(month=1 + day // 28, day=1 + day % 28), 70.0, BODY)
    in_virtual_time(visit(VirtualRadio([twin]), visitor))
    twin.measure(EVENING, 74.3, BODY)
    said = in_virtual_time(visit(VirtualRadio([twin]), visitor))
    bodies = [frame.fat_percent for frame in said if isinstance(frame, beurer_scale.Composition)]
    assert bodies == [0.0] * STUBS_MAX + [24.5]

    async def consent_only(link):
        for char in (beurer_scale.USER_CONTROL, beurer_scale.COMPOSITION):
            await link.subscribe(char)
        await link.write(beurer_scale.USER_CONTROL, bytes.fromhex("0201d809"))
        await link.receive(timeout_s=5)
        await link.subscribe(beurer_scale.WEIGHT)

    twin.measure(EVENING, 75.0, BODY)
    ((char, stub),) = in_virtual_time(hear(twin, consent_only))
    assert char == beurer_scale.COMPOSITION
    assert beurer_scale.Composition.from_bytes(stub).fat_percent == 0.0
    assert twin.memory.waiting_count == 1


def test_a_visit_leaves_the_profile_as_it_was():
    """Birthday, gender, height and activity are the household's; the clock is the hub's."""
    twin = BeurerScaleTwin()
    before = dict(twin.profile)
    twin.measure_any(MORNING, Random(1))
    in_virtual_time(visit(VirtualRadio([twin]), replace(HERE, told=twin.told)))
    assert twin.profile == before
    assert twin.clock.hex() == "ea0706010e0000010001"
    assert (twin.deletes_asked, twin.users_made) == (0, 0)


@pytest.mark.parametrize(
    ("asked", "count"), [("03", (1, 0)), ("01d809", (0, 1)), ("04", (0, 0)), ("99", (0, 0))]
)
def test_beurer_counts_who_wants_to_delete_or_make_users(asked, count):
    """It refuses, and remembers that it was asked."""
    twin = BeurerScaleTwin()
    twin.measure_any(MORNING, Random(1))

    async def ask(link):
        await link.subscribe(beurer_scale.USER_CONTROL)
        await link.write(beurer_scale.USER_CONTROL, bytes.fromhex(asked))

    ((_, answer),) = in_virtual_time(hear(twin, ask))
    assert answer[2] != 1
    assert (twin.deletes_asked, twin.users_made) == count


def ask_the_scale(*, before_s=0.0, clock=True):
    """Return what sets the clock and subscribes, with a pause between."""

    async def doing(link):
        if clock:
            await link.write(and_scale.DATE_TIME, bytes.fromhex("ea0706010e0000"))
        await asyncio.sleep(before_s)
        await link.subscribe(and_scale.WEIGHT)

    return doing


@pytest.mark.parametrize(
    ("doing", "is_told"),
    [
        (ask_the_scale(), True),
        (ask_the_scale(before_s=4.5), True),
        (ask_the_scale(before_s=5.5), False),
        (ask_the_scale(clock=False), False),
    ],
)
def test_the_and_scale_stays_silent_unless_clock_and_listener_come_in_time(doing, is_told):
    """Five seconds for both; then it tells nothing, keeps everything, and calls again."""
    twin = AndScaleTwin()
    twin.measure(MORNING, 74.3)
    twin.measure(EVENING, 74.4)
    said = in_virtual_time(hear(twin, doing))
    assert [and_scale.Weighing.from_bytes(data).kg for _, data in said] == ([74.3, 74.4] if is_told else [])
    assert twin.is_awake is not is_told
    assert twin.memory.waiting_count == (0 if is_told else 2)


def test_a_visit_without_a_clock_leaves_the_and_scale_as_it_was():
    """The hub's power came back and it is 1970: the weighing waits for a hub that knows the time."""
    twin = AndScaleTwin()
    twin.measure(MORNING, 74.3)
    assert in_virtual_time(visit(VirtualRadio([twin]), Visitor(None))) == []
    assert (twin.memory.waiting_count, twin.clock) == (1, bytes(7))
    (said,) = in_virtual_time(visit(VirtualRadio([twin])))
    assert said.kg == 74.3


def test_the_and_scale_takes_no_settings_while_it_tells_and_counts_forbidden_words():
    """A clock that comes twice is refused; deleting and ending the bond are noted, and not done."""
    twin = AndScaleTwin()
    twin.measure(MORNING, 74.3)

    async def doing(link):
        await ask_the_scale()(link)
        for word in ("020012", "020010"):
            await link.write(BUFFER, bytes.fromhex(word))
        await link.write(and_scale.DATE_TIME, bytes(7))

    assert len(in_virtual_time(hear(twin, doing))) == 1
    assert (twin.refused_count, twin.deletes_asked, twin.bonds_ended) == (1, 1, 1)
    assert twin.clock.hex() == "ea0706010e0000"


def test_old_firmware_keeps_what_nobody_can_read():
    """The hub says so, once, and the scale has lost nothing."""
    twin = OldAndScaleTwin()
    twin.measure(MORNING, 74.3)
    (error,) = in_virtual_time(visit(VirtualRadio([twin])))
    assert error.reason == and_scale.OLD_FIRMWARE
    assert (twin.memory.waiting_count, twin.clock) == (1, bytes(7))
