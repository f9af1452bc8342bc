"""Any road between window and ward: messages are lost, doubled and overtaken, and everything arrives."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cloud_bridge import uplink
from cloud_bridge.contract import receipts
from cloud_bridge.contract.entries import LogSpan
from cloud_bridge.contract.names import span_of
from cloud_bridge.contract.receipts import Receipt, Span, spans_of
from cloud_bridge.pace import WINDOW_BATCHES
from cloud_bridge.spans import Spans
from cloud_bridge.uplink import Send, Window
from tests.cloud_bridge.some_far_end import FarEnd

which = st.integers(0, 1_000)


class Road(RuleBasedStateMachine):
    """A hub that writes, a ward that keeps, and a road on which anything may happen to a message."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.logs = (LogSpan("L1", 1, 0),)
        self.cursor = 0
        self.alerts: set[int] = set()
        self.wards = {"L1": FarEnd("L1")}
        self.batches: list[tuple[str, Send]] = []
        self.answers: list[Receipt] = []
        self.window = Window(0, Random(1))

    @property
    def highest(self):
        """The newest number of the home."""
        return self.logs[-1].last

    def name(self, log):
        """Let the log have another name from here on; the ward will hear of it."""
        self.logs = (*self.logs, log)
        self.wards[log.log] = FarEnd(log.log, log.first)

    def grow(self, count):
        """Commit so many entries."""
        newest = self.logs[-1]
        self.logs = (*self.logs[:-1], replace(newest, last=newest.last + count))

    @initialize(count=st.integers(0, 60))
    def begin(self, count):
        """A backlog lies there when the line comes about."""
        self.grow(count)
        self.connect()

    @rule()
    def connect(self):
        """A fresh connection: the ward says where it stands, before or behind all that is on its way."""
        self.window.connected(self.now_s)
        self.look_again()
        self.answers += [self.wards[log.log].position() for log in self.logs]

    def look_again(self):
        """Look for alerts behind what the ward has, as cloud_bridge/cargo.py does after a position."""
        self.window.hurry(sorted((each for each in self.alerts if each > self.window.up_to), reverse=True))

    @rule(count=st.integers(1, 9))
    def write(self, count):
        """The home goes on."""
        self.grow(count)

    @rule(left_out=st.integers(0, 20))
    def rename(self, left_out):
        """The hub was restored, or lost the end of its log: it goes on under a new name, higher up."""
        self.name(LogSpan(f"L{len(self.logs) + 1}", self.highest + left_out + 1, self.highest + left_out))

    @rule()
    def end_at_the_last_receipt(self):
        """The ward has more of the newest name than the hub: what has no receipt is told under a new one."""
        *before, newest = self.logs
        confirmed = max(self.cursor, newest.first - 1)
        if confirmed < newest.last:
            self.logs = (*before, replace(newest, last=confirmed))
            self.name(LogSpan(f"L{len(self.logs) + 1}", confirmed + 1, newest.last))
            self.window.renamed(self.cursor)
            self.look_again()

    @rule()
    def open_alert(self):
        """An alert is committed."""
        self.grow(1)
        self.alerts.add(self.highest)
        self.window.hurry([self.highest])

    @rule()
    def send(self):
        """Send one batch, if the window says so; an alert goes first, where none is on its way."""
        before = [flight.send for flight in self.window._flights]
        sent = self.window.next(self.now_s, self.logs)
        if sent is None:
            return
        waiting = {number for number in self.alerts if not self.window.has(number)}
        waiting -= {number for one in before for number in _numbers(one)}
        name = self.name_of(sent)
        assert not any(self.window.has(number) for number in _numbers(sent)), "sent for nothing"
        if waiting and not any(one.is_hurried for one in before):
            assert sent.is_hurried
            assert waiting & _numbers(sent)
        self.window.sent(sent, "", self.now_s)
        self.batches.append((name, sent))

    def name_of(self, sent):
        """Return the one name under which all of a batch goes."""
        (name,) = {span_of(self.logs, number).log for number in _numbers(sent)}
        return name

    @rule(place=which, is_doubled=st.booleans())
    def arrive(self, place, is_doubled):
        """One of the batches on the way reaches the ward, whichever; perhaps it comes once more."""
        if self.batches:
            index = place % len(self.batches)
            name, sent = self.batches[index] if is_doubled else self.batches.pop(index)
            self.answers.append(self.wards[name].take(sent.spans))

    @rule(place=which, is_doubled=st.booleans())
    def answer(self, place, is_doubled):
        """One of the receipts on the way reaches the hub, whichever; perhaps it comes once more."""
        if self.answers:
            index = place % len(self.answers)
            receipt = self.answers[index] if is_doubled else self.answers.pop(index)
            before = self.window.up_to
            moved = self.window.take(receipt, self.logs, self.now_s)
            self.cursor = max(self.cursor, self.window.up_to)
            assert moved is None or moved == self.window.up_to > before
            if not receipt.kept:
                self.look_again()

    @rule(place=which, of_answers=st.booleans())
    def lose(self, place, of_answers):
        """A message is lost, and nobody says so."""
        road = self.answers if of_answers else self.batches
        if road:
            road.pop(place % len(road))

    @rule(wait_s=st.floats(0, 400))
    def wait(self, wait_s):
        """Time passes."""
        self.now_s += wait_s
        self.window.expire(self.now_s)

    @invariant()
    def what_the_hub_believes_is_true(self):
        """The cursor is never beyond what the ward has, and of what lies above it nothing is made up."""
        believed = (*self.window._held, Span(1, self.window.up_to))
        for log in self.logs:
            spans = [Span(max(one.first, log.first), min(one.last, log.last)) for one in believed]
            held = [span for span in spans if span.first <= span.last]
            assert all(self.wards[log.log].got.has(span) for span in held)

    @invariant()
    def the_window_is_bounded(self):
        """At most one window of a backlog is in flight, and one batch of alerts; no number twice."""
        flights = [flight.send for flight in self.window._flights]
        assert sum(not one.is_hurried for one in flights) <= WINDOW_BATCHES
        assert sum(one.is_hurried for one in flights) <= 1
        assert sum(len(_numbers(one)) for one in flights) == len(set().union(*map(_numbers, flights)))

    def teardown(self):
        """From here on the road is good: everything arrives, alerts at once, and nothing goes on for ever."""
        self.batches.clear()
        self.answers.clear()
        self.connect()
        for sent_count in range(self.highest + 20):
            assert not self.alerts or sent_count < 1 + len(self.alerts) or not self.window.has_hurry
            while self.answers:
                self.answer(0, is_doubled=False)
            if self.window.up_to == self.highest:
                return
            while (sent := self.window.next(self.now_s, self.logs)) is None:
                self.now_s = self.window.wake_at_s(self.now_s)
                self.window.expire(self.now_s)
            self.window.sent(sent, "", self.now_s)
            self.answers.append(self.wards[self.name_of(sent)].take(sent.spans))
        raise AssertionError(f"the ward has {self.window.up_to} of {self.highest}")


def _numbers(sent: Send) -> set[int]:
    return {number for span in sent.spans for number in range(span.first, span.last + 1)}


@pytest.fixture(params=[3, 100])
def small(request, monkeypatch):
    """Small batches, and receipts that name few gaps: what takes months otherwise happens in a few steps."""
    monkeypatch.setattr(uplink, "BATCH_COUNT_MAX", 5)
    monkeypatch.setattr(uplink, "SPANS_MAX", request.param)
    monkeypatch.setattr(receipts, "SPANS_MAX", request.param)
    monkeypatch.setattr(Window, "__init__", _with_batches_of(5, Window.__init__))


def _with_batches_of(count, begin):
    def begun(self, *args):
        begin(self, *args, batch_count_max=count)

    return begun


@pytest.mark.usefixtures("small")
def test_everything_arrives_and_nothing_is_believed_that_is_not_true():
    """Whatever happens on the road: what the hub believes is true, alerts go first, all arrives."""
    run_state_machine_as_test(
        Road, settings=settings(max_examples=150, stateful_step_count=60, deadline=None)
    )


def test_spans_of_numbers_are_the_numbers():
    """What a batch holds is named without adding or losing a number."""
    dice = Random(1)
    for _ in range(200):
        numbers = {dice.randrange(1, 40) for _ in range(dice.randrange(30))}
        assert _numbers(Send(spans_of(numbers))) == numbers
        assert list(Spans(Span(number, number) for number in numbers)) == list(spans_of(numbers))
