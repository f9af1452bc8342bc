"""Recordings of real talks, kept beside what they meant when they were made.

`python -m tests.recorded` makes those of the twins anew; look at what changes before you keep it.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from devices.catalog import DRIVERS, HOUSE
from devices.driver import Driver
from gateway.capture import Wish, capture
from gateway.decode import Line, Tally, lines
from gateway.replay import Replay
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO
from tests.play import NOON
from tests.virtual_time import in_virtual_time

FOLDER = Path(__file__).parent / "captures"
TWINS: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
}
"""Whose twins' talks are kept."""


def names() -> list[str]:
    """Return the recordings that are kept."""
    return sorted(file.stem for file in FOLDER.glob("*.jsonl") if not file.stem.endswith(".readings"))


def meant(name: str) -> list[Line]:
    """Return what a recording meant when it was kept."""
    return [json.loads(line) for line in (FOLDER / f"{name}.readings.jsonl").read_text().splitlines()]


def replayed(
    file: Path, drivers: Sequence[Driver[Any]] = DRIVERS, bind_key: bytes | None = None
) -> list[Line]:
    """Return what a recording means now; raise RecordingError where its driver no longer talks so."""
    played = Replay(file, drivers, bind_key=bind_key)
    return list(lines(played.driver, played.said(), played.listener, Tally()))


def record(driver_id: str, file: Path, *, measures: int = 2, seed: int = 1) -> Any:
    """Record the twin of a driver in virtual time, after it has measured so often; return the twin."""
    twin, dice = TWINS[driver_id](), Random(seed)
    for number in range(measures):
        twin.measure_any(NOON.astimezone(OSLO) + timedelta(minutes=number), dice)
    wish = Wish(HOUSE, OSLO, driver=HOUSE.driver_by_id(driver_id), told={twin.address: twin.told})
    later = NOON + timedelta(hours=1)
    in_virtual_time(capture(VirtualRadio([twin]), wish, file, lambda: later, lambda _line: None))
    return twin


def main() -> None:
    """Make the recordings of the twins anew."""
    FOLDER.mkdir(exist_ok=True)
    for name in TWINS:
        file = FOLDER / f"{name}.jsonl"
        file.unlink(missing_ok=True)
        record(name, file)
        said = "".join(json.dumps(line) + "\n" for line in replayed(file))
        (FOLDER / f"{name}.readings.jsonl").write_text(said)


if __name__ == "__main__":
    main()
