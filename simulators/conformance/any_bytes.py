"""The one law over any bytes, for everybody who makes bytes: hypothesis, a fuzzer, a stranger."""

import math
from collections.abc import Iterable
from typing import Any

from devices.driver import Advertisement, Driver, FrameError, Told
from devices.kinds import PLAUSIBLE
from devices.readings import Heard, Quality
from simulators.conformance.case import LATER, OSLO, require

FUZZED_KEY = bytes(range(16))


def hold(driver: Driver[Any], char: str, pieces: Iterable[bytes]) -> None:
    """Raise Failure where these notifications become anything but frames, FrameErrors and sane readings."""
    decoder = driver.decoder()
    for piece in pieces:
        for said in decoder.feed(char, piece):
            _hold(driver, said)


def hold_called(driver: Driver[Any], uuid: str, data: bytes) -> None:
    """The same for what a device calls into the room."""
    assert driver.overhear is not None, "only a device that broadcasts is overheard"
    seen = Advertisement("F0:00:00:00:FF:09", service_data={uuid: data})
    for told in (Told(), Told(bind_key=FUZZED_KEY)):
        if (said := driver.overhear(seen, told)) is not None:
            _hold(driver, said)


def _hold(driver: Driver[Any], said: Any) -> None:  # noqa: ANN401 - a frame is private to its driver
    if isinstance(said, FrameError):
        return
    require(type(said).from_bytes(bytes(said)) == said, f"out and back it is another: {said}")
    for one in driver.readings(said, Heard("F0:00:00:00:FF:09", driver.id, LATER, OSLO)):
        least, most = PLAUSIBLE[one.kind]
        require(math.isfinite(one.value), f"{one.kind} is {one.value}")
        is_sane = least <= one.value <= most or Quality.INVALID in one.quality
        require(is_sane, f"{one.kind} is {one.value}, unmarked")
        require(one.kind in driver.kinds, f"it never promised {one.kind}")
