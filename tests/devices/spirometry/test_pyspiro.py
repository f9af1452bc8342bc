"""Our arithmetic beside pyspiro's, live: the same L, M, S, per cent, z and limit, and silent where it is."""

import pandas
import pyspiro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.kinds import Kind
from devices.spirometry.gli import GROUPS, KINDS, Predicted, predicted

THEIRS = {"GLI Global 2022": pyspiro.BOWERMAN_2022(), "GLI-2012": pyspiro.GLI_2012()}
SEX = {"female": 0, "male": 1}
GROUP = {group: number for number, group in enumerate(GROUPS, 1)}  # theirs count from 1, in this order
VARIANTS = st.sampled_from([("GLI Global 2022", None), *(("GLI-2012", group) for group in GROUPS)])


def theirs(variant, kind, sex, age, height):
    """Return pyspiro's reference and how it wants to be asked."""
    equation, group = variant
    reference = THEIRS[equation]
    parameter = reference.Parameters[{Kind.FEV1: "FEV1", Kind.FVC: "FVC", Kind.FEV1_FVC: "FEV1FVC"}[kind]]
    asked = {"sex": SEX[sex], "age": age, "height": height, "parameter": parameter}
    return reference, asked if group is None else {**asked, "ethnicity": GROUP[group]}


def test_their_groups_stand_in_our_order():
    """The numbers that pyspiro gives its groups are those that we take them for."""
    names = [each.name for each in pyspiro.GLI_2012.Ethnicity]
    ours = [
        group.upper().replace("NORTH_EAST", "NORTHEAST").replace("SOUTH_EAST", "SOUTHEAST")
        for group in GROUPS
    ]
    assert names == ours
    assert [each.value for each in pyspiro.GLI_2012.Ethnicity] == list(GROUP.values())


@given(
    variant=VARIANTS,
    kind=st.sampled_from(KINDS),
    person=st.tuples(
        st.sampled_from(sorted(SEX)),
        st.floats(3, 95) | st.integers(12, 380).map(lambda quarter: quarter / 4),
        st.floats(80, 250),
    ),
    share=st.floats(0.1, 2),
)
def test_we_say_what_pyspiro_says(variant, kind, person, share):
    """For any age and height in range, sex, kind and group, ours and theirs agree to twelve digits."""
    ours = predicted(variant[0], kind, *person, group=variant[1])
    assert isinstance(ours, Predicted)
    reference, asked = theirs(variant, kind, *person)
    unit = 100 if kind is Kind.FEV1_FVC else 1
    value = share * ours.median / unit
    lms = tuple(float(each) for each in reference.lms(**asked, value=value))
    assert (ours.skew, ours.median / unit, ours.spread) == pytest.approx(lms, rel=1e-12, abs=1e-14)
    z, lower = float(reference.zscore(**asked, value=value)), float(reference.lln(**asked, value=value))
    assert ours.z(value * unit) == pytest.approx(z, rel=1e-9, abs=1e-9)
    assert ours.lower_limit / unit == pytest.approx(lower, rel=1e-12)
    percent = float(reference.percent(**asked, value=value))  # they round it to hundredths
    assert ours.percent(value * unit) == pytest.approx(percent, abs=0.0051)


@given(variant=VARIANTS, age=st.floats(-10, 2.999) | st.floats(95.001, 200))
def test_where_pyspiro_has_no_answer_we_have_none(variant, age):
    """Outside of 3 to 95 years theirs is not available and ours a refusal."""
    reference, asked = theirs(variant, Kind.FEV1, "female", age, 165)
    assert pandas.isna(reference.zscore(**asked, value=1.0))
    assert isinstance(predicted(variant[0], Kind.FEV1, "female", age, 165, group=variant[1]), str)
