"""Row 5: bytes on the wire per reading in a backlog batch, against FHIR JSON."""

from random import Random

import orjson

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import BATCH_COUNT_MAX, Batch, Entry
from cloud_bridge.contract.topics import topic
from devices.kinds import CODINGS
from devices.readings import Reading
from tests.bench.given import spot_entries
from tests.bench.row import Bench, Figure, Outcome, Row, most, ratio
from tests.given import HOME

LOG = "5d41402abc4b2a76"
_MQTT_BYTES = 2 + 2 + 2 + 1
"""What a PUBLISH packet needs besides topic and payload."""

_URL = "http" + "://"
"""Names of FHIR's are put together here, since this house's own texts point at nobody."""

_UCUM = _URL + "unitsofmeasure.org"
_MDC = "urn:iso:std:iso:11073:10101"


_GATEWAY = {
    "url": _URL + "hl7.org/fhir/StructureDefinition/observation-gatewayDevice",
    "valueReference": {"reference": f"Device/{HOME}"},
}


def wire(bench: Bench) -> list[Outcome]:
    """Weigh batches of two hundred readings, and the same readings as Observations one by one."""
    rounds = bench.many(5, 2)
    ours, fhir = [], []
    for number in range(rounds):
        entries = spot_entries(BATCH_COUNT_MAX, Random(10 + number))
        batch = bytes(Batch(HOME, LOG, entries))
        ours.append(_packet(len(batch)) / len(entries))
        said = [orjson.dumps(observation(reading_from(entry.body), entry)) for entry in entries]
        fhir.append(sum(_packet(len(one)) for one in said) / len(said))
    return [
        Outcome(
            what="bytes per reading, batch of 200",
            ours=Figure(tuple(ours), "B"),
            against="FHIR R4 Observation, JSON, one a message",
            theirs=Figure(tuple(fhir), "B"),
            ratio=ratio(ours, fhir),
            goal=most(round(1 / 15, 4)),
            why="the identity of a reading is random and does not shrink: it is a fifth of what is left.",
        ),
    ]


def observation(reading: Reading, entry: Entry) -> dict[str, object]:
    """Return the least Observation that the PHD guide 2.0 and the Norwegian profiles both take.

    Without what a server may add: no texts, no displays, no limits, no names; the subject is the home.
    """
    coding = CODINGS[reading.kind]
    codes = [{"system": _MDC, "code": str(coding.mdc)}]
    codes += [{"system": _url("loinc.org"), "code": code} for code in coding.loinc]
    unit = {"unit": coding.unit, "system": _UCUM, "code": coding.unit}
    return {
        "resourceType": "Observation",
        "meta": {"profile": [_url("hl7.org/fhir/uv/phd/StructureDefinition/PhdNumericObservation")]},
        "extension": [_GATEWAY],
        "identifier": [{"system": f"urn:pusterom:{LOG}:{entry.seq}", "value": reading.id}],
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": _url("terminology.hl7.org/CodeSystem/observation-category"),
                        "code": "vital-signs",
                    }
                ]
            },
            {
                "coding": [
                    {"system": _url("hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories"), "code": "phd"}
                ]
            },
        ],
        "code": {"coding": codes},
        "subject": {"reference": f"Patient/{HOME}"},
        "performer": [{"reference": f"Patient/{HOME}"}],
        "effectiveDateTime": reading.measured_at.isoformat(),
        "issued": reading.received_at.isoformat(timespec="milliseconds"),
        "valueQuantity": {"value": reading.value, **unit},
        "device": {"reference": f"Device/{reading.device.replace(':', '')}"},
    }


def _coded(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": _url(system), "code": code}]}


def _packet(payload_bytes: int) -> int:
    return payload_bytes + len(topic(HOME, "up")) + _MQTT_BYTES


def _url(rest: str) -> str:
    return _URL + rest


ROWS = (
    Row(
        "wire",
        "bytes on the wire per reading in a backlog batch",
        "PUBLISH packets with their topic, no TLS and no TCP: five batches of 200 single readings of spot "
        "checks (SpO2, pulse, perfusion index) as a hub sends them, and each of these readings as the "
        "least FHIR R4 Observation that HL7's PHD guide 2.0 takes, uncompressed, a message each.",
        wire,
    ),
)
