"""What people at work do in a simulated life: write plans, and hand homes over."""

from datetime import timedelta
from itertools import count
from typing import Any

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import WrittenPlan
from cloud_bridge.contract.handover import Accept, Offer, Refuse, Wanted, Withdraw
from cloud_bridge.contract.handover_content import Content, HandedAlert
from cloud_bridge.contract.handover_record import HandoverState
from simulators.home import Home
from simulators.world import SOON, World

ORGANISATIONS = (
    Organisation("sykehuset", "Sykehuset", "hospital"),
    Organisation("kommunen", "Kommunen", "municipality"),
    Organisation("nabokommunen", "Nabokommunen", "municipality"),
)
OFFER_H = (1, 12, 72)
"""For so long an offer stands: some end while nobody looks."""


class People:
    """Those who follow the homes of one world, in three organisations, with its dice."""

    def __init__(self, world: World) -> None:
        self._world, self._dice, self._said = world, world.dice, count(1)

    async def write_plan(self, home: Home) -> None:
        """Let somebody write a newer plan, whatever the hub is doing."""
        name, ward = home.parts.home, self._world.ward
        if not ward.is_powered:
            return
        plans = await ward.tables.plans(name)
        newest = plans.waiting.plan if plans.waiting else plans.in_force
        if newest is None:
            return
        to = ORGANISATIONS[newest.version % len(ORGANISATIONS)].organisation
        soon = SOON.model_copy(update={"to": to})
        stale_h = float(self._dice.randint(24, 72))
        change = {"version": newest.version + 1, "stale_h": stale_h, "escalation": soon}
        plan = newest.model_copy(update=change)
        self._world.note("plan", name, plan.version)
        await ward.tables.write_plan(name, WrittenPlan(plan, "lege", self._world.now()))

    async def hand_over(self, home: Home) -> None:
        """Let somebody begin, offer, or decide; now and then two decide upon the same page."""
        name, ward = home.parts.home, self._world.ward
        if not ward.is_powered:
            return
        tables, now = ward.tables, self._world.now()
        state = await tables.handovers(name)
        if state is None:
            await tables.enrol_organisations(ORGANISATIONS)
            await tables.begin_follow_up(name, "sykehuset", "lege", now)
            return
        for _ in range(self._dice.choice((1, 1, 2))):
            wanted = await self._wanted(tables, name, state)
            self._world.note("handover", name, type(wanted).__name__)
            if ward.is_powered and ward.tables is tables:
                await tables.hand_over(wanted, self._world.now())

    async def _wanted(self, tables: Tables, home: str, state: HandoverState) -> Wanted:
        said: dict[str, Any] = {
            "id": f"c{next(self._said)}",
            "home": home,
            "role": "sykepleier",
            "seen": state.number,
        }
        if (offer := state.offer) is None:
            giver = state.responsibility.accountable
            others = [each.organisation for each in ORGANISATIONS if each.organisation != giver]
            to, until = self._dice.choice(others), timedelta(hours=self._dice.choice(OFFER_H))
            alerts = tuple(
                HandedAlert(id=each.alert.id, goes=self._dice.choice(("moves", "kept")), reason="avtalt")
                for each in await tables.open_alerts(home)
            )
            content = Content(plan_version=1, why_now="stabil", alerts=alerts[:100])
            return Offer(to=to, until=self._world.now() + until, content=content, by=giver, **said)
        said["offer"] = offer.offer
        decisions: tuple[Wanted, ...] = (
            Accept(by=offer.organisation, **said),
            Accept(by=offer.organisation, **said),
            Refuse(by=offer.organisation, reason="ikke plass", **said),
            Withdraw(by=offer.by, **said),
        )
        return self._dice.choice(decisions)
