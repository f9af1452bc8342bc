"""The conformance kit: good drivers pass it whole, each seeded fault is caught by the check meant for it."""

import time
from dataclasses import dataclass, replace

import pytest

from devices.catalog import DRIVERS
from devices.decoder import WholeFrames, attempt, listen
from devices.driver import FrameError, LinkError
from devices.kinds import Kind
from devices.readings import reading_of
from simulators.conformance import kit
from simulators.conformance.case import Case
from simulators.conformance.checks import CHECKS
from simulators.conformance.kit import examine
from simulators.shelf import SHELF
from tests.simulators.conformance import peak_meter
from tests.simulators.conformance.peak_meter import BLOW, CLOCK, DRIVER, Frame, Twin

CHECKS_MIN = 40


def failed(driver, make_twin=Twin):
    """The numbers of the checks that this driver and its twin do not pass."""
    others = tuple(factory() for factory in SHELF.values())
    return {
        found.number: found.reason
        for found in examine(Case(driver, make_twin, others), CHECKS)
        if found.reason
    }


def readings_of_words(frame, heard):
    """Take "no blow" for a number."""
    value = float(peak_meter.NO_BLOW if frame.pef_l_min is None else frame.pef_l_min)
    one = reading_of(Kind.PEF, value, heard, device_time=frame.device_time, user_slot=1)
    return (replace(one, quality=()),)


def readings_by_arrival(frame, heard):
    """Date a record by its arrival."""
    (one,) = peak_meter.readings(frame, heard)
    return (replace(one, id=f"{heard.received_at}"),)


def readings_of_everyone(frame, heard):
    """Take whoever blew for the patient."""
    return tuple(replace(one, quality=()) for one in peak_meter.readings(frame, heard))


def readings_undated(frame, heard):
    """Forget the time of a stored record, and do not say so."""
    return tuple(replace(one, device_time=None) for one in peak_meter.readings(frame, heard))


def readings_with_zone(frame, heard):
    """Take the device's wall clock for UTC."""
    said = peak_meter.readings(frame, heard)
    return tuple(replace(one, device_time=heard.received_at) for one in said)


async def session_that_deletes(link, visitor):
    """Tidy up the device's memory."""
    await link.write(CLOCK, b"delete")
    async for said in peak_meter.session(link, visitor):
        yield said


async def session_that_raises(link, _visitor):
    """Take a bad frame for a reason to die."""
    await link.subscribe(BLOW)
    while True:
        _, data = await link.receive(timeout_s=20)
        said = attempt(Frame.from_bytes, data)
        if isinstance(said, FrameError):
            raise ValueError("what is this?")
        yield said


async def session_that_sleeps(link, visitor):
    """Wait for something that is not the link."""
    import asyncio

    await asyncio.sleep(1)
    async for said in peak_meter.session(link, visitor):
        yield said


async def session_without_end(link, _visitor):
    """Wait for a silent device for a year."""
    await link.subscribe(BLOW)
    async for said in listen(link, peak_meter.decoder(), silence_s=365 * 86400.0):
        yield said


async def session_that_makes_up_a_time(link, visitor):
    """Set the device's clock to 1970 when the hub has none."""
    await link.write(CLOCK, b"1970-01-01" if visitor.wall_clock is None else b"2026-06-01")
    await link.subscribe(BLOW)
    async for said in listen(link, peak_meter.decoder(), silence_s=20):
        yield said


SEEN = []


async def session_that_remembers(link, visitor):
    """Ask otherwise each time."""
    SEEN.append(1)
    await link.write(CLOCK, b"visit %d" % len(SEEN))
    async for said in peak_meter.session(link, visitor):
        yield said


def decode_lazily(data):
    """Read a number without looking whether it is whole."""
    return Frame(int.from_bytes(data[1:3], "little"), peak_meter.datetime(2026, 6, 1, 8), 1)


class Hoarder:
    """A decoder that waits for a frame that never comes."""

    def __init__(self):
        self.buffer = b""

    def feed(self, _char, data):
        if len(data) == peak_meter.SIZE:
            return (attempt(Frame.from_bytes, data),)
        self.buffer += data
        return ()


@dataclass
class Loose:
    """A frame that can be changed."""

    pef_l_min: int

    @classmethod
    def from_bytes(cls, data):
        return cls(Frame.from_bytes(data).pef_l_min or 1)

    def __bytes__(self):
        return bytes(Frame(self.pef_l_min, peak_meter.datetime(2026, 6, 1, 8)))


def loop_for_ever(_data):
    while True:
        time.perf_counter()


class Sleepless(Twin):
    """A twin that calls for ever."""

    async def subscribed(self, char, hub):
        await super().subscribed(char, hub)
        self.is_awake = True


class Liar(Twin):
    """A twin whose display shows something else than it says."""

    def measure_any(self, now_local, dice):
        record = super().measure_any(now_local, dice)
        fact = replace(record.facts[0], value=1.0)
        self.memory.measured[-1] = replace(record, facts=(fact,))
        return record


def only(decode):
    """The driver with another decoder, which its session uses too."""

    async def session(link, _visitor):
        await link.subscribe(BLOW)
        async for said in listen(link, WholeFrames({BLOW: decode}), silence_s=20):
            yield said

    return replace(DRIVER, session=session, decoder=lambda: WholeFrames({BLOW: decode}))


SEEDED = [
    ("made for another house", 1, replace(DRIVER, api=99), Twin),
    ("an id with a space", 2, replace(DRIVER, id="peak meter"), Twin),
    ("a tier of its own", 4, replace(DRIVER, tier="certified"), Twin),
    ("a kind twice", 5, replace(DRIVER, kinds=(Kind.PEF, Kind.PEF)), Twin),
    ("it overhears as well", 6, replace(DRIVER, overhear=lambda _seen, _told: None), Twin),
    ("short UUIDs", 7, replace(DRIVER, speaks=("2A5E",)), Twin),
    ("a quirk that is no sentence", 8, replace(DRIVER, quirks=("todo",)), Twin),
    ("it takes everybody's call", 11, replace(DRIVER, matches=lambda _seen: True), Twin),
    ("it takes another device", 12, replace(DRIVER, matches=lambda seen: bool(seen.services)), Twin),
    ("it falls over a nameless call", 13, replace(DRIVER, matches=lambda seen: seen.name[0] == "P"), Twin),
    ("bytes make it raise", 17, only(lambda data: Frame(data[1], data[2])), Twin),
    ("half a frame is a number", 29, only(decode_lazily), Twin),
    ("it hoards junk", 23, replace(DRIVER, decoder=Hoarder), Twin),
    (
        "a frame can be changed",
        27,
        replace(only(Loose.from_bytes), readings=lambda *_: ()),
        Twin,
    ),
    ("it promises another kind", 31, replace(DRIVER, kinds=(Kind.FEV1,)), Twin),
    ("no blow is a number", 32, replace(DRIVER, readings=readings_of_words), Twin),
    ("identity by arrival", 35, replace(DRIVER, readings=readings_by_arrival), Twin),
    ("a wall clock with a zone", 36, replace(DRIVER, readings=readings_with_zone), Twin),
    ("everybody is the patient", 39, replace(DRIVER, readings=readings_of_everyone), Twin),
    ("one fact twice", 40, replace(DRIVER, readings=lambda f, h: peak_meter.readings(f, h) * 2), Twin),
    ("a record without its time", 42, replace(DRIVER, readings=readings_undated), Twin),
    ("the display shows another number", 43, DRIVER, Liar),
    ("it never sleeps", 44, DRIVER, Sleepless),
    ("it confirms what it throws away", 45, replace(DRIVER, readings=lambda *_: ()), Twin),
    ("a bad frame kills the visit", 47, replace(DRIVER, session=session_that_raises), Twin),
    ("it deletes", 48, replace(DRIVER, session=session_that_deletes), Twin),
    ("it sleeps by itself", 49, replace(DRIVER, session=session_that_sleeps), Twin),
    ("it waits for a year", 51, replace(DRIVER, session=session_without_end), Twin),
    ("it makes up a time", 52, replace(DRIVER, session=session_that_makes_up_a_time), Twin),
    ("it asks otherwise each time", 56, replace(DRIVER, session=session_that_remembers), Twin),
]


def test_the_good_example_passes():
    """A driver from outside that keeps every promise is not found fault with."""
    assert failed(DRIVER) == {}


def test_the_kit_has_enough_checks_and_each_has_its_own_words():
    """People talk about checks by number: at least forty, none twice, each with its law."""
    numbers = [check.number for check in CHECKS.all]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len(numbers) >= CHECKS_MIN
    assert len({check.law for check in CHECKS.all}) == len(numbers)


@pytest.mark.parametrize(("number", "driver", "twin"), [s[1:] for s in SEEDED], ids=[s[0] for s in SEEDED])
def test_a_seeded_fault_is_caught_by_its_check(number, driver, twin):
    """The check that is meant for it names it; whatever other checks say besides."""
    assert number in failed(driver, twin)


def test_a_driver_that_hangs_is_a_finding_too(monkeypatch):
    """An endless loop costs its checks their time, and the kit goes on to its end."""
    monkeypatch.setattr(kit, "CHECK_S_MAX", 0.05)
    found = failed(replace(DRIVER, decoder=lambda: WholeFrames({BLOW: loop_for_ever})))
    assert "did not end" in found[17]
    assert 10 not in found


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.id)
def test_every_driver_of_the_house_passes_every_check(driver):
    """What we ask of strangers we keep ourselves."""
    others = tuple(factory() for id_, factory in SHELF.items() if id_ != driver.id)
    findings = list(examine(Case(driver, SHELF[driver.id], others), CHECKS))
    assert [found for found in findings if found.reason] == []
    assert len(findings) >= CHECKS_MIN


def test_a_lost_link_is_no_fault():
    """A session may end with LinkError at any time; the kit holds nothing else against it."""

    async def refusing(link, visitor):
        async for said in peak_meter.session(link, visitor):
            yield said
            raise LinkError("tired")

    assert failed(replace(DRIVER, session=refusing)) == {}
