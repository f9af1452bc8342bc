"""TaiDoc's oximeter: whom the driver takes, and the talk, played by hand."""

import pytest

from devices.codecs.taidoc import Command, Moment, Word
from devices.codecs.taidoc_frames import Clock, Live, Oxygen, Record, model_word
from devices.driver import Advertisement, FrameError, LinkError, Visitor, uuid16
from devices.drivers.taidoc import CHANNEL, RECORD_COUNT_MAX, SERVICE, decoder, matches, session
from devices.identity import DeviceIdentity
from tests.play import HERE, ScriptedLink, play, step

MORNING, EVENING = Moment(2026, 3, 1, 8, 15), Moment(2026, 3, 1, 20, 30)


def answer(command, payload=bytes(4)):
    return (CHANNEL, bytes(Word(command, payload, is_from_device=True)))


READY = answer(Command.READY)
CLOCK = answer(Command.READ_CLOCK, bytes(Moment(2019, 1, 1, 0, 0)))
SET = answer(Command.SET_CLOCK, bytes(MORNING))
MODEL = (CHANNEL, bytes(model_word("8255")))
LOW, HIGH = (
    answer(Command.SERIAL_LOW, bytes.fromhex("67452301")),
    answer(Command.SERIAL_HIGH, bytes.fromhex("11027042")),
)
INTRODUCTION = (READY, CLOCK, SET, MODEL, LOW, HIGH)
LIVE = (CHANNEL, bytes(Live(97, 72)))


def stored(moment, value):
    return answer(Command.RECORD_TIME, bytes(moment)), answer(Command.RECORD_VALUE, bytes(value))


def count(number):
    return answer(Command.COUNT, number.to_bytes(4, "little"))


def asked(link):
    """Return the commands that the hub wrote, in their order."""
    return [Word.from_bytes(deed[2]).command for deed in link.did if deed[0] == "write"]


def kinds(said, kind):
    return [each for each in said if isinstance(each, kind)]


def test_the_whole_talk_in_its_order():
    """Woken by the first question, asked who it is, its memory oldest first, then what it measures now."""
    link = ScriptedLink(
        *INTRODUCTION, count(2), *stored(MORNING, Oxygen(96, 78)), *stored(EVENING, Oxygen(95, 80)), LIVE
    )
    said = play(session, link)
    assert kinds(said, DeviceIdentity) == [DeviceIdentity(model="TD-8255", serial="4270021101234567")]
    assert kinds(said, Record) == [
        Record(Oxygen(96, 78), MORNING, "8255"),
        Record(Oxygen(95, 80), EVENING, "8255"),
    ]
    assert said[-1] == Live(97, 72)
    assert link.did[0] == ("subscribe", CHANNEL)
    assert asked(link) == [
        Command.MODEL,
        Command.READ_CLOCK,
        Command.SET_CLOCK,
        Command.MODEL,
        Command.SERIAL_LOW,
        Command.SERIAL_HIGH,
        Command.COUNT,
        *[Command.RECORD_TIME, Command.RECORD_VALUE] * 2,
        Command.MEASURE_OXYGEN,
    ]
    places = [deed[2][2] for deed in link.did if deed[0] == "write" and deed[2][1] in (0x25, 0x26)]
    assert places == [1, 1, 0, 0], "number 0 is the newest"


def test_it_is_told_the_hubs_time_and_only_where_the_hub_has_one():
    """A hub that doesn't know the time leaves the device's clock alone."""
    knowing, lost = ScriptedLink(*INTRODUCTION), ScriptedLink(READY, CLOCK, MODEL, LOW, HIGH)
    play(session, knowing)
    play(session, lost, Visitor(wall_clock=None))
    (setting,) = [deed[2] for deed in knowing.did if deed[0] == "write" and deed[2][1] == Command.SET_CLOCK]
    assert Clock.from_bytes(setting).moment.wall == HERE.wall_clock
    assert Command.SET_CLOCK not in asked(lost)


def test_answers_to_other_questions_are_passed_over():
    """A late answer, the same twice, a word that it is ready: none of them is taken for the one awaited."""
    link = ScriptedLink(
        READY, MODEL, CLOCK, READY, SET, CLOCK, MODEL, MODEL, LOW, HIGH, MODEL, count(0), LIVE
    )
    said = play(session, link)
    assert said[-1] == Live(97, 72)
    assert asked(link).count(Command.MODEL) == 2


@pytest.mark.parametrize("model", ["4279", "2555"])
def test_a_model_that_nobody_knows_is_asked_for_nothing_more(model):
    """Its name is told; its memory could be anything, and nothing is started on it."""
    link = ScriptedLink(READY, CLOCK, SET, (CHANNEL, bytes(model_word(model))), LOW, HIGH, count(9), LIVE)
    assert play(session, link)[-1].model == f"TD-{model}"
    assert asked(link)[-1] == Command.SERIAL_HIGH


@pytest.mark.parametrize("model", ["8255", "8201", "3140", "3128", "1241", "2555", "4279"])
def test_nothing_is_switched_off_erased_or_inflated(model):
    """Of all it could be told, it is told its questions, its time and, an oximeter, to measure."""
    link = ScriptedLink(
        READY, CLOCK, SET, (CHANNEL, bytes(model_word(model))), LOW, HIGH,
        count(1), *stored(MORNING, Oxygen(96, 78)), LIVE,
    )  # fmt: skip
    play(session, link)
    harmless = {Command.READ_CLOCK, Command.SET_CLOCK, Command.MODEL, Command.SERIAL_LOW, Command.SERIAL_HIGH}
    harmless |= {Command.COUNT, Command.RECORD_TIME, Command.RECORD_VALUE}
    if model.startswith("82"):
        harmless |= {Command.MEASURE_OXYGEN}
    assert set(asked(link)) <= harmless
    assert {deed[0] for deed in link.did} == {"subscribe", "write"}


def test_a_device_that_keeps_its_serial_number_to_itself_still_tells_its_memory():
    """Silence after a question that isn't needed is no end; after one that is, it is."""

    class Deaf(ScriptedLink):
        """Silent once each time it is asked what it doesn't tell."""

        async def receive(self, *, timeout_s):
            if asked(self)[-1] in (Command.SERIAL_LOW, Command.SERIAL_HIGH):
                raise LinkError(f"silent for {timeout_s} s")
            return await super().receive(timeout_s=timeout_s)

    link = Deaf(READY, CLOCK, SET, MODEL, count(1), *stored(MORNING, Oxygen(96, 78)))
    said = play(session, link)
    assert kinds(said, DeviceIdentity) == [DeviceIdentity(model="TD-8255")]
    assert kinds(said, Record) == [Record(Oxygen(96, 78), MORNING, "8255")]


def test_silence_after_a_needed_question_ends_the_talk():
    """A record whose time was never told is not asked for again and again."""
    link = ScriptedLink(*INTRODUCTION, count(3), stored(MORNING, Oxygen(96, 78))[0])
    play(session, link)
    assert asked(link)[-1] == Command.RECORD_VALUE


def test_a_bad_word_stands_in_its_place():
    """An answer with a wrong sum is an error, and what comes behind it is heard."""
    good = MODEL[1]
    link = ScriptedLink(READY, CLOCK, SET, (CHANNEL, good[:-1] + b"\x00"), MODEL, LOW, HIGH, count(0), LIVE)
    said = play(session, link)
    assert len(kinds(said, FrameError)) == 1
    assert said[-1] == Live(97, 72)


def test_a_memory_has_an_end():
    """Whoever claims to remember 65,535 records is asked for as many as any device can have."""
    line = decoder()
    tuple(line.feed(*count(0xFFFF)))
    assert line.record_count == RECORD_COUNT_MAX


def test_another_characteristic_is_an_error():
    """What is not known is not guessed."""
    (error,) = decoder().feed(uuid16(0x2A5F), bytes(Live(97, 72)))
    assert isinstance(error, FrameError)


def test_a_refused_subscription_ends_the_talk():
    """Nothing is written to a device that can't answer."""
    link = ScriptedLink(READY, refused=["subscribe"])
    with pytest.raises(LinkError, match="subscribe refused"):
        step(anext(session(link, HERE)))
    assert link.did == []


def test_it_is_known_by_its_name_or_its_makers_addresses():
    """The service alone is Nordic's lamp; a TaiDoc that calls a service of the standard is that driver's."""
    service = frozenset({SERVICE})
    assert matches(Advertisement("a", "TAIDOC TD8255", service))
    assert matches(Advertisement("a", "FORA O2"))
    assert matches(Advertisement("a", "TNG SPO2", service))
    assert matches(Advertisement("C0:26:DA:12:C0:62", services=service))
    assert not matches(Advertisement("a", "Nordic_Blinky", service))
    assert not matches(Advertisement("a", services=service))
    assert not matches(Advertisement("a", "FORA IR40", frozenset({uuid16(0x1809)})))
    assert not matches(Advertisement("C0:26:DA:12:C0:62", "Lamp"))
