"""Why a log is not the one that lay here, in the words that its hub will tell somebody; pure."""

from dataclasses import dataclass

import orjson
from pydantic import TypeAdapter

REPLACED = "replaced"
"""The state under which the log itself keeps it until it is told."""

SALVAGE = "salvage"
"""The state under which a log keeps that it does not hold yet all that could be read of the one before."""

QUARANTINE = "quarantine"
"""The folder, beside the log, into which a log is put that can't be used."""

NUMBERS_MAX = 5


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was found, what of it was carried over, and where it lies; `lost` are spans of numbers."""

    why: str
    where: str = ""
    kept: int = 0
    lost: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def __bytes__(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Replaced":
        """Decode what the log kept."""
        return _REPLACED.validate_json(data)

    @property
    def detail(self) -> str:
        """What a technician must know, in one line."""
        said = [self.why]
        if self.where:
            said.append(f"it lies in {self.where}; remove that when nobody needs it")
            said.append(f"{self.kept} entries carried over")
        if self.lost:
            more = f" and {len(self.lost) - NUMBERS_MAX} more spans" if len(self.lost) > NUMBERS_MAX else ""
            said.append(f"lost {', '.join(self.lost[:NUMBERS_MAX])}{more}")
        if self.unread:
            said.append(f"could not be read: {', '.join(self.unread)}")
        return "; ".join(said)


_REPLACED: TypeAdapter[Replaced] = TypeAdapter(Replaced)
