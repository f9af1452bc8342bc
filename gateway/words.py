"""What people write for a driver, a characteristic and some bytes, and what they mean by it."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from devices.driver import Driver, uuid16

_LONG = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BEGINNING = re.compile(r"[0-9a-f]{1,8}(-[0-9a-f]{0,4}){0,3}(-[0-9a-f]{0,12})?")
_SHORT = re.compile(r"[0-9a-f]{4}")
_SIG_SUFFIX = uuid16(0)[8:]


class WordsError(Exception):
    """What stands on the command line can't be meant: what, and what to write instead."""


def driver_named(name: str, drivers: Sequence[Driver[Any]]) -> Driver[Any]:
    """Return the driver of this id, or raise WordsError with the ones that are nearly called so."""
    for driver in drivers:
        if driver.id == name:
            return driver
    known = [driver.id for driver in drivers]
    raise WordsError(f"--driver: nobody knows {name!r}{near(name, known)}. `pusterom devices` lists them")


def near(name: str, known: Iterable[str]) -> str:
    """Return a question that names the nearest ones, to be set behind the name; or nothing.

    >>> near("weight-scale", ["pulse_oximeter", "weight_scale"])
    ' (did you mean weight_scale?)'
    """
    asked = name.lower().replace("-", "_")
    known = list(known)
    if asked in known:
        return f" (did you mean {asked}?)"
    found = get_close_matches(asked, known, cutoff=0.5) or [one for one in known if asked and asked in one]
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def uuid_named(text: str, option: str) -> str:
    """Return the long form of a whole UUID, whichever way it is written; raise WordsError for less.

    >>> uuid_named("0x2A5F", "--service")
    '00002a5f-0000-1000-8000-00805f9b34fb'
    """
    word = _plain(text)
    if (found := _whole(word)) is not None:
        return found
    raise WordsError(
        f"{option}: {text!r} is no UUID: write four hexadecimal digits such as 0x2A5F, or all 32"
    )


def characteristic_named(text: str, driver: Driver[Any]) -> str:
    """Return the characteristic that is meant, out of those that the driver speaks.

    Several may stand with a slash between them, and one may be cut short where only one begins so;
    a dash is the first of them, for who has bytes and no name for where they were said.
    """
    if text.strip() == "-" and driver.speaks:
        return driver.speaks[0]
    found = [char for word in text.split("/") for char in _meant(word, driver)]
    if not found:
        raise WordsError(
            f"--characteristic: {driver.id} does not speak {text!r}; it speaks {_list(driver.speaks)}"
        )
    if len(set(found)) > 1 and "/" not in text:
        raise WordsError(f"--characteristic: {text!r} may be {_list(found)}; write some more of it")
    return found[0]


def bytes_named(text: str, what: str = "HEX") -> bytes:
    r"""Return the bytes in hexadecimal digits, with or without 0x, spaces, colons or dashes between.

    >>> bytes_named("0x01 98-3A")
    b'\x01\x98:'
    """
    digits = re.sub(r"\b0x|[\s:,_-]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]*", digits):
        raise WordsError(
            f"{what}: {_cut(text)!r} is not hexadecimal: write digits 0-9 and a-f, such as 00983a"
        )
    if len(digits) % 2:
        raise WordsError(f"{what}: {_cut(text)!r} has {len(digits)} digits: an octet has two, one is missing")
    return bytes.fromhex(digits)


def address_named(text: str) -> str:
    """Return the address that a device calls, in capitals."""
    if not re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}", text.upper()):
        raise WordsError(f"--address: {text!r} is none: write it as it is called, such as C0:26:DA:01:02:03")
    return text.upper()


def short(uuid: str) -> str:
    """Return a UUID as people say it.

    >>> short("00002a5f-0000-1000-8000-00805f9b34fb")
    '0x2A5F'
    """
    is_short = uuid.startswith("0000") and uuid.endswith(_SIG_SUFFIX)
    return f"0x{uuid[4:8].upper()}" if is_short else uuid


def _plain(text: str) -> str:
    word = text.strip().lower().partition("..")[0].rstrip("….*")  # a range begins with its first
    return word.removeprefix("0x")


def _whole(word: str) -> str | None:
    if _SHORT.fullmatch(word):
        return uuid16(int(word, 16))
    if re.fullmatch(r"[0-9a-f]{32}", word):
        word = "-".join((word[:8], word[8:12], word[12:16], word[16:20], word[20:]))
    return word if _LONG.fullmatch(word) else None


def _meant(text: str, driver: Driver[Any]) -> list[str]:
    word = _plain(text)
    whole = _whole(word)
    if whole in driver.speaks:
        return [whole]
    if whole is None and not _BEGINNING.fullmatch(word):
        raise WordsError(f"--characteristic: {text!r} is no UUID: write 0x2A5F, or how a long one begins")
    return [char for char in driver.speaks if char.startswith(word)]


def _list(uuids: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(map(short, uuids))) or "none, it is only overheard"


def _cut(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:24]}…"
