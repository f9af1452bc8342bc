"""What is sealed to the organisation comes back whole from its private key, or not at all."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.sealed import (
    HEADER_BYTES,
    MAGIC,
    PIECE_BYTES,
    SealError,
    sealed,
    sealed_bytes,
    unsealed,
    unsealed_bytes,
)

OURS, OTHERS = X25519PrivateKey.generate(), X25519PrivateKey.generate()
PUBLIC = OURS.public_key()
PIECE = PIECE_BYTES + 16
LONG = bytes(range(256)) * 800  # three whole pieces and a short one


def seal(plain, info=b"test"):
    """Return a sealed file of these bytes."""
    return b"".join(sealed([plain], PUBLIC, info))


def opened(blob, key=OURS, info=b"test"):
    """Return what stands in a sealed file."""
    return b"".join(unsealed([blob], key, info))


def in_steps(data, steps):
    """Cut bytes into parts as a pipe might, empty ones included."""
    at = 0
    for step in itertools.cycle(steps):
        if at >= len(data):
            return
        yield data[at : at + step]
        at += step


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 3 * PIECE_BYTES + 2)
    | st.sampled_from([0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1]),
    st.lists(st.sampled_from([0, 1, 15, 4096, 65536, 65552, 200_000]), min_size=1, max_size=4),
    st.binary(max_size=40),
)
def test_what_is_sealed_comes_back_however_it_is_cut(length, steps, info):
    """Any length, handed over in any steps, opens to the same bytes."""
    steps = [*steps, 65536]
    plain = (LONG * 2)[:length]
    blob = b"".join(sealed(in_steps(plain, steps), PUBLIC, info))
    assert b"".join(unsealed(in_steps(blob, steps), OURS, info)) == plain


CUTS = [
    0, 1, 15, 16, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 16,
    *(HEADER_BYTES + n * PIECE + d for n in (1, 2, 3) for d in (-1, 0, 1)), -17, -16, -1,
]  # fmt: skip


@pytest.mark.parametrize("length", CUTS)
def test_a_file_that_ends_too_early_is_never_taken_for_whole(length):
    """Cut anywhere, also exactly between two pieces, it ends in SealError."""
    with pytest.raises(SealError):
        opened(seal(LONG)[:length])


def test_an_empty_file_that_lost_its_last_piece_is_noticed():
    """The header alone is not a sealed nothing."""
    assert opened(seal(b"")) == b""
    with pytest.raises(SealError):
        opened(seal(b"")[:HEADER_BYTES])


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_one_flipped_bit_is_noticed_wherever_it_is(data):
    """Magic, sealed key, pieces and tags: no bit is without its guard."""
    blob = bytearray(seal(LONG))
    edges = [0, len(MAGIC), HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + PIECE - 1, len(blob) - 1]
    at = data.draw(st.sampled_from(edges) | st.integers(0, len(blob) - 1))
    blob[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        opened(bytes(blob))


def test_pieces_moved_doubled_left_out_or_borrowed_are_noticed():
    """A piece opens only in its own place of its own file."""
    blob, other = seal(LONG), seal(LONG)
    header, first, second = blob[:HEADER_BYTES], *(blob[HEADER_BYTES + n * PIECE :][:PIECE] for n in (0, 1))
    rest = blob[HEADER_BYTES + 2 * PIECE :]
    for wrong in (
        header + second + first + rest,
        header + first + first + second + rest,
        header + second + rest,
        header + first + rest,
        blob + rest,
        blob + b"\0",
        header + other[HEADER_BYTES:],
        header + first + other[HEADER_BYTES + PIECE :],
    ):
        with pytest.raises(SealError):
            opened(wrong)


def test_what_comes_before_the_damage_is_genuine_and_the_damaged_piece_never_comes():
    """The pieces yielded before SealError are a beginning of what was sealed."""
    blob = bytearray(seal(LONG))
    blob[HEADER_BYTES + 2 * PIECE + 5] ^= 1
    got = []
    with pytest.raises(SealError, match="piece 2"):
        got.extend(unsealed([bytes(blob)], OURS, b"test"))
    assert b"".join(got) == LONG[: 2 * PIECE_BYTES]


def test_another_key_and_another_purpose_open_nothing():
    """Neither another organisation nor a seal made for something else is enough."""
    with pytest.raises(SealError, match="private key"):
        opened(seal(LONG), key=OTHERS)
    with pytest.raises(SealError):
        opened(seal(LONG), info=b"other")
    blob = sealed_bytes(b"k" * 48, PUBLIC, b"test")
    assert unsealed_bytes(blob, OURS, b"test") == b"k" * 48
    for key, info in ((OTHERS, b"test"), (OURS, b"tesT")):
        with pytest.raises(SealError):
            unsealed_bytes(blob, key, info)
    for length in range(len(blob)):
        with pytest.raises(SealError):
            unsealed_bytes(blob[:length], OURS, b"test")


def test_a_long_stream_passes_with_one_piece_in_memory():
    """What is sealed leaves before the next is asked for: at most two pieces are held."""
    asked = 0

    def source():
        nonlocal asked
        for _ in range(64):
            asked += 1
            yield b"x" * PIECE_BYTES

    left = 0
    for left, _ in enumerate(sealed(source(), PUBLIC, b"test")):
        assert asked - left <= 2
    assert left == 64


def test_nothing_of_the_plain_text_stands_in_the_seal():
    """Two seals of one text share nothing but the magic, and neither holds the text."""
    one, two = seal(b"secret" * 1000), seal(b"secret" * 1000)
    assert b"secret" not in one
    assert one[len(MAGIC) : len(MAGIC) + 8] != two[len(MAGIC) : len(MAGIC) + 8]
    assert one[HEADER_BYTES:][:16] != two[HEADER_BYTES:][:16]
