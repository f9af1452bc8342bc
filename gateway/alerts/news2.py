"""NEWS2's points one by one, and rule N2: a partial sum that says what is missing."""

from dataclasses import dataclass

from cloud_bridge.contract.alert import MODERATE, SERIOUS, Said
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import News2
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.family import Around, Event, Step, finding_of
from gateway.alerts.latest import Latest, moment, taken

RATE, OXYGEN, ALERTNESS = (
    Question.RESPIRATORY_RATE.value, Question.OXYGEN_L_MIN.value, Question.CONFUSED.value,
)  # fmt: skip
SPO2, PULSE = Kind.SPO2.value, Kind.PULSE_RATE.value
SYSTOLIC, TEMPERATURE = Kind.SYSTOLIC_PRESSURE.value, Kind.BODY_TEMPERATURE.value

PARTS = (RATE, SPO2, OXYGEN, SYSTOLIC, PULSE, ALERTNESS, TEMPERATURE)
"""In the order of the chart."""

_TABLE: dict[str, tuple[tuple[float, int], ...]] = {
    RATE: ((8, 3), (11, 1), (20, 0), (24, 2), (float("inf"), 3)),
    SYSTOLIC: ((90, 3), (100, 2), (110, 1), (219, 0), (float("inf"), 3)),
    PULSE: ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (float("inf"), 3)),
    TEMPERATURE: ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (float("inf"), 2)),
}
"""Up to and with this value it is so many points (RCP chart 1)."""

_SCALE_1 = ((91, 3), (93, 2), (95, 1), (float("inf"), 0))
_SCALE_2_LOW = ((83, 3), (85, 2), (87, 1), (92, 0))
_SCALE_2_OXYGEN = ((94, 1), (96, 2), (float("inf"), 3))


def points(part: str, value: float, *, scale: int = 1, is_on_oxygen: bool = False) -> int:
    """Return the points of one part of the chart; scale 2 only where the plan says so.

    >>> points("spo2", 97), points("spo2", 97, scale=2, is_on_oxygen=True), points("pulse_rate", 131)
    (0, 3, 3)
    """
    if part == OXYGEN:
        return 2 if value > 0 else 0
    if part == ALERTNESS:
        return 3 if value > 0 else 0
    table = _TABLE.get(part, _SCALE_1)
    if part == SPO2 and scale == 2:
        table = _SCALE_2_LOW + (_SCALE_2_OXYGEN if is_on_oxygen else ((float("inf"), 0),))
    # The chart knows whole numbers, and tenths of a degree: between two of them the nearer one counts.
    whole = round(value, 1) if part == TEMPERATURE else float(int(value + 0.5))
    return next(score for most, score in table if whole <= most)


@dataclass(frozen=True, slots=True)
class PartialScore:
    """The points of what was measured, and what was not: this sum is not NEWS2 while anything is missing."""

    points: dict[str, int]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """The sum of what there is."""
        return sum(self.points.values())


def partial(values: dict[str, float], *, scale: int = 1) -> PartialScore:
    """Return the points of these values; oxygen is 0 on air, and what nobody knows is missing."""
    is_on_oxygen = values.get(OXYGEN, 0.0) > 0
    there = [part for part in PARTS if part in values]
    scored = {part: points(part, values[part], scale=scale, is_on_oxygen=is_on_oxygen) for part in there}
    return PartialScore(scored, tuple(part for part in PARTS if part not in values))


def rules(plan: Plan) -> frozenset[str]:
    """Return N2 where the plan uses it."""
    return frozenset({"N2"} if plan.rules is not None and plan.rules.news2.is_on else ())


def step(plan: Plan, memory: Latest, event: Event, _around: Around) -> Step:
    """Sum the points of what was told within the hours around this event."""
    at = moment(event)
    if plan.rules is None or not plan.rules.news2.is_on or at is None:
        return Step(memory)
    after, refusal = taken(plan, memory, event, frozenset(PARTS))
    if refusal is not None:
        return Step(memory, refusals=(("N2", refusal),))
    if after is memory or not isinstance(event, Reading | Answer):
        return Step(memory)
    near = after.within(plan.rules.news2.within_h, at)
    values = {name: value.value for name, value in near.items()}
    if OXYGEN not in values and plan.targets is not None:
        values[OXYGEN] = 0.0 if plan.targets.oxygen == "air" else plan.targets.oxygen_l_min or 1.0
    score = partial(values, scale=1 if plan.targets is None else plan.targets.news2_scale)
    return _told(plan.rules.news2, after, event, (score, tuple(value.id for value in near.values())))


def _told(
    rule: News2, memory: Latest, event: Reading | Answer, known: tuple[PartialScore, tuple[str, ...]]
) -> Step:
    score, readings = known
    parts: dict[str, float | tuple[str, ...]] = {"points": float(score.total)}
    if score.total < rule.yellow_from:
        return Step(memory, (finding_of(rule, "N2", event, "clear", said=Said("news2_less", parts)),))
    parts["missing"] = tuple(f"points_{part}" for part in score.missing)
    said = Said("news2_partial" if score.missing else "news2_whole", parts)
    is_red = score.total >= rule.red_from
    finding = finding_of(
        rule, "N2", event, "broken", level="red" if is_red else "yellow",
        severity=SERIOUS if is_red else MODERATE, said=said, readings=readings,
    )  # fmt: skip
    return Step(memory, (finding,))
