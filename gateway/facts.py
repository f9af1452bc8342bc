"""What was decided or heard, as facts that the log can keep: each with its identity."""

from hashlib import blake2b

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer, answer_body
from cloud_bridge.contract.bodies import DeviceFault, alert_body, fault_body, reading_body
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.nights import Night, night_body
from devices.readings import Reading
from gateway.store.log import Fact


def reading_fact(reading: Reading) -> Fact:
    """Return a reading, with its place in its series."""
    series = (reading.series, reading.measured_at)
    return Fact(EntryKind.READING, reading_body(reading), id=reading.id, series=series)


def alert_fact(alert: Alert) -> Fact:
    """Return a change of an alert.

    A confirmation is a kind of its own: a ward from before knows only opened and closed.
    """
    kind = EntryKind.ALERT_CONFIRMED if alert.change == "confirmed" else EntryKind.ALERT
    return Fact(kind, alert_body(alert), id=f"{alert.id}:{alert.change}")


def answer_fact(answer: Answer) -> Fact:
    """Return an answer."""
    return Fact(EntryKind.ANSWER, answer_body(answer), id=answer.id)


def night_fact(night: Night) -> Fact:
    """Return a night's summary; each revision of it is another fact."""
    return Fact(EntryKind.NIGHT, night_body(night), id=f"night-{night.on}-{night.revision}")


def fault_fact(fault: DeviceFault) -> Fact:
    """Return a fault.

    A device that says the same nonsense a hundred times has one.
    """
    body = fault_body(fault)
    return Fact(EntryKind.DEVICE_FAULT, body, id=blake2b(body, digest_size=12).hexdigest())
