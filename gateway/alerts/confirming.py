"""A second reading after a rest: what turns a suspicion into something that is so."""

from dataclasses import dataclass
from datetime import datetime

from cloud_bridge.contract.rule_settings import Confirmed
from devices.readings import Reading
from gateway.alerts.family import Status


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The first reading that broke a rule, and whether a second one has confirmed it."""

    id: str
    value: float
    at: datetime
    is_confirmed: bool = False


def weighed(rule: Confirmed, before: Suspicion | None, reading: Reading) -> tuple[Status, Suspicion]:
    """Return what this reading, which breaks the rule, makes of the suspicion before it.

    One that comes before the rest is over confirms nothing and restarts nothing; one that comes far
    too late is a first one again.
    """
    first = Suspicion(reading.id, reading.value, reading.measured_at)
    if before is None:
        return "suspected", first
    if before.is_confirmed:
        return "broken", before
    apart_s = (reading.measured_at - before.at).total_seconds()
    if apart_s < 0 or apart_s > rule.counts_within_h * 3600:
        return "suspected", first
    if apart_s < rule.rest_min * 60:
        return "suspected", before
    return "broken", Suspicion(before.id, before.value, before.at, is_confirmed=True)
