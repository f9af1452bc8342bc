"""Scales of the Bluetooth SIG: weight (service 0x181D, WSS 1.0) and body composition (0x181B, BCS 1.0)."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from functools import partial
from typing import Self

from devices.codecs import body_composition, weight
from devices.codecs.body_composition import Joiner
from devices.codecs.weight import UNKNOWN_USER
from devices.decoder import WholeFrames, listen, translated
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0x181D)
COMPOSITION_SERVICE = uuid16(0x181B)
WEIGHT = uuid16(0x2A9D)
WEIGHT_FEATURES = uuid16(0x2A9E)
COMPOSITION = uuid16(0x2A9C)
COMPOSITION_FEATURES = uuid16(0x2A9B)

SILENCE_S = 20.0
"""A scale needs some ten seconds to settle under a person. Chosen, not measured."""

BEURER = 0x0611
"""A nameless scale of this maker calls the same services, and tells nothing before consent."""

_NOT_THESE = re.compile(
    r"(?<![A-Z0-9])(?:BF ?(?:105|500|600|720|788|950)\b|UC-(?:352|421)BLE)", re.IGNORECASE
)
"""Models that speak these frames only after a talk of their own, which their own drivers know."""

_COMPOSITION_KINDS = (
    (Kind.BODY_FAT, "fat_percent"),
    (Kind.MUSCLE_PERCENTAGE, "muscle_percent"),
    (Kind.FAT_FREE_MASS, "fat_free_mass"),
    (Kind.SOFT_LEAN_MASS, "soft_lean_mass"),
    (Kind.BODY_WATER_MASS, "water_mass"),
    (Kind.IMPEDANCE, "impedance_ohm"),
    (Kind.BODY_WEIGHT, "weight"),
)


class Frame(weight.Weighing):
    """One weighing, in the scale's own steps."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        return translated(super().from_bytes, data, "weighing")


class Composition(body_composition.Composition):
    """What the scale makes of a body, or a part of it."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        return translated(super().from_bytes, data, "body composition")


class ScaleFeatures(weight.ScaleFeatures):
    """What the scale says it can do."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError where this is no list of features."""
        return translated(super().from_bytes, data, "features of a scale")


class CompositionFeatures(body_composition.CompositionFeatures):
    """What the scale says it can tell of a body."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError where this is no list of features."""
        return translated(super().from_bytes, data, "features of a composition")


Said = Frame | Composition | ScaleFeatures | CompositionFeatures


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a scale to connect to; one that broadcasts its weight (Xiaomi) is none."""
    ours = {SERVICE, COMPOSITION_SERVICE}
    if not ours & advertisement.services or ours & set(advertisement.service_data):
        return False
    is_beurers = not advertisement.name and BEURER in advertisement.manufacturer_data
    return not is_beurers and not _NOT_THESE.search(advertisement.name)


def decoder() -> Decoder[Said]:
    """Return the decoder: each notification is a frame of its own, or a part that is joined to the first."""
    return WholeFrames[Said](
        {
            WEIGHT: Frame.from_bytes,
            COMPOSITION: partial(_joined, Joiner()),
            WEIGHT_FEATURES: ScaleFeatures.from_bytes,
            COMPOSITION_FEATURES: CompositionFeatures.from_bytes,
        }
    )


def _joined(joiner: Joiner, data: bytes) -> Composition:
    try:
        part = Composition.from_bytes(data)
    except FrameError:
        joiner.lose()
        raise
    return translated(lambda _: joiner.join(part), data, "body composition")


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Said | FrameError | DeviceIdentity]:
    """Read what the scale can do, subscribe, then pass on frames until it falls silent."""
    yield await identify(link)
    ear = decoder()
    for char in (WEIGHT_FEATURES, COMPOSITION_FEATURES):
        with suppress(LinkError):  # a lost link says so again
            if link.has(char):
                for said in ear.feed(char, await link.read(char)):
                    yield said
    await _subscribe(link)
    async for said in listen(link, ear, silence_s=SILENCE_S):
        yield said


async def _subscribe(link: Link) -> None:
    """Some scales tell their memory as soon as somebody subscribes, and hang up: weights come last."""
    chars = [char for char in (COMPOSITION, WEIGHT) if link.has(char)]
    if not chars:
        raise LinkError("the scale offers neither weights nor compositions")
    for char in chars[:-1]:
        with suppress(LinkError):  # a scale that keeps one to itself may tell the other
            await link.subscribe(char)
    await link.subscribe(chars[-1])


def readings(frame: Said, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; a frame without a number means nothing."""
    if isinstance(frame, ScaleFeatures | CompositionFeatures):
        return ()
    is_stranger = frame.user == UNKNOWN_USER
    quality = {Quality.UNKNOWN_USER} if is_stranger else set()
    told: Iterable[tuple[Kind, float | None]]
    if isinstance(frame, Composition):
        told = ((kind, frame.number(name)) for kind, name in _COMPOSITION_KINDS)
        quality |= {Quality.QUESTIONABLE} if frame.trailing else set()
    else:
        told = ((Kind.BODY_WEIGHT, frame.kg), (Kind.BMI, frame.bmi))
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


DRIVER: Driver[Said] = Driver(
    id="weight_scale",
    title="Weight scale (Bluetooth standard)",
    tier="specified",
    kinds=(Kind.BODY_WEIGHT, Kind.BMI, *(kind for kind, _ in _COMPOSITION_KINDS[:-1])),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(WEIGHT, COMPOSITION, WEIGHT_FEATURES, COMPOSITION_FEATURES),
    vectors=("SIG Weight Scale", "SIG Body Composition", "Renpho ES-WBE28"),
    quirks=(
        "Renpho ES-WBE28 counts 50 g where the specification says 5 g: it would weigh a tenth.",
        "Renpho ES-WBE28 adds octets to its compositions: only the impedance of such a frame is told.",
        "Scales that tell a user's weights only after consent tell this driver nothing.",
        "Some scales add octets behind the frame: they are kept in the frame, and mean nothing.",
        "A composition in several packets is told packet by packet, all with the first one's time and user.",
    ),
)
