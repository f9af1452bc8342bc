"""The command that runs a worker beside the ward."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.console import Verbose, begin_logging, finish, say


def add_to(ward: typer.Typer) -> None:
    """Hang this command into `pusterom ward`."""
    ward.command()(intake)


def intake(
    config: Annotated[Path, typer.Option("--config", help="The ward's settings file.")] = Path(
        "config/ward.toml"
    ),
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port or mqtts://host:port")] = None,
    database: Annotated[str | None, typer.Option(help="postgresql://…")] = None,
    verbose: Verbose = 0,
) -> None:
    """Take in what homes publish, beside `pusterom ward run` and any number of others, until Ctrl-C.

    Needs the ward's PostgreSQL, and a broker with shared subscriptions. The ward itself runs once: it
    hears births, sends plans, looks for what is wrong and serves the pages.

    Next: run another, here or on another machine, where one is not enough.
    """
    from cloud_bridge.backend.settings import WardSettings
    from cloud_bridge.backend.start import run_intake

    begin_logging(verbose=verbose)
    said = {name: value for name, value in (("broker", broker), ("database", database)) if value}
    finish(run_intake(WardSettings.load(config, said), say))
