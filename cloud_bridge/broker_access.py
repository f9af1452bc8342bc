"""Where a broker is and how we prove who we are; no secret stands in a URL or on a command line."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "write mqtt://host:port, or mqtts://host:port for TLS"


class BrokerSettingsError(ValueError):
    """A setting with which no broker can be reached; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The host and port of a broker, and whether it is spoken to over TLS."""

    host: str
    port: int
    is_tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_url(url: str) -> BrokerAddress:
    """Return the address in this URL; raise BrokerSettingsError with a hint otherwise.

    >>> parse_url("mqtts://broker.example")
    BrokerAddress(host='broker.example', port=8883, is_tls=True)
    """
    if "@" in url:  # before anything is quoted back: what stands here may be a password
        raise BrokerSettingsError(
            "no user or password belongs in a broker's URL, where every process list shows it: "
            f"{_FORM}, and give the user and a password file as settings of their own"
        )
    parts = _split(url)
    if parts.scheme not in _PORTS:
        raise BrokerSettingsError(f"{url!r} is no broker's URL: {_FORM}")
    if not parts.hostname:
        raise BrokerSettingsError(f"{url!r} names no host: {_FORM}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BrokerSettingsError(f"{url!r} has something behind the port: {_FORM}")
    return BrokerAddress(parts.hostname, _port(parts, url), parts.scheme == "mqtts")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise BrokerSettingsError(f"{url!r} is no URL ({error}): {_FORM}") from error


def _port(parts: SplitResult, url: str) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise BrokerSettingsError(f"{url!r} has a port that is none: {_FORM}") from error
    if port == 0:
        raise BrokerSettingsError(f"{url!r} has a port that is none: {_FORM}")
    return port or _PORTS[parts.scheme]


def password_from(username: str | None, password_file: Path | None) -> str | None:
    """Return the password in this file, without its line end."""
    if password_file is None:
        return None
    if username is None:
        raise BrokerSettingsError(f"a password file ({password_file}) without a username")
    try:
        password = password_file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerSettingsError(f"can't read the password file {password_file}: {error}") from error
    if not password:
        raise BrokerSettingsError(f"the password file {password_file} is empty")
    return password
