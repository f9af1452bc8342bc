"""The virtual radio: it keeps the promises of Radio and Link, and is unkind where asked."""

import asyncio
from random import Random

import pytest

from devices.driver import FrameError, LinkError
from devices.drivers import pulse_oximeter
from devices.drivers.pulse_oximeter import CONTINUOUS, FEATURES, RECORDS, SPOT_CHECK
from gateway.ports import Radio, RadioError
from simulators.fate import Unkindness
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.twin import Property
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_link import INBOX_COUNT_MAX
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import wall
from tests.simulators.virtual_time import in_virtual_time
from tests.simulators.visit import heard_once, meaning, visit

MORNING = wall("2026-06-01T07:42:10")


def oximeter(count=1, **words):
    """A twin with so many spot checks in memory."""
    twin = PulseOximeterTwin(**words)
    for second in range(count):
        twin.measure(MORNING.replace(second=second), 91.0, 70.0 + second)
    return twin


async def silence(link, timeout_s=10.0, said=None):
    """Wait for the end of a link, whatever comes before it; return the reason."""
    while True:
        try:
            notification = await link.receive(timeout_s=timeout_s)
        except LinkError as error:
            return str(error)
        if said is not None:
            said.append(notification)


def end_of_link():
    """An event, and the note that sets it when a link is over."""
    over = asyncio.Event()
    return over, lambda *words: over.set() if words[0] == "link over" else None


def test_only_awake_twins_in_range_are_heard_in_their_order():
    """A sleeping one and one that was carried away are not; the others call once an interval."""

    async def life():
        twins = [oximeter(address=f"F0:00:00:00:00:0{n}") for n in range(3)]
        sleeper = WeightScaleTwin()
        radio: Radio = VirtualRadio([*twins, sleeper], advertising_interval_s=2.0)
        radio.set_in_range(twins[1].address, False)
        begun, heard = asyncio.get_running_loop().time(), []
        async for advertisement in radio.scan():
            heard.append(advertisement)
            if len(heard) == 4:
                break
        assert [ad.address[-1] for ad in heard] == ["0", "2", "0", "2"]
        assert heard[0].services == {pulse_oximeter.SERVICE}
        assert asyncio.get_running_loop().time() - begun == 2.0

    in_virtual_time(life())


def test_only_what_was_heard_in_this_scan_can_be_reached():
    """As with a real radio: an address alone reaches nobody, nor does one from an earlier scan."""

    async def life():
        near, far = oximeter(address="F0:00:00:00:00:01"), oximeter(address="F0:00:00:00:00:02")
        radio = VirtualRadio([near, far])
        with pytest.raises(LinkError, match="not been heard"):
            async with radio.connect(far.address):
                pass
        radio.set_in_range(near.address, False)
        assert (await heard_once(radio)).address == far.address
        radio.set_in_range(near.address, True)
        assert (await heard_once(radio)).address == near.address
        with pytest.raises(LinkError, match="not been heard"):
            async with radio.connect(far.address):
                pass

    in_virtual_time(life())


def test_a_connected_twin_is_silent_and_busy():
    """It doesn't advertise, and a second connection finds nobody; afterwards both are possible again."""

    async def life():
        twin, other = oximeter(), WeightScaleTwin()
        other.measure(MORNING, 74.0)
        radio = VirtualRadio([twin, other])
        assert (await heard_once(radio)).address == twin.address
        async with radio.connect(twin.address):
            with pytest.raises(LinkError, match="did not answer"):
                async with radio.connect(twin.address):
                    pass
            assert (await heard_once(radio)).address == other.address
        assert (await heard_once(radio)).address == twin.address

    in_virtual_time(life())


def test_what_arrived_before_the_link_broke_is_handed_out_first():
    """Two of three records arrive, the device walks away: two come out, then the reason."""

    async def life():
        twin = oximeter(3)
        radio = VirtualRadio([twin])
        twin.memory.on_told = lambda record: radio.set_in_range(twin.address, record is not twin.measured[2])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(SPOT_CHECK)
            said = []
            assert await silence(link, said=said) == "out of range"
            assert said == [(SPOT_CHECK, record.data) for record in twin.measured[:2]]
            for use in (link.read(FEATURES), link.write(RECORDS, b"\x01\x01"), link.subscribe(CONTINUOUS)):
                with pytest.raises(LinkError, match="out of range"):
                    await use
        assert twin.memory.waiting_count == 1

    in_virtual_time(life())


def test_the_confirmation_goes_out_before_anybody_has_received():
    """As BlueZ does it: what the twin has forgotten still lies in the inbox, in its order."""

    async def life():
        twin = oximeter(2)
        over, note = end_of_link()
        radio = VirtualRadio([twin], note=note)
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(SPOT_CHECK)
            await over.wait()
            assert (twin.memory.waiting_count, link.backlog) == (0, 2)
            said = []
            assert await silence(link, said=said) == "the device hung up"
            assert [data for _, data in said] == [record.data for record in twin.measured]

    in_virtual_time(life())


def test_nothing_reaches_a_twin_over_a_lost_link():
    """Not even a write that nobody waits for."""

    async def life():
        twin = oximeter()
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            radio.set_in_range(twin.address, False)
            await link.write(RECORDS, b"\x02\x01", with_response=False)
            await asyncio.sleep(0)
        assert twin.deletes_asked == 0

    in_virtual_time(life())


def test_silence_ends_in_a_link_error_after_its_time():
    """A connected device that says nothing is given up exactly when the session says."""

    async def life():
        twin = oximeter()
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            begun = asyncio.get_running_loop().time()
            assert await silence(link, 7.0) == "silent for 7.0 s"
            assert asyncio.get_running_loop().time() - begun == pytest.approx(7.0)

    in_virtual_time(life())


def test_leaving_ends_what_the_twin_still_does():
    """The hub hangs up in the middle of a stream: no task of the twin outlives the connection."""

    async def life():
        twin = PulseOximeterTwin()
        twin.stream([(96.0, 70.0)] * 3600)
        radio = VirtualRadio([twin])
        await heard_once(radio)
        before = asyncio.all_tasks()
        async with radio.connect(twin.address) as link:
            await link.subscribe(CONTINUOUS)
            await link.receive(timeout_s=5)
            assert asyncio.all_tasks() > before
            left_at = asyncio.get_running_loop().time()
        assert asyncio.all_tasks() == before
        assert asyncio.get_running_loop().time() == left_at, "nobody waits for the twin"
        assert twin.is_awake

    in_virtual_time(life())


def test_an_error_in_the_talk_comes_out_as_itself():
    """Neither LinkError nor a driver's bug is wrapped in a group; cancellation stays cancellation."""

    async def life():
        radio = VirtualRadio([oximeter()])
        for error in (LinkError("gone"), ZeroDivisionError("a bug"), asyncio.CancelledError()):
            address = (await heard_once(radio)).address
            with pytest.raises(type(error)):
                async with radio.connect(address):
                    raise error

    in_virtual_time(life())


def test_a_twins_own_bug_is_loud():
    """A twin that falls over is our bug: it ends the test, not the link."""

    class Clumsy(PulseOximeterTwin):
        async def subscribed(self, *_):
            raise ZeroDivisionError

    twin = Clumsy()
    twin.measure(MORNING, 91.0, 78.0)
    with pytest.raises(ExceptionGroup):
        in_virtual_time(visit(VirtualRadio([twin])))


def test_an_inbox_has_a_limit_and_loses_nothing_confirmed():
    """A hub that never receives loses the link; what didn't fit was never confirmed."""

    async def life():
        twin = oximeter(0)
        for number in range(INBOX_COUNT_MAX + 5):
            twin.measure(MORNING.replace(minute=number // 60, second=number % 60), 91.0, 78.0)
        over, note = end_of_link()
        radio = VirtualRadio([twin], note=note)
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(SPOT_CHECK)
            await over.wait()
            assert link.backlog == INBOX_COUNT_MAX
            assert await silence(link) == "the hub doesn't keep up"
        assert twin.memory.waiting_count == 5

    in_virtual_time(life())


def test_a_pulled_radio_is_a_radio_error_and_ends_every_link():
    """Scanning says so, connecting says so, and talking is over; put back, all is as before."""

    async def life():
        twin = oximeter()
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            radio.set_plugged(False)
            assert await silence(link) == "the radio is unplugged"
        with pytest.raises(LinkError, match="unplugged"):
            async with radio.connect(twin.address):
                pass
        with pytest.raises(RadioError):
            await heard_once(radio)
        radio.set_plugged(True)
        assert len(await visit(radio)) == 1

    in_virtual_time(life())


def test_a_broadcaster_takes_no_connection():
    """A device without a GATT table is heard, and can't be reached."""

    class Broadcaster(WeightScaleTwin):
        services = ()
        service_data = {"0000181d-0000-1000-8000-00805f9b34fb": b"\x22"}  # noqa: RUF012 - read only

    async def life():
        twin = Broadcaster()
        twin.measure(MORNING, 74.0)
        radio = VirtualRadio([twin])
        heard = await heard_once(radio)
        assert heard.service_data == twin.service_data
        with pytest.raises(LinkError, match="did not answer"):
            async with radio.connect(heard.address):
                pass

    in_virtual_time(life())


def test_every_unkindness_does_what_it_says():
    """Each alone, as a certainty: no connection; no data; garbled and told again; told but unconfirmed."""

    async def once(unkindness):
        twin = oximeter(1)
        radio = VirtualRadio([twin], unkindness=unkindness)
        return await visit(radio), twin.memory.waiting_count, radio.garbled

    good = pulse_oximeter.Spot.from_bytes(oximeter(1).measured[0].data)
    assert in_virtual_time(once(Unkindness())) == ([good], 0, ())
    assert in_virtual_time(once(Unkindness(connect_lost=1.0))) == ([], 1, ())
    assert in_virtual_time(once(Unkindness(link_lost=1.0))) == ([], 1, ())
    assert in_virtual_time(once(Unkindness(confirm_lost=1.0))) == ([good], 1, ())
    said, waiting, garbled = in_virtual_time(once(Unkindness(frame_garbled=1.0)))
    assert waiting == 1
    assert good not in said
    assert garbled[0].char == SPOT_CHECK
    assert garbled[0].sent == bytes(good) != garbled[0].arrived


def test_a_garbled_frame_is_cut_short_or_changed_in_one_octet():
    """Both kinds come, and every one is remembered with what was sent."""

    async def life():
        twin = oximeter(1)
        radio = VirtualRadio([twin], unkindness=Unkindness(frame_garbled=1.0))
        said = [frame for _ in range(60) for frame in await visit(radio)]
        return said, [g for g in radio.garbled if g.char == SPOT_CHECK]

    said, garbled = in_virtual_time(life())
    cut = [g for g in garbled if len(g.arrived) < len(g.sent)]
    changed = [g for g in garbled if len(g.arrived) == len(g.sent)]
    assert len(cut) > 10
    assert len(changed) > 10
    assert all(g.sent.startswith(g.arrived) for g in cut)
    assert all(sum(a != b for a, b in zip(g.sent, g.arrived, strict=True)) == 1 for g in changed)
    assert sum(isinstance(frame, FrameError) for frame in said) >= len(cut)


def hard_life(seed):
    """Thirty records under every unkindness until all are confirmed; the trace and what was heard."""
    trace, said = [], []
    twin = oximeter(30)
    unkind = Unkindness(connect_lost=0.2, link_lost=0.1, confirm_lost=0.2)
    radio = VirtualRadio(
        [twin], dice=Random(seed), unkindness=unkind, note=lambda *words: trace.append(words)
    )

    async def life():
        while twin.is_awake:
            said.extend(await visit(radio))

    in_virtual_time(life())
    return twin, said, trace


def test_after_any_hard_life_every_fact_is_there_once():
    """Whatever was lost on the way: what the twin knows to have told is exactly what the hub has."""
    repeated = 0
    for seed in range(20):
        twin, said, _ = hard_life(seed)
        told = meaning(said, pulse_oximeter.DRIVER)
        assert len(told) == len(twin.facts()) == 60
        repeated += len(said) - 30
    assert repeated > 20, "a life in which nothing is told twice proves little"


def test_the_same_seed_is_the_same_life():
    """Two runs of one seed leave one trace; another seed leaves another."""
    assert hard_life(7)[1:] == hard_life(7)[1:]
    assert hard_life(7)[2] != hard_life(8)[2]


def test_only_what_a_characteristic_allows_is_allowed():
    """Read, write and subscribe each need their property, and a characteristic that is there."""

    async def life():
        radio = VirtualRadio([oximeter()])
        async with radio.connect((await heard_once(radio)).address) as link:
            assert await link.read(FEATURES) == b"\x4c\x00"
            await link.write(RECORDS, b"\x04\x01", with_response=False)
            for use in (
                link.read(SPOT_CHECK),
                link.write(SPOT_CHECK, b""),
                link.subscribe(FEATURES),
                link.read("x"),
            ):
                with pytest.raises(LinkError, match="doesn't offer"):
                    await use

    in_virtual_time(life())
    assert Property.READ in PulseOximeterTwin().services[0].characteristics[2].properties
