"""The twins that must be asked in the right way: credits, greetings, blocks of ten."""

from datetime import timedelta
from random import Random

import pytest

from devices.codecs.lung_monitor import framed
from devices.codecs.seven_bit import sealed
from devices.codecs.terminal_io import FROM_DEVICE, ITS_GRANTS, OUR_GRANTS, TO_DEVICE
from devices.driver import LinkError
from devices.drivers import beurer_po60, contec_spirometer
from devices.drivers.beurer_po60 import Record as Spot
from simulators.peripherals.beurer_po60 import BeurerPo60Twin
from simulators.peripherals.contec_spirometer import ContecSpirometerTwin
from simulators.peripherals.vitalograph import VitalographTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import wall
from tests.simulators.visit import heard_once, visit
from tests.virtual_time import in_virtual_time

MORNING = wall("2026-06-01T07:42:10")
TWINS = (VitalographTwin, ContecSpirometerTwin, BeurerPo60Twin)
ORDERS, ANSWERS = beurer_po60.ORDERS, beurer_po60.ANSWERS


def measured(factory, count, **words):
    """A twin with so many records, a minute apart."""
    twin, dice = factory(**words), Random(1)
    for number in range(count):
        twin.measure_any(MORNING + timedelta(minutes=number), dice)
    return twin


def talked(twin, *words, subscribe=(ANSWERS,), wait_s=10.0):
    """What the twin says to whoever subscribes and then writes these words, each on its characteristic."""

    async def talk():
        said = []
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            for char in subscribe:
                await link.subscribe(char)
            for char, data in words:
                await link.write(char, data)
                try:
                    while True:
                        said.append(await link.receive(timeout_s=wait_s))
                except LinkError:
                    pass
        return said

    return in_virtual_time(talk())


def orders(*texts):
    return [(ORDERS, sealed(bytes.fromhex(text))) for text in texts]


@pytest.mark.parametrize("factory", TWINS)
def test_many_records_fit_in_one_visit(factory):
    """Thirty records: three blocks, sixty answers, twice the credits; each told once and in its order."""
    told = []
    twin = measured(factory, 30, on_told=told.append)
    in_virtual_time(visit(VirtualRadio([twin])))
    assert told == twin.measured
    assert len(twin.facts()) == sum(len(record.facts) for record in twin.measured)
    assert not twin.is_awake


@pytest.mark.parametrize("factory", [ContecSpirometerTwin, BeurerPo60Twin])
def test_a_memory_that_is_never_deleted_is_told_again(factory):
    """The second visit hears the first one's records once more; they count once."""
    twin = measured(factory, 3)
    first = in_virtual_time(visit(VirtualRadio([twin])))
    twin.measure_any(MORNING + timedelta(days=1), Random(2))
    second = in_virtual_time(visit(VirtualRadio([twin])))
    kind = type(first[0])
    times = [getattr(said, "started", None) or said.device_time for said in second if isinstance(said, kind)]
    assert times == [record.device_time for record in twin.measured]
    assert len(twin.facts()) == sum(len(record.facts) for record in twin.measured)
    assert len(twin.clock_set_to) == 2


@pytest.mark.parametrize(
    ("factory", "deadly"),
    [
        (ContecSpirometerTwin, orders("80", "917f01", "93")),
        (BeurerPo60Twin, orders("9005", "9900", "997f")),
        (VitalographTwin, [(TO_DEVICE, framed("GVCM")), (TO_DEVICE, framed("GVRD"))]),
    ],
)
def test_who_asks_to_delete_is_counted_and_not_obeyed(factory, deadly):
    """The count is what the hub is held against; the memory stays."""
    twin = measured(factory, 2)
    talked(twin, *deadly, subscribe=())
    assert twin.deletes_asked == (1 if factory is BeurerPo60Twin else 2)
    assert twin.memory.waiting_count == 2


def test_a_lung_monitor_is_silent_without_credits():
    """Subscribing to everything is not enough."""
    assert talked(measured(VitalographTwin, 1), subscribe=(ITS_GRANTS, FROM_DEVICE), wait_s=60.0) == []


@pytest.mark.parametrize("subscribe", [(), (ITS_GRANTS,), (FROM_DEVICE,)])
def test_a_lung_monitor_wants_its_order(subscribe):
    """Credits for somebody who does not listen to both are lost."""
    assert talked(measured(VitalographTwin, 1), (OUR_GRANTS, b"\x40"), subscribe=subscribe) == []


@pytest.mark.parametrize("credits_granted", [1, 3])
def test_a_lung_monitor_stops_where_its_credits_end(credits_granted):
    """One credit, one packet of a record of four."""
    words = [(OUR_GRANTS, bytes((credits_granted,)))]
    said = talked(measured(VitalographTwin, 1), *words, subscribe=(ITS_GRANTS, FROM_DEVICE))
    assert [char for char, _ in said] == [ITS_GRANTS] + [FROM_DEVICE] * credits_granted


def test_a_lung_monitor_tells_again_what_was_not_acknowledged():
    """Whoever only listens has heard it; the twin can't know, and stays awake."""
    twin = measured(VitalographTwin, 1)
    said = talked(twin, (OUR_GRANTS, b"\x40"), subscribe=(ITS_GRANTS, FROM_DEVICE))
    assert b"".join(data for char, data in said if char == FROM_DEVICE) == twin.measured[0].data
    assert (twin.is_awake, twin.facts()) == (True, ())
    in_virtual_time(visit(VirtualRadio([twin])))
    assert (twin.is_awake, len(twin.facts())) == (False, 6)
    assert twin.orders == []


def test_a_contec_is_silent_before_the_greeting_and_to_a_wrong_sum():
    """It answers those who begin at the beginning, and can count."""
    twin = measured(ContecSpirometerTwin, 1)
    assert talked(twin, *orders("90", "910001")) == []
    assert talked(twin, (ORDERS, b"\x80\x01")) == []
    assert [data[0] for _, data in talked(twin, *orders("80", "90"))] == [0xF0, 0xE0]


def test_nobody_is_asked_for_more_than_there_is():
    """Behind the last record there is silence."""
    twin = measured(ContecSpirometerTwin, 1)
    once, twice = orders("80", "910001"), orders("80", "910001", "910101")
    assert len(talked(twin, *once)) == len(talked(twin, *twice)) == 4
    po60 = measured(BeurerPo60Twin, 1)
    assert len(talked(po60, *orders("9005", "9900", "9901"))) == 3


def test_a_po60_tells_ten_at_a_time_and_again_on_request():
    """Each request ten records, each in 20 + 4; "again" is the same ten; the last one of all is marked."""
    twin = measured(BeurerPo60Twin, 12)
    said = talked(twin, *orders("9005", "9900", "9902", "9901"))
    records = [data for _, data in said][1:]
    assert [len(data) for data in records] == [20, 4] * (10 + 10 + 2)
    spots = [Spot.from_bytes(head + tail) for head, tail in zip(records[::2], records[1::2], strict=True)]
    assert spots[:10] == spots[10:20]
    assert [spot.index for spot in spots] == [*range(10), *range(10), 0, 1]
    assert [spot.flags for spot in spots] == [0] * 21 + [2]


def test_the_clock_is_set_by_the_order_of_the_family():
    """Both take the same ten octets, and keep them for whoever asks what they were told."""
    for factory, driver in ((ContecSpirometerTwin, contec_spirometer), (BeurerPo60Twin, beurer_po60)):
        twin = measured(factory, 1)
        in_virtual_time(visit(VirtualRadio([twin])))
        assert [data.hex() for data in twin.clock_set_to] == ["831a06010e0000000032"], driver.DRIVER.id
