"""config/ward.toml → WardSettings: everything the ward is told before it starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from cloud_bridge.settings import BrokerSettings, Page

_SQLITE = "sqlite:///"

WARD_NAME = "ward"
"""What a ward calls itself in its receipts, where nobody has named it."""


class WardSettings(BrokerSettings):
    """What the ward is told. No secret stands here, only where one lies."""

    database: str
    name: str = Field(default=WARD_NAME, min_length=1, max_length=60)
    """By whom a home reads that its entries were received."""
    username: str = "ward"
    page: Page = Page(port=8480)

    @classmethod
    def load(cls, file: Path, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read the file; the path of an SQLite database in it starts at its folder, too."""
        settings = super().load(file, overrides)
        path = settings.database.removeprefix(_SQLITE)
        if "database" in (overrides or {}) or path in ("", settings.database):
            return settings
        return settings.model_copy(update={"database": f"{_SQLITE}{file.resolve().parent / path}"})
