"""Names of FHIR: whose code a code is, how a resource is called, and whom it is about."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

Resource = dict[str, Any]

OURS = "https://pusterom.example/fhir"
LOCAL = f"{OURS}/CodeSystem/pusterom"
TIMING = f"{OURS}/StructureDefinition/timing"
SPIROMETRY = f"{OURS}/StructureDefinition/spirometry"
MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PHD = "http://hl7.org/fhir/uv/phd"
VKP = "http://hl7.no/fhir/vkpobservation/StructureDefinition/vkp-Observation"
VKP_SEVERITY = "http://ehelse.no/fhir/CodeSystem/vkp-severity-level-v090"
VKP_ALERT = "http://ehelse.no/fhir/CodeSystem/vkp-alert-code-v090"
STATUS_OF_MEASUREMENT = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class About:
    """What an entry does not say of itself: whose home, which hub, who was accountable.

    `reason` is an alert's reason in words for people, in their language; `software` is the hub's version.
    `dated_at` is when it was, where that became known later; `opened_at` is when the alert of a later
    change had opened.
    """

    home: str
    hub: str
    organisation: str
    reason: str = ""
    software: str = "unknown"
    dated_at: datetime | None = None
    opened_at: datetime | None = None


def id_of(home: str, what: str, *which: object) -> str:
    """Return the id of a resource: the same for the same thing of the same home, and telling nothing.

    >>> id_of("home", "task", 1) == id_of("home", "task", 1) != id_of("other", "task", 1)
    True
    """
    words = "|".join(f"{len(str(word))}:{word}" for word in (home, what, *which))
    return f"{what}-{blake2b(words.encode(), digest_size=16).hexdigest()}"


def patient(about: About) -> Resource:
    """Return the reference to whoever lives there, under the home's own random name."""
    name = about.home if _ID.fullmatch(about.home) else id_of(about.home, "home")
    return {"reference": f"Patient/{name}"}


def organisation(name: str) -> Resource:
    """Return a logical reference to an organisation."""
    return {"identifier": {"system": f"{OURS}/organisation", "value": name}}


def reference(kind: str, home: str, what: str, *which: object) -> Resource:
    """Return the reference to a resource of ours that `id_of` named."""
    return {"reference": f"{kind}/{id_of(home, what, *which)}"}


def device_reference(about: About, device: str) -> Resource:
    """Return the reference to a measuring device of this home."""
    return reference("Device", about.home, "device", device)


def hub_reference(about: About) -> Resource:
    """Return the reference to the hub of this home."""
    return reference("Device", about.home, "hub", about.hub)


def meta(about: About, *profiles: str) -> Resource:
    """Return where a resource comes from and what it claims to be."""
    said: Resource = {"source": f"{OURS}/home/{patient(about)['reference'].removeprefix('Patient/')}"}
    return said | ({"profile": list(profiles)} if profiles else {})


def versioned(resource: Resource, turn: int, told_at: datetime) -> Resource:
    """Return a resource as it is told: `turn` only grows, so whoever gets two of them knows the newer."""
    stamp = told_at.isoformat(timespec="microseconds")
    return resource | {"meta": resource["meta"] | {"versionId": str(turn), "lastUpdated": stamp}}


def coded(system: str, code: str, display: str = "") -> Resource:
    """Return one Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings: Resource, text: str = "") -> Resource:
    """Return a CodeableConcept of these codings and this text, as far as there is any."""
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


def quantity(value: float, unit: str) -> Resource:
    """Return a value in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def instant(at: datetime) -> str:
    """Return a moment with its offset, to the second or finer where it is."""
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
