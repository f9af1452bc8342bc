"""What the plan asks for and has not come, over both databases."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from cloud_bridge.backend.asked import CAUGHT_UP_AFTER, PATIENCE, look_by, look_for
from cloud_bridge.backend.standing import Finding, Known, Standing
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.troubles import keep_found
from cloud_bridge.contract.due import silence_id
from cloud_bridge.contract.schedule import Ask, Schedule, Window
from cloud_bridge.contract.trouble import TroubleKind
from devices.kinds import Kind
from devices.readings import Quality
from tests.contracts.tables.facts import HOME, NOON, alert, applied, batch, reading, told

pytestmark = pytest.mark.anyio

SPO2 = Ask(id="spo2", kind=Kind.SPO2, windows=(Window(begins=time(11), ends=time(13)),))
WEIGHT = Ask(id="weight", kind=Kind.BODY_WEIGHT, times_a_week=2)
SCHEDULE = Schedule(timezone="UTC", asks=(SPO2, WEIGHT))
DAY, BIT = timedelta(days=1), timedelta(seconds=1)
BEGAN = NOON - 3 * DAY
DUE = NOON + timedelta(hours=1) + DAY + PATIENCE
"""When the ward misses what was asked for today, a Monday."""


async def missed(tables: Tables, now, plans=((SCHEDULE, BEGAN),)) -> list[str]:
    """What the ward misses then, by name."""
    found = await tables._ask(lambda transaction: look_by(transaction, HOME, plans, now))
    return [each.about for each in found or ()]


async def test_a_reading_that_counts_is_found_behind_those_that_do_not(tables: Tables) -> None:
    """Another kind's, one without a number and one of next year do not count; the newest that does, does."""
    await tables.commit(batch(told(1, reading(1, minutes=0))), at=NOON)
    await tables.commit(batch(told(2, reading(2, kind=Kind.PULSE_RATE, minutes=1440))), at=NOON)
    assert await missed(tables, DUE) == []
    broken = replace(reading(4, minutes=1440), quality=(Quality.SENSOR_FAULT,))
    ahead = reading(5, minutes=365 * 1440)
    await tables.commit(batch(told(4, broken), told(5, ahead)), at=NOON + DAY)
    assert await missed(tables, DUE + DAY) == ["spo2"]
    await tables.commit(batch(told(3, reading(3, minutes=1440, value=92))), at=NOON + DAY)
    assert await missed(tables, DUE + DAY) == []
    many = [replace(broken, id=f"b{n}", measured_at=broken.measured_at + n * BIT) for n in range(1, 30)]
    await tables.commit(batch(*(told(5 + n, each) for n, each in enumerate(many, 1))), at=NOON + DAY)
    assert await missed(tables, DUE + DAY) == [], "it is found behind many, too"


async def test_the_days_of_a_week_are_counted_apart(tables: Tables) -> None:
    """Two weighings on one day are one; on two days of the week they are two."""
    sunday_over = NOON + timedelta(days=7, hours=12) + PATIENCE
    weights = [reading(10 + n, kind=Kind.BODY_WEIGHT, value=70 + n, minutes=m) for n, m in enumerate((0, 60))]
    await tables.commit(batch(*(told(1 + n, each) for n, each in enumerate(weights))), at=NOON)
    assert "weight" in await missed(tables, sunday_over)
    again = reading(20, kind=Kind.BODY_WEIGHT, value=71.5, minutes=3 * 1440)
    await tables.commit(batch(told(3, again)), at=NOON + 3 * DAY)
    assert "weight" not in await missed(tables, sunday_over)


async def test_an_open_silence_of_the_hub_is_enough(tables: Tables) -> None:
    """While it is open the ward says nothing; once it is closed, the ward looks for itself again."""
    for seq, change in ((1, "opened"), (2, "closed")):
        one = alert(0, change)
        named = type(one)(silence_id(SPO2, DUE), *(getattr(one, name) for name in one.__slots__[1:]))
        await tables.commit(batch(told(seq, named)), at=NOON)
        assert await missed(tables, DUE) == ([] if change == "opened" else ["spo2"])


async def test_it_is_asked_for_since_the_first_plan_that_asks_for_the_same(tables: Tables) -> None:
    """A new version does not begin anew what it asks for as before; another rhythm does."""
    later = SPO2.model_copy(update={"windows": (Window(begins=time(10), ends=time(13)),)})
    for before, expected in ((SCHEDULE, ["spo2"]), (Schedule(timezone="UTC", asks=(later,)), []), (None, [])):
        plans = ((SCHEDULE, NOON + timedelta(hours=8)), (before, BEGAN))
        assert await missed(tables, DUE, plans) == expected


async def test_what_was_missed_stays_while_nobody_knows_and_ends_when_it_came(tables: Tables) -> None:
    """Two asks are two troubles; a home that goes offline neither ends nor opens one."""
    home = Standing(HOME, True, NOON - DAY, NOON, 0, Known(), quiet_after_h=None)
    missing = [Finding(TroubleKind.MEASUREMENT_MISSING, "due", about=about) for about in ("spo2", "weight")]

    async def looked(standing: Standing, found: list[Finding]) -> list[str]:
        known = {(each.what, each.about): each for each in await tables.troubles()}
        await tables._ask(lambda transaction: keep_found(transaction, standing, (known, found), NOON))
        return sorted(each.about for each in await tables.troubles() if each.about)

    away = replace(home, is_online=False)
    assert await looked(away, missing) == []
    assert await looked(home, missing) == ["spo2", "weight"]
    assert await looked(away, []) == ["spo2", "weight"]
    assert await looked(home, missing[1:]) == ["weight"]


async def test_a_plan_without_a_schedule_is_watched_as_before(tables: Tables) -> None:
    """No plan, or one of single limits: nothing is asked for, and silence is what `stale_h` says."""
    await tables.set_home_state(HOME, True, NOON)
    assert await tables._ask(lambda transaction: look_for(transaction, HOME, NOON)) is None
    await tables.commit(batch(applied(1, version=1)), at=NOON)
    await tables.watch(NOON + 49 * timedelta(hours=1) + CAUGHT_UP_AFTER)
    assert [each.what for each in await tables.troubles()] == ["home_quiet"]
