"""Beurer's scales: golden bytes, the talk with consent, whose a record is, what must never be sent."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.codecs.current_time import CurrentTime
from devices.codecs.user_data import Answer, BirthDate, Height, Op, Request, Result
from devices.driver import Advertisement, FrameError, Told, Visitor, uuid16
from devices.drivers.beurer_scale import (
    ACTIVITY,
    BIRTH_DATE,
    CHANGE_INCREMENT,
    COMPANY,
    COMPOSITION,
    CURRENT_TIME,
    DRIVER,
    GENDER,
    HEIGHT,
    NOBODY_TOLD,
    PROFILE,
    USER_CONTROL,
    USER_LIST,
    WEIGHT,
    Composition,
    Listed,
    Weighing,
    decoder,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import HERE, ScriptedLink, play

HEARD = replace(heard("beurer_scale"), patient_slot=1)
TOLD = replace(HERE, told=Told(user_slot=1, consent_code=2520))
MORNING = wall("2026-06-01T07:42:10")

YES = (USER_CONTROL, bytes.fromhex("200201"))
NO = (USER_CONTROL, bytes.fromhex("200205"))
BODY = bytes.fromhex("9803c200df1a9701cc2fca21a811")
WEIGHED = Weighing(14_860, device_time=MORNING, user=1)
STORED = {BIRTH_DATE: bytes.fromhex("bf070808"), GENDER: b"\0", HEIGHT: b"\xc0\0", ACTIVITY: b"\x03"}
OPEN = (WEIGHT, COMPOSITION, USER_CONTROL, USER_LIST, CURRENT_TIME, CHANGE_INCREMENT)

MEANT = {
    "v0043": Request(Op.CONSENT, 1, 2520),
    "v0044": Request(Op.CONSENT, 1, 3752),
    "v0045": Answer(Op.CONSENT, Result.SUCCESS),
    "v0046": Answer(Op.CONSENT, Result.NOT_AUTHORIZED),
    "v0047": Request(Op.REGISTER, consent_code=12345),
    "v0048": Answer(Op.REGISTER, Result.SUCCESS, 3),
    "v0049": Request(Op.DELETE),
    "v0050": BirthDate(1983, 8, 8),
    "v0051": Height(192),
    "v0054": CurrentTime.at(wall("2026-03-01T08:15:30")),
}


def link(*script, **options):
    return ScriptedLink(*script, has=OPEN, values=STORED, **options)


def writes(played):
    return [deed[1:] for deed in played.did if deed[0] == "write"]


def test_golden_words_about_users_and_time_mean_what_they_say():
    """Consent, refusal, birthday, height and time: captured, tested or computed, each is understood."""
    found = {vector["id"]: decoded(DRIVER, vector) for vector in vectors("beurer_scale")}
    assert {name: said for name, said in found.items() if name in MEANT} == {
        name: [frame] for name, frame in MEANT.items()
    }
    for vector in vectors("beurer_scale"):
        assert "error" in vector["expected"] or bytes(*found[vector["id"]]).hex() == vector["hex"]


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=40)), max_size=12))
def test_any_bytes_in_any_order_give_frames_or_frame_errors(notifications):
    """No stranger can make the decoder fall over, and what it gives can be said again."""
    ear = decoder()
    for char, data in notifications:
        for said in ear.feed(char, data):
            if isinstance(said, FrameError):
                assert said.data == data
            else:
                assert type(said).from_bytes(bytes(said)) == said
                readings(said, HEARD)


def test_the_whole_talk_in_its_order():
    """Time, list, consent; then subscriptions, the profile as it was, and the word that it is confirmed."""
    played = link((USER_LIST, b"\x01"), YES, (WEIGHT, bytes(WEIGHED)), (COMPOSITION, BODY))
    weighed, body = play(session, played, TOLD)
    assert weighed == WEIGHED
    assert body == replace(Composition.from_bytes(BODY), user=1)
    assert played.did == [
        ("write", CURRENT_TIME, bytes(CurrentTime.at(HERE.wall_clock))),
        ("subscribe", USER_LIST),
        ("write", USER_LIST, b"\x00"),
        ("subscribe", USER_CONTROL),
        ("write", USER_CONTROL, bytes.fromhex("0201d809")),
        ("subscribe", COMPOSITION),
        ("subscribe", WEIGHT),
        *(("read", char) for char in (BIRTH_DATE, GENDER, HEIGHT, ACTIVITY)),
        *(("write", char, STORED[char]) for char in (BIRTH_DATE, GENDER, HEIGHT, ACTIVITY)),
        ("write", CHANGE_INCREMENT, bytes.fromhex("01000000")),
    ]


@pytest.mark.parametrize("told", [Told(), Told(user_slot=1), Told(consent_code=2520)])
def test_without_user_and_code_nothing_is_asked_and_the_reason_is_said(told):
    """The hub doesn't guess a code; a person reads what to do, and what comes by itself is nobody's."""
    played = link((WEIGHT, bytes(replace(WEIGHED, user=None))), (COMPOSITION, BODY))
    error, weighed, body = play(session, played, replace(HERE, told=told))
    assert isinstance(error, FrameError)
    assert error.reason == NOBODY_TOLD
    assert {deed[1] for deed in played.did if deed[0] == "write"} == {CURRENT_TIME, USER_LIST}
    for one in (*readings(weighed, HEARD), *readings(body, HEARD)):
        assert Quality.UNKNOWN_USER in one.quality


def test_a_refused_code_is_said_and_the_profile_stays_untouched():
    """Who may not see the data doesn't write it either; what comes all the same is nobody's."""
    played = link(NO, (COMPOSITION, BODY))
    error, body = play(session, played, TOLD)
    assert "user 1 is refused: not authorized" in str(error)
    assert b"\xd8\x09" not in error.data, "the code stands in no log"
    assert not {deed[1] for deed in played.did} & {*PROFILE, CHANGE_INCREMENT}
    assert body.user == 255


def test_a_hub_without_a_clock_sets_none():
    """1970 on a scale would date the next weighings; all the rest goes on."""
    played = link(YES, (WEIGHT, bytes(WEIGHED)))
    assert play(session, played, Visitor(None, TOLD.told)) == [WEIGHED]
    assert CURRENT_TIME not in {deed[1] for deed in played.did}


@given(st.fixed_dictionaries({char: st.binary(max_size=20) for char in PROFILE}))
def test_a_profile_is_written_back_as_it_was_read_in_this_very_visit(stored):
    """Byte for byte, whatever stands there; an empty value is no value."""
    played = ScriptedLink(YES, has=OPEN, values=stored)
    play(session, played, TOLD)
    kept = [(char, stored[char]) for char in PROFILE if stored[char]]
    assert [deed for deed in writes(played) if deed[0] in PROFILE] == kept


def test_what_may_not_be_read_is_not_written():
    """A hub that knows nothing of a profile changes nothing in it."""
    played = link(YES, refused=["read"])
    play(session, played, TOLD)
    assert not set(PROFILE) & {char for char, _ in writes(played)}


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=6)), max_size=8))
def test_nobody_is_ever_made_or_deleted(script):
    """Whatever a scale answers: consent is asked for once, and nothing else of the control point."""
    played = link(*script, YES, YES, NO)
    play(session, played, TOLD)
    assert [data for char, data in writes(played) if char == USER_CONTROL] == [bytes.fromhex("0201d809")]
    allowed = {CURRENT_TIME, USER_LIST, USER_CONTROL, CHANGE_INCREMENT, *PROFILE}
    assert {char for char, _ in writes(played)} <= allowed


def test_a_second_answer_answers_nothing():
    """Only the first word about consent counts; the profile is written back once."""
    played = link(YES, NO, YES, (WEIGHT, bytes(replace(WEIGHED, user=None))))
    assert play(session, played, TOLD) == [WEIGHED]
    assert [char for char, _ in writes(played)].count(CHANGE_INCREMENT) == 1


def test_a_composition_without_a_name_is_whose_weighing_came_before_it():
    """The other one's fat is not the patient's; after bytes that nobody understood it is anybody's."""
    other = replace(WEIGHED, user=2)
    body = (COMPOSITION, BODY)
    script = (
        YES,
        body,
        (WEIGHT, bytes(other)),
        body,
        (WEIGHT, bytes(WEIGHED)),
        body,
        (WEIGHT, b"\x00"),
        body,
    )
    said = play(session, link(*script), TOLD)
    assert [each.user for each in said if isinstance(each, Composition)] == [1, 2, 1, 255]
    named = bytes(replace(Composition.from_bytes(BODY), user=2))
    assert play(session, link(YES, (COMPOSITION, named)), TOLD)[0].user == 2


def test_only_the_real_one_of_many_compositions_is_a_fact():
    """Thirty-five stubs of zeros and one body: five numbers."""
    stub = (COMPOSITION, bytes.fromhex("9803000096230000000000000000"))
    said = play(session, link(YES, *[stub] * 35, (COMPOSITION, BODY)), TOLD)
    assert len(said) == 36
    (told,) = (numbers(readings(each, HEARD)) for each in said if readings(each, HEARD))
    assert set(told) == set(DRIVER.kinds) - {Kind.BODY_WEIGHT, Kind.BMI, Kind.FAT_FREE_MASS}
    assert told[Kind.BODY_WATER_MASS] == 43.25


def test_a_line_of_the_user_list_is_kept_whole_and_means_nothing():
    """Initials and birthdays of a household are none of our facts."""
    (line,) = decoder().feed(USER_LIST, bytes.fromhex("00010000000000000000a803"))
    assert line == Listed(0, bytes.fromhex("010000000000000000a803"))
    assert readings(line, HEARD) == ()


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("BF720", True),
        ("Beurer BF788", True),
        ("bf600", True),
        ("BF105", True),
        ("BF710", False),
        ("BF7200", False),
    ],
)
def test_these_models_are_known_by_name(name, is_ours):
    """Older ones with the same first letters speak another language."""
    services = frozenset({uuid16(0x181D)})
    assert matches(Advertisement("a", name=name)) is is_ours
    found = driver_for(Advertisement("a", name=name, services=services))
    assert (found is DRIVER) is is_ours


def test_a_nameless_one_is_known_by_its_maker_and_its_service():
    """The maker alone may be a blood pressure meter."""
    maker = {COMPANY: b"\x01"}
    assert matches(Advertisement("a", services=frozenset({uuid16(0x181B)}), manufacturer_data=maker))
    assert not matches(Advertisement("a", services=frozenset({uuid16(0x1810)}), manufacturer_data=maker))
    assert not matches(Advertisement("a", services=frozenset({uuid16(0x181D)})))
