"""Checks 17 to 30: bytes into frames, and what bytes can never do."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from random import Random
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from devices.driver import Decoder, FrameError
from simulators.conformance.case import Case, Hearing, Trial, heard_by, require
from simulators.conformance.kit import Checks
from simulators.loop import SimLoop

JUNK_PIECES = 400
JUNK_SIZE_MAX = 64
FLOOD_BYTES = 300_000
KEPT_BYTES_MAX = 200_000
"""What a decoder may remember of a flood; the longest real half is a night in a ring's memory."""

NOTIFICATIONS_CUT_MAX = 150
FIELD_COUNT_MAX = 64
ABSENT = "0badc0de-0000-4000-8000-000000000000"


def add_to(checks: Checks) -> None:
    """Add these checks."""
    checks.add(17, "any bytes are frames or FrameErrors")(takes_any_bytes)
    checks.add(18, "an empty notification is nothing, or a FrameError")(takes_nothing)
    checks.add(19, "a characteristic that it doesn't speak is a FrameError")(refuses_other_characteristics)
    checks.add(20, "a FrameError has a reason and the bytes")(errors_say_why)
    checks.add(21, "two connections share nothing")(decoders_share_nothing)
    checks.add(22, "the same bytes are the same frames")(decodes_alike)
    checks.add(23, "a flood of junk leaves nothing behind")(forgets_junk)
    checks.add(24, "what its twin says is read without an error")(reads_its_twin)
    checks.add(25, "a frame's bytes are the frame again")(goes_out_and_back)
    checks.add(26, "also where the bytes were changed on the way")(goes_out_and_back_changed)
    checks.add(27, "a frame can't be changed, and can be compared")(frames_are_values)
    checks.add(28, "a frame is small")(frames_are_small)
    checks.add(29, "half of what was said is never a number that nobody said")(reads_no_half)
    checks.add(30, "after junk it understands its device again")(comes_to_its_senses)


def heard_on_kind_days(case: Case, count: int = 3) -> Hearing:
    """Return everything that a twin says on some mornings without trouble."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(Trial(case).mornings(count))


def takes_any_bytes(case: Case) -> None:
    """Nothing else may come out, and no exception."""
    for _ in _decoded_junk(case):
        pass


def takes_nothing(case: Case) -> None:
    """Some stacks deliver it."""
    for char in case.driver.speaks:
        for said in case.driver.decoder().feed(char, b""):
            require(isinstance(said, FrameError), f"no bytes at all are the frame {said}")


def refuses_other_characteristics(case: Case) -> None:
    """A device may notify on more than we asked for."""
    said = list(case.driver.decoder().feed(ABSENT, b"\x01\x02\x03"))
    if case.driver.session is not None:
        require(said, "it takes them in silence")
    require(all(isinstance(each, FrameError) for each in said), f"they became {said}")


def errors_say_why(case: Case) -> None:
    """A person must be able to see what the device said."""
    for said in _decoded_junk(case):
        if isinstance(said, FrameError):
            require(said.reason.strip(), "an error without a reason")
            require(isinstance(said.data, bytes), "an error without the bytes")


def decoders_share_nothing(case: Case) -> None:
    """Half a frame of one device must not complete another's."""
    for char, pieces in _said_by_char(case).items():
        disturbed, disturber, alone = (case.driver.decoder() for _ in range(3))
        both: list[Any] = []
        for piece in pieces:
            both += disturbed.feed(char, piece)
            list(disturber.feed(char, piece[: len(piece) // 2]))
        require(str(both) == str([s for p in pieces for s in alone.feed(char, p)]), "one disturbs the other")


def decodes_alike(case: Case) -> None:
    """A decoder has no dice and no clock."""
    first, second = (list(map(str, _decoded_junk(case))) for _ in range(2))
    require(first == second, "two runs over the same bytes differ")


def forgets_junk(case: Case) -> None:
    """A device gone mad must not eat the hub's memory."""
    for char in case.driver.speaks:
        dice, decoder = Random(5), case.driver.decoder()
        for _ in range(FLOOD_BYTES // 200):
            for _said in decoder.feed(char, dice.randbytes(200)):
                pass
        kept = _weight(decoder)
        require(kept <= KEPT_BYTES_MAX, f"it remembers {kept} octets of a flood on {char}")


def _weight(thing: object) -> int:
    """Return how much memory hangs on this, code apart."""
    seen: dict[int, object] = {}
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType | BuiltinFunctionType):
            continue
        seen[id(one)] = one
        waiting += gc.get_referents(one)
    return sum(map(sys.getsizeof, seen.values()))


def reads_its_twin(case: Case) -> None:
    """Else the twin shows another device than the driver reads."""
    heard = heard_on_kind_days(case)
    require(heard.frames, "the twin says nothing that the driver understands")
    require(not heard.errors, f"{len(heard.errors)} errors, such as: {heard.errors[:1]}")


def goes_out_and_back(case: Case) -> None:
    """Encoding is the inverse of decoding."""
    for frame in heard_on_kind_days(case).frames:
        _require_back(frame)


def goes_out_and_back_changed(case: Case) -> None:
    """Whatever it takes for a frame, it can say again."""
    for said in _decoded_junk(case):
        if not isinstance(said, FrameError):
            _require_back(said)


def frames_are_values(case: Case) -> None:
    """What a device said is never edited."""
    for frame in heard_on_kind_days(case, 1).frames:
        name = fields(frame)[0].name
        try:
            setattr(frame, name, None)
        except (FrozenInstanceError, AttributeError):
            hash(frame)
        else:
            require(False, f"{type(frame).__name__}.{name} can be changed")


def frames_are_small(case: Case) -> None:
    """A person reads its fields."""
    for frame in heard_on_kind_days(case, 1).frames:
        require(
            len(fields(frame)) <= FIELD_COUNT_MAX, f"{type(frame).__name__} has {len(fields(frame))} fields"
        )


def reads_no_half(case: Case) -> None:
    """Notifications that end early give an error or nothing, or a number that was really said."""
    heard = heard_on_kind_days(case)
    true = {(one.kind, one.value) for one in heard.readings}
    some = Random(7).sample(heard.notifications, min(len(heard.notifications), NOTIFICATIONS_CUT_MAX))
    for char, data in some:
        for end in range(len(data)):
            for frame in case.driver.decoder().feed(char, data[:end]):
                if not isinstance(frame, FrameError):
                    _require_true(case, heard, frame, true)


def comes_to_its_senses(case: Case) -> None:
    """A burst of junk may cost what stands right behind it, never all the rest."""
    heard = heard_on_kind_days(case, 1)
    for char, pieces in _said_by_char(case, mornings=1).items():
        clean, muddied = case.driver.decoder(), case.driver.decoder()
        for _ in muddied.feed(char, Random(3).randbytes(37)):
            pass
        before, after = (_numbers(case, heard, decoder, char, pieces * 30) for decoder in (clean, muddied))
        require(not before - after, f"after junk it never again reads {sorted(before - after)[:2]}")


def _numbers(
    case: Case, heard: Hearing, decoder: Decoder[Any], char: str, pieces: list[bytes]
) -> set[tuple[str, float]]:
    listener = heard_by(case.driver, heard.twin)
    frames = [
        each for piece in pieces for each in decoder.feed(char, piece) if not isinstance(each, FrameError)
    ]
    return {(one.kind, one.value) for frame in frames for one in case.driver.readings(frame, listener)}


def _decoded_junk(case: Case) -> Iterator[Any]:
    """Yield what comes of random bytes, and of true ones that were changed, cut or said twice."""
    heard = heard_on_kind_days(case, 1)
    dice = Random(11)
    for char in case.driver.speaks:
        decoder, true = case.driver.decoder(), [data for at, data in heard.notifications if at == char]
        for _ in range(JUNK_PIECES):
            piece = _mangled(dice.choice(true), dice) if true and dice.random() < 0.7 else _random(dice)
            for said in decoder.feed(char, piece):
                is_known = isinstance(said, FrameError) or hasattr(said, "__bytes__")
                require(is_known, f"bytes became {said!r}, neither a frame nor a FrameError")
                yield said


def _random(dice: Random) -> bytes:
    return dice.randbytes(dice.randrange(JUNK_SIZE_MAX))


def _mangled(data: bytes, dice: Random) -> bytes:
    if not data:
        return data
    place = dice.randrange(len(data))
    match dice.randrange(4):
        case 0:
            return data[:place]
        case 1:
            return data[:place] + bytes((dice.randrange(256),)) + data[place + 1 :]
        case 2:
            return data + data[place:]
        case _:
            return data[:place] + dice.choice((b"\xff\xff", b"\x00\x00", b"\x7f\x7f")) + data[place + 2 :]


def _said_by_char(case: Case, mornings: int = 3) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for char, data in heard_on_kind_days(case, mornings).notifications:
        if char in case.driver.speaks:
            found.setdefault(char, []).append(data)
    return found


def _require_back(frame: Any) -> None:  # noqa: ANN401 - a frame is private to its driver
    again = type(frame).from_bytes(bytes(frame))
    require(again == frame, f"out and back it is another: {frame} and {again}")


def _require_true(case: Case, heard: Hearing, frame: Any, true: set[Any]) -> None:  # noqa: ANN401 - as above
    for one in case.driver.readings(frame, heard_by(case.driver, heard.twin)):
        require((one.kind, one.value) in true, f"half of what was said is {one.kind} {one.value}")
