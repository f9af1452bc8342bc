"""Beurer's diagnostic scales (BF105, BF500, BF600, BF720, BF788, BF950): standard frames behind consent.

The order of the talk is the one that Beurer's own program was seen to keep with a BF788.
"""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from devices.codecs import body_composition, weight
from devices.codecs.body_composition import Joiner
from devices.codecs.current_time import CurrentTime
from devices.codecs.user_data import (
    INCREMENT_ONE,
    Answer,
    BirthDate,
    Height,
    Op,
    Request,
    Result,
    control_word,
)
from devices.codecs.weight import UNKNOWN_USER
from devices.decoder import WholeFrames, listen, translated
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

COMPANY = 0x0611
SERVICES = frozenset({uuid16(0x181D), uuid16(0x181B)})

WEIGHT = uuid16(0x2A9D)
COMPOSITION = uuid16(0x2A9C)
USER_CONTROL = uuid16(0x2A9F)
CHANGE_INCREMENT = uuid16(0x2A99)
CURRENT_TIME = uuid16(0x2A2B)
BIRTH_DATE = uuid16(0x2A85)
GENDER = uuid16(0x2A8C)
HEIGHT = uuid16(0x2A8E)
USER_LIST = uuid16(0xFFF2)
ACTIVITY = uuid16(0xFFF3)

PROFILE = (BIRTH_DATE, GENDER, HEIGHT, ACTIVITY)
"""What the scale wants to have confirmed before it works out a body, in this order."""

LIST_USERS = b"\x00"
LISTED_SIZE_MAX = 20

SILENCE_S = 20.0
"""A scale needs some ten seconds to settle under a person. Chosen, not measured."""

NOBODY_TOLD = "no user and code told; set [[devices]] in hub.toml"

_MODEL = re.compile(r"(?<![A-Z0-9])BF ?(?:105|500|600|720|788|950)\b", re.IGNORECASE)

_COMPOSITION_KINDS = (
    (Kind.BODY_FAT, "fat_percent"),
    (Kind.MUSCLE_PERCENTAGE, "muscle_percent"),
    (Kind.FAT_FREE_MASS, "fat_free_mass"),
    (Kind.SOFT_LEAN_MASS, "soft_lean_mass"),
    (Kind.BODY_WATER_MASS, "water_mass"),
    (Kind.IMPEDANCE, "impedance_ohm"),
    (Kind.BODY_WEIGHT, "weight"),
)


class Weighing(weight.Weighing):
    """One weighing, in the scale's own steps."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        return translated(super().from_bytes, data, "weighing")


class Composition(body_composition.Composition):
    """What the scale makes of a body; it says neither when nor, mostly, whose."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        return translated(super().from_bytes, data, "body composition")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the scale's own list of users; its initials and birthdays are left as they are."""

    status: int
    line: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError where this is no line."""
        if not 1 <= len(data) <= LISTED_SIZE_MAX:
            raise FrameError(f"no line of the user list: {len(data)} octets", data)
        return cls(data[0], data[1:])

    def __bytes__(self) -> bytes:
        return bytes((self.status,)) + self.line


Fact = Weighing | Composition
Frame = Fact | Request | Answer | Listed | CurrentTime | BirthDate | Height


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of these models by its name, or a nameless scale of Beurer's."""
    if advertisement.name:
        return _MODEL.search(advertisement.name) is not None
    return COMPANY in advertisement.manufacturer_data and not SERVICES.isdisjoint(advertisement.services)


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own, or a part that is joined to the first."""
    return WholeFrames[Frame](
        {
            WEIGHT: Weighing.from_bytes,
            COMPOSITION: partial(_joined, Joiner()),
            USER_CONTROL: lambda data: translated(control_word, data, "word about users"),
            USER_LIST: Listed.from_bytes,
            CURRENT_TIME: lambda data: translated(CurrentTime.from_bytes, data, "time"),
            BIRTH_DATE: lambda data: translated(BirthDate.from_bytes, data, "date of birth"),
            HEIGHT: lambda data: translated(Height.from_bytes, data, "height"),
        }
    )


def _joined(joiner: Joiner, data: bytes) -> Composition:
    try:
        part = Composition.from_bytes(data)
    except FrameError:
        joiner.lose()
        raise
    return translated(lambda _: joiner.join(part), data, "body composition")


@dataclass(slots=True)
class _Whose:
    """Knows whose a record without a name is: the consented user's, unless somebody else came before it."""

    mine: int = UNKNOWN_USER
    last: int | None = None

    def signed(self, said: Fact | FrameError) -> Fact | FrameError:
        """Return a fact with its user; what was not understood may have been anybody's."""
        if isinstance(said, FrameError):
            self.last = UNKNOWN_USER
            return said
        if isinstance(said, Composition):
            last = self.mine if self.last is None else self.last
            return said if said.user is not None else replace(said, user=last)
        said = said if said.user is not None else replace(said, user=self.mine)
        self.last = said.user
        return said


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Fact | FrameError | DeviceIdentity]:
    """Set the clock, ask for consent, confirm the user's profile unchanged, then pass on what is told."""
    yield await identify(link)
    await _greet(link, visitor)
    told, whose = visitor.told, _Whose()
    is_asked = told.user_slot is not None and told.consent_code is not None
    if is_asked:
        await link.subscribe(USER_CONTROL)
        await link.write(USER_CONTROL, bytes(Request(Op.CONSENT, told.user_slot, told.consent_code)))
    else:
        yield FrameError(NOBODY_TOLD, b"")
        await _subscribe(link)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        if isinstance(said, Weighing | Composition | FrameError):
            yield whose.signed(said)
        elif isinstance(said, Answer) and said.op is Op.CONSENT and is_asked:
            is_asked = False  # a second answer answers nothing
            await _subscribe(link)
            if said.result is Result.SUCCESS and told.user_slot is not None:
                whose.mine = told.user_slot
                await _confirm_profile(link)
            else:
                why = said.result.name.lower().replace("_", " ")
                yield FrameError(f"user {told.user_slot} is refused: {why}", bytes(said))


async def _greet(link: Link, visitor: Visitor) -> None:
    """Say the time and ask who is known, as Beurer's own program does; what is refused here costs nothing."""
    if visitor.wall_clock is not None and link.has(CURRENT_TIME):
        with suppress(LinkError):
            await link.write(CURRENT_TIME, bytes(CurrentTime.at(visitor.wall_clock)))
    if link.has(USER_LIST):
        with suppress(LinkError):
            await link.subscribe(USER_LIST)
            await link.write(USER_LIST, LIST_USERS)


async def _subscribe(link: Link) -> None:
    if link.has(COMPOSITION):
        await link.subscribe(COMPOSITION)
    await link.subscribe(WEIGHT)


async def _confirm_profile(link: Link) -> None:
    """Write back what this very visit has read: only then does the scale tell a body, not stubs.

    What may not be read is not written either; a lost link says so again at the next step.
    """
    found: list[tuple[str, bytes]] = []
    for char in PROFILE:
        with suppress(LinkError):
            if link.has(char):
                found.append((char, await link.read(char)))
    for char, value in found:
        with suppress(LinkError):
            if value:
                await link.write(char, value)
    with suppress(LinkError):
        if link.has(CHANGE_INCREMENT):
            await link.write(CHANGE_INCREMENT, INCREMENT_ONE)


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; stubs, and words about users and time, mean nothing."""
    if isinstance(frame, Composition):
        told = [(kind, frame.number(name)) for kind, name in _COMPOSITION_KINDS]
    elif isinstance(frame, Weighing):
        told = [(Kind.BODY_WEIGHT, frame.kg), (Kind.BMI, frame.bmi)]
    else:
        return ()
    is_stranger = frame.user == UNKNOWN_USER
    quality = {Quality.UNKNOWN_USER} if is_stranger else set()
    quality |= {Quality.QUESTIONABLE} if isinstance(frame, Composition) and frame.trailing else set()
    return tuple(
        reading_of(
            kind,
            value,
            heard,
            device_time=frame.device_time,
            quality=quality,
            user_slot=None if is_stranger else frame.user,
        )
        for kind, value in told
        if value is not None
    )


DRIVER: Driver[Frame] = Driver(
    id="beurer_scale",
    title="Beurer diagnostic scale (BF105 to BF950)",
    tier="reported",
    kinds=(Kind.BODY_WEIGHT, Kind.BMI, *(kind for kind, _ in _COMPOSITION_KINDS[:-1])),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(WEIGHT, COMPOSITION, USER_CONTROL, USER_LIST, CURRENT_TIME, BIRTH_DATE, HEIGHT),
    vectors=(
        "Beurer BF720",
        "Beurer BF788",
        "SIG UDS",
        "SIG UDS (Beurer)",
        "SIG UDS (Beurer BF788)",
        "SIG CTS",
    ),
    quirks=(
        "It tells nothing of a user before the user's code was given, at every visit anew.",
        "It tells bodies as stubs of zeros (35 of 36 in one visit) until the profile was written back.",
        "A composition says no time: it stands in the second of its arrival, and may come as a stub later.",
        "A composition says no user: it is whose weighing came before it, else the consented user's.",
        "Users are counted from 0 in some models and from 1 in others: tell the number it calls its user by.",
        "BF105 and BF720 keep list and activity in another vendor service, which is not spoken.",
    ),
)
