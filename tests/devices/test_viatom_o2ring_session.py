"""Viatom's ring: the talk, played by hand against one that answers; a night over a link that breaks."""

from datetime import timedelta

import pytest

from devices.clocks import DeviceClock
from devices.codecs.viatom_night import FILE_SIZE_MAX, Header, Record, Stretch
from devices.codecs.viatom_oxy import Info, Live, Op, Reply, Request
from devices.driver import FrameError, LinkError, Visitor
from devices.drivers.viatom_o2ring import DRIVER, NOTIFY, WRITE, Conversation, session
from devices.identity import DeviceIdentity
from simulators.fate import Unkindness
from simulators.peripherals.viatom_o2ring import ViatomO2RingTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import heard, wall
from tests.play import HERE, NOON, ScriptedLink, play
from tests.simulators.visit import visit
from tests.virtual_time import in_virtual_time

BEDTIME = wall("2026-06-01T22:15:03")
NIGHT = Stretch(BEDTIME, 4, tuple(Record(85 + n % 13, 60 + n % 29) for n in range(300)))
OLDER = Stretch(BEDTIME - timedelta(days=1), 2, (Record(91, 77), Record(90, 78)))
IDLE = Live(255, 65535, state=0)
WORN = Live(95, 71)
BLOCK = 512
HARMLESS = {Op.INFO, Op.CONFIG, Op.OPEN, Op.READ, Op.CLOSE, Op.LIVE}


class Ring(ScriptedLink):
    """Answers as a ring does, in pieces of twenty octets; what is in `instead` it says once."""

    def __init__(self, *nights, live=(), words="", instead=(), claims=None, keeps=()):
        super().__init__(has=(NOTIFY, WRITE))
        self.files = {f"{night.start:%Y%m%d%H%M%S}".encode(): bytes(night) for night in nights}
        self.live, self.words, self.claims = list(live), words, claims
        self.instead, self.keeps = dict(instead), keeps
        self.asked, self.open = [], b""
        self._hearing = Conversation()

    async def write(self, char, data, *, with_response=True):
        assert len(data) <= 20, "a ring takes no more at once"
        await super().write(char, data, with_response=with_response)
        for request in self._hearing.feed(char, data):
            self.asked.append((Op(request.op), request.block))
            said = self.instead.pop(self.asked[-1], None)
            said = bytes(self.answer(request)) if said is None else said
            if request.op not in self.keeps:
                self._script += [(NOTIFY, said[at : at + 20]) for at in range(0, len(said), 20)]

    def answer(self, request):
        if request.op == Op.INFO:
            names = ",".join(name.decode() for name in self.files)
            return Info(f'{{"SN":"42","CurBAT":"9%","FileList":"{names},"{self.words}}}')
        if request.op == Op.LIVE:
            return self.live.pop(0) if self.live else IDLE
        if request.op == Op.OPEN:
            self.open = self.files.get(request.data.rstrip(b"\0"), b"")
            size = len(self.open) if self.claims is None else self.claims
            return Reply(0, 0, size.to_bytes(4, "little")) if self.open else Reply(1)
        if request.op == Op.READ:
            return Reply(0, 0, self.open[request.block * BLOCK :][:BLOCK])
        return Reply(0)

    @property
    def ops(self):
        return [op for op, _ in self.asked]


def told(said):
    """The stretches among what was said, as one night each."""
    nights = []
    for one in said:
        if isinstance(one, Header):
            nights.append(())
        if isinstance(one, Stretch):
            nights[-1] += one.records
    return nights


def errors(said):
    return [one for one in said if isinstance(one, FrameError)]


async def every(said):
    """All that a session says, its end included."""
    return [one async for one in said]


def test_the_whole_talk_in_its_order():
    """Who are you, the time, each night opened, read, closed; then live until nobody wears it."""
    ring = Ring(OLDER, NIGHT, live=[WORN, IDLE, WORN])
    said = play(session, ring)
    assert said[0] == DeviceIdentity(serial="42")
    assert isinstance(said[1], Info)
    assert told(said) == [NIGHT.records, OLDER.records], "newest first"
    assert [one for one in said if isinstance(one, Live)] == [WORN, IDLE, WORN, IDLE, IDLE, IDLE]
    reads = [Op.READ] * 4
    assert ring.ops == [
        *(Op.INFO, Op.CONFIG, Op.OPEN, *reads, Op.CLOSE, Op.OPEN, Op.READ, Op.CLOSE),
        *[Op.LIVE] * 6,
    ]
    assert errors(said) == []
    assert set(ring.ops) <= HARMLESS
    assert {deed[1] for deed in ring.did} == {NOTIFY, WRITE}


def test_a_night_comes_minute_by_minute_and_each_knows_its_moment():
    """Fifteen records of four seconds are a minute; its beginning is where it would be in the whole."""
    said = play(session, Ring(NIGHT))
    parts = [one for one in said if isinstance(one, Stretch)]
    assert [len(part.records) for part in parts] == [15] * 20
    assert [part.start - BEDTIME for part in parts] == [timedelta(minutes=n) for n in range(20)]


@pytest.mark.parametrize(
    ("clock", "ours", "is_set"),
    [
        ("2026-06-01,14:00:00", HERE, False),
        ("2026-06-01,13:59:56", HERE, False),
        ("2026-06-01,13:59:54", HERE, True),
        ("2015-01-01,00:00:00", HERE, True),
        ("never", HERE, True),
        ("2015-01-01,00:00:00", Visitor(), False),
    ],
)
def test_its_clock_is_set_only_by_one_who_knows_the_time_and_only_if_it_is_wrong(clock, ours, is_set):
    """A hub that stands in 1970 sets nobody's clock; five seconds are nothing."""
    ring = Ring(words=f',"CurTIME":"{clock}"')
    said = play(session, ring, ours)
    assert (Op.CONFIG in ring.ops) is is_set
    told = [one.is_set_next for one in said if isinstance(one, DeviceClock)]
    assert told == ([] if clock == "never" else [is_set])
    words = b"".join(deed[2] for deed in ring.did if deed[0] == "write")
    assert (b'{"SetTIME":"2026-06-01,14:00:00"}' in words) is is_set


@pytest.mark.parametrize("size", [FILE_SIZE_MAX + 1, 0xFFFF_FFFF, 39, 0])
def test_a_file_that_claims_more_than_a_night_is_refused(size):
    """It isn't read, it is closed, and said; what comes behind it is."""
    ring = Ring(NIGHT, live=[WORN], claims=size)
    said = play(session, ring)
    assert [error.reason for error in errors(said)] == [f"a file of {size} octets"]
    assert (told(said), WORN in said) == ([], True)
    assert ring.ops[2:4] == [Op.OPEN, Op.CLOSE]


def test_a_file_that_ends_early_is_no_night():
    """Half a night would be counted again when the whole one is read: it waits until it is whole."""
    ring = Ring(NIGHT, OLDER, instead={(Op.READ, 2): bytes(Reply(0))})
    said = play(session, ring)
    assert told(said) == [OLDER.records]
    assert [error.reason for error in errors(said)] == ["a file that ends after 1024 of 1540 octets"]


def test_a_last_part_of_thirteen_octets_is_no_live_number():
    """A reply doesn't say what it answers: the talk remembers what it asked."""
    night = Stretch(BEDTIME, 4, NIGHT.records[:97])
    assert len(bytes(night)) % BLOCK == 13
    assert told(play(session, Ring(night))) == [night.records]


def test_a_file_in_crumbs_has_an_end():
    """A ring that gives an octet at a time is not followed for ever."""
    ring = Ring(NIGHT, claims=FILE_SIZE_MAX)
    ring.answer = lambda request: Reply(0, 0, b"\0") if request.op == Op.READ else Ring.answer(ring, request)
    said = play(session, ring)
    assert ring.ops.count(Op.READ) == 5000
    assert [error.reason for error in errors(said)] == ["a file that ends after 5000 of 90040 octets"]


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (bytes(Reply(0, 0, bytes(64)))[:-1] + b"\x00", "checksum is wrong"),
        (bytes(Reply(0, 0, bytes(64)))[:40], "cut short"),
        (b"\x01" + bytes(Reply(0, 0, bytes(64))), "no frame begins here"),
    ],
)
@pytest.mark.parametrize("place", [(Op.INFO, 0), (Op.OPEN, 0), (Op.READ, 0), (Op.READ, 3), (Op.CLOSE, 0)])
def test_what_comes_out_wrong_is_asked_again_and_noted(spoilt, why, place):
    """And the rest of it is let pass: no reply is ever taken for the next one."""
    ring = Ring(NIGHT, instead={place: spoilt})
    said = play(session, ring)
    assert told(said) == [NIGHT.records]
    assert len(errors(said)) == 1
    assert why in errors(said)[0].reason
    assert ring.asked.count(place) == 2


def test_a_ring_that_stutters_always_is_left_in_peace():
    """Three times each, then no more of that; the visit ends by itself."""
    ring = Ring(NIGHT)
    ring.answer = lambda _request: b"\x55\x00\xff\x00\x00\x01\x00\x07\x00"
    said = play(session, ring)
    assert said == errors(said)
    assert ring.ops == [Op.INFO] * 3 + [Op.LIVE] * 9
    assert len(said) == 12


def test_a_ring_that_doesnt_answer_ends_the_talk():
    """Silence is a lost link's, and says so."""
    with pytest.raises(LinkError, match="silent"):
        in_virtual_time(every(session(Ring(keeps=set(Op)), HERE)))


def test_a_ring_on_its_charger_is_left_to_itself():
    """What it says there is nobody's."""
    ring = Ring(live=[Live(97, 66, charge=1)] * 9)
    play(session, ring)
    assert ring.ops.count(Op.LIVE) == 3


def test_a_ring_that_is_worn_is_followed():
    """As long as it says numbers, however long that is."""
    ring = Ring(live=[WORN] * 500)
    assert play(session, ring).count(WORN) == 500


def test_a_refused_file_is_no_fault():
    """It may have gone since it was listed."""
    ring = Ring(NIGHT, instead={(Op.OPEN, 0): bytes(Reply(1))})
    said = play(session, ring)
    assert (told(said), errors(said)) == ([], [])


def test_a_file_of_another_version_is_said_and_passed_over():
    """Its octets are kept in the fault; the other night is read."""
    ring = Ring(NIGHT, OLDER)
    name = f"{BEDTIME:%Y%m%d%H%M%S}".encode()
    ring.files[name] = b"\x05" + ring.files[name][1:]
    said = play(session, ring)
    assert told(said) == [OLDER.records]
    assert [error.reason for error in errors(said)] == ["a file that is no night: a file of version 5"]


def meant(said):
    """The identities of what was said, stored numbers only."""
    listener = heard("viatom_o2ring", received_at=NOON + timedelta(hours=18))
    good = [one for one in said if isinstance(one, Stretch)]
    return {reading.id for frame in good for reading in DRIVER.readings(frame, listener)}


def test_half_a_night_over_a_lost_link_is_read_again_from_its_start():
    """Nothing of it is told before it is whole, and the second reading adds nothing to the first."""
    twin = ViatomO2RingTwin()
    record = twin.measure_night(BEDTIME, [(85 + n % 13, 60 + n % 29) for n in range(300)])
    radio = VirtualRadio([twin], unkindness=Unkindness(link_lost=0.02))
    visits = []
    while twin.is_awake and len(visits) < 200:
        visits.append(meant(in_virtual_time(visit(radio))))
    assert len(visits) > 2, "the link broke"
    assert {len(ids) for ids in visits} <= {0, 600}
    assert visits[-1]
    assert len(set().union(*visits)) == 600
    assert twin.facts() == record.facts


def test_a_night_is_told_again_at_each_visit_and_never_deleted():
    """The ring keeps it; the same identities come again, and nobody asks for a factory reset."""
    twin = ViatomO2RingTwin()
    twin.measure_night(BEDTIME, [(91, 77), None, (90, 78)])
    first = meant(in_virtual_time(visit(VirtualRadio([twin]))))
    twin.measure_now(95, 71)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert meant(said) == first
    assert Live(95, 71, battery=97) in said
    assert (twin.deletes_asked, twin.is_awake, twin.clock) == (0, False, HERE.wall_clock)


def test_the_twin_knows_when_it_is_asked_for_what_nobody_may_ask():
    """A factory reset is refused, and counted."""

    async def ask():
        twin = ViatomO2RingTwin()
        twin.measure_now(95, 71)
        radio = VirtualRadio([twin])
        async for _ in radio.scan():
            break
        async with radio.connect(twin.address) as link:
            await link.subscribe(NOTIFY)
            await link.write(WRITE, bytes(Request(Op.FACTORY_RESET)))
            return await link.receive(timeout_s=5), twin.deletes_asked

    (_, said), count = in_virtual_time(ask())
    assert (count, Reply.from_bytes(said)) == (1, Reply(1))
