"""Feeds drivers whatever a coverage-guided fuzzer thinks of: `make fuzz FUZZ_S=600 DRIVER=vitalograph`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["devices"]):
    from devices.catalog import DRIVERS

from simulators.conformance.any_bytes import hold, hold_called
from tests.devices.vectors import long_uuid, vectors

FINDINGS = Path("var/fuzz")


def main() -> None:
    """Fuzz one driver, or all of them in turn, until the time is over; a finding ends it and is kept."""
    wanted, flags = sys.argv[1], sys.argv[2:]
    drivers = [driver for driver in DRIVERS if wanted in ("all", driver.id)]
    if not drivers:
        sys.exit(f"no driver {wanted}; known are: {', '.join(driver.id for driver in DRIVERS)}")
    places = [(driver, place) for driver in drivers for place in _places(driver)]
    corpus = FINDINGS / "corpus" / wanted
    corpus.mkdir(parents=True, exist_ok=True)
    for number, (driver, place) in enumerate(places):
        for vector in vectors(driver.id):
            _seed(corpus, number, vector, place)

    def one(data: bytes) -> None:
        if len(data) < 2:
            return
        driver, place = places[data[0] % len(places)]
        _feed(driver, place, data[1] % 64 + 1, data[2:])

    atheris.Setup(["fuzz", f"-artifact_prefix={FINDINGS}/", "-timeout=20", *flags, str(corpus)], one)
    atheris.Fuzz()


def _places(driver: Any) -> tuple[str, ...]:
    """Return the characteristics that a driver hears, or the service data that it overhears."""
    if driver.overhear is None:
        return driver.speaks
    return tuple({long_uuid(v["service_data"]): None for v in vectors(driver.id) if "service_data" in v})


def _feed(driver: Any, place: str, size: int, data: bytes) -> None:
    if driver.overhear is not None:
        hold_called(driver, place, data)
    else:
        hold(driver, place, _pieces(data, size))


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size))


def _seed(corpus: Path, number: int, vector: dict[str, Any], place: str) -> None:
    """Let the fuzzer begin with true bytes."""
    said_at = vector.get("service_data") or vector.get("characteristic") or ""
    if long_uuid(said_at) == place:
        data = b"".join(map(bytes.fromhex, vector.get("chunks") or [vector["hex"]]))
        (corpus / f"{number}-{vector['id']}").write_bytes(bytes((number % 256, 19)) + data)


if __name__ == "__main__":
    main()
