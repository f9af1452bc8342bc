"""What comes down to a home: receipts, refusals, plans, who is accountable, and who has looked."""

from dataclasses import dataclass

import orjson

from cloud_bridge.contract.accountable import Accountable, accountable_body, accountable_from
from cloud_bridge.contract.bodies import plan_body, plan_from
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import Looked, looked_body, looked_from
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt, Refusal, answer_from_bytes

_BEGINS = b'{"type":"plan","plan":'
_BEGINS_ACCOUNTABLE = b'{"type":"accountable","accountable":'
_BEGINS_LOOKED = b'{"type":"looked","looked":'

PLAN_BYTES_MAX = 200_000
"""A plan with forty contacts and texts in ten languages has a tenth of that."""


@dataclass(frozen=True, slots=True)
class UnreadablePlan:
    """A plan came that this hub can't read, and why: the one in force goes on, and somebody is told."""

    reason: str


def plan_message(plan: Plan) -> bytes:
    """Return a plan as a message; told twice it is the same plan."""
    return _BEGINS + plan_body(plan) + b"}"


def accountable_message(accountable: Accountable) -> bytes:
    """Return who is accountable as a message; told twice or late it changes nothing."""
    return _BEGINS_ACCOUNTABLE + accountable_body(accountable) + b"}"


def looked_message(looked: Looked) -> bytes:
    """Return who has looked as a message; a later one replaces it."""
    return _BEGINS_LOOKED + looked_body(looked) + b"}"


Down = Receipt | Refusal | Plan | UnreadablePlan | Accountable | Looked


def down_from_bytes(data: bytes) -> Down:
    """Decode what came on `down`; raise ContractError on what is none of these."""
    if data.startswith(_BEGINS_ACCOUNTABLE):
        return accountable_from(data[len(_BEGINS_ACCOUNTABLE) : -1])
    if data.startswith(_BEGINS_LOOKED):
        return looked_from(data[len(_BEGINS_LOOKED) : -1])
    if not data.startswith(_BEGINS):
        return answer_from_bytes(data)
    if len(data) > PLAN_BYTES_MAX:
        return UnreadablePlan(f"it has {len(data)} bytes; {PLAN_BYTES_MAX} are the most")
    try:
        return plan_from(orjson.dumps(orjson.loads(data)["plan"]))
    except (orjson.JSONDecodeError, ContractError) as error:
        return UnreadablePlan(_without_values(str(error)))


def _without_values(said: str) -> str:
    """The first line alone: what follows quotes the plan, and a reason is sent to others."""
    return said.partition("\n")[0]
