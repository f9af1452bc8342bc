"""Who has looked, on its way to the home: read strictly, and never more than a page of it."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from cloud_bridge.contract.down import down_from_bytes, looked_message
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import LOOKS_MAX, Looked, ReadLook

NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
LOOK = ReadLook("Ringsaker kommune", "nurse", NOON)
LOOKED = Looked(NOON, (LOOK,))


def test_what_was_said_is_heard() -> None:
    """Through the wire and back it is the same, also where nobody has looked."""
    for looked in (LOOKED, Looked(NOON), Looked(NOON, (LOOK,) * LOOKS_MAX)):
        assert down_from_bytes(looked_message(looked)) == looked


@pytest.mark.parametrize(
    "bent",
    [
        replace(LOOKED, at=NOON.replace(tzinfo=None)),
        replace(LOOKED, looks=(LOOK,) * (LOOKS_MAX + 1)),
        Looked(NOON, (replace(LOOK, at=NOON.replace(tzinfo=None)),)),
        Looked(NOON, (replace(LOOK, organisation=""),)),
        Looked(NOON, (replace(LOOK, organisation="x" * 200),)),
        Looked(NOON, (replace(LOOK, organisation="a\x00b"),)),
        Looked(NOON, (replace(LOOK, role="two words"),)),
    ],
)
def test_what_cannot_be_shown_is_refused(bent: Looked) -> None:
    """A time without a zone, too many, a name that is none, a role that is none."""
    with pytest.raises(ContractError, match="no looks"):
        down_from_bytes(looked_message(bent))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"at":"soon"}', orjson.dumps({"at": "x" * 60_000})])
def test_what_is_no_such_word_is_refused(body: bytes) -> None:
    """Whatever bytes come: a reason, and no exception of another kind."""
    with pytest.raises(ContractError, match="no looks"):
        down_from_bytes(b'{"type":"looked","looked":' + body + b"}")
