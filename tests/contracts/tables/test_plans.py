"""Plans in every database: written once, newest first, waiting until the hub says that they are in force."""

import pytest

from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Plans, WrittenPlan
from cloud_bridge.contract.bodies import plan_from
from cloud_bridge.contract.plan import Plan
from tests.contracts.tables.facts import HOME, NOON, OTHER, applied, at, batch

pytestmark = pytest.mark.anyio


def plan(version: int) -> Plan:
    """The plan of this version, as the hub would say it."""
    return plan_from(applied(1, version=version).body)


def written(version: int) -> WrittenPlan:
    """It as it was written at noon."""
    return WrittenPlan(plan(version), "lege", NOON)


async def test_a_plan_waits_until_the_hub_says_that_it_is_in_force(tables: Tables) -> None:
    """Both ends are shown; of another home nothing is."""
    assert await tables.plans(HOME) == Plans()
    assert await tables.write_plan(HOME, written(2)) is None
    assert (await tables.plans(HOME)).waiting == written(2)
    await tables.commit(batch(applied(1, version=1)), at=NOON)
    assert (await tables.plans(HOME)) == Plans(plan(1), NOON, written(2))
    await tables.commit(batch(applied(2, version=2)), at=at(1))
    plans = await tables.plans(HOME)
    assert (plans.in_force, plans.waiting) == (plan(2), None)
    assert await tables.plans(OTHER) == Plans()


async def test_only_a_home_that_is_there_is_sent_what_waits(tables: Tables) -> None:
    """Offline it waits; in force it is sent no more, also where a newer one came from elsewhere."""
    await tables.write_plan(HOME, written(2))
    assert await tables.plans_waiting() == ()
    await tables.set_home_state(HOME, True, NOON)
    assert await tables.plans_waiting() == ((HOME, plan(2)),)
    await tables.set_home_state(HOME, False, NOON)
    assert await tables.plans_waiting() == ()
    await tables.set_home_state(HOME, True, at(1))
    await tables.commit(batch(applied(1, version=3)), at=NOON)
    assert await tables.plans_waiting() == ()
    assert await tables.write_plan(HOME, written(4)) is None
    assert await tables.plans_waiting() == ((HOME, plan(4)),)


async def test_a_hub_is_given_the_newest_plan_that_anybody_knows(tables: Tables) -> None:
    """Also one that another hub of this home had in force; who says no version is from before: none."""
    await tables.commit(batch(applied(1, version=5)), at=NOON)
    assert await tables.plan_for(HOME, 1) == plan(5)
    await tables.write_plan(HOME, written(6))
    assert await tables.plan_for(HOME, 5) == plan(6)
    assert await tables.plan_for(HOME, 6) is None
    assert await tables.plan_for(HOME, None) is None


async def test_a_version_is_written_once(tables: Tables) -> None:
    """The same again, an older one, or other words under the number: a reason, and nothing is kept."""
    assert await tables.write_plan(HOME, written(2)) is None
    other = plan(2).model_copy(update={"stale_h": 5.0})
    for again in (written(2), written(1), WrittenPlan(other, "lege", at(1))):
        assert await tables.write_plan(HOME, again)
    assert (await tables.plans(HOME)).written == written(2)
