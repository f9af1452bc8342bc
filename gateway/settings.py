"""config/hub.toml → Settings: everything a hub is told before it starts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cloud_bridge.contract.topics import is_home_id
from cloud_bridge.settings import BrokerSettings, Page, SettingsError
from devices.driver import Told

BIND_KEY_SIZE = 16

HOME_HINT = "write sixteen hexadecimal digits made at random, as `pusterom hub new-home` prints"


def _home_id(home: str) -> str:
    if not is_home_id(home):
        raise ValueError(HOME_HINT)
    return home


def _radio(radio: str) -> str:
    if radio != "bluez" and not all(radio.partition(":")):
        raise ValueError("write bluez, or unix:/path of `pusterom simulate`")
    return radio


def _address(address: str) -> str:
    if not re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}", address.upper()):
        raise ValueError("write the address that the device calls, such as C0:26:DA:01:02:03")
    return address.upper()


class DeviceSettings(BaseModel):
    """What a person tells the hub about one device; a key never stands here, only where one lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Annotated[str, AfterValidator(_address)]
    user_slot: int | None = Field(default=None, ge=0, le=255)
    consent_code: int | None = Field(default=None, ge=0, le=9999)
    bind_key_file: Path | None = None

    def beside(self, folder: Path) -> "DeviceSettings":
        """Return the same with a path that no longer depends on where one stands."""
        file = self.bind_key_file
        return self if file is None else self.model_copy(update={"bind_key_file": folder / file})


class Settings(BrokerSettings):
    """What a hub is told. No secret stands here, only where one lies."""

    home: Annotated[str, AfterValidator(_home_id)]
    folder: Path
    key_file: Path
    device_secret_file: Path | None = None
    escrow_public_key_file: Path | None = None
    plan_file: Path
    radio: Annotated[str, AfterValidator(_radio)] = "bluez"
    page: Page = Page(port=8481)
    devices: tuple[DeviceSettings, ...] = ()

    @classmethod
    def load(cls, file: Path, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read the file, with what the command line says instead. Raises SettingsError."""
        settings = super().load(file, overrides)
        devices = tuple(each.beside(file.resolve().parent) for each in settings.devices)
        return settings.model_copy(update={"devices": devices})

    def told(self) -> dict[str, Told]:
        """Return what the devices' settings say, by address; raise SettingsError for a key that is none."""
        return {each.address: self._told_of(each) for each in self.devices}

    def _told_of(self, each: DeviceSettings) -> Told:
        key = None if each.bind_key_file is None else _bind_key(each.bind_key_file)
        return Told(each.user_slot, each.consent_code, key)


def _bind_key(file: Path) -> bytes:
    hint = "must hold the sixteen octets of the device's bind key as 32 hexadecimal digits, and nothing else"
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SettingsError(file, "", hint) from error
    if len(key) != BIND_KEY_SIZE:
        raise SettingsError(file, "", hint)
    return key
