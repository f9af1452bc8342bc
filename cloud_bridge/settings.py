"""TOML files into values; what is wrong in one is said with file, key and what to write instead."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from cloud_bridge.broker_access import parse_url
from cloud_bridge.contract.contradictions import contradictions
from cloud_bridge.contract.plan import Plan
from cloud_bridge.tls import TlsFiles

COMMAND_LINE = Path("command line")
"""Where a setting stands that is in no file."""

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
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a folder
        raise ValueError("write a time zone such as Europe/Oslo") from error
    return name


def _broker_url(url: str) -> str:
    parse_url(url)
    return url


ZoneName = Annotated[str, AfterValidator(_zone_name)]
BrokerUrl = Annotated[str, AfterValidator(_broker_url)]


class Page(BaseModel):
    """Where the page is served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)


class FileSettings(BaseModel):
    """Settings that stand in a file; relative paths in it start at the file's own folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: ZoneName = "Europe/Oslo"

    _file: Path = PrivateAttr(default=COMMAND_LINE)

    @property
    def file(self) -> Path:
        """Where these settings stand."""
        return self._file

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
        read = settings.model_copy(update=paths)
        read._file = file
        return read


class BrokerSettings(FileSettings):
    """Where the broker is, and how it knows us: a password, a certificate, or both."""

    broker: BrokerUrl
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    @property
    def tls_files(self) -> TlsFiles:
        """The certificate files."""
        return TlsFiles(self.ca_file, self.certificate_file, self.certificate_key_file)


def load_plan(file: Path) -> Plan:
    """Read a treatment plan; raise SettingsError with the key that is wrong, or what contradicts what."""
    plan = load(Plan, file)
    if grave := next((found for found in contradictions(plan) if found.is_grave), None):
        raise SettingsError(file, "", f"contradicts itself ({grave.key}): `pusterom plan check` says how.")
    return plan


def load(model: type[_Model], file: Path, overrides: Mapping[str, Any] | None = None) -> _Model:
    """Read a TOML file into a model; raise SettingsError with file, key and hint."""
    overrides = overrides or {}
    said = {**_read(file), **overrides}
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        loc, hint = first["loc"], _hint(first["type"], first["msg"], first.get("input"))
        if loc and loc[0] in overrides:
            raise SettingsError(COMMAND_LINE, f"--{loc[0]}", hint) from error
        raise SettingsError(file, _key(said, loc), hint) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "there is no such file. Name another, or begin with a copy of the one in Pusterom's config/."
        raise SettingsError(file, "", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(file, "", f"can't be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(file, "", f"is not TOML: {error}") from error


def _key(said: object, loc: tuple[int | str, ...]) -> str:
    """Return the key as a person finds it: one of many tables by its id, else counted from 1."""
    words = []
    for part in loc:
        said = _within(said, part)
        name = said.get("id") if isinstance(said, dict) else None
        words.append(str(part) if isinstance(part, str) else str(name or f"#{part + 1}"))
    return ".".join(words)


def _within(said: object, part: int | str) -> object:
    if isinstance(said, dict):
        return said.get(part)
    return said[part] if isinstance(said, list) and isinstance(part, int) else None


def _hint(error_type: str, message: str, given: object) -> str:
    if error_type == "missing":
        return "is missing; write it into the file."
    if error_type == "extra_forbidden":
        return "is not a key we know; remove it or mend its spelling."
    message = message.removeprefix("Value error, ")
    quoted = repr(given) if isinstance(given, str) else str(given)
    # Whole tables say too much, and what has an @ in it may hold a password.
    is_said = isinstance(given, dict | list) or "@" in quoted or quoted in message
    return f"{message}." if is_said else f"{message} (it says {quoted})."
