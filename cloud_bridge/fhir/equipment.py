"""The things in the home as Devices: what measures, and the hub that heard it."""

import re

from cloud_bridge.fhir.codes import SPECIALIZATIONS, specialization_of
from cloud_bridge.fhir.naming import (
    LOCAL,
    MDC,
    PHD,
    About,
    Resource,
    coded,
    concept,
    id_of,
    meta,
    patient,
)
from devices.readings import Reading

_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_IDENTIFIERS = "http://terminology.hl7.org/CodeSystem/ContinuaDeviceIdentifiers"
_VERSIONS = (("firmware", "531976"), ("hardware", "531974"), ("software", "531975"))


def measuring_device(reading: Reading, about: About) -> Resource:
    """Return the device that said a reading, as far as it told who it is."""
    identity = reading.identity
    special = specialization_of(reading.kind)
    told = {name: getattr(identity, name) for name, _ in _VERSIONS}
    versions = [_version(code, told[name]) for name, code in _VERSIONS if told[name]]
    is_whole = identity.manufacturer and identity.model and special and versions
    said: Resource = {
        "resourceType": "Device",
        "id": id_of(about.home, "device", reading.device),
        "meta": meta(about, *((f"{PHD}/StructureDefinition/PhdDevice",) if is_whole else ())),
        "identifier": _identifiers(reading),
        "type": concept(coded(MDC, "65573")),
        "patient": patient(about),
    }
    if special:
        said["specialization"] = [{"systemType": concept(coded(MDC, special))}]
        if special and versions:
            said["specialization"][0]["version"] = versions[0]["value"]
    words = {
        "manufacturer": identity.manufacturer, "modelNumber": identity.model, "serialNumber": identity.serial,
    }  # fmt: skip
    said |= {name: word for name, word in words.items() if word}
    return said | ({"version": versions} if versions else {})


def hub_device(about: About) -> Resource:
    """Return the hub as the gateway of every measurement that passed it."""
    return {
        "resourceType": "Device",
        "id": id_of(about.home, "hub", about.hub),
        "meta": meta(about, f"{PHD}/StructureDefinition/PhgDevice"),
        "identifier": [{"system": f"{LOCAL}/hub", "value": id_of(about.home, "hub", about.hub)}],
        "type": concept(coded(MDC, "531981")),
        "deviceName": [{"name": "Pusterom", "type": "model-name"}],
        "specialization": [{"systemType": concept(coded(MDC, code))} for _, code in SPECIALIZATIONS],
        "version": [_version("531975", about.software)],
        "patient": patient(about),
    }


def _version(code: str, value: str) -> Resource:
    return {"type": concept(coded(MDC, code)), "value": value}


def _identifiers(reading: Reading) -> list[Resource]:
    if _MAC.fullmatch(reading.device):
        system, value = "http://hl7.org/fhir/sid/eui-48/bluetooth", reading.device.replace(":", "-")
        return [{"type": concept(coded(_IDENTIFIERS, "BTMAC")), "system": system, "value": value}]
    return [{"system": f"{LOCAL}/device", "value": reading.device}]
