"""The commands for people who add devices: what is known, what bytes mean, what a device really says."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from cloud_bridge.program import say_error
from devices.catalog import HOUSE, Catalog
from devices.driver import Driver, Told
from gateway.console import Verbose, begin_logging, finish, say, show
from gateway.decode import NO_ADDRESS, Line, Listener, Tally, frames_in, frames_overheard, lines
from gateway.errors import EXIT_DATA
from gateway.hung_in import OpenGroup
from gateway.outside import asked, load_outside, quarantined_in
from gateway.words import (
    WordsError,
    address_named,
    bytes_named,
    characteristic_named,
    driver_named,
    uuid_named,
)

if TYPE_CHECKING:
    from gateway.capture import Wish

BIND_KEY_SIZE = 16

devices = typer.Typer(cls=OpenGroup, invoke_without_command=True)

DriverName = Annotated[str, typer.Option("--driver", help="The driver's id, as `pusterom devices` lists it.")]
Zone = Annotated[str, typer.Option("--timezone", help="Where the device's clock is meant.")]
Slot = Annotated[int | None, typer.Option(help="The patient's number on a device that several share.")]
AsFrames = Annotated[
    bool, typer.Option("--frame", help="Print each frame with its own fields, not what it means.")
]
BindKey = Annotated[str | None, typer.Option(help="The 32 hexadecimal digits a broadcast is locked with.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the program."""
    app.add_typer(devices, name="devices")
    for command in (decode, capture, replay):
        app.command()(command)


@devices.callback()
def show_devices(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list for programs instead.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="A hub's settings: tells which drivers its running hub has given up.")
    ] = None,
) -> None:
    """List every kind of device that is known, and what is known about it.

    Drivers that other packages bring are listed too, behind the house's own; one that is not asked
    says why.

    Next: `pusterom decode --driver ID --characteristic UUID HEX`, and devices/README.md to add one.
    """
    if context.invoked_subcommand is not None:
        return
    from gateway.shown import listed, table

    outsiders = load_outside()
    if config is not None:
        from gateway.settings import Settings

        given_up = quarantined_in(Settings.load(config).folder)
        for one in outsiders:
            one.problem = one.problem or given_up.get(one.name)
    shown = listed(HOUSE.drivers, outsiders)
    if as_json:
        _print(shown)
    else:
        show(table(shown))


def decode(
    notifications: Annotated[list[str], typer.Argument(metavar="HEX", help="One or more, in their order.")],
    *,
    driver: DriverName,
    characteristic: Annotated[
        str | None, typer.Option(help="Which one told it: 0x2A5F, 2a5f, a long one, or how that begins.")
    ] = None,
    service_data: Annotated[
        str | None,
        typer.Option(metavar="UUID", help="They are what a device calls into the room under this."),
    ] = None,
    address: Annotated[str, typer.Option(help="The device's; a locked broadcast needs it.")] = NO_ADDRESS,
    bind_key: BindKey = None,
    service: Annotated[str | None, typer.Option(help="Where it stood; no driver needs it.")] = None,  # noqa: ARG001 - part of what people copy from a log
    timezone: Zone = "Europe/Oslo",
    user_slot: Slot = None,
    is_frame: AsFrames = False,
) -> None:
    """Say what bytes mean, without any device: one JSON object a line.

        pusterom decode --driver weight_scale --characteristic 0x2A9D 020c3aea07030108151e

        pusterom decode --driver ID --service-data 0x181B HEX --address C8:47:8C:00:00:01

    Several HEX are notifications that came one after the other. `measured_at` is null where the bytes
    tell no time. Exit code 65: some of them break the device's protocol, and `error` says how.

    Next: `--frame` shows what the device said, field by field; `pusterom capture` records a whole talk.
    """
    known = _driver(driver)
    listener = Listener(_zone(timezone), user_slot, address_named(address))
    data = [bytes_named(text) for text in notifications]
    if (characteristic is None) == (service_data is None):
        raise WordsError("say what the bytes are: either --characteristic UUID, or --service-data UUID")
    if characteristic is not None:
        said = frames_in(known, characteristic_named(characteristic, known), data)
    else:
        said = _calls(known, str(service_data), data, listener, _key(bind_key))
    _end(known, said, listener, is_frame=is_frame)


def _calls(
    driver: Driver[Any], service: str, data: list[bytes], listener: Listener, key: bytes | None
) -> Iterator[Any]:
    if driver.overhear is None:
        raise WordsError(f"--service-data: {driver.id} is not overheard; say --characteristic")
    if key is not None and listener.address == NO_ADDRESS:
        raise WordsError("--address: is missing; a locked broadcast opens only with key and address")
    told = Told(listener.user_slot, None, key)
    return frames_overheard(driver, uuid_named(service, "--service-data"), data, listener.address, told)


def capture(
    *,
    out: Annotated[Path, typer.Option(help="The file to make; one that is there is never written over.")],
    radio: Annotated[str, typer.Option(help="bluez, or unix:/path of `pusterom simulate`.")] = "bluez",
    address: Annotated[str | None, typer.Option(help="The device that is meant.")] = None,
    driver: Annotated[str | None, typer.Option(help="Any device that this driver knows.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait and listen, together.")] = 120,
    config: Annotated[
        Path | None, typer.Option(help="A hub's settings: what it was told of its devices, and its bonds.")
    ] = None,
    verbose: Verbose = 0,
) -> None:
    """Record what a device really says, line by line, while its driver talks to it.

    Stop the hub first, or it is faster; wake the device, measure with it, and wait.

        pusterom simulate --radio unix:/tmp/room.sock

        pusterom capture --out scale.jsonl --driver weight_scale --radio unix:/tmp/room.sock

    No bind key, no consent code, no serial number and no whole address stand in the file; what was
    measured does. Nobody's own measurements belong into a public place.

    Next: `pusterom replay FILE`, and the file into tests/captures/ of a driver.
    """
    from cloud_bridge.program import utc_now
    from gateway.capture import check_place, to_file
    from gateway.quiet import quiet_libraries
    from gateway.radio import open_radio

    begin_logging(verbose=verbose)
    if address is None and driver is None:
        raise WordsError("say which device: --address MAC, or --driver ID for any that it knows")
    check_place(out)
    wish, bonds = _wish(address, driver, seconds, config)
    wish = replace(wish, radio=radio.partition(":")[0])  # where its socket lies is nobody's business
    quiet_libraries()
    finish(to_file(open_radio(radio, bonds=bonds), wish, out, utc_now, say))


def replay(
    file: Annotated[Path, typer.Argument(help="What `pusterom capture` wrote.")],
    bind_key: BindKey = None,
    is_frame: AsFrames = False,
) -> None:
    """Play a recording through its driver, and print what `decode` would: one JSON object a line.

    The driver gets the answers that were recorded. Where it asks for something else, the line of the
    file is named, and the exit code is 65.
    """
    from gateway.recording import RecordingError
    from gateway.replay import Replay

    try:
        played = Replay(file, _everybody(), bind_key=_key(bind_key))
        _end(played.driver, played.said(), played.listener, is_frame=is_frame)
    except RecordingError as error:
        _print({"error": str(error)})
        raise


def _wish(
    address: str | None, driver: str | None, seconds: float, config: Path | None
) -> "tuple[Wish, Path | None]":
    from gateway.capture import Wish
    from gateway.settings import Settings
    from gateway.start import BONDS_FILE

    settings = None if config is None else Settings.load(config)
    wish = Wish(
        Catalog(_everybody()),
        _zone("Europe/Oslo") if settings is None else settings.zone,
        None if driver is None else _driver(driver),
        None if address is None else address_named(address),
        seconds,
        {} if settings is None else settings.told(),
    )
    return wish, None if settings is None else settings.folder / BONDS_FILE


def _driver(name: str) -> Driver[Any]:
    """Return the driver; those from outside are loaded only if the house doesn't have it."""
    ours = HOUSE.driver_by_id(name)
    return driver_named(name, _everybody()) if ours is None else ours


def _everybody() -> tuple[Driver[Any], ...]:
    return (*HOUSE.drivers, *asked(load_outside()))


def _key(text: str | None) -> bytes | None:
    if text is None:
        return None
    key = bytes_named(text, "--bind-key")
    if len(key) != BIND_KEY_SIZE:
        raise WordsError(f"--bind-key: has {len(key)} octets; a key has {BIND_KEY_SIZE}, which are 32 digits")
    return key


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WordsError(f"--timezone: {name!r} is none; write one such as Europe/Oslo") from None


def _end(driver: Driver[Any], said: Iterable[Any], listener: Listener, *, is_frame: bool) -> None:
    """Print each line as soon as it is known; say what was not there, and leave with what it came to."""
    tally = Tally()
    for line in lines(driver, said, listener, tally, is_frame=is_frame):
        _print(line)
    if tally.errors:
        raise typer.Exit(EXIT_DATA)
    if not tally.frames:
        say_error("these bytes are no whole frame yet, or nothing for this driver")
    elif not is_frame and not tally.readings:
        say_error("no reading: the bytes are in order and hold no number; --frame shows what they say")


def _print(line: Line | list[Line]) -> None:
    """Print JSON: one line, or a list that people may read too."""
    indent = 2 if isinstance(line, list) else None
    sys.stdout.write(json.dumps(line, ensure_ascii=False, allow_nan=False, indent=indent) + "\n")
