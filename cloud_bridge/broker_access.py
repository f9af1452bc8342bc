"""Where a broker is and how we prove who we are; no secret stands in a URL or on a command line."""

import ssl
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


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho would leave it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


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


def tls_from(
    address: BrokerAddress, ca_file: Path | None, cert_file: Path | None, key_file: Path | None
) -> ssl.SSLContext | None:
    """Return how TLS is spoken with this broker, or None where it is not; the host name is checked."""
    files = [file for file in (ca_file, cert_file, key_file) if file is not None]
    if not address.is_tls:
        if files:
            raise BrokerSettingsError(f"certificates ({files[0]}) are for mqtts://, not for mqtt://")
        return None
    if (cert_file is None) != (key_file is None):
        raise BrokerSettingsError("a client certificate and its key are given together or not at all")
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.sslsocket_class = _ClosingSocket
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(map(str, files))
        raise BrokerSettingsError(f"can't use the certificates ({names}): {error}") from error
    return context
