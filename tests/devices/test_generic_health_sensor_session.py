"""Generic health sensors: the talk played by hand, and the twin that cuts its words into segments."""

import pytest

from devices.clocks import DeviceClock
from devices.codecs import racp
from devices.codecs.elapsed_time import ElapsedTime
from devices.codecs.ghs import Observation
from devices.codecs.ghs_frames import Clock, Live, Stored
from devices.codecs.ghs_segments import segments
from devices.codecs.ghs_values import Numeric
from devices.driver import FrameError, LinkError, Visitor
from devices.drivers.generic_health_sensor import (
    CLOCK,
    CONTROL,
    DRIVER,
    LIVE,
    RECORDS,
    STORED,
    decoder,
    session,
)
from devices.kinds import Kind
from simulators.fate import Unkindness
from simulators.peripherals.generic_health_sensor import GenericHealthSensorTwin
from simulators.peripherals.memory import Fact
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import wall
from tests.play import ScriptedLink, play
from tests.simulators.visit import heard_once, meaning, visit
from tests.virtual_time import in_virtual_time

MORNING, EVENING = wall("2026-06-01T07:42:10"), wall("2026-06-01T19:05:00")
FEV1 = Observation(Numeric(0x0640, 2.31), 152586, ElapsedTime(77))
"""Long enough for two segments."""
ALL = (CONTROL, RECORDS, LIVE, STORED)
ASKS = bytes(Clock(ElapsedTime(77), status=1, capabilities=1))


def said_on(char, frame, counter=0):
    """The notifications that tell a frame."""
    return [(char, segment) for segment in segments(bytes(frame), counter)]


def test_answers_are_subscribed_to_before_questions_are_asked():
    """The clock, four subscriptions, start, and the whole memory; a lost observation stands in its place."""
    script = [
        (CONTROL, b"\x80"),
        *said_on(STORED, Stored(7, FEV1)),
        *said_on(STORED, Stored(8, FEV1), 2)[:1],
        *said_on(STORED, Stored(9, FEV1), 4),
        *said_on(STORED, Stored(10, FEV1), 6)[1:],
        (RECORDS, racp.combined_answer(3)),
        *said_on(LIVE, Live(FEV1)),
    ]
    link = ScriptedLink(*script, has=ALL, values={CLOCK: ASKS})
    clock, seven, broken_off, nine, headless, live = play(session, link)
    assert clock == DeviceClock(wall("2000-01-01T00:01:17"), is_set_next=True)
    assert (seven, nine, live) == (Stored(7, FEV1), Stored(9, FEV1), Live(FEV1))
    assert isinstance(broken_off, FrameError)
    assert isinstance(headless, FrameError)
    assert link.did == [
        ("read", CLOCK),
        ("write", CLOCK, bytes.fromhex("20e04cb031000000000001")),
        *(("subscribe", char) for char in ALL),
        ("write", CONTROL, b"\x01"),
        ("write", RECORDS, b"\x07\x01"),
    ]


@pytest.mark.parametrize(
    ("visitor", "clock"),
    [
        (Visitor(None), ASKS),
        (Visitor(MORNING), bytes(Clock(ElapsedTime(77), status=0, capabilities=1))),
        (Visitor(MORNING), bytes(Clock(ElapsedTime(77, is_utc=True), status=1, capabilities=1))),
        (Visitor(MORNING), bytes(Clock(ElapsedTime(77, is_tick=True), status=1, capabilities=1))),
        (Visitor(MORNING), b"garbled"),
    ],
)
def test_a_clock_is_set_only_when_it_asks_by_a_hub_that_can(visitor, clock):
    """Neither without the time, nor unasked, nor in a form of time that a hub's wall clock isn't."""
    link = ScriptedLink(*said_on(LIVE, Live(FEV1)), has=ALL, values={CLOCK: clock})
    *clocks, live = play(session, link, visitor)
    assert live == Live(FEV1)
    assert not any(clock.is_set_next for clock in clocks)
    assert not [deed for deed in link.did if deed[:2] == ("write", CLOCK)]


def test_a_sensor_that_refuses_every_order_may_still_tell():
    """Whoever doesn't want to be set, started or asked is listened to."""
    told = said_on(LIVE, Live(FEV1))
    link = ScriptedLink(*told, has=ALL, values={CLOCK: ASKS}, refused=["write"], is_late=True)
    assert play(session, link)[1:] == [Live(FEV1)]
    bare = ScriptedLink(*told)
    assert play(session, bare) == [Live(FEV1)]
    assert bare.did == [("subscribe", LIVE)]


class Breaking(ScriptedLink):
    """A link that is lost at one of the subscriptions."""

    async def subscribe(self, char):
        if char == self.breaks_at:
            raise LinkError(f"gone before {char}")
        await super().subscribe(char)


@pytest.mark.parametrize(("breaks_at", "said"), [(CONTROL, []), (STORED, [Live(FEV1)])])
def test_a_link_that_is_lost_while_asking_has_still_said_what_it_said(breaks_at, said):
    """What has arrived is handed out; where nothing has, nobody waits for more."""
    link = Breaking(*said_on(LIVE, Live(FEV1)), has=ALL)
    link.breaks_at = breaks_at
    assert play(session, link) == said
    assert not [deed for deed in link.did if deed[0] == "write"]


def test_a_sensor_without_a_combined_report_is_asked_the_older_way():
    """ST's sample takes "report all": it is asked once more, and once only."""
    refusal = racp.answer(racp.Op.COMBINED_REPORT, racp.Code.OP_UNSUPPORTED)
    again = racp.answer(racp.Op.REPORT, racp.Code.OP_UNSUPPORTED)
    link = ScriptedLink((RECORDS, refusal), (RECORDS, again), *said_on(STORED, Stored(1, FEV1)), has=ALL)
    assert play(session, link) == [Stored(1, FEV1)]
    assert link.did[-2:] == [("write", RECORDS, b"\x07\x01"), ("write", RECORDS, b"\x01\x01")]


def test_nothing_is_ever_deleted():
    """Of all that a talk writes, no word at the record access point is "delete", whatever is answered."""
    for code in racp.Code:
        words = [(RECORDS, racp.answer(op, code)) for op in racp.Op]
        link = ScriptedLink(*words, has=ALL)
        play(session, link)
        written = [deed[2] for deed in link.did if deed[:2] == ("write", RECORDS)]
        assert written
        assert {data[0] for data in written} <= {racp.Op.REPORT, racp.Op.COMBINED_REPORT}


def test_the_twin_tells_its_memory_in_segments_over_the_end_of_its_counter():
    """Two blows, oldest first, cut at 20 octets; then it is over, set by the hub's clock, and sleeps."""
    twin = GenericHealthSensorTwin()
    twin.measure(MORNING, 2.31, 3.55, 7.05)
    twin.measure(EVENING, 2.2, 3.5, 6.9, patient=1)
    first = twin.segments_sent
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert [(frame.record, len(frame.observation.value.observations)) for frame in said] == [(0, 3), (1, 3)]
    assert first <= 63 < twin.segments_sent, "the counter has rolled over"
    assert all(len(bytes(frame)) > 20 for frame in said)
    assert twin.facts()[0] == Fact(Kind.PEF, 423.0, MORNING)
    assert (twin.is_awake, twin.clock.status, twin.wall_clock) == (False, 0, wall("2026-06-01T14:00"))


def test_a_record_is_told_again_until_its_last_segment_is_confirmed():
    """The twin keeps what wasn't confirmed to its last segment, and says it again from the beginning."""
    twin = GenericHealthSensorTwin()
    for number in range(20):
        twin.measure(MORNING.replace(minute=number), 2.0 + number / 100, 3.55, 7.05)
    radio = VirtualRadio([twin], unkindness=Unkindness(frame_garbled=0.05, link_lost=0.02))
    said = [frame for _ in range(30) if twin.is_awake for frame in in_virtual_time(visit(radio))]
    told = meaning(said, DRIVER)
    kept = {Fact(reading.kind, reading.value, reading.device_time) for reading in told.values()}
    assert set(twin.facts()) <= kept
    assert 0 < len(twin.facts()) < twin.segments_sent


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"\x07\x01", racp.combined_answer(1)),
        (b"\x07\x03\x01" + bytes(4), racp.answer(7, racp.Code.OPERATOR_UNSUPPORTED)),
        (b"\x01\x01", racp.answer(1, racp.Code.OP_UNSUPPORTED)),
        (b"\x02\x01", racp.answer(2, racp.Code.OP_UNSUPPORTED)),
        (b"", racp.answer(0, racp.Code.OP_UNSUPPORTED)),
    ],
)
def test_the_twin_answers_every_request_and_deletes_nothing(asked, answered):
    """A combined report works; everything else, delete above all, is refused and counted."""
    twin = GenericHealthSensorTwin()
    twin.measure(MORNING, 2.31, 3.55, 7.05)

    async def life():
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            for char in (STORED, RECORDS):
                await link.subscribe(char)
            await link.write(RECORDS, asked)
            while True:
                char, data = await link.receive(timeout_s=10)
                if char == RECORDS:
                    return data

    assert in_virtual_time(life()) == answered
    assert twin.deletes_asked == (asked[:1] == b"\x02")
    assert len(twin.measured) == 1


def test_an_empty_memory_says_so():
    """Nobody has blown: no records, in the words of the standard."""
    twin = GenericHealthSensorTwin()
    twin.is_awake = True
    assert in_virtual_time(visit(VirtualRadio([twin]))) == []
    (word,) = decoder().feed(RECORDS, racp.answer(7, racp.Code.NO_RECORDS))
    assert word.operand == bytes((7, racp.Code.NO_RECORDS))
