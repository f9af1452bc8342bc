"""One entry of a home's log as FHIR resources: none, one or several, and always the same ones."""

from dataclasses import replace

from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.bodies import alert_from, plan_from, reading_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.fhir.care import care_plan, plan_provenance
from cloud_bridge.fhir.equipment import hub_device, measuring_device
from cloud_bridge.fhir.issue import detected_issue
from cloud_bridge.fhir.naming import About, Resource
from cloud_bridge.fhir.observation import observation
from cloud_bridge.fhir.told import answered
from cloud_bridge.fhir.vkp import down
from devices.kinds import Kind
from devices.readings import Block, Quality, dated

NOT_THE_PATIENTS = frozenset({Quality.UNKNOWN_USER, Quality.DEMO})
"""Perhaps somebody else's, or nobody's: such a number stays in the ward."""


def resources(entry: Entry, about: About) -> tuple[Resource, ...]:
    """Return what an entry says in FHIR; raise ContractError where its body is broken.

    What concerns only the hub and the ward (troubles, receipts, clocks) says nothing, nor does a kind of
    entry that we don't know.
    """
    match entry.kind:
        case EntryKind.READING:
            return _measured(entry, about)
        case EntryKind.ALERT | EntryKind.ALERT_CONFIRMED:
            alert = alert_from(entry.body)
            return (detected_issue(replace(alert, at=about.dated_at or alert.at), about),)
        case EntryKind.ANSWER:
            return (answered(answer_from(entry.body), about),)
        case EntryKind.PLAN_APPLIED:
            plan = plan_from(entry.body)
            return (care_plan(plan, about), plan_provenance(plan, about))
        case EntryKind.HUB_STARTED:
            return (hub_device(about),)
        case _:
            return ()


def _measured(entry: Entry, about: About) -> tuple[Resource, ...]:
    """Return the Observation, of samples also their median, and the Device where its kind is known."""
    reading = reading_from(entry.body)
    reading = dated(reading, about.dated_at or reading.measured_at)
    if not NOT_THE_PATIENTS.isdisjoint(reading.quality):
        return ()
    median = down(reading, about) if isinstance(reading, Block) else None
    said = (observation(reading, about), *(() if median is None else (median,)))
    is_untold = reading.kind is Kind.BATTERY_LEVEL or reading.is_derived
    return said if is_untold else (*said, measuring_device(reading, about))
