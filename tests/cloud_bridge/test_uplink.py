"""The window: nothing but a receipt moves it, and nothing is forgotten in it."""

from cloud_bridge.contract.receipts import Receipt, Span
from cloud_bridge.uplink import BATCH_COUNT_MAX, WINDOW_BATCHES, Send, Window


def window(up_to: int = 0) -> Window:
    """Return a window on log L that has been connected and has heard the ward's position."""
    begun = Window("L", up_to)
    begun.take(Receipt("L", up_to), highest=10_000)
    return begun


def test_publishing_moves_no_cursor():
    """What was sent, and even acknowledged by the broker, is not delivered."""
    one = window()
    one.sent(200)
    assert one.up_to == 0
    one.rewind()
    assert one.next(highest=500) == Send(0, BATCH_COUNT_MAX)


def test_a_receipt_moves_the_cursor():
    """The ward's word, and only it, says what is delivered."""
    one = window()
    one.sent(200)
    assert one.take(Receipt("L", 200), highest=500) == 200
    assert one.next(highest=500) == Send(200, BATCH_COUNT_MAX)


def test_at_most_one_window_is_in_flight():
    """However long the backlog, only so many batches wait for a receipt."""
    one = window()
    for number in range(1, WINDOW_BATCHES + 1):
        assert one.next(highest=10_000) is not None
        one.sent(number * 200)
    assert one.next(highest=10_000) is None


def test_what_is_missing_is_sent_again():
    """A receipt that names a gap makes us begin again behind what is whole."""
    one = window()
    one.sent(200)
    one.sent(400)
    one.take(Receipt("L", 0, (Span(1, 200),)), highest=500)
    assert one.next(highest=500) == Send(0, BATCH_COUNT_MAX)


def test_a_word_without_progress_sends_again_what_is_in_flight():
    """A ward that comes back and names its old position has not got what was sent while it was away."""
    one = window(up_to=100)
    one.sent(200)
    assert one.take(Receipt("L", 100), highest=500) is None
    assert one.next(highest=500) == Send(100, BATCH_COUNT_MAX)


def test_an_old_receipt_changes_nothing():
    """Receipts may come late or twice; the cursor never moves back for them."""
    one = window()
    one.sent(200)
    one.take(Receipt("L", 200), highest=500)
    assert one.take(Receipt("L", 100), highest=500) is None
    assert one.up_to == 200


def test_a_receipt_of_another_log_changes_nothing():
    """After a new beginning, the numbers of the old log mean nothing."""
    one = window()
    one.sent(200)
    assert one.take(Receipt("other", 200), highest=500) is None
    assert one.up_to == 0


def test_a_receipt_for_what_was_never_written_changes_nothing():
    """The ward can't have more than we wrote: such a receipt is not believed."""
    one = window()
    assert one.take(Receipt("L", 501), highest=500) is None


def test_a_ward_that_lost_something_gets_it_again():
    """The first word on a connection may set us back: an older backup of the ward is filled up."""
    one = window(up_to=300)
    one.connected()
    assert one.take(Receipt("L", 100), highest=500) is None
    assert one.next(highest=500) == Send(100, BATCH_COUNT_MAX)


def test_a_batch_that_cannot_be_read_is_cut_smaller():
    """Good entries beside a bad one get past it: the batch is halved, down to one entry."""
    one = window()
    for _ in range(20):
        one.shrink()
    assert one.next(highest=500) == Send(0, 1)
    one.sent(1)
    one.take(Receipt("L", 1), highest=500)
    assert one.next(highest=500) == Send(1, BATCH_COUNT_MAX)


def test_a_log_that_begins_later_is_never_set_back_before_its_first():
    """Of a log that it has never seen the ward says 0; numbers before the first are another log's."""
    one = Window("B", 100, first=101)
    assert one.take(Receipt("B", 0), highest=500) is None
    assert one.next(highest=500) == Send(100, BATCH_COUNT_MAX)


def test_a_ward_that_waits_for_numbers_of_another_log_is_not_hurried():
    """A ward too old to know where a log begins asks for 1 to 100 for ever: that sends nothing again."""
    one = Window("B", 100, first=101)
    one.sent(300)
    old = Receipt("B", 0, (Span(1, 100),))
    assert one.is_misread(old)
    assert one.take(old, highest=300) is None
    assert one.next(highest=300) is None
