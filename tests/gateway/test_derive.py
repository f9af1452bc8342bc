"""What follows from a blow: which numbers, of what, compared with what, and when nothing does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.plan import Limit, PlanPerson
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Block, Quality
from devices.spirometry.gli import predicted
from gateway.derive import PERCENT_OF_BEST, PREDICTED, derived
from tests.cloud_bridge.contract.test_plan_person import KARI, SAID
from tests.gateway.test_pipeline import Home
from tests.given import SPO2_LOW, plan, reading

PLAN = plan(SPO2_LOW).model_copy(update={"person": KARI})
FEV1 = reading(0.92, kind=Kind.FEV1)


def kinds(*readings):
    """Return what kind each is of."""
    return [one.kind for one in readings]


@pytest.mark.parametrize(
    ("kind", "value", "follows"),
    [
        (Kind.FEV1, 0.92, [Kind.FEV1_PERCENT_PREDICTED, Kind.FEV1_Z, Kind.FEV1_PERCENT_BEST]),
        (Kind.FVC, 2.05, [Kind.FVC_PERCENT_PREDICTED, Kind.FVC_Z]),
        (Kind.FEV1_FVC, 44.9, [Kind.FEV1_FVC_PERCENT_PREDICTED, Kind.FEV1_FVC_Z]),
        (Kind.FEV6, 2.0, []),
        (Kind.FEV1_FEV6, 46, []),
        (Kind.SPO2, 91, []),
        (Kind.FEV1_BEST, 1.3, []),
        (Kind.FEV1_PERCENT_BEST, 70, []),
    ],
)
def test_what_follows_from_each_kind(kind, value, follows):
    """FEV1, FVC and their ratio have an equation, FEV1 a best at home; what was derived derives nothing."""
    assert kinds(*derived(KARI, reading(value, kind=kind))) == follows


def test_the_numbers_are_those_of_the_equation():
    """Per cent to a tenth, z to a thousandth, at the age of that day; what it was compared with is said."""
    percent, z, best = derived(KARI, FEV1)
    usual = predicted("GLI Global 2022", Kind.FEV1, "female", KARI.age_years(FEV1.measured_at), 161)
    assert (percent.value, z.value) == (round(usual.percent(0.92), 1), round(usual.z(0.92), 3))
    assert (percent.value, z.value) == pytest.approx(
        (44.5, -2.88), abs=0.2
    )  # as the worked vector of 71.4 years
    assert best.value == 69.7
    assert [one.reference for one in (percent, z, best)] == [
        "GLI Global 2022", "GLI Global 2022", "personal best (home)",
    ]  # fmt: skip


def test_what_follows_has_the_time_device_quality_and_setting_of_its_source():
    """Only identity, kind, value and reference are its own."""
    source = replace(FEV1, quality=(Quality.FROM_STORAGE, Quality.POOR_EFFORT), user_slot=2, setting="clinic")
    found = derived(KARI, source)
    assert len(found) == 2
    own = {name: getattr(source, name) for name in ("id", "kind", "value", "reference")}
    assert [replace(one, **own) for one in found] == [source, source]


@pytest.mark.parametrize("flag", sorted(NOT_JUDGED))
def test_nothing_follows_from_what_may_not_be_judged(flag):
    """A guest's blow has nothing to do with the patient's age and height."""
    assert derived(KARI, replace(FEV1, quality=(flag,))) == ()


def test_nothing_follows_where_nothing_is_known():
    """No person in the plan, no best, a value of nothing, a Block."""
    assert derived(None, FEV1) == ()
    nobody = PlanPerson.model_validate({**SAID, "fev1_best": None, "pef_best": None})
    assert len(derived(nobody, FEV1)) == 2
    assert derived(nobody, reading(300, kind=Kind.PEF)) == ()
    assert derived(KARI, replace(FEV1, value=0.0)) == ()
    words = {name: getattr(FEV1, name) for name in type(FEV1).__dataclass_fields__}
    assert derived(KARI, Block(**words, period_s=1.0, samples=(0.92,))) == ()


def test_an_age_that_no_equation_knows_has_no_number():
    """Past 95 years, and on a hub that has no clock yet and stands in 1970, only the best is compared."""
    old = KARI.model_copy(update={"birth_year": 1929})
    assert kinds(*derived(old, FEV1)) == [Kind.FEV1_PERCENT_BEST]
    without_clock = replace(FEV1, measured_at=datetime(1970, 1, 1, 0, 3, tzinfo=UTC))
    assert kinds(*derived(KARI, without_clock)) == [Kind.FEV1_PERCENT_BEST]


def test_a_best_is_compared_with_its_own_setting_only():
    """The best from home says nothing of a clinic's blow, and the other way round; the equation of both."""
    pef, in_clinic = reading(248, kind=Kind.PEF), replace(FEV1, setting="clinic")
    assert derived(KARI, pef) == ()
    (percent,) = derived(KARI, replace(pef, setting="clinic"))
    assert (percent.value, percent.reference, percent.setting) == (80, "personal best (clinic)", "clinic")
    assert kinds(*derived(KARI, in_clinic)) == [Kind.FEV1_PERCENT_PREDICTED, Kind.FEV1_Z]


def test_what_nobody_can_have_is_not_judged():
    """Fourteen litres in a second is forty-two z above a woman of 161 cm: kept, and never judged."""
    percent, z, best = derived(KARI, reading(14.0, kind=Kind.FEV1))
    assert [one.quality for one in (percent, z, best)] == [(Quality.INVALID,)] * 3
    assert {one.quality for one in derived(KARI, FEV1)} == {()}


def test_each_kind_follows_from_one():
    """No derived kind has two sources, and none is a source: nothing is derived twice."""
    found = [kind for each in PREDICTED.values() for kind in each] + list(PERCENT_OF_BEST.values())
    assert len(found) == len(set(found)) == 8
    assert set(found).isdisjoint({*PREDICTED, *PERCENT_OF_BEST})


def test_what_follows_stands_right_behind_its_source(tmp_path):
    """One visit, one transaction: the blow, then what it means; the hub's page finds each in its series."""
    home = Home(tmp_path, PLAN)
    home.says([FEV1, reading(91)])
    told = [reading_from(entry.body) for entry in home.kept(EntryKind.READING)]
    assert kinds(*told[:4]) in ([FEV1.kind, *kinds(*derived(KARI, FEV1))], [Kind.SPO2, *kinds(*told[1:4])])
    place = told.index(FEV1)
    assert tuple(told[place + 1 : place + 4]) == derived(KARI, FEV1)
    assert [reading_from(body) for body in home.store.readings(Kind.FEV1_Z, count_max=5)] == [told[place + 2]]


def test_a_memory_told_again_adds_nothing(tmp_path):
    """Nor does a new plan change what was derived under the old one: facts are never edited."""
    home = Home(tmp_path, PLAN)
    for _ in range(3):
        home.says([FEV1, replace(FEV1, id="other", value=0.90)])
    before = home.kept()
    home.store.close()
    taller = KARI.model_copy(update={"height_cm": 170.0})
    again = Home(tmp_path, PLAN.model_copy(update={"version": 2, "person": taller}))
    again.says([FEV1])
    assert again.kept() == before
    assert len(before) == 8


def test_the_identity_tells_source_kind_and_reference_apart():
    """Two blows, two kinds, two equations: eight identities; the same blow again has the same ones."""
    grouped = PlanPerson.model_validate({**SAID, "equation": "GLI-2012", "group": "other"})
    blows = (FEV1, replace(FEV1, id="other"))
    ids = {one.id for blow in blows for person in (KARI, grouped) for one in derived(person, blow)[:2]}
    assert len(ids) == 8
    later = replace(FEV1, received_at=FEV1.received_at.replace(hour=23))
    assert [one.id for one in derived(KARI, later)] == [one.id for one in derived(KARI, FEV1)]


def test_what_follows_is_judged_once_and_as_itself(tmp_path):
    """A limit on the part of the best opens one alert from one blow; one on FEV1 counts blows alone."""
    of_best = Limit(id="best_low", kind=Kind.FEV1_PERCENT_BEST, level="yellow", below=80, clear=85)
    twice = Limit(id="fev1_low", kind=Kind.FEV1, level="yellow", below=1.0, clear=1.1, in_a_row=2)
    home = Home(tmp_path, plan(of_best, twice).model_copy(update={"person": KARI}))
    home.says([FEV1])
    (alert,) = [alert_from(entry.body) for entry in home.kept(EntryKind.ALERT)]
    assert (alert.rule, alert.because.values) == ("best_low", (69.7,))
    home.says([reading(0.91, kind=Kind.FEV1, minute=1)])
    rules = [alert_from(entry.body).rule for entry in home.kept(EntryKind.ALERT)]
    assert rules == ["best_low", "fev1_low"]
