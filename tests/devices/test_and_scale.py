"""A&D's scales: golden bytes, the talk against the clock, old firmware, what must never be sent."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.device_information import MANUFACTURER, MODEL
from devices.driver import Advertisement, FrameError, LinkError, Visitor, uuid16
from devices.drivers.and_scale import (
    DATE_TIME,
    DRIVER,
    OLD_FIRMWARE,
    OLD_SERVICE,
    OLD_WEIGHT,
    WEIGHT,
    Clock,
    SystemId,
    Weighing,
    decoder,
    matches,
    readings,
    session,
)
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import HERE, ScriptedLink, play, step

HEARD = heard("and_scale")
BUFFER = "233bf001-5a34-1b6d-975c-000d5690abe4"
WORDS = {MANUFACTURER: b"A&D", MODEL: b"UC-352BLE"}
IDENTITY = DeviceIdentity(manufacturer="A&D", model="UC-352BLE")

OLDER = Weighing(14_800, device_time=wall("2026-05-31T07:40:00"))
NEWER = Weighing(14_860, device_time=wall("2026-06-01T07:42:10"))

MEANT = {
    "v0055": Clock(wall("2026-03-01T08:15:30")),
    "v0056": Clock(wall("2018-04-17T15:51:00")),
    "v0057": Clock(None),
    "v0080": SystemId(bytes.fromhex("f026aafeffb51434")),
}


def link(*frames, values=WORDS, **options):
    script = [(WEIGHT, bytes(frame)) for frame in frames]
    return ScriptedLink(*script, has=(WEIGHT, DATE_TIME, BUFFER), values=values, **options)


def test_golden_words_about_time_and_name_mean_what_they_say():
    """A clock that is set, one that has lost its date, and an address in a System ID."""
    found = {vector["id"]: decoded(DRIVER, vector) for vector in vectors("and_scale")}
    assert {name: said for name, said in found.items() if name in MEANT} == {
        name: [frame] for name, frame in MEANT.items()
    }
    assert MEANT["v0080"].address == "34:14:B5:AA:26:F0"
    assert SystemId(bytes(8)).address is None
    assert all(readings(frame, HEARD) == () for frame in MEANT.values())


@given(st.sampled_from(DRIVER.speaks), st.binary(max_size=40))
def test_any_bytes_give_a_frame_or_a_frame_error(char, data):
    """No stranger can make the decoder fall over, and what it gives can be said again."""
    (said,) = decoder().feed(char, data)
    if isinstance(said, FrameError):
        assert said.data == data
    else:
        assert type(said).from_bytes(bytes(said)) == said
        readings(said, HEARD)


def test_the_clock_comes_first_and_the_subscription_right_behind_it():
    """The scale counts the seconds: nobody asks it who it is before it has told everything."""
    played = link(OLDER, NEWER)
    assert play(session, played) == [OLDER, NEWER, IDENTITY]
    assert played.did == [
        ("write", DATE_TIME, bytes.fromhex("ea0706010e0000")),
        ("subscribe", WEIGHT),
        ("read", MANUFACTURER),
        ("read", MODEL),
    ]


def test_a_scale_that_has_hung_up_is_not_waited_for():
    """Who it is stays open; the talk ends as every talk does, with a lost link."""
    running = session(link(NEWER, refused=["read"]), HERE)
    assert step(anext(running)) == NEWER
    assert step(anext(running)) == DeviceIdentity()
    with pytest.raises(LinkError, match="silent"):
        step(anext(running))


def test_a_hub_without_a_clock_touches_nothing_and_says_why():
    """A wrong time would date what it measures next; without one it tells nothing, so it is left alone."""
    played = link(NEWER)
    with pytest.raises(LinkError, match="the hub doesn't know the time"):
        step(anext(session(played, Visitor(None))))
    assert played.did == []


def test_a_clock_that_is_refused_ends_the_talk_with_its_reason():
    """Nobody waits twenty seconds for a scale that will say nothing."""
    with pytest.raises(LinkError, match="write refused"):
        step(anext(session(link(NEWER, refused=["write"]), HERE)))


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=12)), max_size=8))
def test_the_time_is_all_that_is_ever_written(script):
    """Whatever the scale says: no deleting, no ending of the bond, nothing to the vendor's buffer."""
    chars = dict.fromkeys((*DRIVER.speaks, BUFFER), b"")
    played = ScriptedLink(*script, values=WORDS | chars)
    play(session, played)
    deeds = [deed for deed in played.did if deed[0] != "read"]
    assert deeds == [("write", DATE_TIME, bytes.fromhex("ea0706010e0000")), ("subscribe", WEIGHT)]


def test_old_firmware_is_named_and_left_alone():
    """Nobody knows its step: no number, no subscription, and what it remembers it keeps."""
    played = ScriptedLink(has=(OLD_WEIGHT, DATE_TIME), values=WORDS)
    identity, error = play(session, played)
    assert identity == IDENTITY
    assert isinstance(error, FrameError)
    assert error.reason == OLD_FIRMWARE
    assert {deed[0] for deed in played.did} == {"read"}


@given(st.binary(max_size=24))
def test_what_old_firmware_says_is_never_a_number(data):
    """Twice the weight, or half of it, would look like a number too."""
    (said,) = decoder().feed(OLD_WEIGHT, data)
    assert isinstance(said, FrameError)
    assert said.reason == OLD_FIRMWARE


@pytest.mark.parametrize("steps", [0, None])
def test_a_failed_weighing_is_no_number(steps):
    """It stands in the memory with a good time, and means nothing."""
    assert readings(Weighing.from_bytes(bytes(replace(NEWER, steps=steps))), HEARD) == ()


def test_a_weighing_keeps_its_own_time_and_its_user():
    """What was weighed yesterday is told today, and somebody else's is kept and not judged."""
    (yesterday,) = readings(OLDER, HEARD)
    assert (yesterday.device_time, yesterday.value, yesterday.quality) == (OLDER.device_time, 74.0, ())
    told = readings(replace(NEWER, user=2, bmi_and_height=(247, 1700)), replace(HEARD, patient_slot=1))
    assert numbers(told) == {Kind.BODY_WEIGHT: 74.3, Kind.BMI: 24.7}
    assert {(one.user_slot, one.quality) for one in told} == {(2, (Quality.UNKNOWN_USER,))}
    (stranger,) = readings(replace(NEWER, user=255), HEARD)
    assert (stranger.user_slot, stranger.quality) == (None, (Quality.UNKNOWN_USER,))


@pytest.mark.parametrize(
    ("name", "service", "found"),
    [
        ("A&D_UC-352BLE_0A1B2C", uuid16(0x181D), "and_scale"),
        ("UC-421BLE_0A1B2C", uuid16(0x181D), "and_scale"),
        ("", OLD_SERVICE, "and_scale"),
        ("A&D_UA-651BLE_0A1B2C", uuid16(0x181D), "weight_scale"),
        ("", uuid16(0x181D), "weight_scale"),
    ],
)
def test_these_models_are_known_by_name_and_old_ones_by_their_service(name, service, found):
    """The same maker's other devices, and other makers' scales, are not taken."""
    seen = Advertisement("a", name=name, services=frozenset({service}))
    assert driver_for(seen).id == found
    assert matches(seen) is (found == "and_scale")
