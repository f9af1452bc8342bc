"""The plan's page: what is in force, what is on its way, and a form that makes the next version."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from cloud_bridge.backend.acts import WhoOf
from cloud_bridge.backend.plan_form import Edited, Field, edited, fields_of_plan
from cloud_bridge.backend.views import Person, Plans, Views, WrittenPlan
from cloud_bridge.backend.who import AT_THIS_MACHINE, Who
from cloud_bridge.backend.worklist import stranger
from cloud_bridge.contract.contradictions import contradictions
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.forms import fields_of, is_from_here
from cloud_bridge.look.site import Site
from cloud_bridge.look.voice import Voice

Route = Callable[[Request, str], Awaitable[Response]]
SAID = (
    "plan_became_done", "plan_became_same", "plan_became_limit", "plan_became_invalid",
    "plan_became_contrary", "plan_became_newer", "plan_became_unreadable",
)  # fmt: skip


class PlanViews(Views, Protocol):
    """What is asked of the tables here, and done."""

    async def write_plan(self, home: str, written: WrittenPlan) -> str | None:
        """Keep a plan that is to be sent to a home; return why not, and then nothing is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """What the page shows of one home."""

    home: str
    person: Person
    plans: Plans
    may_change: bool

    @property
    def newest(self) -> Plan | None:
        """The plan that a change begins with: the one on its way, else the one in force."""
        return self.plans.in_force if self.plans.waiting is None else self.plans.waiting.plan


def add_plan(made: Site, views: PlanViews, who_of: WhoOf, decided: Callable[[str], None]) -> None:
    """Add the page with its preview, and the route that takes what was confirmed."""
    made.app.get("/patient/{home}/plan")(_page(made, views, who_of))
    made.app.post("/patient/{home}/plan")(_decide(made, views, who_of, decided))


def _page(made: Site, views: PlanViews, who_of: WhoOf) -> Route:
    async def page(request: Request, home: str) -> Response:
        shown, query = await _planned(views, home, who_of(request)), request.query_params
        preview, newest = None, shown.newest
        said = next((key for key in SAID if key == query.get("said")), "")
        if query.get("base") and newest is not None and shown.may_change:
            by = await _by(made, views, request, who_of(request))
            preview = _edited(newest, query, by, made.now())
            said = preview.why
        return made.show(
            request, "plan.html", shown=shown, said=said, preview=preview, title_of=title_of,
            typed={} if preview is None else {each.field.path: each.after for each in preview.changes},
            fields=() if newest is None else fields_of_plan(newest),
            doubts=() if preview is None or preview.plan is None else contradictions(preview.plan),
        )  # fmt: skip

    return page


def _decide(made: Site, views: PlanViews, who_of: WhoOf, decided: Callable[[str], None]) -> Route:
    async def decide(request: Request, home: str) -> Response:
        if not is_from_here(request):
            raise HTTPException(403)
        shown, fields = await _planned(views, home, who_of(request)), await fields_of(request) or {}
        by = await _by(made, views, request, who_of(request))
        said = await _write(views, shown, fields, by, made.now())
        if said == "plan_became_done":
            decided(home)
        return RedirectResponse(f"/patient/{home}/plan?{urlencode({'said': said})}", status_code=303)

    return decide


def title_of(field: Field, say: Voice) -> str:
    """Return what a field belongs to, in words."""
    about = dict(field.about)
    for name in ("kind", "level"):
        if name in about:
            about[name] = say.word(f"{name}_{about[name]}")
    return say.word(field.group, **about)


async def _planned(views: PlanViews, home: str, who: Who) -> Planned:
    state = await views.handovers(home)
    if state is None and await views.home_state(home) is None:
        raise HTTPException(404)
    person = next((each for each in await views.people() if each.home == home), stranger(home))
    accountable = "" if state is None else state.responsibility.accountable
    may_change = who == AT_THIS_MACHINE or who.organisation == accountable
    return Planned(home, person, await views.plans(home), may_change)


async def _by(made: Site, views: PlanViews, request: Request, who: Who) -> str:
    """Return how a plan names whoever approves it: role and organisation, and no person."""
    names = {each.organisation: each.name for each in await views.organisations()}
    role = made.voice(request).word(f"role_{who.role}")
    return f"{role}, {names.get(who.organisation, who.organisation)}"


def _edited(newest: Plan, fields: Mapping[str, str], by: str, now: datetime) -> Edited:
    if fields.get("base") != str(newest.version):
        return Edited((), None, "plan_became_newer")
    return edited(newest, fields, by, now)


async def _write(views: PlanViews, shown: Planned, fields: Mapping[str, str], by: str, now: datetime) -> str:
    """Write what was confirmed; return what became of it, as the key of its words."""
    if shown.newest is None or "base" not in fields:
        return "plan_became_unreadable"
    wanted = _edited(shown.newest, fields, by, now)
    if wanted.plan is None:
        return wanted.why
    # Somebody else may have written since it was read: the tables refuse, in one transaction.
    refusal = await views.write_plan(shown.home, WrittenPlan(wanted.plan, by, now))
    return "plan_became_done" if refusal is None else "plan_became_newer"
