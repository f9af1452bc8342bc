"""Grades: the table, line by line; what counts as a sitting, a blow that counts, and the best of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality, reading_of
from devices.spirometry.grade import SITTING_S, TRIALS_MAX, best_of_each, sittings
from tests.devices.vectors import heard
from tests.play import NOON

VOLUMES = (Kind.FEV1, Kind.FVC, Kind.FEV6)
POOR, DOUBTED, AFTER = (Quality.POOR_EFFORT,), (Quality.QUESTIONABLE,), (Quality.AFTER_MEDICATION,)


def blow(value, *, kind=Kind.FEV1, minute=0.0, quality=(), setting="home"):
    """Return one number of one blow, so many minutes after noon."""
    listener = heard("spirometer", received_at=NOON + timedelta(minutes=minute))
    return replace(reading_of(kind, value, listener, quality=quality), setting=setting)


def sitting(*values, kind=Kind.FEV1, whole=3.0, poor=(), doubted=()):
    """Return the sitting of these blows a minute apart, each with so much air in all."""
    told = [(value, ()) for value in values] + [(value, POOR) for value in poor]
    told += [(value, DOUBTED) for value in doubted]
    blows = []
    for minute, (value, quality) in enumerate(told):
        blows.append(blow(value, kind=kind, minute=minute, quality=quality))
        if kind is Kind.FEV1 and whole is not None:
            blows.append(blow(whole, kind=Kind.FVC, minute=minute, quality=quality))
    (found,) = sittings(blows)
    return found


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ((1.32, 1.30, 1.20), "A"),
        ((1.32, 1.17, 0.90), "A"),  # 150 mL to the millilitre, and the third does not matter
        ((1.32, 1.17), "B"),
        ((1.32, 1.16, 1.10), "C"),
        ((1.32, 1.12), "C"),
        ((1.32, 1.11, 1.00), "D"),
        ((1.32, 1.07), "D"),
        ((1.32, 1.06, 1.00), "E"),
        ((1.32,), "E"),
    ],
)
def test_the_table_line_by_line(values, grade):
    """The two best within 150, 200 or 250 mL; three acceptable blows for an A, two for the rest, else E."""
    assert sitting(*values).grade(Kind.FEV1) == grade
    assert sitting(*reversed(values)).grade(Kind.FEV1) == grade


@pytest.mark.parametrize(
    ("values", "grade"),
    [((0.60, 0.50, 0.40), "A"), ((0.60, 0.49), "C"), ((0.60, 0.41), "D"), ((0.60, 0.39), "E")],
)
def test_small_lungs_must_agree_more_closely(values, grade):
    """Where all the air is a litre or less, the steps are 100, 150 and 200 mL; above a litre they are not."""
    assert sitting(*values, whole=1.0).grade(Kind.FEV1) == grade
    assert sitting(0.60, 0.46, whole=1.01).grade(Kind.FEV1) == "B"
    assert sitting(0.60, 0.46, whole=1.0).grade(Kind.FEV1) == "C"
    assert sitting(0.60, 0.46, whole=None).grade(Kind.FEV1) == "B"


def test_a_blow_that_is_not_acceptable_does_not_count():
    """Neither the poor nor the doubted one makes three of two, and neither is the best, however large."""
    found = sitting(1.32, 1.30, poor=(2.0,), doubted=(1.9,))
    assert found.grade(Kind.FEV1) == "B"
    assert found.best(Kind.FEV1).value == 1.32
    assert len(found.trials(Kind.FEV1)) == 4


def test_no_acceptable_blow_is_u_where_one_is_usable_and_f_where_none_is():
    """A blow that the device doubts can still be used; one that it calls poor can't."""
    doubted, poor = sitting(doubted=(1.0,), poor=(1.2,)), sitting(poor=(1.2, 1.3))
    assert (doubted.grade(Kind.FEV1), poor.grade(Kind.FEV1)) == ("U", "F")
    assert doubted.best(Kind.FEV1).value == 1.0
    assert poor.best(Kind.FEV1).value == 1.3


def test_fev1_and_fvc_are_graded_apart():
    """A steady first second and an unsteady whole are an A and an E."""
    blows = [blow(1.3, minute=minute) for minute in range(3)]
    blows += [blow(3.0 - minute / 2, kind=Kind.FVC, minute=minute) for minute in range(3)]
    (found,) = sittings(blows)
    assert (found.grade(Kind.FEV1), found.grade(Kind.FVC)) == ("A", "E")


def test_fev6_stands_for_fvc_only_where_there_is_no_fvc():
    """A device that stops after six seconds is graded by them; one that knows both, by FVC; PEF never."""
    short = [blow(0.9, kind=Kind.FEV6, minute=minute) for minute in range(3)]
    fast = [blow(0.60 - minute / 10 - 0.01, minute=minute) for minute in range(3)]
    (found,) = sittings([*short, *fast])
    assert (found.grade(Kind.FEV6), found.grade(Kind.FEV1)) == ("A", "A")
    (both,) = sittings([*short, blow(2.0, kind=Kind.FVC), blow(300, kind=Kind.PEF)])
    assert [both.grade(kind) for kind in (Kind.FEV6, Kind.FVC, Kind.PEF)] == [None, "E", None]


def test_the_ninth_blow_does_not_count():
    """Eight blows tire anybody: a later one makes no grade better and is not the best."""
    values = [1.0 + place / 1000 for place in range(TRIALS_MAX)]
    found = sitting(*values, 2.0)
    assert len(found.trials(Kind.FEV1)) == TRIALS_MAX == 8
    assert found.best(Kind.FEV1).value == values[-1]
    assert found.grade(Kind.FEV1) == "A"


def test_a_sitting_is_over_half_an_hour_after_its_first_blow():
    """A pause does not end it and going on does not make it longer: only the first blow's time counts."""
    edge = SITTING_S / 60
    blows = [blow(1.3, minute=minute) for minute in (edge + 0.1, 0, edge, edge - 1)]
    assert [len(each.readings) for each in sittings(blows)] == [3, 1]


def test_devices_settings_and_medicine_never_share_a_sitting():
    """Two devices, home and clinic, before and after medicine: each has a sitting and a grade of its own."""
    one = blow(1.30)
    others = [
        replace(one, device="F0:00:00:00:77:01"),
        blow(1.31, setting="clinic"),
        blow(1.32, quality=AFTER),
    ]
    found = sittings([one, *others])
    assert [each.readings for each in found] == [(each,) for each in (one, *others)]
    assert [each.setting for each in found] == ["home", "home", "clinic", "home"]


@pytest.mark.parametrize("flag", sorted(NOT_JUDGED))
def test_what_may_not_be_judged_belongs_to_no_sitting(flag):
    """A guest's blow, or one that the device calls invalid, neither lifts nor spoils the patient's grade."""
    assert sittings([blow(1.3, quality=(flag,))]) == ()


def test_over_time_a_sitting_is_one_point_and_a_doubtful_one_stays():
    """The best of each sitting, in order, and beside them what is shown but never judged."""
    blows = [blow(1.2), blow(1.3, minute=1), blow(1.9, minute=2, quality=(Quality.UNKNOWN_USER,))]
    blows += [blow(1.25, minute=600), blow(300, kind=Kind.PEF)]
    assert [each.value for each in best_of_each(blows, Kind.FEV1)] == [1.3, 1.9, 1.25]


@given(
    st.lists(
        st.tuples(
            st.floats(0.3, 5),
            st.floats(0, 300),
            st.sampled_from([(), POOR, DOUBTED, AFTER]),
            st.sampled_from(VOLUMES),
        ),
        max_size=30,
    )
)
def test_whatever_comes_every_blow_stands_in_one_sitting(told):
    """No reading is lost or doubled, no sitting is longer than it may be, and every grade is one of seven."""
    blows = [blow(value, minute=minute, quality=quality, kind=kind) for value, minute, quality, kind in told]
    found = sittings(blows)
    assert sorted(each.id for one in found for each in one.readings) == sorted(each.id for each in blows)
    for one in found:
        span = one.readings[-1].measured_at - one.readings[0].measured_at
        assert span <= timedelta(seconds=SITTING_S)
        assert {one.grade(kind) for kind in Kind} <= {"A", "B", "C", "D", "E", "F", "U", None}
