"""config/hub.toml → Settings: everything a hub is told before it starts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from cloud_bridge.contract.topics import is_home_id
from cloud_bridge.settings import BrokerUrl, FileSettings, Page


def _home_id(home: str) -> str:
    if not is_home_id(home):
        raise ValueError("write sixteen hexadecimal digits made at random, as `pusterom hub new-home` prints")
    return home


class Settings(FileSettings):
    """What a hub is told. No secret stands here, only where one lies."""

    home: Annotated[str, AfterValidator(_home_id)]
    folder: Path
    key_file: Path
    plan_file: Path
    broker: BrokerUrl
    password_file: Path | None = None
    radio: str = "bluez"
    language: Literal["nb", "en"] = "nb"
    page: Page = Page(port=8481)
