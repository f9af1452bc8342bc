"""config/ward.toml → WardSettings: everything the ward is told before it starts."""

from pathlib import Path

from cloud_bridge.settings import BrokerUrl, FileSettings, Page


class WardSettings(FileSettings):
    """What the ward is told. No secret stands here, only where one lies."""

    database: str
    broker: BrokerUrl
    username: str = "ward"
    password_file: Path | None = None
    page: Page = Page(port=8480)
