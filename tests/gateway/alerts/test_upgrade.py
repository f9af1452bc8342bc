"""What a hub from before has kept is read: no open alert and no reading in a row is lost by an upgrade."""

import orjson

from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Rules
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


def test_a_plan_from_before_t2_could_wait_still_tells_at_once():
    """A plan whose T2 says nothing of a second reading was signed as told at once, and is judged so."""
    said = {"rules": {"spo2_very_low": {"is_on": False}, "spo2_low": {"fall": 3, "below": 88}}}
    signed = Plan.model_validate({**plan().model_dump(exclude={"rules"}), **said})
    (told,) = judge(signed, JudgeState(), reading(87)).changes
    assert (told.rule, told.change, told.confirmation) == ("T2", "opened", "not_needed")


def test_what_the_judge_kept_before_t2_could_wait_is_read():
    """Suspicions of T1 alone, as kept before, load; the next two low readings are T2's first and second."""
    rules = Rules.model_validate({"spo2_low": {"is_told_at_once": False}})
    signed = plan().model_copy(update={"rules": rules})
    before = judge(plan().model_copy(update={"rules": Rules()}), JudgeState(), reading(84)).state
    state = JudgeState.from_bytes(bytes(before))
    first = judge(signed, state, reading(87, minute=30))
    second = judge(signed, first.state, reading(87, minute=40))
    assert [(each.rule, each.change) for each in first.changes] == [("T1", "closed")]
    assert [(each.rule, each.confirmation) for each in second.changes] == [("T2", "confirmed")]
