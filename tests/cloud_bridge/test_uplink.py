"""The window: nothing but a receipt moves it, nothing is forgotten in it, and alerts go first."""

from random import Random

from cloud_bridge.contract.entries import LogSpan
from cloud_bridge.contract.receipts import SPANS_MAX, Receipt, Span
from cloud_bridge.pace import WINDOW_BATCHES, Pace
from cloud_bridge.uplink import (
    BATCH_COUNT_MAX,
    HURRIED_PATIENCE_S,
    PATIENCE_S,
    PATIENCE_S_MAX,
    POSITION_WAIT_S,
    Send,
    Window,
)

LONG = 10_000


def logs(highest: int = LONG) -> tuple[LogSpan, ...]:
    """Return the one name of a log that begins with number 1."""
    return (LogSpan("L", 1, highest),)


def window(up_to: int = 0, batches: int = WINDOW_BATCHES) -> Window:
    """Return a window on log L that has been connected, has heard the ward's position and is at full pace."""
    begun = Window(up_to, Random(1))
    begun.connected(0.0)
    begun.take(Receipt("L", up_to, highest=up_to), logs(), 0.0)
    begun.pace.batches = batches
    return begun


def send(one: Window, highest: int = LONG, now_s: float = 0.0) -> Send | None:
    """Send what the window says, and return it; its digest is its first number."""
    sent = one.next(now_s, logs(highest))
    if sent is not None:
        one.sent(sent, str(sent.spans[0].first), now_s)
    return sent


def spans(*pairs: tuple[int, int]) -> tuple[Span, ...]:
    """Return spans of numbers."""
    return tuple(Span(first, last) for first, last in pairs)


def test_publishing_moves_no_cursor():
    """What was sent, and even acknowledged by the broker, is not delivered."""
    one = window()
    assert send(one) == Send(spans((1, 200)))
    assert one.up_to == 0
    one.expire(PATIENCE_S)
    assert one.next(PATIENCE_S + 60, logs()) == Send(spans((1, 200)))


def test_a_receipt_moves_the_cursor():
    """The ward's word, and only it, says what is delivered."""
    one = window()
    send(one)
    assert one.take(Receipt("L", 200, kept=spans((1, 200)), highest=200), logs(), 0.1) == 200
    assert one.next(0.1, logs()) == Send(spans((201, 400)))


def test_at_most_one_window_is_in_flight():
    """However long the backlog, only so many batches wait for a receipt, and one of alerts."""
    one = window()
    assert [send(one) is not None for _ in range(6)] == [True] * WINDOW_BATCHES + [False] * 2
    one.hurry([5_000])
    assert send(one) == Send(spans((5_000, 5_000)), is_hurried=True)
    one.hurry([6_000])
    assert send(one) is None


def test_only_what_is_missing_is_sent_again():
    """The broker keeps the order: what a later batch's receipt names as missing is lost, nothing else."""
    one = window()
    for _ in range(3):
        send(one)
    one.take(Receipt("L", 200, spans((201, 400)), kept=spans((401, 600)), highest=600), logs(), 0.1)
    assert [send(one, highest=800) for _ in range(3)] == [
        Send(spans((201, 400))),
        Send(spans((601, 800))),
        None,
    ]


def test_answers_of_several_workers_may_change_places():
    """A batch that was overtaken is told twice at worst; its own answer still moves the cursor."""
    one = window()
    first, second = send(one, highest=400), send(one, highest=400)
    assert first is not None
    assert second is not None
    late = Receipt("L", 400, kept=first.spans, highest=400)
    early = Receipt("L", 0, first.spans, kept=second.spans, highest=400)
    one.take(early, logs(400), 0.1)
    assert send(one, highest=400) == first
    assert one.take(late, logs(400), 0.2) == 400
    assert send(one, highest=400) is None


def test_an_alert_goes_ahead_of_the_backlog():
    """What is hurried is in the very next batch, alone, and the backlog goes on around it."""
    one = window()
    send(one)
    one.hurry([9_000, 8_999])
    assert send(one) == Send(spans((8_999, 9_000)), is_hurried=True)
    assert send(one) == Send(spans((201, 400)))


def test_a_gap_that_is_the_backlog_still_to_come_stops_nothing():
    """The receipt of an alert names the whole backlog as missing: what is in flight stays in flight."""
    one = window()
    one.hurry([9_000])
    send(one)
    send(one)
    one.take(Receipt("L", 0, spans((1, 8_999)), kept=spans((9_000, 9_000)), highest=9_000), logs(), 0.1)
    assert (one.has(9_000), one.has_hurry, one.is_on_its_way(1)) == (True, False, True)
    assert send(one) == Send(spans((201, 400)))


def test_what_went_ahead_is_not_sent_again_with_the_backlog():
    """When the backlog comes to where an alert stood, it steps over it, in one batch."""
    one = window(up_to=8_900)
    one.hurry([9_000])
    send(one, highest=9_200)
    one.take(Receipt("L", 8_900, spans((8_901, 8_999)), kept=spans((9_000, 9_000))), logs(9_200), 0.1)
    assert send(one, highest=9_200) == Send(spans((8_901, 8_999), (9_001, 9_101)))


def test_a_receipt_that_names_only_so_many_gaps_loses_nothing():
    """Behind the last gap of a full receipt nobody knows: what waits there is waited for."""
    one = window()
    one.hurry([9_000])
    send(one)
    send(one)
    many = tuple(Span(2 * number, 2 * number) for number in range(101, 101 + SPANS_MAX))
    one.take(Receipt("L", 201, many, kept=spans((1, 200)), highest=9_999), logs(), 0.1)
    assert one.is_on_its_way(9_000)
    assert not one.has(9_999)


def test_the_wards_position_sends_again_what_is_in_flight():
    """A ward that comes back and names its position has not got what was sent while it was away."""
    one = window(up_to=100)
    send(one, highest=500)
    assert one.take(Receipt("L", 100, highest=100), logs(500), 1.0) is None
    assert one.next(1.0, logs(500)) == Send(spans((101, 300)))


def test_an_old_receipt_changes_nothing():
    """The answer to a batch may come late or twice; the cursor never moves back for it."""
    one = window()
    send(one)
    send(one)
    one.take(Receipt("L", 400, kept=spans((201, 400)), highest=400), logs(), 0.1)
    assert one.take(Receipt("L", 200, kept=spans((1, 200)), highest=200), logs(), 0.2) is None
    assert one.up_to == 400


def test_a_receipt_of_another_log_changes_nothing():
    """After a new beginning, the numbers of the old log mean nothing."""
    one = window()
    send(one)
    assert one.take(Receipt("other", 200, kept=spans((1, 200))), logs(), 0.1) is None
    assert one.up_to == 0


def test_a_receipt_for_what_was_never_written_changes_nothing():
    """The ward can't have more than we wrote: such a receipt is not believed."""
    one = window()
    assert one.take(Receipt("L", 501), logs(500), 0.1) is None
    one.take(Receipt("L", 400, spans((401, 450)), kept=spans((451, 900)), highest=900), logs(500), 0.1)
    assert not one.has(501)


def test_a_ward_that_lost_something_gets_it_again():
    """A position may set us back: a ward restored from an older backup is filled up, alerts first."""
    one = window(up_to=300)
    assert one.take(Receipt("L", 100, highest=100), logs(500), 1.0) is None
    one.hurry([250])
    assert send(one, highest=500) == Send(spans((250, 250)), is_hurried=True)
    assert send(one, highest=500) == Send(spans((101, 249), (251, 301)))


def test_a_fresh_connection_waits_for_the_wards_position_but_not_for_ever():
    """What the ward has already is not sent twice; a ward that says nothing is sent to all the same."""
    one = window(up_to=100)
    one.connected(50.0)
    assert one.next(50.0, logs(500)) is None
    assert one.wake_at_s(50.0) == 50.0 + POSITION_WAIT_S
    assert one.next(50.0 + POSITION_WAIT_S, logs(500)) == Send(spans((101, 300)))
    one.take(Receipt("L", 100, spans((101, 200)), highest=300), logs(500), 50.1)
    assert one.next(50.1, logs(500)) == Send(spans((101, 200), (301, 400)))


def test_a_silent_ward_is_waited_for_longer_each_time():
    """Nobody fills the broker's queue for a ward that is away: one batch, and ever more patience."""
    one, now_s, sent_s = window(), 0.0, []
    while now_s < 4 * 3600:
        one.expire(now_s)
        while send(one, now_s=now_s) is not None:
            sent_s.append(now_s)
        wake_at_s = one.wake_at_s(now_s)
        assert wake_at_s is not None
        now_s = wake_at_s
    assert sent_s[:WINDOW_BATCHES] == [0.0] * WINDOW_BATCHES
    assert PATIENCE_S <= sent_s[WINDOW_BATCHES] < 2 * PATIENCE_S
    assert sent_s[-1] - sent_s[-2] >= PATIENCE_S_MAX
    assert len(sent_s) < WINDOW_BATCHES + 4 * 3600 / PATIENCE_S_MAX + 10


def test_an_alert_without_an_answer_is_sent_again_soon():
    """A batch that the broker dropped may hold an alert: a few seconds of silence are enough."""
    one = window()
    one.hurry([9_000])
    send(one)
    one.expire(HURRIED_PATIENCE_S)
    assert one.next(HURRIED_PATIENCE_S, logs()) == Send(spans((9_000, 9_000)), is_hurried=True)


def test_a_batch_that_cannot_be_read_is_cut_smaller_until_the_bad_entry_stands_alone():
    """Good entries beside a bad one get past it, and it is set aside until the ward comes back."""
    one, bad, refusals = window(batches=1), 137, 0
    while (sent := send(one, highest=400)) is not None:
        numbers = [number for span in sent.spans for number in range(span.first, span.last + 1)]
        if bad in numbers:
            one.refused(str(numbers[0]), 0.0)
            refusals += 1
        else:
            kept = tuple(sent.spans)
            first = spans((bad, bad)) if one.has(bad - 1) or bad - 1 in numbers else ()
            up_to = min(bad - 1, max(one.up_to, *numbers) if numbers[0] == one.up_to + 1 else one.up_to)
            one.take(Receipt("L", up_to, first, kept=kept), logs(400), 0.0)
    assert (one.up_to, one.is_anything_aside, refusals < 20) == (bad - 1, True, True)
    assert all(one.has(number) for number in range(bad + 1, 401))
    one.take(Receipt("L", bad - 1, spans((bad, bad)), highest=400), logs(400), 0.0)
    assert one.next(0.0, logs(400)) == Send(spans((bad, bad)))


def test_a_refusal_of_who_knows_what_is_followed_by_a_pause():
    """Bytes damaged on the way have a digest that nobody knows: all goes again, smaller, not at once."""
    one = window()
    send(one)
    for _ in range(20):
        one.refused("nobody knows", 0.0)
    assert one.next(0.0, logs()) is None
    wake_at_s = one.wake_at_s(0.0)
    assert wake_at_s is not None
    assert one.next(wake_at_s, logs()) == Send(spans((1, 1)))


def test_what_the_log_no_longer_holds_is_stepped_over():
    """A ward that asks for what was removed can't be helped; the rest goes on."""
    one = window()
    one.gone(Span(1, 4_000), logs())
    assert one.up_to == 4_000
    assert one.next(0.0, logs()) == Send(spans((4_001, 4_000 + BATCH_COUNT_MAX)))


RENAMED = (LogSpan("A", 1, 300), LogSpan("B", 1_001, 1_500))
"""A log whose name has changed at number 301, behind which 700 numbers were left out."""


def renamed(up_to: int = 0) -> Window:
    """Return a window over a log with two names, that has heard the ward's position in both."""
    begun = Window(up_to, Random(1), pace=Pace(WINDOW_BATCHES))
    begun.connected(0.0)
    begun.take(Receipt("A", up_to, highest=up_to), RENAMED, 0.0)
    begun.take(Receipt("B", 0), RENAMED, 0.0)
    return begun


def test_no_batch_straddles_two_logs_and_numbers_between_them_are_nobodys():
    """The rest of the old log and the beginning of the new one are two batches; what lies between is none."""
    one, sent = renamed(), []
    while (batch := one.next(0.0, RENAMED)) is not None:
        one.sent(batch, "d", 0.0)
        sent.append(batch.spans)
    assert sent == [spans((1, 200)), spans((201, 300)), spans((1_001, 1_200)), spans((1_201, 1_400))]


def test_an_alert_under_the_new_name_does_not_wait_for_the_backlog_of_the_old_one():
    """Alerts go ahead of everything, each batch of them under one name."""
    one = renamed()
    one.hurry([1_400, 250])
    first = one.next(0.0, RENAMED)
    assert first == Send(spans((1_400, 1_400)), is_hurried=True)
    one.sent(first, "d", 0.0)
    one.take(Receipt("B", 1_000, spans((1_001, 1_399)), kept=first.spans, highest=1_400), RENAMED, 0.1)
    assert one.next(0.1, RENAMED) == Send(spans((250, 250)), is_hurried=True)


def test_the_cursor_passes_the_end_of_a_log_and_what_was_left_out():
    """When the old log is with the ward, what counts is the new one; not before."""
    one = renamed()
    one.take(Receipt("B", 1_200, kept=spans((1_001, 1_200)), highest=1_200), RENAMED, 0.1)
    assert one.up_to == 0
    assert one.take(Receipt("A", 300, kept=spans((1, 300)), highest=300), RENAMED, 0.2) == 1_200


def test_a_position_in_one_log_sets_nothing_back_in_another():
    """A ward that has lost something of the old log gets only that again."""
    one = renamed(300)
    one.take(Receipt("B", 1_500, highest=1_500), RENAMED, 0.1)
    assert one.up_to == 1_500
    one.take(Receipt("A", 100, highest=100), RENAMED, 0.2)
    assert (one.up_to, one.has(101), one.has(1_500)) == (100, False, True)
    assert one.next(0.2, RENAMED) == Send(spans((101, 300)))


def test_a_newborn_hub_waits_for_the_wards_word_on_its_newest_log():
    """The earlier ones are answered first: to send before the last word is to send for nothing."""
    one = Window(0, Random(1))
    one.connected(0.0)
    one.take(Receipt("A", 300, highest=300), RENAMED, 0.0)
    assert one.next(0.0, RENAMED) is None
    one.take(Receipt("B", 1_500, highest=1_500), RENAMED, 0.0)
    assert (one.up_to, one.next(0.0, RENAMED)) == (1_500, None)


def test_a_log_that_begins_later_is_never_set_back_before_its_first():
    """Of a log that it has never seen the ward says 0; numbers before the first are another log's."""
    late = (LogSpan("B", 101, 500),)
    one = Window(100, Random(1))
    assert one.take(Receipt("B", 0), late, 0.0) is None
    assert one.next(0.0, late) == Send(spans((101, 300)))


def test_a_ward_that_waits_for_numbers_of_another_log_moves_nothing():
    """A ward too old to know where a log begins asks for 1 to 100 for ever: that sends nothing again."""
    late = (LogSpan("B", 101, 300),)
    one = Window(100, Random(1), pace=Pace(WINDOW_BATCHES))
    one.sent(Send(spans((101, 300))), "d", 0.0)
    old = Receipt("B", 0, spans((1, 100)), kept=spans((101, 300)), highest=300)
    assert old.asks_before(101)
    assert one.take(old, late, 0.1) is None
    assert one.next(0.1, late) is None


def test_an_answer_to_a_batch_that_we_never_sent_is_no_answer():
    """It may be a late one, to who had this log before a card was put back."""
    one = window()
    send(one)
    assert not one.is_answer(Receipt("L", 200, kept=spans((1, 200)), digest="another's"))
    assert one.is_answer(Receipt("L", 200, kept=spans((1, 200)), digest="1"))
    one.connected(1.0)
    assert one.is_answer(Receipt("L", 200, kept=spans((1, 200)), digest="1")), "it was ours all the same"


def test_before_the_ward_has_said_its_position_only_its_word_on_a_batch_counts():
    """What it holds besides may be another past of this log, until the hub has looked at its marks."""
    one = Window(0, Random(1), pace=Pace(WINDOW_BATCHES))
    one.connected(0.0)
    first = Send(spans((1, 200)))
    one.sent(first, "d", 5.0)
    assert one.take(Receipt("L", 900, kept=first.spans, highest=900), logs(), 5.1) == 200
    one.take(Receipt("L", 900, highest=900), logs(), 5.2)
    assert one.up_to == 900


def test_what_goes_under_another_name_from_now_on_is_told_again():
    """What the ward had above the last receipt it had under the old name, and perhaps not as we know it."""
    one = window(up_to=100)
    one.take(Receipt("L", 100, spans((101, 200)), highest=300), logs(300), 0.0)
    send(one, highest=300)
    one.renamed(100)
    now = (LogSpan("L", 1, 100), LogSpan("M", 101, 300))
    assert one.next(0.0, now) == Send(spans((101, 300)))
