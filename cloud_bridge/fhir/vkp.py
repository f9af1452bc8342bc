"""Down to VKP, where it can't hold together with PHD: no samples there, and both pressures at once."""

from cloud_bridge.fhir.codes import VKP_PROFILES, code_of
from cloud_bridge.fhir.naming import LOINC, MDC, SNOMED, VKP, About, Resource, coded, concept, quantity
from cloud_bridge.fhir.naming import id_of as _id_of
from cloud_bridge.fhir.observation import observation
from devices.kinds import CODINGS, Kind
from devices.readings import Block, Reading


def down(reading: Reading, about: About) -> Resource | None:
    """Return a reading as VKP takes it, a block as its median; None where it has no word or a doubt."""
    said = observation(reading, about)
    if reading.kind not in VKP_PROFILES or said["status"] != "final" or "interpretation" in said:
        return None
    said["meta"]["profile"] = [VKP_PROFILES[reading.kind]]
    said["category"] = said["category"][:1]
    if isinstance(reading, Block):
        said["id"] = _id_of(about.home, "median", reading.id)
        said["identifier"] = [{**said["identifier"][0], "value": said["id"]}]
        del said["valueSampledData"]
        said["valueQuantity"] = quantity(reading.value, CODINGS[reading.kind].unit)
        said["method"] = concept(text=f"median of {len(reading.samples)} samples")
    return said


def blood_pressure(systolic: Reading, diastolic: Reading, about: About) -> Resource | None:
    """Return one VKP blood pressure out of the two readings of one measurement, or None otherwise."""
    kinds = (systolic.kind, diastolic.kind)
    is_pair = kinds == (Kind.SYSTOLIC_PRESSURE, Kind.DIASTOLIC_PRESSURE)
    is_one = (systolic.device, systolic.measured_at) == (diastolic.device, diastolic.measured_at)
    both = [observation(each, about) for each in (systolic, diastolic)]
    if not (is_pair and is_one) or any(x["status"] != "final" or "interpretation" in x for x in both):
        return None
    said = both[0]
    del said["valueQuantity"]
    said["id"] = _id_of(about.home, "pressure", systolic.id, diastolic.id)
    said["identifier"] = [{**said["identifier"][0], "value": said["id"]}]
    said["meta"]["profile"] = [f"{VKP}-Bloodpressure"]
    said["category"] = said["category"][:1]
    said["code"] = concept(coded(MDC, "150020"), coded(LOINC, "85354-9"), coded(SNOMED, "75367002"))
    said["component"] = [
        {"code": code_of(each.kind), "valueQuantity": quantity(each.value, CODINGS[each.kind].unit)}
        for each in (systolic, diastolic)
    ]
    return said
