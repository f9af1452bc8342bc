"""Viatom's ring: frames and files out and back, what they mean, and how a night becomes Blocks."""

import json
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.blocks import BlockBuilder
from devices.codecs.viatom_night import FILE_SIZE_MAX, HEADER_SIZE, Header, Record, Stretch
from devices.codecs.viatom_oxy import FILE_COUNT_MAX, Info, Live, Op, Reply, Request
from devices.driver import Advertisement, FrameError
from devices.drivers.viatom_o2ring import DRIVER, NOTIFY, SERVICE, WRITE, identity_in, readings
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from tests.devices.vectors import heard, numbers, vectors, wall
from tests.play import NOON

MORNING = NOON + timedelta(hours=18)
HEARD = heard("viatom_o2ring", received_at=MORNING)
BEDTIME = wall("2026-06-01T22:15:03")

octets, words = st.integers(0, 255), st.integers(0, 0xFFFF)
lives = st.builds(Live, octets, words, st.integers(0, 2**32 - 1), *[octets] * 6)
requests = st.builds(Request, octets, words, st.binary(max_size=40))
replies = st.builds(Reply, st.integers(1, 255), words, st.binary(max_size=40))
records = st.builds(Record, octets, words, octets, octets)
moments = st.datetimes(wall("2000-01-01"), wall("2099-12-31")).map(lambda at: at.replace(microsecond=0))
stretches = st.builds(
    Stretch, moments, st.sampled_from([2, 4]), st.lists(records, min_size=1, max_size=40).map(tuple)
)
headers = st.builds(
    Header, moments, st.integers(0, 2**32 - 1), words, octets, words, *[octets] * 4,
    rest=st.binary(min_size=19, max_size=19),
)  # fmt: skip


def fed(*pieces, asked=None):
    """What one decoder makes of these notifications, after this question."""
    decoder = DRIVER.decoder()
    if asked is not None:
        decoder.feed(WRITE, bytes(Request(asked)))
    return [said for piece in pieces for said in decoder.feed(NOTIFY, piece)]


def gathered(*frames):
    """Every Block that these frames become."""
    builder = BlockBuilder()
    told = [one for frame in frames for one in readings(frame, HEARD)]
    return [block for one in told for block in builder.add(one)] + list(builder.flush())


def night(count, period_s, start=BEDTIME):
    """So many records; every tenth has no number, and no two neighbours are alike."""
    made = (Record(255, 65535) if n % 10 == 9 else Record(85 + n % 13, 60 + n % 29) for n in range(count))
    return Stretch(start, period_s, tuple(made))


@given(
    st.lists(st.tuples(st.sampled_from([NOTIFY, WRITE]), st.binary(max_size=60)), max_size=6),
    st.sampled_from([None, *Op]),
    st.binary(max_size=60),
)
def test_any_bytes_give_frames_or_frame_errors(pieces, asked, data):
    """Nothing a stranger can send, in a frame or out of one, makes decoder or meaning fall over."""
    decoder = DRIVER.decoder()
    asking = [] if asked is None else [(WRITE, bytes(Request(asked)))]
    pieces = [*asking, *pieces, (NOTIFY, bytes(Reply(0, 0, data)))]
    for char, piece in pieces:
        for one in decoder.feed(char, piece):
            assert isinstance(one, FrameError) or type(one).from_bytes(bytes(one)) == one
            assert isinstance(one, FrameError) or readings(one, HEARD) is not None


@given(lives | replies)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, octet by octet."""
    assert fed(*(bytes((octet,)) for octet in bytes(frame))) == [frame]


@given(requests | stretches | headers)
def test_what_isnt_notified_goes_out_and_back_too(frame):
    """A request, a file's header, a night."""
    assert type(frame).from_bytes(bytes(frame)) == frame


def test_a_reply_is_what_was_asked_for():
    """Thirteen octets are live numbers when nobody asked or these were asked, else a part of a file."""
    data = bytes(Live(97, 66))
    assert fed(data) == fed(data, asked=Op.LIVE) == [Live(97, 66)]
    (part,) = fed(data, asked=Op.READ)
    assert part == Reply(0, 0, bytes(Live(97, 66))[7:-1])
    assert fed(bytes(Reply(0, 0, b"{")), asked=Op.READ) == [Reply(0, 0, b"{")]


def test_the_captured_words_of_a_ring_without_a_finger_are_no_numbers():
    """Two real ones, one of them on its charger: 255 and 65535, and nobody wears it; framed and bare."""
    found = {vector["id"]: vector for vector in vectors("viatom_o2ring")}
    bare = [one for name in ("v0146", "v0148") for one in fed(bytes.fromhex(found[name]["hex"]))]
    framed = [
        one
        for name in ("x-v0146", "x-v0148")
        for one in fed(*map(bytes.fromhex, found[name].get("chunks") or [found[name]["hex"]]))
    ]
    said = bare
    assert framed == bare
    assert [(one.charge, one.battery, one.motion) for one in said] == [(0, 96, 5), (1, 98, 0)]
    assert [one for frame in said for one in readings(frame, HEARD)] == []


@pytest.mark.parametrize(
    ("spo2", "pulse", "kinds"),
    [
        (100, 254, {Kind.SPO2, Kind.PULSE_RATE}),
        (101, 66, {Kind.PULSE_RATE}),
        (255, 66, {Kind.PULSE_RATE}),
        (97, 255, {Kind.SPO2}),
        (97, 0, {Kind.SPO2}),
        (0, 0, set()),
        (97, 256, set()),
        (97, 0xFF42, set()),
        (255, 65535, set()),
    ],
)
def test_what_is_no_number_is_no_reading(spo2, pulse, kinds):
    """255 is none; and a pulse with an upper octet says that of its whole record."""
    assert set(numbers(readings(Live(spo2, pulse), HEARD))) == kinds
    assert set(numbers(readings(Stretch(BEDTIME, 4, (Record(spo2, pulse),)), HEARD))) == kinds
    assert readings(Live(spo2, pulse, state=0), HEARD) == (), "nobody wears it"


@pytest.mark.parametrize(
    ("motion", "moved"), [(0, ()), (29, ()), (30, (Quality.MOTION,)), (146, (Quality.MOTION,))]
)
def test_movement_marks_the_numbers_and_doesnt_hide_them(motion, moved):
    """A hand that turns over in bed is a reason to read with care."""
    now = readings(Live(97, 66, motion=motion, perfusion_steps=12), HEARD)
    assert numbers(now) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 66.0, Kind.PERFUSION_INDEX: 1.2}
    assert all(one.quality == moved and one.is_continuous and one.device_time is None for one in now)
    then = readings(Stretch(BEDTIME, 4, (Record(97, 66, motion),)), HEARD)
    assert all(one.quality == (Quality.FROM_STORAGE, *moved) for one in then)
    assert NOT_JUDGED.isdisjoint(now[0].quality + then[0].quality)


def test_a_stored_number_stands_where_its_record_stands():
    """The start and so many periods, by the ring's own clock."""
    told = readings(Stretch(BEDTIME, 4, (Record(97, 66), Record(255, 65535), Record(96, 67))), HEARD)
    assert [(one.value, one.device_time - BEDTIME) for one in told] == [
        (97.0, timedelta(0)),
        (66.0, timedelta(0)),
        (96.0, timedelta(seconds=8)),
        (67.0, timedelta(seconds=8)),
    ]
    assert all(one.is_continuous for one in told)


@pytest.mark.parametrize(("period_s", "per_block"), [(2, 30), (4, 15)])
def test_a_stored_night_becomes_blocks_that_lose_nothing(period_s, per_block):
    """Ten hours: every number in its second, gaps between, 600 Blocks of each kind; and again the same."""
    whole = night(36_000 // period_s, period_s)
    blocks = gathered(*whole.parts(60))
    assert len(blocks) == 2 * 600
    for kind, field in ((Kind.SPO2, "spo2"), (Kind.PULSE_RATE, "pulse")):
        told = {
            block.device_time + timedelta(seconds=second): value
            for block in blocks
            if block.kind == kind
            for second, value in enumerate(block.samples)
            if value is not None
        }
        assert told == {at: getattr(one, field) for at, one in whole.timed() if one.spo2 != 255}
    assert max(sum(value is not None for value in block.samples) for block in blocks) <= per_block
    assert all(block.value == median(v for v in block.samples if v is not None) for block in blocks)
    again = gathered(*whole.parts(60))
    assert [block.id for block in again] == [block.id for block in blocks]
    assert len({block.id for block in blocks}) == len(blocks)


def test_a_night_by_a_clock_that_isnt_believed_is_whole_too():
    """A ring out of its box stands in 2015: the numbers keep their distance, their time is unsure."""
    blocks = gathered(*night(900, 4, wall("2015-01-01T00:00:09")).parts(60))
    assert sum(value is not None for block in blocks for value in block.samples) == 2 * 810
    assert all(Quality.TIME_UNCERTAIN in block.quality for block in blocks)


def test_a_night_and_what_is_measured_now_never_share_a_block():
    """Else the same night, read again tomorrow, would make another last Block."""
    start = (MORNING + timedelta(hours=2)).replace(tzinfo=None)  # Oslo in summer
    before = night(14, 4, start - timedelta(seconds=56))
    alone, beside = gathered(before), gathered(before, Live(97, 66))
    assert {block.id for block in alone} < {block.id for block in beside}


def test_the_rings_own_words():
    """Who it is, what time it has, how full its battery is, and the nights it keeps, newest first."""
    info = Info(
        '{"Model":"1652","SN":"2008004512","SoftwareVer":"1.4.0","HardwareVer":"AA","CurTIME":'
        '"2020-08-17,23:29:30","CurBAT":"97%","FileList":"20200817095111,20200817225251,,../x,20200817095111,"}'
    )
    assert identity_in(info) == DeviceIdentity(
        model="1652", serial="2008004512", firmware="1.4.0", hardware="AA"
    )
    assert (info.clock, info.battery) == (wall("2020-08-17T23:29:30"), 97)
    assert info.files == ("20200817225251", "20200817095111")
    assert numbers(readings(info, HEARD)) == {Kind.BATTERY_LEVEL: 97.0}


@pytest.mark.parametrize("words", ["{}", '{"CurBAT":"101%","CurTIME":"soon"}', '{"CurBAT":null,"CurTIME":1}',
                                   '{"CurBAT":"²%","CurTIME":"2020-08-17,23:29:30+02:00"}'])  # fmt: skip
def test_words_it_doesnt_say_are_none(words):
    """No battery, no clock, no file; and no reading."""
    info = Info(words)
    assert (info.battery, info.clock, info.files, readings(info, HEARD)) == (None, None, (), ())
    assert identity_in(info) == DeviceIdentity()


def test_a_list_of_files_without_end_has_one():
    """So many are read at a visit, the newest ones."""
    info = Info(json.dumps({"FileList": ",".join(f"2026{n:010}" for n in range(99))}))
    assert len(info.files) == FILE_COUNT_MAX
    assert info.files[0] == "20260000000098"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(Header(BEDTIME, 45, 4)) + bytes(4), "4 octets of records"),
        (bytes(Header(BEDTIME, 45, 9)) + bytes(5), "1 records in 9 s"),
        (bytes(Header(BEDTIME, 40, 0)), "0 records in 0 s"),
        (bytes(Header(BEDTIME, 40, 0))[:39], "39 octets instead of 40"),
        (b"\x05" + bytes(Header(BEDTIME, 40, 0))[1:], "version 5"),
        (bytes(Header(BEDTIME, 45, 4)).replace(b"\xea\x07", b"\xff\xff") + bytes(5), "the year 65535"),
        (bytes(Header(BEDTIME, 45, 4)).replace(b"\x06\x01", b"\x0d\x01") + bytes(5), "month must be in"),
        (bytes(Header(BEDTIME, 45, 65535)) + bytes(5 * 16384), "16384 records in 65535 s"),
        (
            bytes(Header(BEDTIME, 45, 65535)) + bytes(FILE_SIZE_MAX - HEADER_SIZE + 5),
            "90005 octets of records",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_reason(data, why):
    """A version we don't know, a date that is none, a period that nobody has described, more than a night."""
    with pytest.raises(ValueError, match=why):
        Stretch.from_bytes(data)


def test_a_file_may_be_a_night_of_ten_hours_and_no_longer():
    """The figure stands where it is used, and fits."""
    assert len(bytes(night(18_000, 2))) == FILE_SIZE_MAX == 90_040


@pytest.mark.parametrize(
    ("name", "services", "is_ours"),
    [
        ("O2Ring 4512", {SERVICE}, True),
        ("O2Ring 4512", set(), True),
        ("Checkme_O2 1234", set(), True),
        ("SleepU 1234", {SERVICE}, True),
        ("O2M 1234", {SERVICE}, True),
        ("O2M 1234", set(), False),
        ("ER1 1234", {SERVICE}, False),
        ("BP2 1234", {SERVICE}, False),
        ("O2Ring 4512", {"e8fb0001-a14b-98f9-831b-4e2941d01248"}, False),
        ("T8520_1234", {"e8fb0001-a14b-98f9-831b-4e2941d01248"}, False),
        ("OxySmart", set(), False),
        ("FORA O2", set(), False),
        ("", {SERVICE}, False),
    ],
)
def test_it_is_known_by_name_and_service(name, services, is_ours):
    """The service alone is an ECG's and a cuff's too; newer rings speak another language."""
    assert DRIVER.matches(Advertisement("a", name, frozenset(services))) is is_ours
