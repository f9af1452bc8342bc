"""Entry bodies: how a fact becomes JSON, and how JSON becomes the fact again."""

from dataclasses import MISSING, dataclass, fields

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.alert import ALERT, Alert
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import doubt_of
from cloud_bridge.contract.plan import Plan
from devices.kinds import CODINGS
from devices.readings import Block, Reading

_READING: TypeAdapter[Reading] = TypeAdapter(Reading)
_BLOCK: TypeAdapter[Block] = TypeAdapter(Block)

_UNSAID = {
    field.name: field.default
    for field in fields(Reading)
    if field.name in {"identity", "tier", "setting", "grade", "reference", "clock_offset_s"}
}
"""What few readings have goes unsaid where it is as usual."""


_PLAN_LATER = frozenset(Plan.model_fields) - {
    "version", "approved_at", "approved_by_role", "is_verified", "stale_h", "limits",
}  # fmt: skip
"""What a ward from before does not know: it reads every plan that says nothing of it."""


def reading_body(reading: Reading) -> bytes:
    """Return a reading as JSON with its coding, so that a stranger can read the log."""
    coding = CODINGS[reading.kind]
    told = {field.name: getattr(reading, field.name) for field in fields(reading)}
    words = {name: word for name, word in told.items() if name not in _UNSAID or word != _UNSAID[name]}
    return orjson.dumps({**words, "mdc": coding.mdc, "loinc": coding.loinc, "unit": coding.unit})


def reading_from(body: bytes) -> Reading:
    """Return the reading in this body; raise ContractError with a reason otherwise."""
    try:
        said = orjson.loads(body)
        is_block = isinstance(said, dict) and "samples" in said
        reading = (_BLOCK if is_block else _READING).validate_json(body)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise ContractError(f"no reading: {error}", body) from error
    samples = reading.samples if isinstance(reading, Block) else ()
    if doubt := doubt_of(reading.id, (reading.measured_at, reading.received_at), (reading.value, *samples)):
        raise ContractError(f"no reading: {doubt}", body)
    return reading


def alert_body(alert: Alert) -> bytes:
    """Return an alert as JSON; of what came later than the first alerts no word where it is as usual."""
    told = {field.name: getattr(alert, field.name) for field in fields(alert)}
    later = {field.name: field.default for field in fields(alert) if field.default is not MISSING}
    return orjson.dumps(
        {name: word for name, word in told.items() if name not in later or word != later[name]}
    )


def alert_from(body: bytes) -> Alert:
    """Return the alert in this body; raise ContractError with a reason otherwise."""
    try:
        alert = ALERT.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no alert: {error}", body) from error
    numbers = () if alert.because is None else alert.because.values
    parts = () if alert.said is None else alert.said.parts.values()
    numbers += tuple(part for part in parts if isinstance(part, float))
    if doubt := doubt_of(alert.id, (alert.at,), numbers):
        raise ContractError(f"no alert: {doubt}", body)
    return alert


def plan_body(plan: Plan) -> bytes:
    """Return a plan as JSON; of what came later than the first plans no word where it is as usual."""
    unsaid = {name for name in _PLAN_LATER if getattr(plan, name) == Plan.model_fields[name].get_default()}
    return plan.model_dump_json(exclude=unsaid).encode()


def plan_from(body: bytes) -> Plan:
    """Return the plan in this body; raise ContractError with a reason otherwise."""
    try:
        return Plan.model_validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no plan: {error}", body) from error


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A device broke its protocol or its driver broke: what, why, and the bytes."""

    device: str
    driver: str
    reason: str
    data_hex: str = ""


def fault_body(fault: DeviceFault) -> bytes:
    """Return a device fault as JSON."""
    return orjson.dumps(fault)


def fault_from(body: bytes) -> DeviceFault:
    """Return the device fault in this body; raise ContractError with a reason otherwise."""
    try:
        return _FAULT.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no device fault: {error}", body) from error


_FAULT: TypeAdapter[DeviceFault] = TypeAdapter(DeviceFault)
