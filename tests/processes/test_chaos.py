"""The short form of `make chaos`: each accident at least once, from one seed."""

import tempfile
from pathlib import Path

import pytest

from tests.contracts.tables.server import private_server
from tests.processes.chaos import live
from tests.processes.town import town

SEED = 4


@pytest.mark.mosquitto
@pytest.mark.postgres
@pytest.mark.faketime
def test_no_accident_loses_or_doubles_a_reading(capsys):
    """Each part killed, each road broken, the clock set: devices, hub and PostgreSQL agree value by value."""
    with (
        tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as folder,
        private_server(is_durable=True) as server,
        town(Path(folder), server, server.url("public"), SEED) as place,
    ):
        verdict = live(place, SEED, for_s=0.0, say=print)
    assert verdict.faults == []
    assert verdict.counts["measured"] > 100
    assert verdict.counts["alert changes"] > 0
    with capsys.disabled():
        print(f"\nchaos: {verdict}")  # noqa: T201 - what is excused is never excused in silence
