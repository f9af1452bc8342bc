"""What the virtual air adds to bumble's, and the faults it can be asked for."""

import asyncio
import contextlib

import pytest
from bumble import hci

from devices.driver import LinkError
from gateway.radio import BleakRadio
from simulators.peripherals.twin import Hub
from simulators.radio.air import Air
from simulators.radio.backend import air_radio
from simulators.radio.controller import AirController
from simulators.radio.host import hosted
from tests.contracts.teller import DATA_SERVICE, ECHO, FEATURE, ORDERS, SECRET, SERVICE, TOLD, Teller
from tests.simulators.radio.conftest import ADDRESS, WAITS, bench, hear, link_to

pytestmark = pytest.mark.anyio
TEST_S = 8.0


async def test_strength_varies_around_what_was_set() -> None:
    """Two advertisements of one device are not equally strong, and none is far from where it stands."""
    async with asyncio.timeout(TEST_S), bench() as room:
        room.host._controller.rssi_dbm = -80
        await room.measure()
        async with contextlib.aclosing(room.hub().scan()) as scan:
            heard = [(await anext(scan)).rssi_dbm for _ in range(8)]
    assert all(rssi is not None and -84 <= rssi <= -76 for rssi in heard)
    assert len(set(heard)) > 1


async def test_a_long_name_comes_in_the_scan_response() -> None:
    """31 bytes are not enough for everything; what is added on request is part of what was heard."""
    async with asyncio.timeout(TEST_S), bench(name="a teller with a long name") as room:
        await room.measure()
        heard = await hear(room.hub())
    assert heard.name == "a teller with a long name"
    assert heard.services == {SERVICE}
    assert heard.service_data == {DATA_SERVICE: b"\x01\x02"}


async def test_a_device_without_services_only_broadcasts() -> None:
    """What takes no links is heard with its data, and can't be connected to."""

    class Broadcaster(Teller):
        services = ()

    async with asyncio.timeout(TEST_S):
        air, twin = Air(0.3), Broadcaster("caller", ADDRESS)
        twin.is_awake = True
        async with hosted(air, [twin], interval_ms=20):
            radio = air_radio(air, waits=WAITS)
            assert (await hear(radio)).service_data == {DATA_SERVICE: b"\x01\x02"}
            with pytest.raises(LinkError):
                async with radio.connect(ADDRESS):
                    raise AssertionError("it takes no links")


async def test_a_short_absence_is_survived() -> None:
    """Out of range for less than the supervision time-out: what was asked is answered, only later."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        async with link_to(room.hub()) as link:
            room.host.set_in_range(False)
            asyncio.get_running_loop().call_later(0.1, room.host.set_in_range, True)
            assert await link.read(FEATURE) == b"feature"
            room.host.set_in_range(False)
            with pytest.raises(LinkError):
                await link.read(FEATURE)


async def test_who_is_out_of_range_is_not_heard() -> None:
    """A device that is away is silent, and heard again when it is back."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hub = room.hub()
        room.host.set_in_range(False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await hear(hub)
        room.host.set_in_range(True)
        assert (await hear(hub)).address == ADDRESS


async def test_a_hub_that_left_while_the_device_was_away_is_noticed() -> None:
    """Back in range, the device learns that the hub has hung up, and calls again."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hub = room.hub()
        await hear(hub)
        async with hub.connect(ADDRESS):
            room.host.set_in_range(False)
        room.host.set_in_range(True)
        async with link_to(hub) as link:
            assert await link.read(FEATURE) == b"feature"


async def test_an_unconfirmed_indication_is_told_to_the_twin() -> None:
    """When the link dies before the confirmation, the twin hears False and keeps its record."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure(b"kept")
        async with link_to(room.hub()) as link:
            await link.read(SECRET)
            # The hub's answer to the subscription still arrives; the confirmation finds nobody.
            deliver = room.air._deliver
            sent = []

            def deaf(sender, receiver, act):
                sent.append(act)
                if receiver is room.host._controller and len(sent) > 3:
                    room.host.set_in_range(False)
                deliver(sender, receiver, act)

            room.air._deliver = deaf
            with contextlib.suppress(LinkError):
                await link.subscribe(TOLD)
                await link.receive(timeout_s=2)
                await link.receive(timeout_s=2)
    assert room.twin.answers == [False]
    assert room.twin.untold == [b"kept"]


async def test_junk_on_the_attribute_channel_breaks_nothing() -> None:
    """Truncated, unasked, unknown and empty packets (all computed) leave the link as it was."""
    junk = [b"\x1b", b"\x1b\x99\x00\x00", b"\x1d\x99\x00\x00", b"\x77\x01\x02", b"", b"\x0b\x01", b"\x01\x0a"]
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        async with link_to(room.hub()) as link:
            await link.subscribe(ECHO)
            for pdu in junk:
                room.host.send_raw(pdu)
            await link.write(ORDERS, b"ok")
            assert [await link.receive(timeout_s=2) for _ in range(2)] == [(ECHO, b"o"), (ECHO, b"k")]


async def test_subscribing_twice_tells_once() -> None:
    """A hub that repeats its subscription doesn't start the talk a second time."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure(b"1", b"2")
        begun = []
        told = room.twin.subscribed

        async def subscribed(char: str, hub: object) -> None:
            begun.append(char)
            if len(begun) > 1:
                await told(TOLD, hub)

        room.twin.subscribed = subscribed
        async with link_to(room.hub()) as link:
            await link.subscribe(ECHO)
            await link.subscribe(ECHO)
            assert begun == [ECHO]


async def test_two_hubs_one_device() -> None:
    """Only one of two hubs gets the device; the other is told that it is not there, not that it is."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        first, second = room.hub(), air_radio(room.air, waits=WAITS, address="F0:0D:00:00:00:02")
        await hear(first)
        await hear(second)
        async with first.connect(ADDRESS) as link:
            with pytest.raises(LinkError):
                async with second.connect(ADDRESS):
                    raise AssertionError("the device is taken")
            assert await link.read(FEATURE) == b"feature"


async def test_two_hubs_reach_out_at_once() -> None:
    """Of two that wait for one device the slower is told at once, and holds no link to nobody."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hubs = [room.hub(), air_radio(room.air, waits=WAITS, address="F0:0D:00:00:00:02")]
        for hub in hubs:
            await hear(hub)
        room.twin.is_awake = False
        await room.host.refresh()

        async def visit(hub: BleakRadio) -> str:
            try:
                async with hub.connect(ADDRESS) as link:
                    return (await link.read(FEATURE)).decode()
            except LinkError as error:
                return str(error)

        async def wake() -> None:
            waiting = [one for one in room.air.controllers if one.pending_le_connection is not None]
            assert len(waiting) == 2
            await room.measure()

        async with asyncio.TaskGroup() as tasks:
            visits = [tasks.create_task(visit(hub)) for hub in hubs]
            asyncio.get_running_loop().call_later(0.2, lambda: tasks.create_task(wake()))
        said = sorted(visit.result() for visit in visits)
        assert said[1] == "feature"
        assert "the link was lost" in said[0]


async def test_who_hangs_up_may_finish_the_sentence() -> None:
    """A twin that decides to sleep after it has hung up does so, and calls no more."""

    class Tired(Teller):
        async def subscribed(self, char: str, hub: Hub) -> None:
            assert char == TOLD
            await hub.hang_up()
            await asyncio.sleep(0)
            self.is_awake = False

    async with asyncio.timeout(TEST_S):
        air, twin = Air(0.3), Tired("tired", ADDRESS)
        twin.is_awake = True
        async with hosted(air, [twin], interval_ms=20):
            radio = air_radio(air, waits=WAITS)
            async with link_to(radio) as link:
                with contextlib.suppress(LinkError):  # it may be gone before it has answered
                    await link.subscribe(TOLD)
                with pytest.raises(LinkError, match="hung up"):
                    await link.receive(timeout_s=2)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await hear(radio)


async def test_indications_wait_for_each_other() -> None:
    """Two at once, which no link allows, go one after the other, and each gets its own confirmation."""

    class Hasty(Teller):
        async def subscribed(self, char: str, hub: Hub) -> None:
            both = (hub.indicate(char, bytes([number])) for number in range(2))
            self.answers.extend(await asyncio.gather(*both))
            await hub.hang_up()

    async with asyncio.timeout(TEST_S):
        air, twin = Air(0.3), Hasty("hasty", ADDRESS)
        twin.is_awake = True
        async with hosted(air, [twin], interval_ms=20), link_to(air_radio(air, waits=WAITS)) as link:
            await link.subscribe(TOLD)
            assert [await link.receive(timeout_s=2) for _ in range(2)] == [(TOLD, b"\0"), (TOLD, b"\1")]
            with pytest.raises(LinkError, match="hung up"):
                await link.receive(timeout_s=2)
    assert twin.answers == [True, True]


async def test_a_connected_device_does_not_call() -> None:
    """Measuring during a visit wakes nobody: the device calls again when the visit is over."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hub = room.hub()
        async with link_to(hub) as link:
            await room.measure(b"new")
            assert not room.host._device.is_advertising
            assert await link.read(FEATURE) == b"feature"
        assert (await hear(hub)).address == ADDRESS


async def test_only_who_listens_is_woken() -> None:
    """A device that calls costs the other devices nothing, however many there are."""
    async with asyncio.timeout(TEST_S), bench() as room:
        woken = []
        deaf = AirController("deaf", room.air)
        deaf.on_ll_advertising_pdu = woken.append
        await room.measure()
        await hear(room.hub())
        assert woken == []
        deaf.le_scan_enable = True
        await hear(room.hub())
        assert woken != []


async def test_a_reset_begins_anew() -> None:
    """A host that starts again has no links and no advertisements from a life before."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        one = room.host._controller
        async with link_to(room.hub()) as link:
            one.on_hci_reset_command(hci.HCI_Reset_Command())
            assert not one.le_connections
            assert not one.advertising_sets
            with pytest.raises(LinkError, match="hung up"):
                await link.receive(timeout_s=2)


async def test_who_is_taken_out_of_the_air_stops_calling() -> None:
    """A device whose battery is out leaves no clockwork behind."""
    async with bench() as room:
        await room.measure()
        await hear(room.hub())
        one = room.host._controller
        assert [each.enabled for each in one.advertising_sets.values()] == [True]
    assert [each.enabled for each in one.advertising_sets.values()] == [False]
    assert not one.is_listening


async def test_nothing_is_left_in_the_air() -> None:
    """A hub that neither scans nor talks is not in the air, whatever it went through."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hub = room.hub()
        async with link_to(hub):
            assert len(room.air.controllers) == 2
        with pytest.raises(ValueError, match="bug"):
            async with link_to(hub):
                raise ValueError("a bug in a driver")
        await hear(hub)
        room.twin.is_awake = False
        await room.host.refresh()
        with pytest.raises(LinkError):
            async with hub.connect(ADDRESS):
                raise AssertionError("it sleeps")
        assert len(room.air.controllers) == 1


async def test_many_visits_leave_nothing_behind() -> None:
    """Visit after visit there are no more tasks than before."""
    async with asyncio.timeout(TEST_S), bench() as room:
        hub = room.hub()
        before = len(asyncio.all_tasks())
        for number in range(10):
            await room.measure(bytes([number]))
            async with link_to(hub) as link:
                await link.subscribe(TOLD)
                assert (await link.receive(timeout_s=2))[1] == bytes([number])
                with pytest.raises(LinkError):
                    await link.receive(timeout_s=2)
        assert len(asyncio.all_tasks()) <= before + 1
