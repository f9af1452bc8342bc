"""May this plan come into force? Only a newer one, and only one that does not contradict itself gravely."""

from dataclasses import dataclass

from cloud_bridge.contract.contradictions import contradictions
from cloud_bridge.contract.plan import Plan


@dataclass(frozen=True, slots=True)
class PlanRefusal:
    """Why a plan does not come into force; `is_old` where a newer one is."""

    reason: str
    is_old: bool = False

    def __str__(self) -> str:
        return self.reason


def refusal_of_plan(plan: Plan, in_force: Plan | None) -> PlanRefusal | None:
    """Return why a hub does not put this plan in force in place of the one that is, or None."""
    grave = [found.key for found in contradictions(plan) if found.is_grave]
    if grave:
        return PlanRefusal(f"version {plan.version} contradicts itself: {', '.join(grave)}")
    if in_force is None or plan == in_force:
        return None
    if plan.version < in_force.version:
        reason = f"version {plan.version} is older than version {in_force.version}, which is in force"
        return PlanRefusal(reason, is_old=True)
    if plan.version == in_force.version:
        return PlanRefusal(f"version {plan.version} is in force with other words; a change is a new version")
    return None
