"""What the words of TaiDoc's product line say: live numbers, stored ones with their time, a weighing."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Self

from devices.codecs.taidoc import SIZE, Command, Moment, Word

OXIMETERS = ("8255", "8201")
CUFFS = ("3140", "3128")
THERMOMETERS = ("1241",)


@dataclass(frozen=True, slots=True)
class Oxygen:
    """A stored spot check; `other` is the octet that nobody explains."""

    spo2: int
    pulse: int
    other: int = 0
    layout: ClassVar[Struct] = Struct("<HBB")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode four octets."""
        spo2, other, pulse = cls.layout.unpack(data)
        return cls(spo2, pulse, other)

    def __bytes__(self) -> bytes:
        return self.layout.pack(self.spo2, self.other, self.pulse)


@dataclass(frozen=True, slots=True)
class Pressure:
    """A stored blood pressure, in mmHg."""

    systolic: int
    diastolic: int
    pulse: int
    layout: ClassVar[Struct] = Struct("<HBB")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode four octets."""
        return cls(*cls.layout.unpack(data))

    def __bytes__(self) -> bytes:
        return self.layout.pack(self.systolic, self.diastolic, self.pulse)


@dataclass(frozen=True, slots=True)
class Temperature:
    """A stored temperature of what was aimed at, and of the room, in tenths of a degree Celsius."""

    aimed_at: int
    room: int
    layout: ClassVar[Struct] = Struct("<HH")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode four octets."""
        return cls(*cls.layout.unpack(data))

    def __bytes__(self) -> bytes:
        return self.layout.pack(self.aimed_at, self.room)

    @property
    def celsius(self) -> float:
        """Degrees. One source knows hundredths too: no body has 366 degrees, and none has 3.7."""
        return self.aimed_at / (100 if self.aimed_at >= 1000 else 10)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A stored value of a device that hasn't said its model, or of a model that nobody here knows.

    The same four octets are a blood pressure in one model and a blood sugar in another: no guess.
    """

    octets: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Keep four octets."""
        return cls(data)

    def __bytes__(self) -> bytes:
        return self.octets


Value = Oxygen | Pressure | Temperature | Unknown
_VALUES: dict[str | None, type[Oxygen | Pressure | Temperature]] = {
    **dict.fromkeys(OXIMETERS, Oxygen),
    **dict.fromkeys(CUFFS, Pressure),
    **dict.fromkeys(THERMOMETERS, Temperature),
}
KNOWN_MODELS = frozenset(_VALUES)


def model_in(word: Word) -> str:
    """Return the model's number, which the device says in decimal digits."""
    return f"{word.number:04x}"


def model_word(model: str) -> Word:
    """Return the word with which a device says its model."""
    return Word(Command.MODEL, int(model, 16).to_bytes(2, "little") + bytes(2), is_from_device=True)


@dataclass(frozen=True, slots=True)
class Record:
    """One stored measurement: what, when and by which model, as far as those were said before it."""

    value: Value
    moment: Moment | None = None
    model: str | None = None

    @classmethod
    def of(cls, word: Word, moment: Moment | None = None, model: str | None = None) -> Self:
        """Return what a word with a stored value says after these."""
        return cls(_VALUES.get(model, Unknown).from_bytes(word.payload), moment, model)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode the words of a model, a time and a value; the first two may be missing."""
        words = [Word.from_bytes(data[at : at + SIZE]) for at in range(0, len(data), SIZE)]
        said = {word.command: word for word in words if word.is_from_device}
        order = [word.command for word in words]
        allowed = (Command.MODEL, Command.RECORD_TIME, Command.RECORD_VALUE)
        if Command.RECORD_VALUE not in said or order != [each for each in allowed if each in said]:
            raise ValueError(f"{len(data)} octets that are no stored record")
        moment, model = said.get(Command.RECORD_TIME), said.get(Command.MODEL)
        return cls.of(
            said[Command.RECORD_VALUE],
            None if moment is None else Moment.from_bytes(moment.payload),
            None if model is None else model_in(model),
        )

    def __bytes__(self) -> bytes:
        said = b"" if self.model is None else bytes(model_word(self.model))
        if self.moment is not None:
            said += bytes(Word(Command.RECORD_TIME, bytes(self.moment), is_from_device=True))
        return said + bytes(Word(Command.RECORD_VALUE, bytes(self.value), is_from_device=True))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that is said: the device's clock, one to set it to, or that of a record."""

    moment: Moment
    command: int = Command.READ_CLOCK
    is_from_device: bool = True

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode one word."""
        word = Word.from_bytes(data)
        return cls(Moment.from_bytes(word.payload), word.command, word.is_from_device)

    def __bytes__(self) -> bytes:
        return bytes(Word(self.command, bytes(self.moment), self.is_from_device))


@dataclass(frozen=True, slots=True)
class Live:
    """One moment with a finger in it; `others` are the octets between that nobody explains."""

    spo2: int
    pulse: int
    others: tuple[int, int] = (0, 0)
    is_from_device: bool = True

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode one word."""
        word = Word.from_bytes(data)
        spo2, first, pulse, second = word.payload
        return cls(spo2, pulse, (first, second), word.is_from_device)

    def __bytes__(self) -> bytes:
        payload = bytes((self.spo2, self.others[0], self.pulse, self.others[1]))
        return bytes(Word(Command.LIVE, payload, self.is_from_device))


HEIGHT_AT, WEIGHT_AT, WEIGHING_SIZE_MIN = 9, 14, 16
"""Places in a weighing's payload, of which no more is known."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """The newest weighing a scale remembers; what stands around its two numbers is kept as it came."""

    kg: float
    height_cm: int
    others: tuple[bytes, bytes, bytes]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode one word."""
        payload = Word.from_bytes(data).payload
        if len(payload) < WEIGHING_SIZE_MIN:
            raise ValueError(f"{len(payload)} octets are too few for a weighing")
        kg = int.from_bytes(payload[WEIGHT_AT : WEIGHT_AT + 2], "big") / 10
        others = (payload[:HEIGHT_AT], payload[HEIGHT_AT + 1 : WEIGHT_AT], payload[WEIGHT_AT + 2 :])
        return cls(kg, payload[HEIGHT_AT], others)

    def __bytes__(self) -> bytes:
        head, middle, tail = self.others
        weight = round(self.kg * 10).to_bytes(2, "big")
        payload = head + bytes((self.height_cm,)) + middle + weight + tail
        return bytes(Word(Command.WEIGHT, payload, is_from_device=True))
