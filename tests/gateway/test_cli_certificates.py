"""`pusterom certificates`, and what `pusterom hub check` says of what it made."""

import asyncio
import stat

import pytest

from cloud_bridge.broker import UplinkError
from cloud_bridge.contract.topics import topic
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.tls import TlsFiles
from gateway.errors import EXIT_CONFIG, EXIT_USAGE
from tests.cloud_bridge.houses import tls_house
from tests.contracts.mosquitto import Port
from tests.gateway.conftest import HUB
from tests.given import HOME


def modes(folder):
    """Return each file's name and mode."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.fixture
def made(run, tmp_path, monkeypatch):
    """Follow the papers: an authority, and a certificate for broker, ward, home and organisation."""
    monkeypatch.chdir(tmp_path)
    assert run("certificates", "new-authority")[0] == 0
    assert (
        run("certificates", "new-certificate", "broker", "--host", "127.0.0.1", "--host", "b.example")[0] == 0
    )
    for name in ("ward", HOME, "org-sykehuset"):
        assert run("certificates", "new-certificate", name)[0] == 0
    return tmp_path / "certificates"


def files_of(folder, name):
    """Return what a client's settings would name."""
    return TlsFiles(
        folder.parent / "authority" / "authority.pem", folder / f"{name}.pem", folder / f"{name}.key"
    )


@pytest.mark.mosquitto
def test_what_was_made_opens_the_road(made):
    """With nothing but these files home and ward talk over the broker that is configured as we ship it."""

    class House:
        folder, file = made, made.parent / "authority" / "authority.pem"

    async def talk(port: Port) -> bytes:
        url = f"mqtts://127.0.0.1:{port}"
        ward, hub = (PahoBroker(url, tls=files_of(made, name)) for name in ("ward", HOME))
        async with (
            asyncio.timeout(10),
            ward.session("ward", subscriptions=(topic("+", "up"),)) as at_ward,
            hub.session("hub") as at_home,
        ):
            await at_home.publish(topic(HOME, "up"), b"said")
            return (await at_ward.receive()).payload

    with tls_house(made.parent, House) as port:
        assert asyncio.run(talk(port)) == b"said"
        with pytest.raises(UplinkError, match="not one for clients"):
            asyncio.run(talk_as_broker(port, made))


async def talk_as_broker(port, made):
    """Come with a certificate that is for a broker."""
    broker = PahoBroker(f"mqtts://127.0.0.1:{port}", tls=files_of(made, "broker"))
    async with asyncio.timeout(10), broker.session("hub"):
        raise AssertionError("a broker is no client")


def test_keys_are_their_owners_alone(made):
    """A key is readable by nobody else, whatever the umask; a certificate is no secret."""
    for folder in (made, made.parent / "authority"):
        said = modes(folder)
        assert {mode for name, mode in said.items() if name.endswith(".key")} == {0o600}
        assert len(said) in (2, 8)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "words",
    [("new-authority",), ("new-certificate", HOME), ("new-certificate", "broker", "--host", "b.example")],
)
def test_nothing_is_written_over(run, made, words):
    """A second time is refused, and every file is as it was: a lost key can't be made again."""
    everything = {file: file.read_bytes() for file in made.parent.rglob("*.*")}
    code, _, err = run("certificates", *words)
    assert code == EXIT_USAGE
    assert "is there already" in err
    assert {file: file.read_bytes() for file in made.parent.rglob("*.*")} == everything


@pytest.mark.parametrize(
    ("words", "lesson"),
    [
        (("bob",), "write a home id"),
        (("#",), "write a home id"),
        (("org-",), "write a home id"),
        (("broker",), "needs the host names"),
        (("ward", "--host", "b.example"), "is no broker"),
        (("ward", "--authority", "none"), "new-authority"),
    ],
)
def test_what_can_not_be_meant_is_refused(run, made, words, lesson):
    """A name that the broker's rules do not know would get a pattern's rights: it gets no certificate."""
    before = modes(made)
    code, _, err = run("certificates", "new-certificate", *words, "--out", made)
    assert code == EXIT_USAGE
    assert lesson in err
    assert modes(made) == before


@pytest.mark.parametrize("who", ["hub", "ward"])
def test_certificate_that_is_not_there_is_refused_before_anything_begins(refused, folder, who):
    """Hub and ward say which file and key, and begin neither log nor database nor a connection."""
    file = folder / f"{who}.toml"
    text = file.read_text().replace("mqtt://127.0.0.1:9", "mqtts://127.0.0.1:9")
    file.write_text(f'ca_file = "none.pem"\n{text}')
    assert f"{file}: ca_file: {folder}/none.pem can't be read" in refused(who, "run", "--config", file)


def test_hub_check_reads_the_certificates_aloud(run, made, folder):
    """Whose they are and how long they are good; the key is not touched, and a neighbour's is refused."""
    given = f'broker = "mqtts://b.example"\nca_file = "{made.parent}/authority/authority.pem"\n'
    given += f'certificate_file = "{made}/NAME.pem"\ncertificate_key_file = "/run/credentials/none"\n'
    text = "".join(line for line in HUB.splitlines(keepends=True) if not line.startswith("broker"))
    (folder / "hub.toml").write_text(given.replace("NAME", HOME) + text)
    code, out, _ = run("hub", "check", "--config", folder / "hub.toml")
    assert code == 0
    assert f"{HOME}.pem: {HOME}, vouched for by Pusterom authority, good until 2" in out
    assert "365 more days" in out or "364 more days" in out
    assert "trusts Pusterom authority" in out
    (folder / "hub.toml").write_text(given.replace("NAME", "ward") + text)
    code, _, err = run("hub", "check", "--config", folder / "hub.toml")
    assert code == EXIT_CONFIG
    assert f"{folder}/hub.toml: certificate_file: " in err
    assert "made out to 'ward'" in err
