"""config/hub.toml → Settings: everything a hub is told before it starts."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from cloud_bridge.contract.topics import is_home_id
from cloud_bridge.settings import BrokerUrl, FileSettings, Page

HOME_HINT = "write sixteen hexadecimal digits made at random, as `pusterom hub new-home` prints"


def _home_id(home: str) -> str:
    if not is_home_id(home):
        raise ValueError(HOME_HINT)
    return home


def _radio(radio: str) -> str:
    if radio != "bluez" and not all(radio.partition(":")):
        raise ValueError("write bluez, or unix:/path of `pusterom simulate`")
    return radio


class Settings(FileSettings):
    """What a hub is told. No secret stands here, only where one lies."""

    home: Annotated[str, AfterValidator(_home_id)]
    folder: Path
    key_file: Path
    plan_file: Path
    broker: BrokerUrl
    password_file: Path | None = None
    radio: Annotated[str, AfterValidator(_radio)] = "bluez"
    page: Page = Page(port=8481)
