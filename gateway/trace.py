"""Where an error came from, without its words: they may quote a reading, an address or a key."""

import traceback
from collections.abc import Iterator

_CAUSED = "\nThat was the direct cause of what follows:\n\n"
_MEANWHILE = "\nWhile that was dealt with, something else happened:\n\n"


def trace_of(error: BaseException | None) -> str:
    """Return the trace of an error with all that led to it: files, functions and kinds, and no message."""
    return "" if error is None else "".join(_lines(error, set())).rstrip("\n")


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _lines(before, seen)
        yield _CAUSED if error.__cause__ is not None else _MEANWHILE
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for number, inner in enumerate(error.exceptions, start=1):
            yield f"  {number} of {len(error.exceptions)} in this group:\n"
            yield from (
                f"    {line}" for text in _lines(inner, seen) for line in text.splitlines(keepends=True)
            )
