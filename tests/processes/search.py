"""Finds planted secrets in any bytes, in whatever form a program may have written them."""

import base64
import json
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

SURE_BYTES = 6
"""A form shorter than this stands in random bytes by chance: it is looked for in text only."""

ID_DIGITS = 12
"""So many hexadecimal digits in a row are an id or a digest, in which any four may stand."""


@dataclass(frozen=True)
class Secret:
    """Something that must not be found; `what` is its kind, and `name` tells which one, in a failure."""

    what: str
    name: str
    value: str | bytes | float


def forms(value: str | bytes | float) -> Iterator[tuple[str, bytes]]:
    """Yield every way in which a value is looked for, with its name."""
    match value:
        case bytes():
            yield from _of_bytes(value)
        case str():
            yield from _of_text(value)
        case float():
            yield from _of_number(value)


def found(secrets: Iterable[Secret], place: str, data: bytes) -> list[str]:
    """Return each secret that stands in these bytes: where, what, and in which form.

    Case does not count. The bytes are walked once, however many secrets there are.
    """
    folded, starts, short = data.lower(), defaultdict(list), []
    for secret in secrets:
        for form, pattern in forms(secret.value):
            name = (f"{place}: {secret.what} {secret.name} as {form}", pattern.lower())
            (starts[name[1][:SURE_BYTES]] if len(pattern) >= SURE_BYTES else short).append(name)
    hits = {
        name: None
        for at in range(len(folded) - SURE_BYTES + 1)
        for name, pattern in starts.get(folded[at : at + SURE_BYTES], ())
        if folded.startswith(pattern, at) and _is_apart(pattern, folded, at)
    }
    if _is_text(data):
        hits |= {name: None for name, pattern in short if _stands_in(pattern, folded)}
    return list(hits)


def _stands_in(pattern: bytes, folded: bytes) -> bool:
    places = re.finditer(re.escape(pattern), folded)
    return any(_is_apart(pattern, folded, each.start()) for each in places)


def _is_apart(pattern: bytes, folded: bytes, at: int) -> bool:
    """Tell whether a number that stands here is one of its own, and no part of a longer one or of an id."""
    if not re.fullmatch(rb"[0-9]+([.,][0-9]+)?", pattern):
        return True
    around = folded[max(at - ID_DIGITS, 0) : at + len(pattern) + ID_DIGITS]
    if any(pattern in run for run in re.findall(b"[0-9a-f]{%d,}" % ID_DIGITS, around)):
        return False
    before, behind = folded[max(at - 1, 0) : at], folded[at + len(pattern) :][:1]
    return not re.fullmatch(rb"[0-9.,:]", before) and not re.fullmatch(rb"[0-9:]", behind)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def _of_bytes(value: bytes) -> Iterator[tuple[str, bytes]]:
    for order, octets in (("", value), (" backwards", value[::-1])):
        yield f"bytes{order}", octets
        yield f"hex{order}", octets.hex().encode()
        for mark in (":", "-", "_", " "):
            yield f"hex with {mark!r}{order}", octets.hex(mark).encode()
        yield from ((f"{name}{order}", data) for name, data in _in_base64(octets))
    yield "Python's bytes", repr(value)[2:-1].encode()
    yield "a list of numbers", ", ".join(map(str, value)).encode()


def _of_text(value: str) -> Iterator[tuple[str, bytes]]:
    yield "UTF-8", value.encode()
    yield "UTF-16", value.encode("utf-16-le")
    yield "UTF-16 backwards", value.encode("utf-16-be")
    yield "Latin-1", value.encode("latin-1", "replace")
    yield "JSON", json.dumps(value)[1:-1].encode()
    yield "URL", quote(value).encode()
    yield "hex", value.encode().hex().encode()
    yield from _in_base64(value.encode())


def _of_number(value: float) -> Iterator[tuple[str, bytes]]:
    yield from _of_text(repr(value))
    yield "with a comma", repr(value).replace(".", ",").encode()
    for name, form in (("double", "d"), ("single", "f")):
        for order, mark in (("", "<"), (" backwards", ">")):
            packed = struct.pack(f"{mark}{form}", value)
            yield f"{name}{order}", packed
            yield f"{name} in hex{order}", packed.hex().encode()


def _in_base64(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the part that is the same wherever in a longer text it stands: at each of three places."""
    for lead in range(3):
        whole = base64.b64encode(bytes(lead) + octets + bytes(3))
        first, last = -(-8 * lead // 6), (8 * (lead + len(octets))) // 6
        if last - first >= SURE_BYTES:
            yield f"base64 at {lead}", whole[first:last]
            yield f"base64 for URLs at {lead}", whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))
