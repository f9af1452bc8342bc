"""Why TLS did not come about, in words that say what to do next; never a hint about MQTT."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cloud_bridge.broker_access import BrokerAddress
from cloud_bridge.certificates import Certificate

PROBE_TIMEOUT_S = 2.0

_EXPIRED, _NOT_YET_VALID, _WRONG_HOST, _WRONG_IP, _WRONG_USE = 10, 9, 62, 64, 26
"""X509_V_ERR_… of OpenSSL, as ssl.SSLCertVerificationError.verify_code has them."""

_UNVOUCHED = frozenset({2, 18, 19, 20, 21})

_ALERTS = {
    "CERTIFICATE_REQUIRED": "it demands a client certificate: set certificate_file and certificate_key_file",
    "HANDSHAKE_FAILURE": "it agrees to no TLS with us; perhaps it demands a client certificate: set"
    " certificate_file and certificate_key_file",
    "UNKNOWN_CA": "it does not know the authority that vouches for our certificate: ask its keeper for one of"
    " the right authority, or to trust this one too",
    "CERTIFICATE_EXPIRED": "our certificate has expired: renew certificate_file",
    "CERTIFICATE_REVOKED": "our certificate was revoked: ask the broker's keeper for a new one",
    "BAD_CERTIFICATE": "our certificate is not good there; by the broker's clock it may not be valid yet",
    "CERTIFICATE_UNKNOWN": "our certificate is not good there: ask the broker's keeper why",
    "UNSUPPORTED_CERTIFICATE": "our certificate is not one for clients: ask for one made for that use",
    "PROTOCOL_VERSION": "it speaks no TLS 1.2 or newer: its keeper must mend that",
}
"""What a broker says when it ends a handshake, by the last words of OpenSSL's name for it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The broker that is dialled, and who we are to it."""

    address: BrokerAddress
    own: tuple[Certificate, ...]
    now: Callable[[], datetime]

    def unreachable(self, error: OSError | ValueError) -> str:
        """Say why it can't be reached, and what to do next."""
        if not self.address.is_tls:
            return f"can't reach {self.address}: {error}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"can't trust {self.address}: {_distrust(error, self.address, self.now())}"
        if isinstance(error, ssl.SSLError) and (said := _alert(error.reason or "")) is not None:
            return f"{self.address} refuses us: {said}{self._ours()}"
        if isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
            return (
                f"{self.address} does not speak TLS as we ({_short(error)}): is this its port for TLS (8883"
                " as a rule)? Without TLS the address begins with mqtt://"
            )
        return f"can't reach {self.address}: {error}"

    def hung_up(self) -> str:
        """Say why it may have hung up after the TLS handshake, without a word of MQTT."""
        if self.own:
            why = f"as a rule it does not take our certificate{self._ours()}; its own log says why"
        else:
            why = "as a rule it demands a client certificate: set certificate_file and certificate_key_file"
        return f"{self.address} hung up right after the TLS handshake: {why}"

    def _ours(self) -> str:
        return f" (ours: {self.own[0]}, {self.own[0].standing(self.now())})" if self.own else ""


def words_for_plain(address: BrokerAddress) -> str:
    """Say that TLS is spoken where we did not speak it."""
    return f"{address} is a port for TLS: write mqtts://{address} as the broker"


def speaks_tls(address: BrokerAddress) -> bool:
    """Ask a port whether it speaks TLS, without trusting it or saying anything. Blocks; for a thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address.host, address.port), PROBE_TIMEOUT_S) as sock:
            context.wrap_socket(sock, server_hostname=address.host).close()
    except ssl.SSLError as error:
        return _alert(error.reason or "") is not None
    except OSError:
        return False
    return True


def _distrust(error: ssl.SSLCertVerificationError, address: BrokerAddress, now: datetime) -> str:
    code, clock = error.verify_code, f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if code == _NOT_YET_VALID:
        return (
            f"{clock}, and the certificate is not valid yet then. Most likely the clock is wrong: it is tried"
            " again until the time service has set it (timedatectl)"
        )
    if code == _EXPIRED:
        return f"its certificate has expired, for {clock}: if that is right, its keeper must renew it"
    if code in (_WRONG_HOST, _WRONG_IP):
        return (
            f"its certificate is for another host than {address.host}: write the host it is made out to, or"
            " have one made for this host"
        )
    if code in _UNVOUCHED:
        return "nobody we trust vouches for its certificate: set ca_file to the authority that made it"
    if code == _WRONG_USE:
        return "its certificate is not one for servers: the broker's keeper must put in the right one"
    return f"its certificate is not good: {error.verify_message}"


def _alert(reason: str) -> str | None:
    """Return our words for an alert of the other end; None where it is none."""
    _, is_alert, name = reason.rpartition("ALERT_")
    if not is_alert:
        return None
    return _ALERTS.get(name, f"it ended the handshake ({name.replace('_', ' ').lower()})")


def _short(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or error.strerror or str(error)).replace("_", " ").lower()
