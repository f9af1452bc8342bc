"""The commands that make certificates for a small beginning, where there is no authority yet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.console import say
from gateway.hung_in import OpenGroup
from gateway.words import WordsError

if TYPE_CHECKING:
    from cloud_bridge.authority import Pair

certificates = typer.Typer(
    cls=OpenGroup,
    help="Make the certificates by which broker, ward and homes know each other. For development and a small"
    " beginning; a real authority may take its place.",
    no_args_is_help=True,
)

AUTHORITY = "authority"


@certificates.command("new-authority")
def new_authority(
    folder: Annotated[Path, typer.Option(help="Where to put authority.pem and authority.key.")] = Path(
        AUTHORITY
    ),
    name: Annotated[str, typer.Option(help="What it is called in every certificate.")] = "Pusterom authority",
) -> None:
    """Make an authority, good for ten years. Nothing is written over.

    Whoever has its key can be every home: keep it off broker, ward and hubs, where few can reach it.

    Next: `pusterom certificates new-certificate ward`, then one for the broker and one for each home.
    """
    from cloud_bridge.authority import AUTHORITY_DAYS, Period
    from cloud_bridge.authority import new_authority as made
    from cloud_bridge.program import utc_now

    _write(folder, AUTHORITY, made(name, Period.of_days(utc_now(), AUTHORITY_DAYS)))


@certificates.command("new-certificate")
def new_certificate(
    name: Annotated[str, typer.Argument(help="A home id, ward, ingest, org-…, or broker.")],
    authority: Annotated[Path, typer.Option(help="The folder of the authority.")] = Path(AUTHORITY),
    out: Annotated[Path, typer.Option(help="The folder to put certificate and key into.")] = Path(
        "certificates"
    ),
    host: Annotated[
        list[str] | None, typer.Option(help="Of a broker: how homes call it. Say it for each.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=825, help="How long it is good.")] = 365,
) -> None:
    """Make a certificate and its key (mode 0600), vouched for by the authority. Nothing is written over.

        pusterom certificates new-certificate broker --host broker.example

    Next: carry both to their machine by a safe way, with authority.pem (never authority.key), and name them
    in its settings: ca_file, certificate_file, certificate_key_file. Broker: config/mosquitto-tls.conf.
    """
    from cloud_bridge.authority import BROKER, AuthorityError, Period, broker_certificate, client_certificate
    from cloud_bridge.program import utc_now

    period, hosts = Period.of_days(utc_now(), days), tuple(host or ())
    try:
        signer = _read(authority)
        if name == BROKER:
            pair = broker_certificate(signer, hosts, period)
        elif hosts:
            raise WordsError(f"--host: only a broker's certificate names hosts; {name} is no broker")
        else:
            pair = client_certificate(signer, name, period)
    except AuthorityError as error:
        raise WordsError(str(error)) from error
    _write(out, name, pair)


def _read(folder: Path) -> "Pair":
    from cloud_bridge.authority import Pair

    try:
        return Pair((folder / f"{AUTHORITY}.pem").read_bytes(), (folder / f"{AUTHORITY}.key").read_bytes())
    except OSError as error:
        raise WordsError(
            f"--authority: {error.filename} can't be read ({error.strerror}); make one with `pusterom"
            " certificates new-authority`"
        ) from error


def _write(folder: Path, name: str, pair: "Pair") -> None:
    """Write key and certificate; where either is there already, nothing is written."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    if there := [file for file in (certificate, key) if os.path.lexists(file)]:
        raise WordsError(f"{there[0]} is there already, and nothing is written over: name another folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, data, mode in ((key, pair.key_pem, 0o600), (certificate, pair.certificate_pem, 0o644)):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as open_file:
                open_file.write(data)
    except OSError as error:
        raise WordsError(f"{folder} can't be written: {error.strerror}") from error
    say(f"{certificate} and its key {key}, which only you can read")
