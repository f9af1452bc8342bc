"""A plan version as a CarePlan, and who said it as a Provenance: the role and the organisation, no person."""

from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.fhir.naming import (
    LOCAL,
    PARTICIPANTS,
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
from devices.kinds import CODINGS


def care_plan(plan: Plan, about: About) -> Resource:
    """Return the CarePlan of one version; nothing of the person that equations need goes along."""
    said: Resource = {
        "resourceType": "CarePlan",
        "id": id_of(about.home, "plan", plan.version),
        "meta": meta(about),
        "identifier": [{"system": f"{LOCAL}/plan", "value": id_of(about.home, "plan", plan.version)}],
        "status": "active",
        "intent": "plan",
        "category": [concept(coded(LOCAL, "verified" if plan.is_verified else "unverified"))],
        "title": f"Plan {plan.version}",
        "subject": patient(about),
        "created": instant(plan.approved_at),
        "author": organisation(about.organisation),
    }
    if plan.version > 1:
        said["replaces"] = [reference("CarePlan", about.home, "plan", plan.version - 1)]
    if plan.limits:
        said["activity"] = [_activity(limit) for limit in plan.limits]
    return said


def plan_provenance(plan: Plan, about: About) -> Resource:
    """Return who said a plan version, by role and for which organisation, and when."""
    target = reference("CarePlan", about.home, "plan", plan.version)
    return provenance(
        about, target, instant(plan.approved_at), role=plan.approved_by_role, of=about.organisation
    )


def provenance(about: About, target: Resource, recorded: str, *, role: str, of: str) -> Resource:
    """Return a Provenance of one target: the author is a role in an organisation, never a name."""
    agent: Resource = {"type": concept(coded(PARTICIPANTS, "author")), "who": organisation(of)}
    if role:
        agent["role"] = [concept(text=role)]
    return {
        "resourceType": "Provenance",
        "id": id_of(about.home, "provenance", target["reference"], recorded),
        "meta": meta(about),
        "target": [target],
        "recorded": recorded,
        "agent": [agent],
    }


def _activity(limit: Limit) -> Resource:
    unit = CODINGS[limit.kind].unit
    words = f"{limit.kind} {limit.side} {limit.edge:g} {unit}, back at {limit.clear:g}, {limit.level}"
    code = concept(coded(LOCAL, f"limit-{limit.id}"))
    return {"detail": {"status": "in-progress", "code": code, "description": words}}
