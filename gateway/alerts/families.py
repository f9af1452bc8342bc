"""The families of rules, one line each, in the order in which an event reaches them."""

from gateway.alerts import (
    limits,
    news2,
    night_rules,
    quality,
    rome,
    silence_rules,
    spirometry,
    symptoms,
    thresholds,
    trend_rules,
    weight,
)
from gateway.alerts.family import Family
from gateway.alerts.latest import Latest
from gateway.alerts.night_watch import NightMemory
from gateway.alerts.silence_memory import SilenceMemory
from gateway.alerts.trend_memory import TrendMemory

FAMILIES: tuple[Family, ...] = (
    Family("quality", quality.QualityMemory, quality.step, quality.rules, hears_doubtful=True),
    Family(
        "limits",
        limits.LimitsMemory,
        limits.step,
        limits.rules,
        fitted=limits.fitted,
        hears_doubtful=True,
        agreed=limits.agreed,
    ),
    Family(
        "thresholds",
        thresholds.ThresholdsMemory,
        thresholds.step,
        thresholds.rules,
        fitted=thresholds.fitted,
    ),
    Family("symptoms", symptoms.SymptomsMemory, symptoms.step, symptoms.rules),
    Family("rome", Latest, rome.step, rome.rules),
    Family("weight", weight.WeightMemory, weight.step, weight.rules),
    Family("spirometry", spirometry.SpirometryMemory, spirometry.step, spirometry.rules),
    Family("news2", Latest, news2.step, news2.rules),
    Family("trend", TrendMemory, trend_rules.step, trend_rules.rules, agreed=trend_rules.agreed),
    Family(
        "nights",
        NightMemory,
        night_rules.step,
        night_rules.rules,
        put_in_force=night_rules.put_in_force,
        hears_doubtful=True,
        agreed=night_rules.agreed,
    ),
    Family(
        "silence",
        SilenceMemory,
        silence_rules.step,
        silence_rules.rules,
        put_in_force=silence_rules.put_in_force,
        hears_doubtful=True,
        agreed=silence_rules.agreed,
    ),
)
"""Whoever doubts stands first. A new family is a line here, and its file beside this one."""

FAMILY_BY_NAME = {family.name: family for family in FAMILIES}
