"""The certificate files of one end, read anew for each connection: what is renewed counts at the next one."""

import logging
import os
import select
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cloud_bridge.broker_access import BrokerAddress, BrokerSettingsError
from cloud_bridge.certificates import Certificate, certificates_in

VERDICT_MS = 1000
"""How long we wait, after a handshake, to hear that the broker refuses our certificate.

In TLS 1.3 it decides after our handshake is done. Whoever has sent something by then may hear a reset
line and no reason. A broker that hands out session tickets, as OpenSSL does, makes the wait one round trip.
"""

_READABLE_BY_OTHERS = 0o007

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsFileError(BrokerSettingsError):
    """A certificate file can't be used: which setting, and what to do. Never says what stands in a key."""

    def __init__(self, key: str, hint: str) -> None:
        super().__init__(f"{key}: {hint}")
        self.key = key
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificates lie. `ca_file` may hold several authorities; without one the system's are asked."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None

    def assert_fit(self, address: BrokerAddress) -> None:
        """Raise TlsFileError where these files and this broker's address can't be meant together."""
        given = [
            name for name in ("ca_file", "certificate_file", "certificate_key_file") if getattr(self, name)
        ]
        if given and not address.is_tls:
            raise TlsFileError(
                given[0],
                f"certificates are for mqtts://, not for mqtt://{address}: take it out, or change broker.",
            )
        for name, other in (
            ("certificate_key_file", "certificate_file"),
            ("certificate_file", "certificate_key_file"),
        ):
            if other in given and name not in given:
                raise TlsFileError(name, f"is missing; {other} is of no use without it.")

    def authorities(self) -> tuple[Certificate, ...]:
        """Return whom we trust, as the file says; raises TlsFileError."""
        return () if self.ca_file is None else _certificates("ca_file", self.ca_file)

    def own(self) -> tuple[Certificate, ...]:
        """Return our own certificate and what is chained to it; raises TlsFileError."""
        file = self.certificate_file
        return () if file is None else _certificates("certificate_file", file)

    def context(self) -> ssl.SSLContext:
        """Read all files and return how TLS is spoken; the host name is checked. Raises TlsFileError."""
        self.authorities()
        self.own()
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise TlsFileError("ca_file", f"{self.ca_file} can't be used: {error}") from error
        context.sslsocket_class = _Socket
        if self.certificate_file is not None and self.certificate_key_file is not None:
            self._load_pair(context, self.certificate_file, self.certificate_key_file)
        return context

    def stamp(self) -> Stamp:
        """Return what is different as soon as one of the files is another."""
        return tuple(
            None if file is None else _stamp(file)
            for file in (self.ca_file, self.certificate_file, self.certificate_key_file)
        )

    def _load_pair(self, context: ssl.SSLContext, certificate: Path, key: Path) -> None:
        name = "certificate_key_file"
        try:
            mode = key.stat().st_mode
            if mode & _READABLE_BY_OTHERS:
                raise TlsFileError(
                    name, f"{key} is open to everybody here (mode {mode & 0o777:04o}): chmod 600 it."
                )
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            raise TlsFileError(name, f"{key} {_key_trouble(error)}") from None
        except OSError as error:
            raise TlsFileError(name, f"{key} can't be read: {error.strerror}.") from error


class Renewal:
    """Notices that the files are others than those with which a connection was opened."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = files.stamp()

    def is_due(self) -> bool:
        """Tell, once for each change, whether to connect anew; files that can't be used are no reason to."""
        stamp = self._files.stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._files.context()
        except TlsFileError as error:
            log.warning("the certificate files have changed, and we stay with the old ones: %s", error)
            return False
        return True


def _no_password() -> NoReturn:
    # OpenSSL would ask on the terminal, where nobody sits.
    raise TlsFileError(
        "certificate_key_file", "is locked with a password: give the key without one (mode 0600)."
    )


def _key_trouble(error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "is not the key of certificate_file: they come in pairs."
    return "holds no private key that can be read, in PEM (-----BEGIN … PRIVATE KEY-----)."


def _certificates(key: str, file: Path) -> tuple[Certificate, ...]:
    try:
        return certificates_in(file.read_bytes())
    except OSError as error:
        raise TlsFileError(key, f"{file} can't be read: {error.strerror}.") from error
    except ValueError:
        hint = "holds no certificate that can be read, in PEM (-----BEGIN CERTIFICATE-----)."
        raise TlsFileError(key, f"{file} {hint}") from None


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class _Socket(ssl.SSLSocket):
    """Hears the broker's verdict on our certificate; closes itself when the handshake fails."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            if self.version() == "TLSv1.3":
                self._hear_verdict()
        except OSError:
            self.close()  # paho would leave it to the garbage collector
            raise

    def _hear_verdict(self) -> None:
        patience_s = self.gettimeout()
        poll = select.poll()
        poll.register(self, select.POLLIN)
        if not poll.poll(VERDICT_MS):
            return
        self.settimeout(0)
        try:
            if self.recv(1) == b"":
                raise ConnectionResetError("closed right after the handshake")
        except ssl.SSLWantReadError:
            pass  # a session ticket: we are welcome
        finally:
            self.settimeout(patience_s)
