"""What goes wrong in a virtual world, drawn from one seed and remembered."""

from dataclasses import dataclass, field
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Unkindness:
    """How unkind the air is: each a probability between 0 and 1."""

    connect_lost: float = 0.0
    link_lost: float = 0.0
    frame_garbled: float = 0.0
    confirm_lost: float = 0.0


@dataclass(frozen=True, slots=True)
class Garbled:
    """One frame that came through wrong, so that a test can tell a false fact from a true one."""

    address: str
    char: str
    sent: bytes
    arrived: bytes


class Note(Protocol):
    """Takes one line of a simulation's trace."""

    def __call__(self, *words: object) -> None:
        """Note what has happened."""
        ...


def forget(*_words: object) -> None:
    """Keep no trace."""


@dataclass(slots=True)
class Fate:
    """Throws the dice for everything that can go wrong on a link."""

    dice: Random
    unkindness: Unkindness
    note: Note = forget
    garbled: list[Garbled] = field(default_factory=list)

    def is_met_by(self, probability: float) -> bool:
        """Throw once."""
        return self.dice.random() < probability

    def garble(self, address: str, char: str, data: bytes) -> bytes:
        """Return these bytes cut short, or with one of them changed."""
        place = self.dice.randrange(len(data))
        arrived = data[:place]
        if self.is_met_by(0.5):
            changed = data[place] ^ self.dice.randrange(1, 256)
            arrived += bytes((changed,)) + data[place + 1 :]
        self.garbled.append(Garbled(address, char, data, arrived))
        self.note("garbled", address, arrived.hex())
        return arrived
