"""ChoiceMMed iChoice, MD300C208 and OX100, the older ones: one spot check after a password."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Self

from devices.codecs import oximetry
from devices.decoder import attempt, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

SERVICE_PREFIX = "ba11f08c-5f14-0b0d-1080-00"
"""The rest of the service's UUID are the last five octets of the device's own address."""

STANDARD_SERVICE = uuid16(0x1822)

ANSWERS = (uuid16(0xCD01), uuid16(0xCD02), uuid16(0xCD03), uuid16(0xCD04))
"""To be subscribed to in this order; which of them speaks, the sources don't agree on."""

ORDERS = uuid16(0xCD20)

SILENCE_S = 60.0
"""A spot check takes a finger some twenty seconds. Chosen, not measured."""

FROM_HUB, FROM_DEVICE = b"\xaa\x55", b"\x55\xaa"
PASSWORD = 0xB1
ACCEPTED = 0x00


@dataclass(frozen=True, slots=True)
class Password:
    """Four digits, as the hub says them before it is told anything; all devices have 0000."""

    digits: str = "0000"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than a password."""
        code, *rest = _body(FROM_HUB, data)
        if code != PASSWORD or len(rest) != 2:
            raise FrameError("no password", data)
        return cls(bytes(rest).hex())

    def __bytes__(self) -> bytes:
        return _said(FROM_HUB, bytes((PASSWORD,)) + bytes.fromhex(self.digits))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device says to the password: 0 is yes."""

    code: int = ACCEPTED

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than an answer to a password."""
        body = _body(FROM_DEVICE, data)
        if len(body) != 2 or body[0] != PASSWORD:
            raise FrameError("no answer to a password", data)
        return cls(body[1])

    def __bytes__(self) -> bytes:
        return _said(FROM_DEVICE, bytes((PASSWORD, self.code)))


@dataclass(frozen=True, slots=True)
class Spot:
    """One spot check, SpO2 in percent and pulse per minute; both are 0 until the device is ready."""

    spo2: int
    pulse: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than a spot check."""
        body = _body(FROM_DEVICE, data)
        if len(body) != 2 or body[0] == PASSWORD:
            raise FrameError("no spot check", data)
        return cls(*body)

    def __bytes__(self) -> bytes:
        return _said(FROM_DEVICE, bytes((self.spo2, self.pulse)))

    @property
    def is_ready(self) -> bool:
        """Whether there is a number in it."""
        return oximetry.saturation(self.spo2) is not None or oximetry.pulse(self.pulse) is not None


Frame = Password | Answer | Spot


class OneByOne:
    """The decoder: each notification is one frame, told apart by what begins it."""

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Decode one notification, or what the hub has written."""
        if char == ORDERS:
            return (attempt(Password.from_bytes, data),)
        if char not in ANSWERS:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        is_answer = data[3:4] == bytes((PASSWORD,))  # as SpO2 that would be 177 %
        return (attempt(Answer.from_bytes, data) if is_answer else attempt(Spot.from_bytes, data),)


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is an older ChoiceMMed; a newer one speaks the standard, and is its driver's."""
    if STANDARD_SERVICE in advertisement.services:
        return False
    return any(service.startswith(SERVICE_PREFIX) for service in advertisement.services)


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return OneByOne()


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe to all four, say the password, and leave with the first number."""
    yield await identify(link)
    for char in ANSWERS:
        await link.subscribe(char)
    await link.write(ORDERS, bytes(Password()))
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said
        if isinstance(said, Answer) and said.code != ACCEPTED:
            raise LinkError(f"the device refuses its password: {said.code:#04x}")
        if isinstance(said, Spot) and said.is_ready:
            return


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; only a spot check means anything."""
    if not isinstance(frame, Spot):
        return ()
    told = (
        (Kind.SPO2, oximetry.saturation(frame.spo2)),
        (Kind.PULSE_RATE, oximetry.pulse(frame.pulse)),
    )
    return tuple(reading_of(kind, value, heard) for kind, value in told if value is not None)


def _body(start: bytes, data: bytes) -> bytes:
    """What stands between the length and the sum, both of which must be right."""
    if data[:2] != start or len(data) < 5:
        raise FrameError("no frame of a ChoiceMMed", data)
    if data[2] != len(data) - 3:
        raise FrameError(f"{len(data)} octets that say they are {data[2] + 3}", data)
    if data[-1] != sum(data[2:-1]) & 0xFF:
        raise FrameError("the sum is wrong", data)
    return data[3:-1]


def _said(start: bytes, body: bytes) -> bytes:
    counted = bytes((len(body) + 1,)) + body
    return start + counted + bytes((sum(counted) & 0xFF,))


DRIVER: Driver[Frame] = Driver(
    id="choicemmed_ichoice",
    title="ChoiceMMed iChoice (older)",
    tier="reported",
    kinds=(Kind.SPO2, Kind.PULSE_RATE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(*ANSWERS, ORDERS),
    vectors=("ChoiceMMed iChoice / MD300 (OX100)",),
    quirks=(
        "One real result is known, printed in a comment of somebody else's program; its answers are not.",
        "It measures once: the hub hangs up after the first number, and comes back if it calls again.",
        "Its password is 0000 on every device known to us; another one can't be told to the hub.",
        "Newer ones speak the standard, and are left to the driver of the standard.",
    ),
)
