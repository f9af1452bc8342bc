"""The SIG pulse oximeter: the talk, played by hand."""

import pytest

from devices.driver import FrameError, LinkError
from devices.drivers.pulse_oximeter import (
    CONTINUOUS,
    FEATURES,
    RECORDS,
    SPOT_CHECK,
    Continuous,
    Spot,
    session,
)
from devices.identity import NOT_TOLD
from tests.play import HERE, ScriptedLink, play, step

SPOT = (SPOT_CHECK, bytes(Spot(97.0, 71.0)))
MOMENT = (CONTINUOUS, bytes(Continuous(96.0, 70.0)))
DONE = (RECORDS, bytes.fromhex("06000101"))
STORES, STORES_NOTHING = b"\x04\x00", b"\x08\x00"
EVERYTHING = (SPOT_CHECK, CONTINUOUS, RECORDS)


def test_the_whole_talk_in_its_order():
    """Stream, memory's door, then spot checks, then the question for all that is stored; nothing else."""
    link = ScriptedLink(SPOT, MOMENT, DONE, has=EVERYTHING, values={FEATURES: STORES})
    assert play(session, link) == [Spot(97.0, 71.0), Continuous(96.0, 70.0)]
    assert link.did == [
        ("subscribe", CONTINUOUS),
        ("read", FEATURES),
        ("subscribe", RECORDS),
        ("subscribe", SPOT_CHECK),
        ("write", RECORDS, b"\x01\x01"),
    ]


@pytest.mark.parametrize("char", [SPOT_CHECK, CONTINUOUS])
def test_it_asks_only_for_what_is_there(char):
    """A device with one of the two is subscribed to that one, and nothing is read from it."""
    link = ScriptedLink(has=(char,), values={FEATURES: STORES})
    assert play(session, link) == []
    assert link.did == [("subscribe", char)]


def test_a_device_that_stores_nothing_is_not_asked_for_it():
    """Storage is a feature bit; without it the access point is left alone."""
    link = ScriptedLink(SPOT, has=EVERYTHING, values={FEATURES: STORES_NOTHING})
    assert play(session, link) == [Spot(97.0, 71.0)]
    assert not any(RECORDS in deed for deed in link.did)


def test_a_device_without_a_list_of_features_is_asked_all_the_same():
    """An access point is reason enough to ask."""
    link = ScriptedLink(has=EVERYTHING)
    play(session, link)
    assert link.did[-1] == ("write", RECORDS, b"\x01\x01")


def test_nothing_is_ever_deleted():
    """The only thing ever written is the question for all records."""
    link = ScriptedLink(SPOT, DONE, has=EVERYTHING, values={FEATURES: STORES})
    play(session, link)
    assert [deed[2] for deed in link.did if deed[0] == "write"] == [b"\x01\x01"]


def test_a_bad_frame_hides_no_good_one():
    """A frame that can't be read comes out as the error, in its place among the others."""
    link = ScriptedLink(SPOT, (SPOT_CHECK, b"\x00"), MOMENT)
    first, bad, last = play(session, link)
    assert (first, last) == (Spot(97.0, 71.0), Continuous(96.0, 70.0))
    assert isinstance(bad, FrameError)
    assert bad.data == b"\x00"


@pytest.mark.parametrize("refused", ["write", "read"])
def test_a_device_that_hangs_up_early_has_still_said_what_it_said(refused):
    """Told its memory, hung up before it was asked: the frames that arrived come out all the same."""
    link = ScriptedLink(MOMENT, SPOT, has=EVERYTHING, values={FEATURES: STORES}, refused=[refused])
    assert play(session, link) == [Continuous(96.0, 70.0), Spot(97.0, 71.0)]


def test_a_device_that_refuses_its_memory_may_still_measure():
    """The question for stored records is answered by an error; the spot check that comes later counts."""
    link = ScriptedLink(SPOT, has=EVERYTHING, refused=["write"], is_late=True)
    assert play(session, link) == [Spot(97.0, 71.0)]


def test_a_refusal_before_anything_was_said_ends_the_talk_with_its_reason():
    """Nobody waits thirty seconds for a device that has already said no."""
    link = ScriptedLink(has=(SPOT_CHECK,), refused=["subscribe"])
    running = session(link, HERE)
    assert step(anext(running)) == NOT_TOLD
    with pytest.raises(LinkError, match="subscribe refused"):
        step(anext(running))
