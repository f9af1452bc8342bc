"""TOML files into values; what is wrong in one is said with file, key and what to write instead."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cloud_bridge.contract.plan import Plan

_Model = TypeVar("_Model", bound=BaseModel)


class SettingsError(Exception):
    """A settings file can't be used: which file, which key, what to do."""

    def __init__(self, file: Path, key: str, hint: str) -> None:
        super().__init__(f"{file}: {key}: {hint}" if key else f"{file}: {hint}")
        self.file = file
        self.key = key
        self.hint = hint


def _zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("write a time zone such as Europe/Oslo") from error
    return name


ZoneName = Annotated[str, AfterValidator(_zone_name)]
BrokerUrl = Annotated[str, Field(pattern=r"^mqtts?://")]


class Page(BaseModel):
    """Where the page is served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)


class FileSettings(BaseModel):
    """Settings that stand in a file; relative paths in it start at the file's own folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: ZoneName = "Europe/Oslo"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which people live here."""
        return ZoneInfo(self.timezone)

    @classmethod
    def load(cls, file: Path, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read the file, with what the command line says instead. Raises SettingsError."""
        settings = load(cls, file, overrides)
        here = file.resolve().parent
        paths = {name: here / path for name, path in settings if isinstance(path, Path)}
        return settings.model_copy(update=paths)


def load_plan(file: Path) -> Plan:
    """Read a treatment plan; raise SettingsError with the key that is wrong."""
    return load(Plan, file)


def load(model: type[_Model], file: Path, overrides: Mapping[str, Any] | None = None) -> _Model:
    """Read a TOML file into a model; raise SettingsError with file, key and hint."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            file, "", f"there is no such file. Copy config/{file.name} and adapt it."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(file, "", f"can't be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file, "", f"is not TOML: {error}") from error
    try:
        return model.model_validate({**said, **(overrides or {})})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(file, key, _hint(first["type"], first["msg"], first.get("input"))) from error


def _hint(error_type: str, message: str, given: object) -> str:
    if error_type == "missing":
        return "is missing; write it into the file."
    if error_type == "extra_forbidden":
        return "is not a key we know; remove it or mend its spelling."
    return f"{message.removeprefix('Value error, ')} (it says {given!r})."
