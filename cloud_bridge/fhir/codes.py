"""What a Kind is called in FHIR besides its Coding: SNOMED CT, profiles, categories, kinds of device."""

from cloud_bridge.fhir.naming import LOCAL, LOINC, MDC, PHD, SNOMED, SPIROMETRY, VKP, Resource, coded, concept
from devices.kinds import CODINGS, Kind

SNOMED_CODES = {
    Kind.SPO2: "431314004",
    Kind.PULSE_RATE: "364075005",
    Kind.CUFF_PULSE_RATE: "364075005",
    Kind.FEV1: "59328004",
    Kind.FEV6: "878869001",
    Kind.FVC: "50834005",
    Kind.FEV1_FVC: "251944000",
    Kind.FEV1_FEV6: "702534005",
    Kind.PEF: "18491006",
    Kind.PEF_BEST: "251936000",
    Kind.FEV1_PERCENT_PREDICTED: "313223002",
    Kind.BODY_WEIGHT: "27113001",
    Kind.SYSTOLIC_PRESSURE: "271649006",
    Kind.DIASTOLIC_PRESSURE: "271650006",
    Kind.BODY_TEMPERATURE: "276885007",
}
"""As the VKP profiles write them where there is one; else as the German lung function module does."""

RESPIRATORY_RATE = "question-respiratory_rate"
RATE_CODES = (coded(MDC, "151562"), coded(LOINC, "9279-1"), coded(SNOMED, "86290005"))
"""The one question whose answer others have a code for."""

VKP_PROFILES = {
    Kind.SPO2: f"{VKP}-Oxygensat",
    Kind.PULSE_RATE: f"{VKP}-Heartrate",
    Kind.CUFF_PULSE_RATE: f"{VKP}-Heartrate",
    Kind.BODY_WEIGHT: f"{VKP}-Bodyweight",
    Kind.BODY_TEMPERATURE: f"{VKP}-Bodytemp",
}
"""Blood pressure needs both its numbers at once: `vkp.blood_pressure`."""

PROFILES = {
    "Observation": (
        f"{PHD}/StructureDefinition/PhdNumericObservation", f"{PHD}/StructureDefinition/PhdRtsaObservation",
        *sorted(set(VKP_PROFILES.values())), f"{VKP}-Resprate", SPIROMETRY,
    ),
    "Device": (f"{PHD}/StructureDefinition/PhdDevice", f"{PHD}/StructureDefinition/PhgDevice"),
}  # fmt: skip
"""What each type of resource may keep."""

PRESSURES = frozenset({Kind.SYSTOLIC_PRESSURE, Kind.DIASTOLIC_PRESSURE, Kind.MEAN_PRESSURE})
VITAL_SIGNS = frozenset({*VKP_PROFILES, *PRESSURES, Kind.BMI})
BODY = frozenset({
    Kind.BODY_WEIGHT, Kind.BMI, Kind.BODY_FAT, Kind.MUSCLE_PERCENTAGE, Kind.FAT_FREE_MASS,
    Kind.SOFT_LEAN_MASS, Kind.BODY_WATER_MASS, Kind.IMPEDANCE,
})  # fmt: skip
OXIMETRY = frozenset({Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX})
SPIROMETRIC = (
    frozenset(Kind)
    - BODY
    - OXIMETRY
    - PRESSURES
    - {Kind.CUFF_PULSE_RATE, Kind.BODY_TEMPERATURE, Kind.BATTERY_LEVEL}
)

SPECIALIZATIONS = (
    (OXIMETRY, "528388"),
    (BODY, "528399"),
    (PRESSURES | {Kind.CUFF_PULSE_RATE}, "528391"),
    (frozenset({Kind.BODY_TEMPERATURE}), "528392"),
    (SPIROMETRIC, "528413"),
)
"""MDC's kinds of device: oximeter, scale, blood pressure monitor, thermometer, spirometer."""


def code_of(kind: Kind) -> Resource:
    """Return every name of a kind: MDC, LOINC, SNOMED CT, and always ours."""
    coding = CODINGS[kind]
    codings = [] if coding.mdc is None else [coded(MDC, str(coding.mdc))]
    codings += [coded(LOINC, code) for code in coding.loinc]
    codings += [coded(SNOMED, SNOMED_CODES[kind])] if kind in SNOMED_CODES else []
    return concept(*codings, coded(LOCAL, kind.value))


def words_called(system: str | None, code: str) -> frozenset[str]:
    """Return our own words for a code, of one system or of any; our own word is always its own.

    >>> sorted(words_called(LOINC, "59408-5")), sorted(words_called(None, "rule-T1"))
    (['spo2'], ['rule-T1'])
    """
    ours = {code} if system in (None, LOCAL) else set()
    concepts = {kind.value: code_of(kind) for kind in Kind} | {RESPIRATORY_RATE: concept(*RATE_CODES)}
    return frozenset(ours | {word for word, each in concepts.items() if _is_called(each, system, code)})


def _is_called(each: Resource, system: str | None, code: str) -> bool:
    return any(coding["code"] == code and system in (None, coding["system"]) for coding in each["coding"])


def specialization_of(kind: Kind) -> str | None:
    """Return what kind of device measures that, or None where any does."""
    return next((code for kinds, code in SPECIALIZATIONS if kind in kinds), None)


def profiles_of(kind: Kind, *, is_block: bool, is_derived: bool, is_final: bool) -> list[str]:
    """Return which profiles an Observation keeps; VKP has no samples, PHD nothing that a hub worked out."""
    profiles = []
    if not is_derived and kind is not Kind.BATTERY_LEVEL:
        name = "PhdRtsaObservation" if is_block else "PhdNumericObservation"
        profiles.append(f"{PHD}/StructureDefinition/{name}")
    if kind in VKP_PROFILES and is_final and not is_block:
        profiles.append(VKP_PROFILES[kind])
    return [*profiles, SPIROMETRY] if kind in SPIROMETRIC else profiles
