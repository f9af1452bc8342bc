"""QN scales: two layouts of a weight, results, stored records, and what of all that is a fact."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.codecs.qn import LIVE, OLD_STORED, STORED, Afterthought, Live, Result, Stored, Word, kg_of
from devices.codecs.summed import frame
from devices.driver import Advertisement, FrameError, Visitor, uuid16
from devices.drivers.qn_scale import (
    DRIVER,
    NOTIFIED,
    OLD_CLOCK,
    ORDERS,
    QnDecoder,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from simulators.peripherals.qn_scale import QnScaleTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import decoded, heard, vectors, wall
from tests.play import HERE, NOON, ScriptedLink, play
from tests.simulators.test_twins import hear_all
from tests.simulators.visit import heard_once, visit
from tests.virtual_time import in_virtual_time

HEARD = heard("qn_scale")
NOTIFY, WRITE = NOTIFIED[0], ORDERS[0]
INFO = Word.from_bytes(bytes.fromhex("1214ff4ec70e0007ff140f4200020503e06f2b37"))
ES26M = Word.from_bytes(bytes.fromhex("1212ff0fac140004ff0f070a0000059f30e9"))
FINE = Word(0x12, bytes(8) + b"\x01")
READY, ASKS = bytes.fromhex("140cff01000100000001fd1f"), bytes.fromhex("2107ff01612cb5")
SETTLED = Live(7525, 2)
KNOWN = Live(7525, 2, 509, 507)


def told(*frames):
    """What a decoder makes of these frames, each in a notification of its own."""
    decoder = QnDecoder()
    return [said for each in frames for said in decoder.feed(NOTIFY, bytes(each))]


def facts(said):
    return [(one.kind, one.value) for each in said for one in readings(each, HEARD)]


def test_golden_vectors_are_understood_in_full():
    """Weight, resistances, state and time of every captured frame; its bytes come back."""
    walked = 0
    for vector in vectors("qn_scale"):
        expected = vector["expected"]
        if not vector.get("real"):
            continue
        said = decoded(DRIVER, vector)
        assert all(type(each).from_bytes(bytes(each)) == each for each in said)
        if "weight_kg" in expected:
            assert said[-1].kg == expected["weight_kg"]
            assert isinstance(said[-1], Stored) == expected.get("stored", False)
        if "r1_ohm" in expected:
            assert (said[-1].r1_ohm, said[-1].is_stable) == (expected["r1_ohm"], True)
        if "timestamp" in expected:
            assert said[-1].device_time == wall(expected["timestamp"])
        if "msg" in expected:
            assert all(isinstance(each, Word) for each in said)
        walked += 1
    assert walked == 8


@given(st.lists(st.binary(max_size=60), max_size=8), st.sampled_from([*NOTIFIED, "another"]))
def test_any_bytes_give_frames_or_frame_errors(pieces, char):
    """No bytes a stranger can send make the decoder or the meaning fall over."""
    decoder = QnDecoder()
    for piece in pieces:
        for said in decoder.feed(char, piece):
            if not isinstance(said, FrameError):
                readings(said, HEARD)


@given(
    st.sampled_from([0x10, 0x12, 0x14, 0x23, 0xB1, 0xB4]), st.binary(min_size=1, max_size=50), st.booleans()
)
def test_whatever_the_decoder_gives_can_be_said_again(kind, body, is_informed):
    """Every frame in a true envelope is understood and said alike, whatever came before it."""
    said = told(*[FINE] * is_informed, frame(kind, body))[is_informed:]
    for each in said:
        assert isinstance(each, FrameError) or type(each).from_bytes(bytes(each)) == each


u8, u16, u32 = st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
infos = st.sampled_from([None, INFO, ES26M, FINE])
lives = st.builds(
    Live, u16, st.integers(0, 2), u16, u16, u8, st.just(True), st.binary(min_size=2, max_size=2), infos
)
classics = st.builds(Live, u16, u8, u16, u16, u8, st.just(False), st.binary(max_size=2), infos)
results = st.builds(Result, u8, u8, u8, u16, st.binary(max_size=37))
stored = st.builds(
    Stored, st.just(STORED), st.binary(min_size=5, max_size=5), u32, u16, st.binary(max_size=30)
)
olds = st.builds(
    Stored,
    st.just(OLD_STORED),
    st.binary(min_size=4, max_size=4),
    u32,
    u16,
    st.binary(min_size=1, max_size=9),
)


@given(lives | classics | results | stored | olds)
def test_what_the_twin_says_the_driver_understands(said):
    """Encoding is the exact inverse of decoding, in every layout."""
    assert type(said).from_bytes(bytes(said)) == said


def test_a_settled_weight_is_told_once_however_often_it_is_said():
    """It has no time of its own: said again a second later, it would be another fact."""
    moving = [Live(7000, 0), Live(7500, 1)]
    said = told(*moving, *[SETTLED] * 9, *[KNOWN] * 9)
    assert said == [*moving, SETTLED, Afterthought(KNOWN)]
    assert facts(said) == [(Kind.BODY_WEIGHT, 75.25), (Kind.IMPEDANCE, 509.0)]


def test_the_result_of_a_weighing_is_not_a_second_one():
    """The extended dialect says a weight live and then in its result, which it repeats."""
    result = Result(3, 1, 1, 7525, bytes(35))
    assert facts(told(SETTLED, result, result)) == [(Kind.BODY_WEIGHT, 75.25)]
    assert facts(told(result, Result(3, 2, 1, 7525, bytes(35)), result)) == [(Kind.BODY_WEIGHT, 75.25)]


def test_the_next_person_weighs_something_else_or_has_stepped_up_anew():
    """Another weight is another fact; the same one is too, once the scale was empty in between."""
    assert facts(told(SETTLED, Live(0, 0), SETTLED, Live(8000, 2))) == [
        (Kind.BODY_WEIGHT, 75.25), (Kind.BODY_WEIGHT, 75.25), (Kind.BODY_WEIGHT, 80.0)
    ]  # fmt: skip


def test_only_a_settled_weight_is_a_fact():
    """Measuring and stabilizing are frames; and in the older layout the sign stands elsewhere."""
    for state in (0, 1):
        assert readings(replace(KNOWN, state=state), HEARD) == ()
    assert readings(Live(7525, 0, is_long=False, rest=b""), HEARD) == ()
    assert readings(Live(7525, 1, is_long=False, rest=b""), HEARD) != ()


@given(st.integers(0, 0xFFFF))
def test_no_adults_weight_is_ever_read_ten_times_wrong(steps):
    """Each size of step that gives 25 to 250 kg is the only one that does; what it isn't sure of, it says."""
    live = Live(steps, 2)
    adult = [steps / size for size in (10, 100) if 25 <= steps / size < 250]
    assert [live.kg] == (adult or [None])
    if live.kg is not None:
        (reading,) = readings(live, HEARD)
        assert (Quality.QUESTIONABLE in reading.quality) == (steps < 2500)


def test_a_scale_is_believed_that_its_steps_are_fine_and_not_that_they_are_coarse():
    """An ES-26M says coarse and means fine; a scale that says fine may weigh a child."""
    assert Live(9785, 2, info=ES26M).kg == 97.85
    assert Live(2000, 2, info=ES26M).kg == 200.0, "and questionable"
    child = Live(2000, 2, info=FINE)
    assert (child.kg, readings(child, HEARD)[0].quality) == (20.0, ())
    assert (kg_of(300, is_fine=True), kg_of(25_000, is_fine=True)) == (None, None)


def test_the_scales_word_about_itself_stands_in_each_weight_after_it():
    """Whoever keeps the frame's bytes can read the weight from them alone."""
    _, said = told(FINE, Live(2000, 2))
    assert Live.from_bytes(bytes(said)).kg == said.kg == 20.0


def test_what_was_stored_is_shown_and_never_judged():
    """Whoever it was, nobody saw: an unknown person's weight at the record's own time, told once for ever."""
    for vector in ("v0330", "x-qn-2", "x-qn-3"):
        (found,) = [one for one in vectors("qn_scale") if one["id"] == vector]
        (said,) = decoded(DRIVER, found)
        (reading,) = readings(said, replace(HEARD, patient_slot=1))
        assert {Quality.FROM_STORAGE, Quality.UNKNOWN_USER} <= set(reading.quality)
        assert not NOT_JUDGED.isdisjoint(reading.quality)
        assert reading.device_time == said.device_time
        assert readings(said, replace(HEARD, received_at=NOON.replace(year=2027)))[0].id == reading.id


def test_a_stored_record_without_a_credible_time_is_not_fresh_either():
    """A scale that was never set counts from 2000: the time is ours then, and it still isn't judged."""
    (reading,) = readings(Stored(STORED, bytes(5), 77, 7525, b""), HEARD)
    assert reading.quality == (Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN, Quality.UNKNOWN_USER)


def test_resistances_that_no_body_has_are_no_impedance():
    """Socks, and words for "none"."""
    for ohm in (0, 99, 3001, 0xFFFF):
        assert facts([replace(KNOWN, r1_ohm=ohm)]) == [(Kind.BODY_WEIGHT, 75.25)]


@pytest.mark.parametrize(("info", "protocol"), [(INFO, 0xFF), (ES26M, 0)])
def test_the_talk_answers_each_word(info, protocol):
    """Kilograms, the home's time since 2000, start: under the protocol that the scale takes."""
    script = [(NOTIFY, said) for said in (bytes(info), READY, ASKS, bytes(SETTLED), bytes(KNOWN))]
    link = ScriptedLink(*script, has=(WRITE,))
    assert play(session, link) == [replace(SETTLED, info=info), Afterthought(replace(KNOWN, info=info))]
    clock_s = int((HERE.wall_clock - wall("2000-01-01")).total_seconds()).to_bytes(4, "little")
    assert link.did == [
        ("subscribe", NOTIFY),
        ("write", WRITE, frame(0x13, bytes((protocol, 1, 0x10, 0, 0, 0)))),
        ("write", WRITE, frame(0x20, bytes((protocol,)) + clock_s)),
        ("write", WRITE, frame(0x22, bytes((protocol, 0, 3)))),
    ]


def test_the_words_are_those_that_were_captured():
    """Unit, start and their sums, octet by octet, as a vendor's app sends them to a GE CS 10 G."""
    assert frame(0x13, bytes.fromhex("ff0110000000")).hex() == "1309ff01100000002c"
    assert frame(0x22, bytes.fromhex("ff0003")).hex() == "2206ff00032a"


def test_a_hub_without_a_clock_never_sets_one():
    """The word for it is left out, and the talk goes on."""
    link = ScriptedLink((NOTIFY, bytes(INFO)), (NOTIFY, READY), (NOTIFY, ASKS), has=(WRITE,))
    play(session, link, Visitor(None))
    assert [deed[2][0] for deed in link.did if deed[0] == "write"] == [0x13, 0x22]


def test_the_older_kind_has_its_places_elsewhere():
    """FFE1 tells, FFE3 takes orders, FFE4 the time."""
    script = [(NOTIFIED[1], said) for said in (bytes(INFO), READY, ASKS, bytes(SETTLED))]
    link = ScriptedLink(*script, has=(ORDERS[1], OLD_CLOCK))
    assert facts(play(session, link)) == [(Kind.BODY_WEIGHT, 75.25)]
    assert [deed[1] for deed in link.did] == [NOTIFIED[1], ORDERS[1], OLD_CLOCK, ORDERS[1]]


def test_an_order_that_is_refused_loses_nothing_that_has_arrived():
    """The weight behind the unanswered word is passed on all the same."""
    link = ScriptedLink((NOTIFY, bytes(INFO)), (NOTIFY, bytes(KNOWN)), has=(WRITE,), refused=("write",))
    assert facts(play(session, link)) == [(Kind.BODY_WEIGHT, 75.25), (Kind.IMPEDANCE, 509.0)]


def test_nothing_is_ever_written_but_the_three_answers():
    """Whatever a scale says, in any order: no word that deletes, and none that we don't know."""
    script = [
        (NOTIFY, frame(kind, b"\xff\x01\x02")) for kind in (0x14, 0xA1, 0x21, 0xA3, 0x14, 0x12, 0x20, 0x22)
    ]
    link = ScriptedLink(*script, has=(WRITE,))
    play(session, link)
    assert {deed[2][0] for deed in link.did if deed[0] == "write"} == {0x13, 0x20, 0x22}


def test_a_weight_in_an_unknown_layout_is_a_word_and_no_fault():
    """Sixty of them come in a weighing; and one that looks like the other layout by chance is no weight."""
    for body in (bytes(12), bytes.fromhex("ff1ebe0001f400000000ab"), bytes.fromhex("ff1e020101f40000000000")):
        (said,) = told(frame(LIVE, body))
        assert isinstance(said, Word)
        assert readings(said, HEARD) == ()


def test_it_is_known_by_name_and_service():
    """FFE0 and FFF0 are borrowed by oximeters and other scales; Renpho makes others, too."""
    for name, number in (
        ("QN-Scale", 0xFFF0),
        ("QN-Scale", 0x1234),
        ("Renpho-Scale", 0xFFE0),
        ("RENPHO", 0xFFF0),
    ):
        assert driver_for(Advertisement("a", name, frozenset({uuid16(number)}))) is DRIVER
    for name, number in (("", 0xFFF0), ("eufy T9149", 0xFFF0), ("FS20F", 0xFFE0), ("Renpho", 0x181B)):
        assert not matches(Advertisement("a", name, frozenset({uuid16(number)})))


def test_a_broken_frame_between_good_ones_costs_only_itself():
    """An error for what is lost, and both weights."""
    good = [bytes(Live(steps, 2)) for steps in (7525, 8000)]
    said = told(good[0], good[1][:9], good[1])
    assert facts([each for each in said if not isinstance(each, FrameError)]) == [
        (Kind.BODY_WEIGHT, 75.25), (Kind.BODY_WEIGHT, 80.0)
    ]  # fmt: skip
    assert [isinstance(each, FrameError) for each in said] == [False, True, False]
    assert all(one != other for one, other in pairwise(said))


def test_the_twin_tells_nothing_before_the_whole_talk_and_then_in_narrow_pieces():
    """Who doesn't tell it the time hears no weight; who does hears a stored record in three pieces."""
    twin = QnScaleTwin()
    twin.remember(wall("2026-06-01T07:42:10"), 74.5)
    assert in_virtual_time(visit(VirtualRadio([twin]), Visitor(None))) == []
    assert (twin.is_awake, twin.clock_orders) == (True, [])
    assert facts(in_virtual_time(visit(VirtualRadio([twin])))) == [(Kind.BODY_WEIGHT, 74.5)]

    async def eavesdrop():
        twin.remember(wall("2026-06-02T07:42:10"), 74.6)
        radio = VirtualRadio([twin])
        await heard_once(radio)
        async with radio.connect(twin.address) as link:
            await link.subscribe(NOTIFY)
            await link.write(WRITE, frame(0x22, bytes.fromhex("000003")))
            await link.write(WRITE, frame(0x22, bytes.fromhex("ff0003")))
            return await hear_all(link)

    assert [len(data) for _, data in in_virtual_time(eavesdrop())] == [20, 20, 20, 4]
