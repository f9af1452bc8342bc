"""What reached the disk, in its order: writes, flushes, and what the worker said in between."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

WRITE, FLUSH, MARK = b"W", b"F", b"M"
CHUNK_BYTES = 1 << 16
"""In such pieces a disk is copied; most are never written."""

BEGIN, END = "begin", "end"
MARKS = "marks"
"""The file beside the disk into which the worker speaks."""

_HEAD = struct.Struct("<cQI")


class Step(NamedTuple):
    """One thing that the disk was told."""

    kind: bytes
    offset: int = 0
    data: bytes = b""


def put(file: BinaryIO, step: Step) -> None:
    """Append a step to a tape."""
    file.write(_HEAD.pack(step.kind, step.offset, len(step.data)) + step.data)


class Tape:
    """A recording, and between which steps it may be cut."""

    def __init__(self, data: bytes) -> None:
        self.steps = list(_steps(data))
        said = [(at, mark["do"]) for at, mark in self.marks()]
        self.first = next(at for at, do in said if do == BEGIN) + 1
        self.last = next(at for at, do in said if do == END)

    @classmethod
    def load(cls, path: Path) -> "Tape":
        """Read the file that the disk has left."""
        return cls(path.read_bytes())

    def marks(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what the worker said, each with the step in which its last word arrived."""
        rest = b""
        for at, step in enumerate(self.steps):
            if step.kind == MARK:
                *lines, rest = (rest + step.data).split(b"\n")
                yield from ((at, json.loads(line)) for line in lines)


def _steps(data: bytes) -> Iterator[Step]:
    at = 0
    while at < len(data):
        kind, offset, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        yield Step(kind, offset, data[at : at + size])
        at += size
