"""What a device says of itself: read where it is offered, cleaned, never a reason to stop."""

from hypothesis import given
from hypothesis import strategies as st

from devices.device_information import FIRMWARE, MODEL, SERIAL, SYSTEM_ID, identify
from devices.identity import NOT_TOLD, WORD_LENGTH_MAX, DeviceIdentity, word_of
from tests.play import ScriptedLink, step

SYSTEM = bytes.fromhex("f026aafeffb51434")


def test_only_what_is_offered_is_asked():
    """A device with three words is asked three times; the rest stays open."""
    link = ScriptedLink(values={MODEL: b"UC-352BLE\0", SERIAL: b" 5140800217 ", SYSTEM_ID: SYSTEM})
    identity = step(identify(link))
    assert identity == DeviceIdentity(model="UC-352BLE", serial="5140800217", system_id="3414b5fffeaa26f0")
    assert len(link.did) == 3


def test_a_refusal_ends_the_asking_and_not_the_visit():
    """A device that refuses to be read has said nothing of itself; the session goes on."""
    link = ScriptedLink(values={MODEL: b"X", FIRMWARE: b"1"}, refused=["read"])
    assert step(identify(link)) == NOT_TOLD


@given(st.binary(max_size=600))
def test_any_bytes_are_a_short_printable_word_or_none(data):
    """No device can write control characters, or a novel, into our log."""
    word = word_of(data)
    assert word is None or (word.isprintable() and 0 < len(word) <= WORD_LENGTH_MAX)


def test_what_is_learnt_later_completes_what_was_known():
    """The newer word stands; what it leaves open stays."""
    known = DeviceIdentity(model="A", serial="1")
    assert known.completed_by(DeviceIdentity(serial="2", firmware="3")) == DeviceIdentity(
        model="A", serial="2", firmware="3"
    )
    assert known.completed_by(NOT_TOLD) == known
