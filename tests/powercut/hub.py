"""A hub's settings on the small disk, opened as production opens them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from cloud_bridge.settings import load_plan
from devices.decoder import WholeFrames
from devices.driver import Driver
from devices.kinds import Kind
from gateway.pipeline import Pipeline
from gateway.ports import Now, Trusted, untold
from gateway.settings import Settings
from tests.given import HOME, NOON, reading
from tests.program import ROOT

PLAN_FILE = ROOT / "config/plan.toml"
PLAN = load_plan(PLAN_FILE)
OSLO = ZoneInfo("Europe/Oslo")

ECHO = Driver(
    id="echo",
    title="Echo",
    tier="reported",
    kinds=(Kind.SPO2,),
    matches=lambda _ad: True,
    session=lambda _link, _now: iter(()),
    readings=lambda frame, _heard: tuple(frame),
    decoder=lambda: WholeFrames({}),
)
"""A driver whose frames are the readings themselves."""


def settings(disk: Path, name: str) -> Settings:
    """Return the settings of a hub whose log and key lie on this disk."""
    return Settings(
        home=HOME,
        folder=disk / name,
        key_file=disk / f"{name}.key",
        plan_file=PLAN_FILE,
        broker="mqtt://127.0.0.1:9",
        radio="unix:/nobody",
    )


class Minutes:
    """A minute further each time somebody looks."""

    def __init__(self, start: datetime = NOON) -> None:
        self._times: Iterator[datetime] = (start + timedelta(minutes=minute) for minute in count())

    def __call__(self) -> datetime:
        """Return the time."""
        return next(self._times)


def pipeline(store: object, now: Now, clock: Trusted = untold) -> Pipeline:
    """Return the production pipeline on a store, with the plan as it is shipped."""
    return Pipeline(store, PLAN, now=now, timezone=OSLO, on_commit=lambda: None, clock=clock)


def measured(minute: int, value: float, kind: Kind = Kind.SPO2) -> object:
    """Return a reading that no other is equal to."""
    return reading(value, kind=kind, minute=minute)
