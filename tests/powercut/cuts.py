"""What a disk holds after a cut: all that was flushed, and any part of what was not."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.powercut.disk import DISK_BYTES
from tests.powercut.tape import CHUNK_BYTES, FLUSH, WRITE, Step, Tape

SECTOR_BYTES = 512
"""The smallest that a disk writes whole; many write no less than eight times that."""

KINDS = ("nothing", "everything", "half", "torn", "reordered")
"""Of what was not flushed: none, all, some writes, some sectors of any, or any number, one only begun."""

Piece = tuple[int, bytes]


class Cut(NamedTuple):
    """One point: before which step, and what is left of what was not flushed."""

    number: int
    position: int
    kind: str
    dice: Random


def drawn(tape: Tape, scenario: str, seed: int, number: int) -> Cut:
    """Return the cut of this number: the same for the same tape and seed, however many are asked for."""
    dice = Random(f"{seed}/{scenario}/{number}")
    return Cut(number, dice.randrange(tape.first, tape.last + 1), dice.choice(KINDS), dice)


class Platter:
    """A disk while a tape runs: what is safe, and what still waits in its cache."""

    def __init__(self) -> None:
        self._safe = memoryview(bytearray(DISK_BYTES))
        self._written: set[int] = set()
        self.waiting: list[Piece] = []

    def take(self, step: Step) -> None:
        """Let one step happen."""
        if step.kind == WRITE:
            self.waiting.append((step.offset, step.data))
        elif step.kind == FLUSH:
            for offset, data in self.waiting:
                self._safe[offset : offset + len(data)] = data
                self._written.update(
                    range(offset // CHUNK_BYTES, (offset + len(data) - 1) // CHUNK_BYTES + 1)
                )
            self.waiting.clear()

    def safe(self) -> Iterator[Piece]:
        """Yield what outlives any cut, as far as it was ever written."""
        for chunk in self._written:
            at = chunk * CHUNK_BYTES
            yield at, bytes(self._safe[at : at + CHUNK_BYTES])

    def left_by(self, cut: Cut) -> Iterator[Piece]:
        """Yield what the cut leaves of what waits, in the order in which it lands."""
        if cut.kind == "everything":
            yield from self.waiting
        elif cut.kind == "half":
            yield from (piece for piece in self.waiting if cut.dice.random() < 0.5)
        elif cut.kind == "torn":
            for piece in self.waiting:
                yield from (sector for sector in _sectors(piece) if cut.dice.random() < 0.5)
        elif cut.kind == "reordered" and self.waiting:
            # Two writes to one place keep their order in any cache; what is left out makes the disorder.
            landed = sorted(cut.dice.sample(range(len(self.waiting)), cut.dice.randint(1, len(self.waiting))))
            last = cut.dice.choice(landed)
            for number in landed:
                sectors = list(_sectors(self.waiting[number]))
                yield from sectors[: cut.dice.randint(0, len(sectors))] if number == last else sectors


def _sectors(piece: Piece) -> Iterator[Piece]:
    offset, data = piece
    for at in range(0, len(data), SECTOR_BYTES):
        yield offset + at, data[at : at + SECTOR_BYTES]
