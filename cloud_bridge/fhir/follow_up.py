"""What people do about an episode of alerts, as one Task: seen, taken, put off, done, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
)

Act = Literal["seen", "taken", "put_off", "done", "escalated"]

TASK_STATUS: dict[Act, str] = {
    "seen": "received", "taken": "in-progress", "put_off": "on-hold", "done": "completed",
    "escalated": "requested",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The newest act about an episode; `began_at` is when it was first acted upon.

    Escalated, its organisation is the one that is asked to look: whom the plan names.
    """

    episode: str
    act: Act
    organisation: str
    role: str
    began_at: datetime
    at: datetime
    until: datetime | None = None
    note: str = ""
    is_of_no_use: bool = False


def follow_up_task(follow_up: FollowUp, about: About) -> Resource:
    """Return the Task; it bears one id for its episode, and names no person."""
    id_ = id_of(about.home, "follow-up", follow_up.episode)
    said: Resource = {
        "resourceType": "Task",
        "id": id_,
        "meta": meta(about),
        "identifier": [{"system": f"{LOCAL}/follow-up", "value": id_}],
        "status": TASK_STATUS[follow_up.act],
        "businessStatus": concept(coded(LOCAL, f"follow-up-{follow_up.act.replace('_', '-')}")),
        "intent": "order",
        "code": concept(coded(LOCAL, "follow-up-of-alerts")),
        "for": patient(about),
        "authoredOn": instant(follow_up.began_at),
        "lastModified": instant(follow_up.at),
        "owner": organisation(follow_up.organisation),
        "input": [{"type": concept(coded(LOCAL, "episode")), "valueString": follow_up.episode}],
    }
    if follow_up.act != "escalated":  # no person has acted
        said["performerType"] = [concept(coded(LOCAL, f"role-{follow_up.role}"))]
    if follow_up.note:
        said["note"] = [{"text": follow_up.note, "time": instant(follow_up.at)}]
    if follow_up.until is not None:
        said["restriction"] = {"period": {"end": instant(follow_up.until)}}
    if follow_up.is_of_no_use:
        said["output"] = [{"type": concept(coded(LOCAL, "of-no-use")), "valueBoolean": True}]
    return said
