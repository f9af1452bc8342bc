"""config/ward.toml → WardSettings: everything the ward is told before it starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from cloud_bridge.backend.login_settings import LoginSettings, is_loopback
from cloud_bridge.settings import BrokerSettings, Page, SettingsError

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
    login: LoginSettings | None = None
    """Where nobody logs in, the page is for this machine alone."""

    @classmethod
    def load(cls, file: Path, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read the file; the path of an SQLite database in it starts at its folder, too."""
        settings = super().load(file, overrides)
        if settings.login is not None:
            beside = settings.login.beside(file.resolve().parent)
            settings = settings.model_copy(update={"login": beside})
        path = settings.database.removeprefix(_SQLITE)
        if "database" in (overrides or {}) or path in ("", settings.database):
            return settings
        return settings.model_copy(update={"database": f"{_SQLITE}{file.resolve().parent / path}"})

    @property
    def is_shared(self) -> bool:
        """Whether several processes may take in: a file has one owner, a server has many."""
        return not self.database.startswith("sqlite:")

    def assert_shared(self) -> None:
        """Raise SettingsError where a second process could not keep anything."""
        if not self.is_shared:
            hint = f"{self.database} has one owner. Workers need the ward's PostgreSQL, postgresql://…"
            raise SettingsError(self.file, "database", hint)

    def assert_safe_to_show(self) -> None:
        """Raise SettingsError where others than this machine could see patients without logging in."""
        if is_loopback(self.page.host):
            return
        if self.login is None:
            raise SettingsError(
                self.file, "page.host",
                f"{self.page.host} can be reached by others, and nobody logs in. Write 127.0.0.1,"
                " or say in [login] who knows your people.",
            )  # fmt: skip
        if not self.login.is_secure:
            hint = "others can reach this page: write the https address at which they find it."
            raise SettingsError(self.file, "login.page_url", hint)
