"""A small authority for tests, with every certificate that is good and many that are not."""

from datetime import UTC, datetime, timedelta

from cloud_bridge.authority import (
    BROKER,
    Pair,
    Period,
    broker_certificate,
    client_certificate,
    new_authority,
)
from cloud_bridge.tls import TlsFiles

DAY = timedelta(days=1)
NOW = datetime.now(UTC)  # noqa: TID251 - TLS compares with the machine's own clock
GOOD = Period.of_days(NOW, 1)
PAST = Period(NOW - 3 * DAY, NOW - DAY)
FUTURE = Period(NOW + DAY, NOW + 3 * DAY)


def write(folder, name: str, pair: Pair):
    """Write a pair into a folder; return the paths of certificate and key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(pair.certificate_pem)
    key.write_bytes(pair.key_pem)
    key.chmod(0o600)
    return certificate, key


class Authority:
    """One authority in a folder of its own."""

    def __init__(self, folder, name: str = "authority") -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.pair = new_authority(name, GOOD)
        self.file, _ = write(self.folder, "authority", self.pair)

    def broker(self, period: Period = GOOD, host: str = "127.0.0.1"):
        """Write a broker's certificate; return the paths of certificate and key."""
        return write(self.folder, BROKER, broker_certificate(self.pair, (host,), period))

    def of(self, name: str, period: Period = GOOD, *, trusts=None) -> TlsFiles:
        """Write a client's certificate; return its files, with this authority's as the one it trusts."""
        certificate, key = write(self.folder, name, client_certificate(self.pair, name, period))
        return TlsFiles(trusts or self.file, certificate, key)


def write_certificate(folder):
    """Write an authority and a broker's certificate; return the paths of authority, certificate and key."""
    authority = Authority(folder)
    return authority.file, *authority.broker()
