"""A memory that is told a hundred times is kept once, whatever the device: through the real pipeline."""

import asyncio
from datetime import timedelta

import pytest

from cloud_bridge.contract.entries import EntryKind
from devices.catalog import DRIVERS
from gateway.pipeline import Pipeline
from simulators.conformance.case import LATER, OSLO, Case, Trial, heard_by
from simulators.loop import SimLoop
from simulators.shelf import SHELF
from tests.given import plan, store

TOLD = 100


def said_by(driver):
    """Everything that the driver's twin says on three mornings."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(Trial(Case(driver, SHELF[driver.id])).mornings())


def is_dated(readings):
    """Whether the device says a time of its own: a live stream doesn't."""
    return any(one.device_time is not None for one in readings)


REMEMBERING = [(driver, heard) for driver in DRIVERS if is_dated((heard := said_by(driver)).readings)]


@pytest.mark.parametrize(("driver", "heard"), REMEMBERING, ids=lambda one: getattr(one, "id", ""))
def test_a_memory_told_a_hundred_times_is_kept_once(tmp_path, driver, heard):
    """Each telling later than the last, in both directions: as many entries as after the first."""
    log = store(tmp_path)
    now = LATER
    pipeline = Pipeline(log, plan(), now=lambda: now, timezone=OSLO, on_commit=lambda: None)
    listener = heard_by(driver, heard.twin)
    frames = [frame for frame in heard.frames if is_dated(driver.readings(frame, listener))]
    counts = []
    for number in range(TOLD):
        visit = pipeline.visit(driver, heard.twin.address, heard.twin.told)
        for frame in frames if number % 2 == 0 else reversed(frames):
            visit.take(frame)
        visit.close()
        counts.append(log.count(EntryKind.READING))
        now += timedelta(minutes=7)
    log.close()
    assert counts == [counts[0]] * TOLD
    assert counts[0] > 0


def test_most_devices_remember():
    """The walk has found them; only live streams without a clock are left out."""
    left_out = {driver.id for driver in DRIVERS} - {driver.id for driver, _ in REMEMBERING}
    assert left_out == {
        "berrymed_bm1000", "choicemmed_ichoice", "jks50f", "jumper_jpd500f", "nonin_3230", "viatom_pc60fw",
        "wellue_fs20f",
    }  # fmt: skip
