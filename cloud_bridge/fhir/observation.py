"""One reading as one Observation: what was measured, when, how far it is to be believed."""

from cloud_bridge.fhir.codes import SPIROMETRIC, VITAL_SIGNS, code_of, profiles_of
from cloud_bridge.fhir.naming import (
    CATEGORIES,
    LOCAL,
    PHD,
    STATUS_OF_MEASUREMENT,
    TIMING,
    About,
    Resource,
    coded,
    concept,
    device_reference,
    hub_reference,
    id_of,
    instant,
    meta,
    organisation,
    patient,
    quantity,
)
from devices.kinds import CODINGS, Kind
from devices.readings import NOT_JUDGED, Block, Quality, Reading

GATEWAY = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"

_STATUS_WORDS = (
    ("calibration-ongoing", {Quality.CALIBRATING}),
    ("early-indication", {Quality.EARLY}),
    (
        "questionable",
        {
            Quality.QUESTIONABLE, Quality.POOR_SIGNAL, Quality.LOW_PERFUSION, Quality.MOTION,
            Quality.IRREGULAR_PULSE, Quality.POOR_FIT, Quality.OUT_OF_RANGE, Quality.POOR_EFFORT,
            Quality.TIME_UNCERTAIN, Quality.INVALID, Quality.SENSOR_FAULT, Quality.UNKNOWN_USER,
            Quality.DEMO,
        },
    ),
)  # fmt: skip
"""The measurement-status beside a flag of ours; the first that fits stands first."""


def observation(reading: Reading, about: About) -> Resource:
    """Return the Observation of one reading or block; nothing that was never judged is `final`."""
    is_device = reading.kind is Kind.BATTERY_LEVEL
    of_device = device_reference(about, reading.device)
    said: Resource = {
        "resourceType": "Observation",
        "id": id_of(about.home, "reading", reading.id),
        "meta": meta(about, *_profiles(reading)),
        "extension": [{"url": GATEWAY, "valueReference": hub_reference(about)}, _timing(reading)],
        "identifier": [{"system": f"{LOCAL}/reading", "value": id_of(about.home, "reading", reading.id)}],
        "status": status_of(reading),
        "category": _categories(reading),
        "code": code_of(reading.kind),
        "subject": of_device if is_device else patient(about),
        "effectiveDateTime": instant(reading.measured_at),
        "issued": instant(reading.received_at),
        "performer": [organisation(about.organisation)],
        **_value(reading),
        "device": hub_reference(about) if reading.is_derived else of_device,
    }
    if Quality.DEMO in reading.quality:
        said["meta"]["security"] = [coded("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")]
    if words := _interpretation(reading):
        said["interpretation"] = words
    if reading.reference:
        said["method"] = concept(coded(LOCAL, "reference"), text=reading.reference)
    if reading.grade:
        grade = concept(coded(LOCAL, f"grade-{reading.grade}"), text=reading.grade)
        said["component"] = [{"code": concept(coded(LOCAL, "grade")), "valueCodeableConcept": grade}]
    return said


def status_of(reading: Reading) -> str:
    """Return `final` only for what a judge may judge; what can't be the patient's is in error."""
    if NOT_JUDGED.isdisjoint(reading.quality):
        return "preliminary" if Quality.EARLY in reading.quality else "final"
    return "preliminary" if NOT_JUDGED & {*reading.quality} == {Quality.CALIBRATING} else "entered-in-error"


def _profiles(reading: Reading) -> list[str]:
    return profiles_of(
        reading.kind,
        is_block=isinstance(reading, Block),
        is_derived=reading.is_derived,
        is_final=status_of(reading) == "final",
    )


def _categories(reading: Reading) -> list[Resource]:
    found = [concept(coded(CATEGORIES, "vital-signs"))] if reading.kind in VITAL_SIGNS else []
    if reading.is_derived or reading.kind in SPIROMETRIC:
        found.append(concept(coded(CATEGORIES, "procedure")))
    if not reading.is_derived:
        found.append(concept(coded(f"{PHD}/CodeSystem/PhdObservationCategories", "phd")))
    return found


def _value(reading: Reading) -> Resource:
    unit = CODINGS[reading.kind].unit
    if not isinstance(reading, Block):
        return {"valueQuantity": quantity(reading.value, unit)}
    samples = " ".join("E" if sample is None else f"{sample:g}" for sample in reading.samples)
    sampled = {
        "origin": quantity(0, unit), "period": reading.period_s * 1000, "factor": 1,
        "dimensions": 1, "data": samples,
    }  # fmt: skip
    return {"valueSampledData": sampled}


def _interpretation(reading: Reading) -> list[Resource]:
    """Return a measurement-status for each doubt, our own flags beside it; none for a clean number."""
    words = []
    for code, flags in _STATUS_WORDS:
        if ours := [flag for flag in reading.quality if flag in flags]:
            words.append(
                concept(coded(STATUS_OF_MEASUREMENT, code), *(coded(LOCAL, flag.value) for flag in ours))
            )
    return words


def _timing(reading: Reading) -> Resource:
    """Return what is known of the moment: the device's own wall clock has no zone, so it is a string."""
    parts: list[Resource] = [{"url": "certainty", "valueCode": _certainty(reading)}]
    if reading.device_time is not None:
        parts.append({"url": "deviceTime", "valueString": reading.device_time.isoformat()})
    if reading.clock_offset_s is not None:
        parts.append({"url": "clockOffset", "valueQuantity": quantity(reading.clock_offset_s, "s")})
    return {"url": TIMING, "extension": parts}


def _certainty(reading: Reading) -> str:
    if Quality.TIME_UNCERTAIN in reading.quality:
        return "uncertain"
    if Quality.DATED_AFTERWARDS in reading.quality:
        return "dated-afterwards"
    if reading.clock_offset_s is not None:
        return "corrected"
    return "hub-clock" if reading.is_in_hub_time else "device-clock"
