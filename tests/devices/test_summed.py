"""Frames with a length and a sum: put together from pieces, found again after garbage."""

from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.summed import SummedStream, body_of, frame

KINDS = {0x10, 0xB4}
LONG = frame(0xB4, bytes(range(41)))
SHORT = frame(0x10, b"\xff\x01")

frames = st.lists(
    st.builds(frame, st.sampled_from(sorted(KINDS)), st.binary(min_size=1, max_size=252)),
    min_size=1,
    max_size=4,
)


def fed(*pieces):
    stream = SummedStream(KINDS)
    return [told for piece in pieces for told in stream.feed(piece)]


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(frames, st.integers(1, 60))
def test_frames_are_whole_again_however_each_was_cut(whole, size):
    """Twenty octets on a narrow link, or one: as long as a notification begins each frame."""
    pieces = [piece for one in whole for piece in cut(one, size)]
    assert fed(*pieces) == [(one, True) for one in whole]


@given(frames)
def test_frames_in_one_notification_are_told_apart(whole):
    """A wide link may bring several at once."""
    assert fed(b"".join(whole)) == [(one, True) for one in whole]


@given(st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_end_and_are_never_kept_for_long(pieces):
    """Whole frames, refused pieces, and at most one unfinished frame; no octet is told twice."""
    stream = SummedStream(KINDS)
    told = [one for piece in pieces for one in stream.feed(piece)]
    kept = b"".join(stream._pieces)
    assert len(kept) < 255
    assert b"".join(data for data, _ in told) + kept == b"".join(pieces)
    assert all(data[0] in KINDS and body_of(data) for data, is_whole in told if is_whole)


@given(st.binary(max_size=300))
def test_after_any_garbage_the_next_whole_frame_is_found(garbage):
    """Garbage that looks like the begin of something long doesn't swallow what comes after it."""
    assert fed(garbage, SHORT)[-1] == (SHORT, True)


def test_a_frame_whose_end_was_lost_costs_only_itself():
    """Also where the next one is cut too."""
    first, second = cut(LONG, 20), cut(frame(0xB4, bytes(range(1, 42))), 20)
    told = fed(*first[:-1], *second)
    assert told[-1] == (b"".join(second), True)
    assert [is_whole for _, is_whole in told].count(True) == 1


def test_a_wrong_sum_is_refused():
    """In every octet: nothing of a broken frame is taken for another."""
    for place in range(2, len(LONG)):
        broken = bytearray(LONG)
        broken[place] ^= 1
        assert fed(bytes(broken)) == [(bytes(broken), False)]
