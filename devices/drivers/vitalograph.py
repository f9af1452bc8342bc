"""Vitalograph's Lung Monitor BT Smart: a record after each blow, over Telit's Terminal I/O (0xFEFB)."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress

from devices.codecs.lung_monitor import ACK, ETX, NAK, STX, Blow, Order, Reply, frame_of
from devices.codecs.terminal_io import (
    CREDITS_LOW,
    CREDITS_MAX,
    FROM_DEVICE,
    ITS_GRANTS,
    OUR_GRANTS,
    TO_DEVICE,
    Grant,
    is_terminal,
)
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor
from devices.identity import DeviceIdentity, word_of
from devices.kinds import Kind
from devices.readings import (
    FIRST_CREDIBLE_YEAR,
    OF_DEVICE,
    Heard,
    Quality,
    Reading,
    believed_time,
    reading_of,
)

NAMES = ("LUNG_", "LUNG4000", "LUNG MONITOR", "BT SMART", "VITALOGRAPH")

SILENCE_S = 90.0
"""Who has switched it on takes breath first, and blows three times. Chosen, not measured."""

CLOCK_OFF_S_MAX = 900.0
"""It tells a blow at once: where its clock is further from ours than this, it isn't believed. Chosen."""

FRAME_SIZE_MAX = 128
"""The longest we know has 71 octets."""

PERCENT_MAX = 100.0
"""FEV1 is a part of FEV6; of a best it may be more."""

_TOLD = (
    (Kind.PEF, "pef_l_min"),
    (Kind.FEV075, "fev075_l"),
    (Kind.FEV1, "fev1_l"),
    (Kind.FEV6, "fev6_l"),
    (Kind.FEV1_FEV6, "fev1_fev6_percent"),
    (Kind.FEF25_75, "fef25_75_l_s"),
    (Kind.FEV1_BEST, "fev1_best_l"),
    (Kind.PEF_BEST, "pef_best_l_min"),
    (Kind.FEV1_PERCENT_BEST, "fev1_percent_of_best"),
    (Kind.PEF_PERCENT_BEST, "pef_percent_of_best"),
)
_BESTS = frozenset({Kind.FEV1_BEST, Kind.PEF_BEST})
_COMPARED = frozenset({Kind.FEV1_PERCENT_BEST, Kind.PEF_PERCENT_BEST})

Frame = Blow | Order | Reply | Grant


class _Frames:
    """Each direction is one stream, cut at will into packets; credits come one number at a time."""

    def __init__(self) -> None:
        self._streams = {FROM_DEVICE: _Stream(), TO_DEVICE: _Stream()}

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification, or one thing written."""
        if char in (OUR_GRANTS, ITS_GRANTS):
            return (_attempt(Grant.from_bytes, data),)
        if char in self._streams:
            return list(self._streams[char].feed(data))
        return (FrameError(f"nothing is known of characteristic {char}", data),)


class _Stream:
    """STX, text, ETX, XOR; and ACK or NAK between. A new STX says that the rest was lost."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame | FrameError]:
        """Yield what is now whole, and what can't become whole any more."""
        stray = bytearray()
        for octet in data:
            is_last = self._begun[-1:] == bytes((ETX,))
            if octet == STX and self._begun and not is_last:
                yield FrameError("cut short", self._clear())
            if self._begun or octet == STX:
                self._begun.append(octet)
                if is_last:
                    said = _attempt(frame_of, self._clear())
                    if octet == STX and isinstance(said, FrameError):  # the XOR was lost, not wrong
                        self._begun.append(octet)
                    yield said
                elif len(self._begun) > FRAME_SIZE_MAX:
                    yield FrameError("longer than any frame we know", self._clear())
            elif octet in (ACK, NAK):
                yield Reply(octet == ACK)
            else:
                stray.append(octet)
        if stray:
            yield FrameError("octets that belong to no frame", bytes(stray))

    def _clear(self) -> bytes:
        data = bytes(self._begun)
        self._begun.clear()
        return data


class _Line:
    """Keeps the account of Terminal I/O: who may still send how much, and which ACKs we owe."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._its_count = 0
        self._our_count = 0
        self._owed_count = 0

    async def grant(self) -> None:
        """Fill up its credits where few are left."""
        if self._its_count <= CREDITS_LOW:
            await self._link.write(OUR_GRANTS, bytes((CREDITS_MAX - self._its_count,)))
            self._its_count = CREDITS_MAX

    async def acknowledge(self) -> None:
        """Acknowledge what is owed, as far as the device lets us send."""
        while self._owed_count and self._our_count:
            await self._link.write(TO_DEVICE, bytes(Reply(is_good=True)), with_response=False)
            self._owed_count -= 1
            self._our_count -= 1

    def note(self, char: str) -> None:
        """One more packet has come: it cost the device a credit."""
        self._its_count = max(0, self._its_count - (char == FROM_DEVICE))

    def take(self, said: Frame | FrameError) -> None:
        """Note what this changes in the account."""
        self._our_count += said.count if isinstance(said, Grant) else 0
        self._owed_count += isinstance(said, Blow)


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a Lung Monitor: others (PARI) speak Terminal I/O too, so its name counts."""
    is_known = advertisement.name.strip().upper().startswith(NAMES)
    return is_known and is_terminal(advertisement.services, advertisement.manufacturer_data)


def decoder() -> Decoder[Frame]:
    """Return the decoder."""
    return _Frames()


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Grant credits, and acknowledge every blow once it has been taken, until the device falls silent.

    A broken record is answered with silence, not with NAK: the radio has its own checks, so the
    device would most likely repeat the same bytes; nobody has seen what it does; and what isn't
    acknowledged isn't ours. A lost link says so again at the next `receive`, after what has arrived.
    """
    await link.subscribe(ITS_GRANTS)
    await link.subscribe(FROM_DEVICE)
    line, ear = _Line(link), decoder()
    await line.grant()
    while True:
        char, data = await link.receive(timeout_s=SILENCE_S)
        line.note(char)
        for said in ear.feed(char, data):
            line.take(said)
            if isinstance(said, Blow):
                yield DeviceIdentity(
                    serial=word_of(said.device_id.encode()), software=word_of(said.software.encode())
                )
            if isinstance(said, Blow | FrameError):
                yield said
        with suppress(LinkError):
            await line.acknowledge()
            await line.grant()


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. Zero is "none yet"; a best is no part of a blow, however poor that was."""
    if not isinstance(frame, Blow):
        return ()
    poor = (Quality.POOR_EFFORT,) if frame.is_poor else ()
    return tuple(
        reading_of(
            kind,
            value,
            heard,
            device_time=frame.device_time,
            is_clock_set=_is_clock_right(frame, heard),
            quality=() if kind in _BESTS else poor,
            reference=OF_DEVICE if kind in _COMPARED else None,
        )
        for kind, name in _TOLD
        if (value := getattr(frame, name)) and not (kind is Kind.FEV1_FEV6 and value > PERCENT_MAX)
    )


def _is_clock_right(frame: Blow, heard: Heard) -> bool:
    """A hub that has no clock itself has nothing better than the device's word."""
    if heard.received_at.year < FIRST_CREDIBLE_YEAR:
        return True
    believed = believed_time(frame.device_time, heard)
    return believed is not None and abs((heard.received_at - believed).total_seconds()) <= CLOCK_OFF_S_MAX


def _attempt(decode: Callable[[bytes], Frame], data: bytes) -> Frame | FrameError:
    try:
        return decode(data)
    except ValueError as error:
        return FrameError(str(error), data)


DRIVER: Driver[Frame] = Driver(
    id="vitalograph",
    title="Vitalograph Lung Monitor BT Smart",
    tier="reported",
    kinds=tuple(kind for kind, _ in _TOLD),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(FROM_DEVICE, ITS_GRANTS, TO_DEVICE, OUR_GRANTS),
    vectors=('Vitalograph Lung Monitor BT Smart (BLE, "G")', 'Vitalograph Lung Monitor (classic BT, "F")'),
    quirks=(
        "One real record is known, of the classic model F; the BT Smart's is as two public programs read it.",
        "It is silent until it has been granted credits, and again when they are used up.",
        "Its clock is often wrong, and only its remote mode could set it: one far from ours is not believed.",
        "A broken record is answered with silence, never with NAK; a whole one with ACK, once it is taken.",
        "Its bests and percentages are its own, set by whoever set it up; zero means that nobody has.",
        "No order is ever sent: one public program clears the memory where it means to set the clock.",
    ),
)
