"""The Lung Monitor: the talk, played by hand."""

from dataclasses import replace

from devices.codecs.lung_monitor import Blow, Order, Reply
from devices.codecs.terminal_io import FROM_DEVICE, ITS_GRANTS, OUR_GRANTS, TO_DEVICE
from devices.driver import FrameError, Visitor
from devices.drivers.vitalograph import session
from devices.identity import DeviceIdentity
from tests.devices.test_vitalograph import BLOW, packets
from tests.play import HERE, ScriptedLink, play, step

EVERYTHING = (TO_DEVICE, FROM_DEVICE, OUR_GRANTS, ITS_GRANTS)
GRANTED = (ITS_GRANTS, b"\x10")
ACK = ("command", TO_DEVICE, b"\x06")
GREETING = [("subscribe", ITS_GRANTS), ("subscribe", FROM_DEVICE), ("write", OUR_GRANTS, b"\x40")]
BROKEN = replace(BLOW, is_poor=True)
IDENTITY = DeviceIdentity(serial="1234567VIT", software="912")


def told(blow=BLOW):
    return [(FROM_DEVICE, packet) for packet in packets(bytes(blow))]


def broken():
    *whole, (char, last) = told(BROKEN)
    return [*whole, (char, last[:-1] + bytes((last[-1] ^ 1,)))]


def test_the_whole_talk_in_its_order():
    """Indications, notifications, credits; then the record with whose it is, and one ACK; nothing else."""
    link = ScriptedLink(GRANTED, *told(), has=EVERYTHING)
    assert play(session, link) == [IDENTITY, BLOW]
    assert link.did == [*GREETING, ACK]


def test_the_clock_is_never_set():
    """Only its remote mode could, and nobody has tried: a hub that knows the time says nothing either."""
    for visitor in (HERE, Visitor()):
        link = ScriptedLink(GRANTED, *told(), has=EVERYTHING)
        play(session, link, visitor)
        assert link.did == [*GREETING, ACK]


def test_a_record_is_acknowledged_only_after_it_was_taken():
    """What the hub has not had in its hands yet may be forgotten by nobody."""
    link = ScriptedLink(GRANTED, *told(), has=EVERYTHING)
    running = session(link, HERE)
    assert step(anext(running)) == IDENTITY
    assert step(anext(running)) == BLOW
    assert ACK not in link.did


def test_without_its_credits_nothing_is_sent_and_the_ack_is_owed():
    """The device grants us packets too: the ACK waits for the first of them."""
    link = ScriptedLink(*told(), has=EVERYTHING)
    play(session, link)
    assert link.did == GREETING
    late = ScriptedLink(*told(), *told(), (ITS_GRANTS, b"\x01"), has=EVERYTHING)
    play(session, late)
    assert late.did == [*GREETING, ACK], "one credit, one ACK"


def test_a_broken_record_is_answered_with_silence():
    """No NAK: nobody has seen what the device does with it; the good record after it has its ACK."""
    link = ScriptedLink(GRANTED, *broken(), *told(), has=EVERYTHING)
    bad, _, good = play(session, link)
    assert isinstance(bad, FrameError)
    assert good == BLOW
    assert link.did == [*GREETING, ACK]


def test_credits_are_filled_up_before_they_run_out():
    """At sixteen left the device gets as many as make 64 again; it never stands still."""
    link = ScriptedLink(*told() * 25, has=EVERYTHING)
    play(session, link)
    grants = [deed[2][0] for deed in link.did if deed[:2] == ("write", OUR_GRANTS)]
    assert grants == [64, 48, 48]


def test_credits_of_ours_are_not_its_packets():
    """An indication costs no credit: however many come, none is granted for them."""
    link = ScriptedLink(*[GRANTED] * 100, has=EVERYTHING)
    play(session, link)
    assert link.did == GREETING


def test_a_link_that_breaks_at_the_ack_hides_nothing_that_arrived():
    """The second record had come before the first could be acknowledged."""
    link = ScriptedLink(GRANTED, *told(), *told(BROKEN), has=EVERYTHING, refused=["command"])
    assert [said for said in play(session, link) if isinstance(said, Blow)] == [BLOW, BROKEN]


def test_what_the_device_answers_to_others_is_passed_over():
    """ACK, NAK and orders on its line are no facts about anybody, and are not answered."""
    chatter = [(FROM_DEVICE, bytes(frame)) for frame in (Reply(True), Reply(False), Order("G", "DI"))]
    link = ScriptedLink(GRANTED, *chatter, has=EVERYTHING)
    assert play(session, link) == []
    assert link.did == GREETING
