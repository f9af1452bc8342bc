"""What the judge remembered is made from the log again: alerts are open as they were told."""

from cloud_bridge.contract.bodies import alert_body, plan_body, reading_body
from cloud_bridge.contract.entries import Entry, EntryKind
from gateway.alerts.judge import judge
from gateway.alerts.state import JudgeState
from gateway.recover import remembered
from tests.gateway.test_recover import opened
from tests.given import NOON, SPO2_LOW, fact, plan, reading, store


def test_a_memory_of_the_judge_that_cannot_be_read_stops_no_hub(tmp_path):
    """It is made again from the log."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON, judge_state=b"{}}")
    log.close()
    assert JudgeState.from_bytes(opened(tmp_path).judge_state()) == JudgeState()


def test_alerts_are_open_as_they_were_told_though_their_readings_are_lost():
    """An opening that was told stays open; one whose closing was told is over, whatever is left to judge."""
    limits = plan(SPO2_LOW)
    opened_at = judge(limits, JudgeState(), reading(80))
    (opening,) = opened_at.changes
    (closing,) = judge(limits, opened_at.state, reading(95, minute=5)).changes
    bodies = ((EntryKind.PLAN_APPLIED, plan_body(limits)), (EntryKind.ALERT, alert_body(opening)))
    told = [Entry(seq, NOON, kind, body) for seq, (kind, body) in enumerate(bodies, start=1)]
    assert remembered(told).open_alerts == (opening,)
    told += [
        Entry(3, NOON, EntryKind.READING, reading_body(reading(80))),
        Entry(4, NOON, EntryKind.ALERT, alert_body(closing)),
    ]
    assert remembered(told).open_alerts == ()
