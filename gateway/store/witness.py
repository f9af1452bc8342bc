"""The second place: a small file beside the log that names it, and knows how far it has come at least."""

from dataclasses import dataclass, replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.entries import LogSpan
from gateway.store import durable

WITNESS_FILE = "log.json"

STEP = 250
"""Numbers are set aside so many at a time: the second place costs the card one small file for each step."""


class WitnessError(Exception):
    """What the witness says can't be read."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the witness says: entries up to `kept` are on the disk, and no number above `given` was given out.

    `spans` are the names that the log has had; `put_aside` is where a log is being put that can't be used.
    """

    log: str
    kept: int = 0
    given: int = 0
    spans: tuple[LogSpan, ...] = ()
    put_aside: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the last hub ended in order: then both numbers are the highest there is."""
        return self.kept == self.given

    @property
    def names(self) -> frozenset[str]:
        """Every name that the log has had."""
        return frozenset((self.log, *(span.log for span in self.spans)))


_WORD: TypeAdapter[Word] = TypeAdapter(Word)


class Witness:
    """The file, and what it said last: most commits need neither to read nor to write it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / WITNESS_FILE
        self._said: Word | None = None

    def read(self) -> Word | None:
        """Return what it says, or None where there is none; raise WitnessError where that can't be told."""
        try:
            self._said = _WORD.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise WitnessError(f"{self.path} can't be read: {error.errors()[0]['msg']}") from error
        return self._said

    def write(self, word: Word) -> None:
        """Say this from now on, whole or not at all; raises OSError."""
        durable.put(self.path, orjson.dumps(word))
        self._said = word

    def reserve(self, spans: tuple[LogSpan, ...], up_to: int) -> None:
        """Set numbers aside before they are given out, some in advance; raises OSError."""
        said = self._said
        if said is None or up_to > said.given or said.log != spans[-1].log:
            self.write(Word(spans[-1].log, spans[-1].last, up_to + STEP, spans))

    def end(self, spans: tuple[LogSpan, ...]) -> None:
        """Say that the log was closed in order, and where; raises OSError."""
        last = spans[-1].last
        self.write(Word(spans[-1].log, last, last, spans))

    def put_aside(self, word: Word, where: str) -> None:
        """Say that the log is being put aside, so that a cut in the middle is not taken for a loss."""
        self.write(replace(word, put_aside=where))
