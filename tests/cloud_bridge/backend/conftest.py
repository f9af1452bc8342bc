"""Async tests here run on asyncio, as the house does; some run over both databases."""

import pytest

from tests.contracts.tables.conftest import open_database, postgres_url, server, tables

__all__ = ["open_database", "postgres_url", "server", "tables"]


@pytest.fixture
def anyio_backend():
    return "asyncio"
