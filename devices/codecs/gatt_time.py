"""The seven-byte Date Time of the Bluetooth SIG (0x2A08): a wall clock without a zone."""

from datetime import datetime

SIZE = 7

FIRST_YEAR = 1582
"""The specification's own beginning of time; only 0, "unknown", lies before it."""


def decode_date_time(data: bytes) -> datetime | None:
    """Return the device's wall clock, or None where it doesn't know its date.

    >>> decode_date_time(bytes.fromhex("ea070301080f1e"))
    datetime.datetime(2026, 3, 1, 8, 15, 30)
    >>> decode_date_time(bytes.fromhex("00000000121a20")) is None
    True
    """
    if len(data) != SIZE:
        raise ValueError(f"{len(data)} octets instead of {SIZE} for a date and time")
    year, (month, day, hour, minute, second) = int.from_bytes(data[:2], "little"), data[2:]
    if 0 in (year, month, day):
        return None
    if year < FIRST_YEAR:
        raise ValueError(f"the year {year}")
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone


def encode_date_time(moment: datetime | None) -> bytes:
    """Return the seven bytes for a wall clock in whole seconds; None becomes "unknown".

    >>> encode_date_time(datetime(2026, 3, 1, 8, 15, 30)).hex()
    'ea070301080f1e'
    """
    if moment is None:
        return bytes(SIZE)
    if moment.tzinfo is not None or moment.microsecond or moment.year < FIRST_YEAR:
        raise ValueError(f"{moment!r} is no wall clock in whole seconds since {FIRST_YEAR}")
    rest = (moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return moment.year.to_bytes(2, "little") + bytes(rest)
