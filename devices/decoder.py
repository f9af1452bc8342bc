"""The simplest decoder, and the loop at the heart of every session."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from devices.driver import Decoder, FrameError, FrameT, Link

_T = TypeVar("_T")


def attempt(decode: Callable[[bytes], FrameT], data: bytes) -> FrameT | FrameError:
    """Return the frame in these bytes, or the FrameError that says why there is none."""
    try:
        return decode(data)
    except FrameError as error:
        return error


def translated(decode: Callable[[bytes], _T], data: bytes, what: str) -> _T:
    """Return what a codec makes of these bytes; its ValueError becomes the FrameError "no {what}"."""
    try:
        return decode(data)
    except ValueError as error:
        raise FrameError(f"no {what}: {error}", data) from error


@dataclass(frozen=True)
class WholeFrames(Generic[FrameT]):
    """The decoder of devices whose every notification is one whole frame, told apart by characteristic."""

    decoders: Mapping[str, Callable[[bytes], FrameT]]

    def feed(self, char: str, data: bytes) -> Iterable[FrameT | FrameError]:
        """Decode one notification."""
        decode = self.decoders.get(char)
        if decode is None:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return (attempt(decode, data),)


async def listen(
    link: Link, decoder: Decoder[FrameT], *, silence_s: float
) -> AsyncIterator[FrameT | FrameError]:
    """Pass on frames until the device falls silent or hangs up, which raises LinkError."""
    while True:
        char, data = await link.receive(timeout_s=silence_s)
        for said in decoder.feed(char, data):
            yield said
