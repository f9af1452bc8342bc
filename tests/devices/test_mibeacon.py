"""MiBeacon: what stands in a call before and after it is opened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.mibeacon import Beacon, address_octets, sealed

KEY, ADDRESS = bytes(range(16)), "F0:00:00:00:26:01"
OPEN = bytes.fromhex("4059d53b07") + b"hello"


def call(said=b"hello", count=7, *, key=KEY, address=ADDRESS):
    return sealed(said, key=key, address=address, product=0x3BD5, count=count)


@given(st.binary(min_size=1, max_size=12), st.integers(0, 0xFFFFFFFF), st.binary(min_size=16, max_size=16))
def test_what_is_sealed_opens_with_the_same_key_and_address(said, count, key):
    """Whatever it says, and whichever call of a long life it is."""
    assert Beacon.from_bytes(call(said, count, key=key)).opened(key, ADDRESS) == said


@given(st.integers(0, 8 * len(call()) - 1))
def test_no_bit_of_a_call_can_be_changed(bit):
    """What says who speaks, which call it is, what it says, and the tag: all of it is held."""
    data = bytearray(call())
    data[bit // 8] ^= 1 << bit % 8
    changed = Beacon.from_bytes(bytes(data)) if data[1] >> 4 == 5 else None
    if changed is None or bit < 16:
        return  # control: how to read the rest; it stands outside the seal, as its makers built it
    with pytest.raises(ValueError, match="does not decrypt"):
        changed.opened(KEY, ADDRESS)


def test_two_calls_of_one_thing_look_different():
    """The count stands in the nonce: nobody sees that somebody weighs the same as yesterday."""
    assert len({call(count=count)[5:] for count in (7, 8, 7 + 256, 7 + 65536)}) == 4


def test_an_address_in_the_call_goes_before_the_one_that_was_heard():
    """A device behind a bridge is heard under another address than it encrypts with."""
    data = call()
    control = int.from_bytes(data[:2], "little") | 1 << 4
    with_address = control.to_bytes(2, "little") + data[2:5] + address_octets(ADDRESS)[::-1] + data[5:]
    assert Beacon.from_bytes(with_address).opened(KEY, "00:00:00:00:00:01") == b"hello"


def test_capabilities_stand_before_what_is_said():
    """One octet, and two more where it says so."""
    for extra in ("08", "280102"):
        data = bytes.fromhex("6059d53b07" + extra) + b"hello"
        beacon = Beacon.from_bytes(data)
        assert (beacon.payload, beacon.is_encrypted, beacon.has_object) == (b"hello", False, True)


def test_an_address_that_is_none_is_refused():
    """Some systems give a device a name of their own instead: nothing can be opened with that."""
    for address in ("", "F0:00", "4B5D1C77-0000-1000-8000-00805F9B34FB"):
        with pytest.raises(ValueError, match=r"address|hexadecimal"):
            address_octets(address)
