"""How unkind the virtual road to a broker is, drawn from seeded dice."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities per message, and the range of seconds that every step on the wire takes."""

    latency_s: tuple[float, float] = (0.0, 0.0)
    publish_refused: float = 0.0
    """The answer is a reason code of 0x80 or more, and nobody gets the message."""
    ack_lost: float = 0.0
    """The message is delivered, but the connection dies before its acknowledgement."""
    connection_lost: float = 0.0
    """The connection dies before the message, in either direction."""
    half_open: float = 0.0
    """From this message on all bytes vanish, and nobody says so."""
    duplicated: float = 0.0
    """The message arrives twice."""
    swallowed: float = 0.0
    """The broker has acknowledged the message and delivers it to nobody, as after a kill -9."""
    overtaken: float = 0.0
    """The message arrives seconds later, behind those that were sent after it."""


NO_FAULTS = Faults()

LATE_S_MAX = 5.0


class Luck:
    """The dice and what they may do; `faults` can be changed at any time, for a quiet day."""

    def __init__(self, dice: Random, faults: Faults) -> None:
        self.faults = faults
        self._dice = dice

    def strikes(self, probability: float) -> bool:
        """Tell whether it happens this time."""
        return probability > 0 and self._dice.random() < probability

    def late_s(self) -> float:
        """Return how much later an overtaken message arrives."""
        return self._dice.uniform(0.0, LATE_S_MAX)

    def latency_s(self) -> float:
        """Return how long the next step takes."""
        shortest, longest = self.faults.latency_s
        return shortest if shortest == longest else self._dice.uniform(shortest, longest)
