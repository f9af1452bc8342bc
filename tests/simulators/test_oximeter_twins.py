"""The twins of oximeters that speak their makers' languages: their quirks, as laws."""

from datetime import datetime, timedelta

import pytest

from devices.codecs.taidoc import Command, Moment, Word
from devices.codecs.taidoc_frames import Live
from devices.driver import LinkError, Visitor
from devices.drivers import berrymed_bm1000, choicemmed_ichoice, jumper_jpd500f, nonin_3230, taidoc
from devices.kinds import Kind
from simulators.peripherals.berrymed_bm1000 import CHUNK_SIZE, BerryMedTwin
from simulators.peripherals.choicemmed_ichoice import ChoiceMMedTwin
from simulators.peripherals.jumper_jpd500f import JumperTwin
from simulators.peripherals.nonin_3230 import NoninTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.virtual_radio import VirtualRadio
from tests.play import HERE, NOON
from tests.simulators.visit import heard_once, meaning, visit
from tests.virtual_time import in_virtual_time

WALL = NOON.replace(tzinfo=None)


def visited(twin, visitor=HERE):
    """Return the frames of one visit to this twin alone."""
    return in_virtual_time(visit(VirtualRadio([twin]), visitor))


def talked(twin, *said, until_s=5.0):
    """Return what a twin notifies to somebody who subscribes to, or writes, these things by hand."""

    async def talk():
        radio, heard = VirtualRadio([twin]), []
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            for char, *data in said:
                if data:
                    await link.write(char, data[0])
                else:
                    await link.subscribe(char)
            try:
                while True:
                    heard.append(await link.receive(timeout_s=until_s))
            except LinkError:
                return heard

    return in_virtual_time(talk())


def test_a_nonin_offers_nothing_in_the_open_and_counts_who_would_delete():
    """Every characteristic wants an encrypted link; who asks to delete bonds or memory is counted."""
    twin = NoninTwin()
    assert all(char.is_secured for service in twin.services for char in service.characteristics)
    twin.measure(97, 72)
    talked(twin, (nonin_3230.CONTROL, b"\x63NMI\x00"), (nonin_3230.CONTROL, b"\x60NMI\x06MCL!\r\n"))
    assert twin.deletes_asked == 2


def test_a_nonin_counts_its_seconds_and_searches_first():
    """The first frame has no number; the seconds that follow are counted without a gap."""
    twin = NoninTwin()
    for spo2 in (97, 96, 95):
        twin.measure(spo2, 72)
    first, *seconds, last = visited(twin)
    assert first.spo2 is last.spo2 is None
    assert [frame.counter_s for frame in seconds] == [0, 1, 2]


def test_a_jumper_draws_its_wave_and_nobody_keeps_it():
    """Half of what it notifies is wave; what comes out are its numbers."""
    twin = JumperTwin()
    twin.measure(99, 56, 6.8)
    twin.measure(98, 57, 6.7)
    frames = visited(twin)
    assert [frame.pulse for frame in frames] == [None, 56, 57, None]
    assert len(meaning(frames, jumper_jpd500f.DRIVER)) == len(twin.facts()) == 6


def test_a_berrymed_sends_a_hundred_packets_for_one_reading():
    """Four packets to a notification, begun in mid-packet; each second comes out once."""
    twin = BerryMedTwin()
    twin.measure(97, 140)
    twin.is_awake = True
    heard = talked(twin, (berrymed_bm1000.STREAM,))
    assert len(heard) == 1 + 25 + 1
    assert max(len(data) for _, data in heard) == CHUNK_SIZE
    twin = BerryMedTwin()
    for spo2 in (97, 96, 95):
        twin.measure(spo2, 140)
    assert [packet.spo2 for packet in visited(twin)] == [97, 96, 95, None]


def test_an_ichoice_is_silent_without_four_subscriptions_in_order_and_its_password():
    """In another order, or with another password, it tells nothing."""
    answers, orders = choicemmed_ichoice.ANSWERS, choicemmed_ichoice.ORDERS
    password = bytes(choicemmed_ichoice.Password())
    twin = ChoiceMMedTwin()
    twin.measure(97, 77)
    inside_out = [(char,) for char in (answers[0], answers[2], answers[1], answers[3])]
    assert talked(twin, *inside_out, (orders, password)) == []
    wrong = bytes(choicemmed_ichoice.Password("1234"))
    ((_, refused),) = talked(twin, *[(char,) for char in answers], (orders, wrong))
    assert choicemmed_ichoice.Answer.from_bytes(refused).code != choicemmed_ichoice.ACCEPTED
    assert twin.facts() == ()


def test_an_ichoice_is_left_after_one_result():
    """Two spot checks take two visits, and the zeros before each are no reading."""
    twin = ChoiceMMedTwin()
    twin.measure(97, 77)
    twin.measure(96, 78)
    for spo2 in (97, 96):
        answer, zeros, spot = visited(twin)
        assert (answer, zeros.is_ready, spot.spo2) == (choicemmed_ichoice.Answer(), False, spo2)
    assert not twin.is_awake


def test_a_taidoc_wakes_at_the_first_question_and_answers_the_second():
    """The first is spent on waking it: it says only that it is ready."""
    twin = TaiDocTwin()
    twin.measure(WALL, 96, 78)
    question = (taidoc.CHANNEL, bytes(Word(Command.MODEL)))
    heard = talked(twin, (taidoc.CHANNEL,), question, question)
    assert [Word.from_bytes(data).command for _, data in heard] == [Command.READY, Command.MODEL]


@pytest.mark.parametrize("visitor", [HERE, Visitor(wall_clock=None)])
def test_a_taidoc_gets_the_hubs_time_and_is_never_switched_off(visitor):
    """Its clock is the home's, to the minute, unless the hub has none; nothing is erased."""
    twin = TaiDocTwin()
    twin.measure(WALL, 96, 78)
    before = twin.clock
    visited(twin, visitor)
    after = before if visitor.wall_clock is None else Moment.of(visitor.wall_clock)
    assert twin.clock == after
    assert (twin.deletes_asked, twin.power_offs_asked) == (0, 0)
    talked_to = (taidoc.CHANNEL, bytes(Word(Command.ERASE)))
    twin.measure(WALL, 95, 78)
    talked(twin, talked_to, (taidoc.CHANNEL, b"\x51"), (taidoc.CHANNEL, bytes(Word(Command.POWER_OFF))))
    assert (twin.deletes_asked, twin.power_offs_asked) == (1, 1)


def test_a_taidoc_remembers_what_it_told_and_tells_it_again():
    """Nothing is forgotten after a visit; told a second time, each fact has the same identity."""
    twin = TaiDocTwin()
    for minute in range(3):
        twin.measure(WALL + timedelta(minutes=minute), 96 - minute, 78)
    first = meaning(visited(twin), taidoc.DRIVER)
    twin.is_awake = True
    second = meaning(visited(twin), taidoc.DRIVER)
    assert first == second
    assert {fact.reading_id("F0") for fact in twin.facts()} == set(first)
    assert len(first) == 6


def test_a_taidoc_with_a_finger_in_it_tells_live_numbers_after_its_memory():
    """Stored ones with their time, then live ones without; it falls asleep by itself."""
    twin = TaiDocTwin()
    twin.measure(datetime(2026, 3, 1, 8, 15, 42), 96, 78)  # noqa: DTZ001 - a wall clock has no zone
    twin.stream([(97, 72), (98, 73)])
    said = visited(twin)
    assert [frame for frame in said if isinstance(frame, Live)] == [Live(0, 0), Live(97, 72), Live(98, 73)]
    assert [(fact.kind, fact.value) for fact in twin.facts()] == [
        (Kind.SPO2, 96.0),
        (Kind.PULSE_RATE, 78.0),
        (Kind.SPO2, 97.0),
        (Kind.PULSE_RATE, 72.0),
        (Kind.SPO2, 98.0),
        (Kind.PULSE_RATE, 73.0),
    ]
    assert len(twin.measured) == 3
    assert not twin.is_awake
