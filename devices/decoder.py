"""The simplest decoder, and the loop at the heart of every session."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, SupportsBytes, TypeVar

from devices.driver import Decoder, FrameError, FrameT, Link

_SaidT = TypeVar("_SaidT", bound=SupportsBytes | FrameError)
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


async def until_answered(ear: AsyncIterator[_SaidT], head: bytes, count: int = 1) -> AsyncIterator[_SaidT]:
    """Pass on what is heard up to the last of so many answers with this head; the ear stays open.

    The ear is a `listen`. A broken answer is one too: who waits for a better one waits in vain.
    """
    async for said in ear:
        yield said
        data = said.data if isinstance(said, FrameError) else bytes(said)
        count -= data.startswith(head)
        if count <= 0:
            return
