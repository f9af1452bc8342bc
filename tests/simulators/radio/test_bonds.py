"""Pairing, bonds, and what happens when one side has lost them."""

import asyncio
import stat
from pathlib import Path

import pytest

from devices.driver import LinkError
from gateway.ports import RadioError
from tests.contracts.teller import FEATURE, SECRET, TOLD
from tests.simulators.radio.conftest import ADDRESS, Bench, bench, hear, link_to

pytestmark = pytest.mark.anyio
TEST_S = 8.0


def is_encrypted(bench: Bench) -> bool:
    """Tell whether the device sees its link encrypted."""
    (connection,) = bench.host._device.connections.values()
    return bool(connection.is_encrypted)


def count_pairings(bench: Bench) -> list[int]:
    """Return a list that grows with each pairing."""
    seen: list[int] = []
    bench.host._device.on("pairing_start", lambda _: seen.append(1))
    return seen


async def test_only_what_is_secured_demands_pairing() -> None:
    """An open value is read in the clear; a secured one, or a secured subscription, encrypts first."""
    for secured in (lambda link: link.read(SECRET), lambda link: link.subscribe(TOLD)):
        async with asyncio.timeout(TEST_S), bench() as room:
            pairings = count_pairings(room)
            await room.measure()
            room.twin.stops_after = 0
            room.twin.untold = [b"x"]
            async with link_to(room.hub()) as link:
                await link.read(FEATURE)
                assert (pairings, is_encrypted(room)) == ([], False)
                await secured(link)
                assert (pairings, is_encrypted(room)) == ([1], True)


async def test_a_bond_outlives_the_hub(tmp_path: Path) -> None:
    """After a restart the hub is known: the link is encrypted from the start, and nobody pairs again."""
    bonds = tmp_path / "bonds.json"
    async with asyncio.timeout(TEST_S), bench() as room:
        pairings = count_pairings(room)
        await room.measure()
        for is_known in (False, True):
            async with link_to(room.hub(bonds=bonds)) as link:
                assert is_encrypted(room) is is_known
                assert await link.read(SECRET) == b"secret"
        assert pairings == [1]
    assert "irk" not in bonds.read_text(), "with an identity key bumble looks for the device without end"
    assert stat.S_IMODE(bonds.stat().st_mode) == 0o600


async def test_a_damaged_file_of_bonds_is_a_radio_error(tmp_path: Path) -> None:
    """A file that can't be read is named as the reason, and what to do."""
    bonds = tmp_path / "bonds.json"
    bonds.write_text("{")
    async with asyncio.timeout(TEST_S), bench() as room:
        with pytest.raises(RadioError, match="damaged, delete it"):
            await hear(room.hub(bonds=bonds))
        assert len(room.air.controllers) == 1


async def test_the_right_passkey_pairs() -> None:
    """The number on the device's display, typed at the hub, makes a bond."""
    asked = []

    async def read_display(address: str) -> int:
        asked.append(address)
        return 123456

    async with asyncio.timeout(TEST_S), bench(passkey=123456) as room:
        await room.measure()
        async with link_to(room.hub(passkey=read_display)) as link:
            assert await link.read(SECRET) == b"secret"
    assert asked == [ADDRESS]


async def test_a_wrong_passkey_is_a_link_error_and_the_next_try_is_free() -> None:
    """A typing mistake neither hangs nor poisons: the same link may try again, and so may the next."""
    typed = iter([1, 123456, 2, None, 123456])

    async def read_display(_: str) -> int | None:
        return next(typed)

    async with asyncio.timeout(TEST_S), bench(passkey=123456) as room:
        await room.measure()
        hub = room.hub(passkey=read_display)
        async with link_to(hub) as link:
            with pytest.raises(LinkError, match="pairing failed"):
                await link.read(SECRET)
            assert await link.read(SECRET) == b"secret"
        async with link_to(hub):
            assert is_encrypted(room), "both ends kept the bond of the second try"
        await hub.forget(ADDRESS)
        await room.host.forget_bonds()
        for _ in range(2):
            async with link_to(hub) as link:
                with pytest.raises(LinkError, match="pairing failed"):
                    await link.subscribe(TOLD)
        async with link_to(hub) as link:
            assert await link.read(SECRET) == b"secret"


async def test_a_bond_lost_by_the_device_is_said_and_can_be_forgotten() -> None:
    """A changed battery: the hub says what is wrong, and once it forgets its half, pairs anew."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        hub = room.hub()
        async with link_to(hub) as link:
            await link.read(SECRET)
        await room.host.forget_bonds()
        for _ in range(2):
            await hear(hub)
            with pytest.raises(LinkError, match="lost its bond"):
                async with hub.connect(ADDRESS):
                    raise AssertionError("a link that can't be encrypted is not handed out")
        await hub.forget(ADDRESS)
        async with link_to(hub) as link:
            assert await link.read(SECRET) == b"secret"


async def test_a_bond_lost_by_the_hub_is_made_again() -> None:
    """A new hub pairs with a device that remembers the old one."""
    async with asyncio.timeout(TEST_S), bench() as room:
        await room.measure()
        for _ in range(2):
            async with link_to(room.hub()) as link:
                assert await link.read(SECRET) == b"secret"


async def test_the_device_leaves_while_somebody_looks_for_the_number() -> None:
    """A person who types slowly doesn't keep a dead link alive."""
    asked = asyncio.Event()

    async def never_found(_: str) -> int:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ever types it")

    async with asyncio.timeout(TEST_S), bench(passkey=5) as room, asyncio.TaskGroup() as tasks:
        await room.measure()

        async def leave() -> None:
            await asked.wait()
            room.host.drop_link()

        tasks.create_task(leave())
        async with link_to(room.hub(passkey=never_found)) as link:
            with pytest.raises(LinkError):
                await link.read(SECRET)
