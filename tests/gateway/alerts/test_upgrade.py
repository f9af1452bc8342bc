"""What a hub from before has kept is read: no open alert and no reading in a row is lost by an upgrade."""

import orjson

from gateway.alerts.judge import judge
from gateway.alerts.state import JudgeState
from tests.given import NOON, SPO2_LOW, SPO2_RED, plan, reading

BECAUSE = {"kind": "spo2", "values": [87.0], "side": "below", "limit": 88.0, "clear": 89.0, "usual": 91.0}
OPEN = {
    "id": "spo2_low-r1", "rule": "spo2_low", "level": "yellow", "change": "opened", "reason": "metning 87 %",
    "because": BECAUSE, "plan_version": 1, "readings": ["r1"], "at": NOON.isoformat(),
}  # fmt: skip
AT = NOON.isoformat()
KEPT = orjson.dumps(
    {
        "plan_version": 1,
        "limits": {
            "spo2_low": {"open": OPEN, "values": [], "readings": [], "judged_at": AT},
            "spo2_low_red": {
                "open": None,
                "values": [84.0],
                "readings": ["r1"],
                "judged_at": NOON.isoformat(),
            },
        },
    }
)


def test_an_open_alert_of_the_first_version_stays_open_and_can_close():
    """The alert that a hub from before had opened closes under its own id."""
    state = JudgeState.from_bytes(KEPT)
    assert [alert.id for alert in state.open_alerts] == ["spo2_low-r1"]
    verdict = judge(plan(SPO2_LOW), state, reading(95, minute=5))
    assert [(alert.id, alert.change) for alert in verdict.changes] == [("spo2_low-r1", "closed")]


def test_it_is_not_opened_a_second_time():
    """A further low reading after the upgrade is the same alert."""
    assert judge(plan(SPO2_LOW), JudgeState.from_bytes(KEPT), reading(86, minute=5)).changes == ()


def test_a_reading_in_a_row_from_before_still_counts():
    """The first of two low readings was judged before the upgrade, the second after it: red."""
    (red,) = judge(plan(SPO2_LOW, SPO2_RED), JudgeState.from_bytes(KEPT), reading(83, minute=5)).changes
    assert (red.level, red.readings[0], red.because.values) == ("red", "r1", (84.0, 83.0))


def test_what_an_old_hub_kept_is_kept_anew_in_the_new_form():
    """Read, written and read again it is the same memory; the plan is still known."""
    state = JudgeState.from_bytes(KEPT)
    assert JudgeState.from_bytes(bytes(state)) == state
    assert state.plan_version == 1
