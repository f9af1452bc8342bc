"""Nights of oximetry: once one is over, its samples are read from the log and summed up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.nights import Night, night_span
from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind
from devices.readings import Block, series_name
from gateway.alerts.night_watch import over, revision_of
from gateway.alerts.state import JudgeState
from gateway.store.log_reader import LogReader

BEFORE = timedelta(hours=1)
"""A Block that began before the night may reach into it."""


def nights_over(plan: Plan, state: JudgeState, log: LogReader, now: datetime) -> Iterator[Night]:
    """Yield each night that is to be summed up now."""
    settings, memory = plan.night, state.memory_of("nights")
    if settings is None:
        return
    for on in over(settings, memory, now, plan.zone):
        # numpy takes a tenth of a second and 20 MB: a hub that sums no night up never loads it.
        from gateway.alerts.nights import sum_up

        begins_at, ends_at = night_span(settings, on, plan.zone)
        bodies = log.readings_between(series_name(Kind.SPO2), begins_at - BEFORE, ends_at)
        blocks = [one for one in map(reading_from, bodies) if isinstance(one, Block)]
        yield sum_up(settings, on, blocks, plan.zone, revision=revision_of(memory, on))
