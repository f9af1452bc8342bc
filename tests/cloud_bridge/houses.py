"""Mosquitto with the files that are shipped in config/, as far as a test's folder and port allow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contracts.mosquitto import mosquitto

CONFIG = Path(__file__).parents[2] / "config"


@contextmanager
def tls_house(folder: Path, authority, *, ca_file=None, rules: str = "") -> Iterator[int]:
    """Run config/mosquitto-tls.conf with an authority's certificates and more rules; give the port."""
    certificate, key = authority.folder / "broker.pem", authority.folder / "broker.key"
    acl = folder / "mosquitto.acl"
    acl.write_text((CONFIG / "mosquitto.acl").read_text() + rules)
    text = filled(
        "mosquitto-tls.conf",
        {
            "listener 8883": "listener {port} 127.0.0.1",
            "/etc/mosquitto/certs/authority.pem": str(ca_file or authority.file),
            "/etc/mosquitto/certs/broker.pem": str(certificate),
            "/etc/mosquitto/certs/broker.key": str(key),
            "/etc/mosquitto/mosquitto.acl": str(acl),
        },
    )
    with mosquitto(folder, text) as port:
        yield port


@contextmanager
def desk_house(folder: Path, *, rules: str = "") -> Iterator[int]:
    """Run config/mosquitto.conf, with rules besides ours; give the port."""
    acl = folder / "mosquitto.acl"
    acl.write_text((CONFIG / "mosquitto.acl").read_text() + rules)
    said = {"listener 1883": "listener {port}", "acl_file config/mosquitto.acl": f"acl_file {acl}"}
    with mosquitto(folder, filled("mosquitto.conf", said)) as port:
        yield port


def filled(name: str, said: dict[str, str]) -> str:
    """Return a shipped file with what only this machine knows; each line must still be there, once."""
    text = (CONFIG / name).read_text()
    for shown, ours in said.items():
        assert text.count(shown) == 1, f"config/{name} has lost {shown!r}"
        text = text.replace(shown, ours)
    return text
