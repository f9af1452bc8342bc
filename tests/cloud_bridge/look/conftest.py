"""Async tests here run on asyncio, as the house does."""

import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"
