"""What a plan says of a person: complete or refused, and carried without a word where there is none."""

import re
import tomllib
from datetime import UTC, datetime

import orjson
import pytest
from pydantic import ValidationError

from cloud_bridge.contract.bodies import plan_body, plan_from
from cloud_bridge.contract.plan import Plan, PlanPerson
from cloud_bridge.settings import SettingsError, load_plan
from tests.given import SPO2_LOW, plan
from tests.house.papers import ROOT

SAID = {
    "sex": "female",
    "birth_year": 1955,
    "height_cm": 161,
    "equation": "GLI Global 2022",
    "fev1_best": {"value": 1.32, "setting": "home"},
    "pef_best": {"value": 310, "setting": "clinic"},
}
KARI = PlanPerson.model_validate(SAID)


def test_a_plan_with_a_person_arrives_as_it_left():
    """Sex, year, height, equation, group and both bests survive the wire."""
    grouped = KARI.model_copy(update={"equation": "GLI-2012", "group": "other"})
    for person in (KARI, grouped):
        left = plan(SPO2_LOW).model_copy(update={"person": person})
        assert plan_from(plan_body(left)) == left


def test_a_plan_without_a_person_says_nothing_of_one():
    """A ward that is older than the word reads such a plan as before."""
    assert "person" not in orjson.loads(plan_body(plan(SPO2_LOW)))
    assert plan_from(plan_body(plan(SPO2_LOW))).person is None


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"equation": "GLI-2012"}, "GLI-2012 is five equations; write which as group: caucasian, african_"),
        ({"group": "other"}, "GLI Global 2022 is one equation for everybody; remove group"),
        ({"equation": "ECCS 1993"}, "GLI Global 2022"),
        ({"height_cm": 1.61}, "greater than or equal to 80"),
        ({"height_cm": float("nan")}, "finite"),
        ({"birth_year": 55}, "greater than or equal to 1900"),
        ({"fev1_best": {"value": 1320, "setting": "home"}}, "write the best FEV1 in litres, such as 1.32"),
        (
            {"pef_best": {"value": 5.2, "setting": "home"}},
            "write the best PEF in litres a minute, such as 310",
        ),
        ({"fev1_best": {"value": 1.32}}, "setting"),
        ({"name": "Kari"}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_meant_is_refused(change, hint):
    """A missing group, metres for centimetres, millilitres for litres, a best from nowhere, a name."""
    with pytest.raises(ValidationError, match=re.escape(hint)):
        PlanPerson.model_validate({**SAID, **change})


def test_whoever_was_born_in_a_year_is_born_in_its_middle():
    """Half a year wrong at most; the age grows by a day a day, and New Year is no birthday."""
    assert KARI.age_years(datetime(2026, 7, 1, tzinfo=UTC)) == pytest.approx(71, abs=0.003)
    before, after = (
        KARI.age_years(datetime(2026 + place, 1, 1 + 30 * (1 - place), tzinfo=UTC)) for place in (0, 1)
    )
    assert after - before == pytest.approx(335 / 365.25)
    born = [datetime(1955, month, day, tzinfo=UTC) for month, day in ((1, 1), (12, 31))]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for birthday in born:
        assert abs((now - birthday).days / 365.25 - KARI.age_years(now)) < 0.51


def test_the_example_in_the_shipped_plan_is_a_person(tmp_path):
    """With its marks of comment taken away the example loads, and as shipped the plan has no person."""
    shipped = (ROOT / "config" / "plan.toml").read_text(encoding="utf-8")
    assert load_plan(ROOT / "config" / "plan.toml").person is None
    example = "\n".join(re.findall(r"^#: ?(.*)$", shipped, re.MULTILINE))
    assert "UNVERIFIED" in shipped.partition("#:")[0].rpartition("\n\n")[2]
    assert tomllib.loads(example).keys() == {"person"}
    file = tmp_path / "plan.toml"
    file.write_text(f"{shipped}\n{example}\n")
    person = load_plan(file).person
    assert person is not None
    assert person.fev1_best is not None
    file.write_text(f"{shipped}\n{example.replace('height_cm = ', 'height_cm = 0.0')}\n")
    with pytest.raises(SettingsError) as caught:
        load_plan(file)
    assert caught.value.key == "person.height_cm"


def test_a_plan_takes_all_equations_that_we_know():
    """Each equation and group can be written into a plan, and its name stands whole beside the values."""
    both = {"equation": "GLI-2012", "group": "north_east_asian"}
    assert PlanPerson.model_validate({**SAID, **both}).reference == "GLI-2012 (north_east_asian)"
    assert KARI.reference == "GLI Global 2022"
    assert Plan.model_fields["person"].default is None
