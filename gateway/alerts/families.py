"""The families of rules, one line each, in the order in which an event reaches them."""

from gateway.alerts import limits, news2, quality, rome, spirometry, symptoms, thresholds, weight
from gateway.alerts.family import Family
from gateway.alerts.latest import Latest

FAMILIES: tuple[Family, ...] = (
    Family("quality", quality.QualityMemory, quality.step, quality.rules, hears_doubtful=True),
    Family("limits", limits.LimitsMemory, limits.step, limits.rules, limits.fitted, True, limits.agreed),
    Family("thresholds", thresholds.ThresholdsMemory, thresholds.step, thresholds.rules),
    Family("symptoms", symptoms.SymptomsMemory, symptoms.step, symptoms.rules),
    Family("rome", Latest, rome.step, rome.rules),
    Family("weight", weight.WeightMemory, weight.step, weight.rules),
    Family("spirometry", spirometry.SpirometryMemory, spirometry.step, spirometry.rules),
    Family("news2", Latest, news2.step, news2.rules),
)
"""Whoever doubts stands first. A new family is a line here, and its file beside this one."""

FAMILY_BY_NAME = {family.name: family for family in FAMILIES}
