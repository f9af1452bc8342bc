"""What people did, in every database: kept once, as it was said, and read while the alert is open."""

from datetime import timedelta

import pytest

from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Handled
from cloud_bridge.backend.who import Role, Who
from tests.contracts.tables.facts import HOME, NOON, alert, at, batch, told

pytestmark = pytest.mark.anyio

KARI = Who("k1", "ringsaker", Role.NURSE)


def taken(minute: float = 1) -> Handled:
    """What Kari said at this minute."""
    return Handled(home=HOME, matter="e1", act="taken", by=KARI, at=at(minute), upto=NOON, note="ringer")


async def test_an_act_is_kept_as_it_was_said_and_once(tables: Tables) -> None:
    """Told twice it is one; a time of putting off and a judgement come back as they were."""
    await tables.commit(batch(told(1, alert(1, "opened"))), at=NOON)
    done = Handled(
        home=HOME, matter="e1", act="done", by=KARI, at=at(2), upto=at(1), note="ringte",
        until=at(9) + timedelta(seconds=0.25), is_of_no_use=True,
    )  # fmt: skip
    for each in (done, taken(), done):
        await tables.keep_handled(each)
    assert await tables.handled() == (taken(), done)


async def test_acts_are_read_while_the_alert_is_open(tables: Tables) -> None:
    """Of a home with nothing open nothing is read; it stays for the figures."""
    await tables.keep_handled(taken())
    assert await tables.handled() == ()
    await tables.commit(batch(told(1, alert(1, "opened"))), at=NOON)
    assert await tables.handled() == (taken(),)
    await tables.commit(batch(told(2, alert(1, "closed", minutes=5))), at=NOON)
    assert await tables.handled() == ()
