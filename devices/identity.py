"""Which device said it: what it tells of itself, as far as it does."""

from dataclasses import dataclass, fields, replace

WORD_LENGTH_MAX = 64
"""No serial number that we know of is longer; what a stranger sends may be."""


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What a device says of itself; None where it didn't. `system_id` is in hexadecimal digits."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    software: str | None = None
    system_id: str | None = None

    def completed_by(self, other: "DeviceIdentity") -> "DeviceIdentity":
        """Return what both know; where they differ, what `other` says."""
        told = {field.name: getattr(other, field.name) for field in fields(other)}
        return replace(self, **{name: word for name, word in told.items() if word is not None})


NOT_TOLD = DeviceIdentity()


def word_of(data: bytes) -> str | None:
    r"""Return a device's word without padding and what can't be printed; None if nothing is left.

    >>> word_of(b"UC-352BLE\0\0"), word_of(b"\0\0\0")
    ('UC-352BLE', None)
    """
    text = data.split(b"\0")[0].decode("utf-8", "replace")
    word = "".join(letter for letter in text if letter.isprintable()).strip()
    return word[:WORD_LENGTH_MAX] or None
