"""In which band of a rule a value lies: the numbers of T1 to T5, and nothing about time."""

from dataclasses import dataclass
from typing import Literal

from cloud_bridge.contract.alert import Because, Said
from cloud_bridge.contract.plan import Level, Plan, Side
from cloud_bridge.contract.rule_settings import Pulse, Rules, Temperature, TooMuchOxygen
from devices.kinds import Kind
from devices.readings import Block, Reading

SPO2_CLEAR, PULSE_CLEAR, TEMPERATURE_CLEAR = 1.0, 5.0, 0.3
"""So far back a value must be before an open alert may close: at the edge itself nothing flickers."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where a value lies: broken at this level for this reason, safely back, or in between (None)."""

    level: Level | Literal["clear"] | None
    because: Because
    said: Said | None = None


def very_low(plan: Plan, rules: Rules, reading: Reading) -> Band:
    """T1: far under what is usual for this person, or under what is usual for nobody."""
    rule, is_scale_2 = rules.spo2_very_low, plan.targets is not None and plan.targets.news2_scale == 2
    edge = rule.scale_2_at_most if is_scale_2 else rule.below
    is_under = reading.value <= edge if is_scale_2 else reading.value < edge
    return _low(reading, usual_spo2(plan, reading), (edge, rule.fall), is_under=is_under, level="red")


def low(plan: Plan, rules: Rules, reading: Reading) -> Band:
    """T2: under what is usual for this person, or under the plan's lower limit."""
    rule = rules.spo2_low
    is_under = reading.value < rule.below
    return _low(
        reading, usual_spo2(plan, reading), (rule.below, rule.fall), is_under=is_under, level="yellow"
    )


def _low(
    reading: Reading, usual: float | None, numbers: tuple[float, float], *, is_under: bool, level: Level
) -> Band:
    edge, fall = numbers
    by_fall = edge if usual is None else round(usual - fall, 3)
    highest = max(edge, by_fall)
    because = Because(Kind.SPO2, (reading.value,), "below", edge, highest + SPO2_CLEAR, usual)
    if usual is not None and reading.value <= by_fall:
        said = Said("fell", {"value": reading.value, "fall": round(usual - reading.value, 2), "usual": usual})
        return Band(level, because, said)
    if is_under:
        return Band(level, because)
    return Band("clear" if reading.value >= highest + SPO2_CLEAR else None, because, _back(reading))


def usual_spo2(plan: Plan, reading: Reading) -> float | None:
    """Return what is usual at rest by day; a minute of a stream may be sleep, and is not compared with it."""
    return None if plan.targets is None or isinstance(reading, Block) else plan.targets.usual.spo2


def too_much(rule: TooMuchOxygen, reading: Reading) -> Band:
    """T3: too high on oxygen for somebody whose target is 88 to 92."""
    because = Because(Kind.SPO2, (reading.value,), "above", rule.yellow_from, rule.yellow_from - 1, None)
    said = Said("too_much_oxygen", {"value": reading.value})
    if reading.value >= rule.red_from:
        return Band("red", because, said)
    if reading.value >= rule.yellow_from:
        return Band("yellow", because, said)
    return Band("clear", because, _back(reading))


def pulse(rule: Pulse, reading: Reading) -> Band:
    """T4: the outer bands of NEWS2."""
    value = reading.value
    if value <= rule.red_at_most:
        return _at_most("red", reading, rule.red_at_most, PULSE_CLEAR)
    if value >= rule.red_from:
        return _at_least("red", reading, rule.red_from, PULSE_CLEAR)
    if value >= rule.yellow_from:
        return _at_least("yellow", reading, rule.yellow_from, PULSE_CLEAR)
    is_back = rule.red_at_most + PULSE_CLEAR <= value <= rule.yellow_from - PULSE_CLEAR
    because = _ground(reading, "above", rule.yellow_from, PULSE_CLEAR)
    return Band("clear" if is_back else None, because, _back(reading))


def temperature(rule: Temperature, reading: Reading) -> Band:
    """T5: fever, high fever, and too cold."""
    value = reading.value
    if value <= rule.low_at_most:
        return _at_most(rule.outer_level, reading, rule.low_at_most, TEMPERATURE_CLEAR)
    if value >= rule.high_from:
        return _at_least(rule.outer_level, reading, rule.high_from, TEMPERATURE_CLEAR)
    if value >= rule.yellow_from:
        return _at_least("yellow", reading, rule.yellow_from, TEMPERATURE_CLEAR)
    is_back = rule.low_at_most + TEMPERATURE_CLEAR <= value <= rule.yellow_from - TEMPERATURE_CLEAR
    because = _ground(reading, "above", rule.yellow_from, TEMPERATURE_CLEAR)
    return Band("clear" if is_back else None, because, _back(reading))


def _ground(reading: Reading, side: Side, edge: float, margin: float) -> Because:
    clear = edge + margin if side == "below" else edge - margin
    return Because(reading.kind, (reading.value,), side, edge, clear, None)


def _at_most(level: Level, reading: Reading, edge: float, margin: float) -> Band:
    said = Said("at_most", {"value": reading.value, "limit": edge})
    return Band(level, _ground(reading, "below", edge, margin), said)


def _at_least(level: Level, reading: Reading, edge: float, margin: float) -> Band:
    said = Said("at_least", {"value": reading.value, "limit": edge})
    return Band(level, _ground(reading, "above", edge, margin), said)


def _back(reading: Reading) -> Said:
    return Said("back", {"value": reading.value})
