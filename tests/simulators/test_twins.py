"""The twins: they remember, tell oldest first, count for themselves, hang up and sleep."""

import pytest

from devices.codecs.racp import Code, Op, answer, count_answer
from devices.driver import LinkError
from devices.drivers import pulse_oximeter, weight_scale
from devices.drivers.pulse_oximeter import CONTINUOUS, RECORDS, SPOT_CHECK, Continuous, Spot
from devices.drivers.weight_scale import WEIGHT, Frame
from devices.kinds import Kind
from devices.readings import Quality
from simulators.fate import Unkindness
from simulators.peripherals.memory import Fact
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import wall
from tests.simulators.visit import heard_once, meaning, visit
from tests.virtual_time import in_virtual_time

MORNING, EVENING = wall("2026-06-01T07:42:10"), wall("2026-06-01T19:05:00")


async def hear_all(link, count=1000):
    """What comes over a link until it is over, or so many notifications."""
    said = []
    try:
        while len(said) < count:
            said.append(await link.receive(timeout_s=10))
    except LinkError:
        pass
    return said


def test_an_oximeter_tells_oldest_first_then_sleeps():
    """Two spot checks, one visit; then nothing is left and it doesn't advertise."""
    twin = PulseOximeterTwin()
    twin.measure(MORNING, 91.0, 78.0)
    twin.measure(EVENING, 90.0, 82.0, 2.3)
    assert twin.is_awake
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert said == [Spot(91.0, 78.0, MORNING), Spot(90.0, 82.0, EVENING, perfusion=2.3)]
    assert (twin.is_awake, twin.memory.waiting_count) == (False, 0)


def test_its_own_count_is_what_the_driver_understands():
    """Each fact on the twin's display is one reading of the hub: kind, value and the device's time."""
    oximeter, scale = PulseOximeterTwin(), WeightScaleTwin()
    oximeter.measure(MORNING, 91.0, 78.0, 2.3)
    oximeter.measure(EVENING, None, None)
    scale.measure(MORNING, 74.35, user=1)
    scale.measure(EVENING, None)
    for twin, driver in ((oximeter, pulse_oximeter.DRIVER), (scale, weight_scale.DRIVER)):
        assert twin.facts() == ()
        told = meaning(in_virtual_time(visit(VirtualRadio([twin]))), driver)
        kept = {Fact(reading.kind, reading.value, reading.device_time) for reading in told.values()}
        assert kept == set(twin.facts())
        assert len(twin.measured) == 2
    assert oximeter.facts() == (
        Fact(Kind.SPO2, 91.0, MORNING),
        Fact(Kind.PULSE_RATE, 78.0, MORNING),
        Fact(Kind.PERFUSION_INDEX, 2.3, MORNING),
    )
    assert scale.facts() == (Fact(Kind.BODY_WEIGHT, 74.35, MORNING),)


def test_a_lost_confirmation_is_told_again_and_counted_once():
    """The hub has heard it, the twin can't know: it stays awake, tells again, and it is the same reading."""
    first_told = []
    twin = PulseOximeterTwin(on_told=first_told.append)
    record = twin.measure(MORNING, 91.0, 78.0)
    radio = VirtualRadio([twin], unkindness=Unkindness(confirm_lost=1.0))
    said = in_virtual_time(visit(radio))
    assert (twin.facts(), twin.memory.waiting_count, twin.is_awake) == ((), 1, True)
    radio.unkindness = Unkindness()
    said += in_virtual_time(visit(radio))
    assert said == [Spot(91.0, 78.0, MORNING)] * 2
    assert len(meaning(said, pulse_oximeter.DRIVER)) == len(twin.facts()) == 2
    assert first_told == [record]


def test_a_stream_is_told_second_by_second_and_ends_the_visit():
    """Continuous pairs come one a second; a missing finger is told too, and means nothing."""
    twin = PulseOximeterTwin()
    twin.stream([(96.0, 70.0), (None, None), (95.0, 71.0)])
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert said == [Continuous(96.0, 70.0), Continuous(None, None), Continuous(95.0, 71.0)]
    assert not twin.is_awake


def test_a_stream_and_a_memory_share_a_visit():
    """Spot checks go in between; neither cuts the other short."""
    twin = PulseOximeterTwin()
    twin.measure(MORNING, 91.0, 78.0)
    twin.stream([(96.0, 70.0)] * 5)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert (said.count(Continuous(96.0, 70.0)), said.count(Spot(91.0, 78.0, MORNING))) == (5, 1)
    assert not twin.is_awake


def test_what_is_measured_during_a_visit_wakes_it_again():
    """Nothing is forgotten because somebody was just leaving."""

    async def life():
        twin = PulseOximeterTwin(on_told=lambda _: twin.measure(EVENING, 90.0, 80.0) if not late else None)
        late = []
        twin.measure(MORNING, 91.0, 78.0)
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(SPOT_CHECK)
            late.extend(await hear_all(link, 1))
            late.extend(await hear_all(link))
            twin.measure(EVENING, 89.0, 83.0)
        assert twin.is_awake
        return late + await visit(radio), twin

    said, twin = in_virtual_time(life())
    assert len(said) == len(twin.measured) == len(twin.facts()) // 2


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"\x04\x01", count_answer(2)),
        (b"\x01\x01", answer(Op.REPORT, Code.SUCCESS)),
        (b"\x02\x01", answer(Op.DELETE, Code.OP_UNSUPPORTED)),
        (b"\x03\x00", answer(Op.ABORT, Code.OP_UNSUPPORTED)),
        (b"\x01\x05", answer(Op.REPORT, Code.OPERATOR_UNSUPPORTED)),
        (b"\x77\x01", answer(0x77, Code.OP_UNSUPPORTED)),
        (b"\x01", answer(Op.REPORT, Code.INVALID_OPERATOR)),
        (b"", answer(0, Code.INVALID_OPERATOR)),
    ],
)
def test_the_record_access_point_answers_every_request(asked, answered):
    """Count and report work; everything else, delete above all, is refused politely, and counted."""
    twin = PulseOximeterTwin()
    twin.measure(MORNING, 91.0, 78.0)
    twin.measure(EVENING, 90.0, 80.0)

    async def life():
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(RECORDS)
            await link.write(RECORDS, asked)
            return await hear_all(link)

    assert in_virtual_time(life())[-1] == (RECORDS, answered)
    assert twin.deletes_asked == (asked[:1] == b"\x02")
    assert len(twin.measured) == twin.memory.waiting_count == 2


def test_report_all_tells_the_memory():
    """With spot checks subscribed, "report all" finds what is left, and says when there is nothing."""
    twin = PulseOximeterTwin()
    twin.measure(MORNING, 91.0, 78.0)

    async def life():
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            for char in (RECORDS, SPOT_CHECK):
                await link.subscribe(char)
            await link.write(RECORDS, b"\x01\x01")
            return await hear_all(link)

    assert in_virtual_time(life()) == [
        (SPOT_CHECK, twin.measured[0].data),
        (RECORDS, answer(Op.REPORT, Code.NO_RECORDS)),
    ]


def test_a_visit_never_asks_to_delete():
    """Fifty visits, every unkindness: the twin is never asked to forget."""
    twin = PulseOximeterTwin()

    async def life():
        radio = VirtualRadio([twin], unkindness=Unkindness(0.2, 0.2, 0.2, 0.2))
        for second in range(50):
            twin.measure(MORNING.replace(second=second), 91.0, 78.0)
            await visit(radio)

    in_virtual_time(life())
    assert twin.deletes_asked == 0


def test_a_failed_weighing_is_told_and_means_nothing():
    """0xFFFF: the scale says that it has no weight, and counts no fact."""
    scale = WeightScaleTwin()
    scale.measure(MORNING, None)
    assert in_virtual_time(visit(VirtualRadio([scale]))) == [Frame(None, device_time=MORNING)]
    assert scale.facts() == ()


def test_a_scale_weighs_in_its_own_steps_only():
    """A weight that the bytes can't say would make the twin's count a lie."""
    with pytest.raises(ValueError, match="steps of 5 g"):
        WeightScaleTwin().measure(MORNING, 74.3512)


def test_status_bits_reach_the_reading():
    """What the twin says of its signal, the reading says too; an unset clock as well."""
    twin = PulseOximeterTwin()
    twin.measure(MORNING, 91.0, 78.0, status=1 << 9, sensor=1 << 5, is_clock_set=False)
    told = meaning(in_virtual_time(visit(VirtualRadio([twin]))), pulse_oximeter.DRIVER)
    assert {reading.quality for reading in told.values()} == {
        (Quality.FROM_STORAGE, Quality.LOW_PERFUSION, Quality.TIME_UNCERTAIN)
    }


def test_what_a_twin_offers_is_what_it_takes():
    """The scale's one characteristic takes a subscription; a subscription elsewhere tells nothing."""

    async def life():
        scale = WeightScaleTwin()
        scale.measure(MORNING, 74.3)
        radio = VirtualRadio([scale])
        await heard_once(radio)
        async with radio.connect(scale.address) as link:
            assert link.has(WEIGHT)
            assert not link.has(CONTINUOUS)
            with pytest.raises(LinkError, match="doesn't offer"):
                await link.write(WEIGHT, b"\x00")
            await scale.written(WEIGHT, b"\x00", None)
            await scale.subscribed(CONTINUOUS, None)
        assert scale.memory.waiting_count == 1

    in_virtual_time(life())
