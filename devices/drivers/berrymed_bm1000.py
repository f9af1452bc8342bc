"""BerryMed BM1000 and its like: the "BCI" protocol 1.2, five octets a hundred times a second."""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Self

from devices.codecs import oximetry
from devices.decoder import attempt, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
"""A serial cable over the air (Microchip's), which printers have too."""

STREAM = "49535343-1e4d-4bd9-ba61-23c647249616"

NAMES = ("BerryMed", "BM1000")

SILENCE_S = 30.0
"""It speaks all the time while it is on. Chosen, not measured."""

SIZE = 5
PACKETS_PER_S = 100
"""So many packets tell one second; one of them is enough for us, for the numbers change more slowly."""

PULSE_MISSING, SPO2_MISSING = 0xFF, 0x7F

_PIECE = re.compile(rb"[\x80-\xff][\x00-\x7f]*|[\x00-\x7f]+")
"""A packet's first octet, and no other, has its highest bit set."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One hundredth of a second, in the oximeter's own words; None where it has no number."""

    spo2: int | None
    pulse: int | None
    signal: int = 0
    bar: int = 0
    pleth: int = 0
    is_beep: bool = False
    is_signal_lost: bool = False
    is_probe_unplugged: bool = False
    is_finger_missing: bool = False
    is_searching: bool = False

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole packet with a number that can be."""
        if len(data) != SIZE or not data[0] & 0x80 or any(octet & 0x80 for octet in data[1:]):
            raise FrameError(f"{len(data)} octets that are no packet", data)
        head, pleth, middle, low, spo2 = data
        if spo2 > oximetry.SATURATION_MAX and spo2 != SPO2_MISSING:
            raise FrameError(f"an SpO2 of {spo2} %", data)  # there is no sum to tell a shifted packet by
        pulse = (middle & 0x40) << 1 | low
        return cls(
            None if spo2 == SPO2_MISSING else spo2,
            None if pulse == PULSE_MISSING else pulse,
            signal=head & 0x0F,
            bar=middle & 0x0F,
            pleth=pleth,
            is_beep=bool(head & 0x40),
            is_signal_lost=bool(head & 0x10),
            is_probe_unplugged=bool(head & 0x20),
            is_finger_missing=bool(middle & 0x10),
            is_searching=bool(middle & 0x20),
        )

    def __bytes__(self) -> bytes:
        pulse = PULSE_MISSING if self.pulse is None else self.pulse
        head = (
            0x80 | self.is_beep << 6 | self.is_probe_unplugged << 5 | self.is_signal_lost << 4 | self.signal
        )
        middle = (pulse & 0x80) >> 1 | self.is_searching << 5 | self.is_finger_missing << 4 | self.bar
        return bytes(
            (head, self.pleth, middle, pulse & 0x7F, SPO2_MISSING if self.spo2 is None else self.spo2)
        )

    @property
    def is_measuring(self) -> bool:
        """Whether its numbers are of a finger that is there now."""
        return not (self.is_signal_lost or self.is_probe_unplugged or self.is_finger_missing)


class Packets:
    """Cuts the stream into packets; what comes before the first is the end of one we weren't there for."""

    def __init__(self) -> None:
        self._begun = b""
        self._late_count = SIZE - 1

    def feed(self, char: str, data: bytes) -> Iterable[Packet | FrameError]:
        """Take one notification; return every packet that is now whole, and errors for what is none."""
        if char != STREAM:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        pieces = [match[0] for match in _PIECE.finditer(self._begun + data)]
        if pieces and not pieces[0][0] & 0x80 and len(pieces[0]) <= self._late_count:
            self._late_count -= len(pieces.pop(0))
        if pieces:
            self._late_count = 0
        is_open = bool(pieces) and bool(pieces[-1][0] & 0x80) and len(pieces[-1]) < SIZE
        self._begun = pieces.pop() if is_open else b""
        return tuple(said for piece in pieces for said in _said_in(piece))


def _said_in(piece: bytes) -> tuple[Packet | FrameError, ...]:
    """A packet, and what hangs on behind it."""
    if not piece[0] & 0x80:
        return (FrameError(f"{len(piece)} octets between packets", piece),)
    packet, rest = attempt(Packet.from_bytes, piece[:SIZE]), piece[SIZE:]
    return (packet, FrameError(f"{len(rest)} octets between packets", rest)) if rest else (packet,)


class Seconds:
    """The decoder: of each hundred packets the first; errors as they come."""

    def __init__(self) -> None:
        self._packets = Packets()
        self._count = 0

    def feed(self, char: str, data: bytes) -> Iterable[Packet | FrameError]:
        """Take one notification; return a packet where a second begins."""
        return tuple(said for said in self._packets.feed(char, data) if self._is_due(said))

    def _is_due(self, said: Packet | FrameError) -> bool:
        if isinstance(said, FrameError):
            return True
        self._count += 1
        return self._count % PACKETS_PER_S == 1


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is BerryMed's, by its name (which may end in zeros): its service is anybody's."""
    is_named = advertisement.name.strip("\0 ").startswith(NAMES)
    return is_named and (SERVICE in advertisement.services or not advertisement.services)


def decoder() -> Decoder[Packet]:
    """Return the decoder: a hundred packets become one frame."""
    return Seconds()


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Packet | FrameError | DeviceIdentity]:
    """Subscribe, then pass on one packet a second until the oximeter falls silent."""
    yield await identify(link)
    await link.subscribe(STREAM)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


def readings(packet: Packet, heard: Heard) -> tuple[Reading, ...]:
    """Say what the packet means. Without a finger, a probe or a signal its numbers are old ones."""
    if not packet.is_measuring:
        return ()
    told = (
        (Kind.SPO2, oximetry.saturation(packet.spo2)),
        (Kind.PULSE_RATE, oximetry.pulse(packet.pulse)),
    )
    quality = (Quality.EARLY, Quality.POOR_SIGNAL) if packet.is_searching else ()
    return tuple(
        reading_of(kind, value, heard, quality=quality, is_continuous=True)
        for kind, value in told
        if value is not None
    )


DRIVER: Driver[Packet] = Driver(
    id="berrymed_bm1000",
    title="BerryMed BM1000 (BCI)",
    tier="specified",
    kinds=(Kind.SPO2, Kind.PULSE_RATE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(STREAM,),
    vectors=("BerryMed BM1000 (BCI)",),
    quirks=(
        "No captured packet is known to us; the layout is the vendor's (BCI protocol 1.2).",
        "A packet carries no sum: it is known by its highest bits, and an SpO2 above 100 % is an error.",
        "Of a hundred packets, which are one second, the first becomes a reading; the wave is not kept.",
        "Others sell it under other names: those are not recognised, for printers call the same service.",
    ),
)
