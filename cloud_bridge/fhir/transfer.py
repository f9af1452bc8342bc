"""A hand-over as a Task: the giver stays accountable until the receiver has accepted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cloud_bridge.fhir.care import provenance
from cloud_bridge.fhir.naming import (
    LOCAL,
    About,
    Resource,
    coded,
    concept,
    id_of,
    instant,
    meta,
    organisation,
    patient,
    reference,
)

TransferStatus = Literal["offered", "accepted", "refused", "withdrawn", "expired"]

TASK_STATUS: dict[TransferStatus, str] = {
    "offered": "requested",
    "accepted": "completed",
    "refused": "rejected",
    "withdrawn": "cancelled",
    "expired": "failed",
}
"""An acceptance is the whole act: from that instant nothing is left to do, so the Task is completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A hand-over as it stands; `offered_at` never changes, `at` is when it came to stand so."""

    id: str
    home: str
    giver: str
    receiver: str
    status: TransferStatus
    offered_at: datetime
    at: datetime
    until: datetime
    plan_version: int
    role: str = ""
    episodes: tuple[str, ...] = ()


def transfer_task(transfer: Transfer, about: About) -> Resource:
    """Return the Task; it bears one id from the offer to its end."""
    episodes = [
        {"type": concept(coded(LOCAL, "episode")), "valueString": episode} for episode in transfer.episodes
    ]
    said: Resource = {
        "resourceType": "Task",
        "id": id_of(about.home, "transfer", transfer.id),
        "meta": meta(about),
        "identifier": [{"system": f"{LOCAL}/transfer", "value": id_of(about.home, "transfer", transfer.id)}],
        "status": TASK_STATUS[transfer.status],
        "businessStatus": concept(coded(LOCAL, f"transfer-{transfer.status}")),
        "intent": "order",
        "code": concept(coded(LOCAL, "transfer-of-responsibility")),
        "focus": reference("CarePlan", about.home, "plan", transfer.plan_version),
        "for": patient(about),
        "authoredOn": instant(transfer.offered_at),
        "lastModified": instant(transfer.at),
        "requester": organisation(transfer.giver),
        "owner": organisation(transfer.receiver),
        "restriction": {"period": {"end": instant(transfer.until)}},
    }
    return said | ({"input": episodes} if episodes else {})


def transfer_provenance(transfer: Transfer, about: About) -> Resource:
    """Return who brought a hand-over to where it stands; where time did, the giver whose offer it was."""
    said_by = transfer.receiver if transfer.status in ("accepted", "refused") else transfer.giver
    target = reference("Task", about.home, "transfer", transfer.id)
    return provenance(about, target, instant(transfer.at), role=transfer.role, of=said_by)
