"""TLS against the real Mosquitto with our own configuration: what works, and what is said when not."""

import asyncio
import shutil
import ssl
from datetime import UTC, datetime

import pytest

from cloud_bridge.authority import Period
from cloud_bridge.broker import Message, UplinkError
from cloud_bridge.contract.topics import topic
from cloud_bridge.flow import Patience
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.tls import TlsFiles
from tests.cloud_bridge.certificates import FUTURE, PAST, Authority
from tests.cloud_bridge.houses import desk_house, tls_house
from tests.contracts.mosquitto import OPEN, mosquitto

pytestmark = pytest.mark.anyio

HOME = "00c0ffee00c0ffee"
QUICK = Patience(connect_timeout_s=5.0, ack_timeout_s=5.0, keepalive_s=1)
HINT = "speaks MQTT 5"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
async def bound():
    """Fail, rather than hang, when something is never woken."""
    async with asyncio.timeout(20):
        yield


@pytest.fixture
def authority(tmp_path):
    """Return the authority that everybody trusts."""
    made = Authority(tmp_path)
    made.broker()
    return made


@pytest.fixture
def port(tmp_path, authority):
    """Run Mosquitto as config/mosquitto-tls.conf has it."""
    with tls_house(tmp_path, authority) as port:
        yield port


class OldTls(TlsFiles):
    """The same files, and nothing newer than TLS 1.2."""

    def context(self):
        context = super().context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context


async def refusal(url, files=TlsFiles(), **settings):  # noqa: B008 - frozen: nobody can change it
    """Connect, which must fail in words that are no MQTT 5 hint; return them."""
    with pytest.raises(UplinkError) as caught:
        async with PahoBroker(url, tls=files, patience=QUICK, **settings).session(
            "hub", subscriptions=("a",)
        ):
            raise AssertionError("we got in")
    assert HINT not in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)
    return str(caught.value)


@pytest.mark.mosquitto
async def test_home_and_ward_talk_by_their_certificates(port, authority):
    """With a certificate each, a home is heard by the ward and answered; no password is needed."""
    url = f"mqtts://127.0.0.1:{port}"
    async with (
        PahoBroker(url, tls=authority.of("ward")).session("w", subscriptions=(topic("+", "up"),)) as ward,
        PahoBroker(url, tls=authority.of(HOME)).session("h", subscriptions=(topic(HOME, "down"),)) as hub,
    ):
        await hub.publish(topic(HOME, "up"), b"said")
        assert await ward.receive() == Message(topic(HOME, "up"), b"said")
        await ward.publish(topic(HOME, "down"), b"heard")
        assert (await hub.receive()).payload == b"heard"


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("none", "set certificate_file and certificate_key_file"),
        ("expired", "our certificate has expired: renew certificate_file (ours: 00c0ffee00c0ffee"),
        ("not yet valid", "by the broker's clock it may not be valid yet (ours: 00c0ffee00c0ffee"),
        ("foreign", "does not know the authority that vouches for our certificate"),
    ],
)
async def test_broker_that_refuses_our_certificate_is_understood(port, authority, client, words, version):
    """In both versions of TLS: which certificate is not taken, why, and what to do. TLS 1.3 says it late."""
    foreign = Authority(authority.folder, "foreign")
    files = {
        "none": lambda: TlsFiles(authority.file),
        "expired": lambda: authority.of(HOME, PAST),
        "not yet valid": lambda: authority.of(HOME, FUTURE),
        "foreign": lambda: foreign.of(HOME, trusts=authority.file),
    }[client]()
    if version == "1.2":
        files = OldTls(files.ca_file, files.certificate_file, files.certificate_key_file)
    assert words in await refusal(f"mqtts://127.0.0.1:{port}", files)


@pytest.mark.mosquitto
@pytest.mark.parametrize("has_certificate", [True, False])
async def test_refusal_that_nobody_heard_is_still_about_certificates(
    tmp_path, port, authority, monkeypatch, has_certificate
):
    """Where the line is slow the reason is lost with the line: then the likely one is said, never MQTT's."""
    monkeypatch.setattr("cloud_bridge.tls.VERDICT_MS", 0)
    foreign = Authority(tmp_path, "foreign").of(HOME, trusts=authority.file)
    said = await refusal(
        f"mqtts://127.0.0.1:{port}", foreign if has_certificate else TlsFiles(authority.file)
    )
    assert ("ours: 00c0ffee00c0ffee, vouched for by foreign" in said) == has_certificate
    assert ("set certificate_file" in said) != has_certificate


@pytest.mark.mosquitto
@pytest.mark.parametrize(
    ("broker", "words"),
    [
        ("unknown authority", "nobody we trust vouches for its certificate: set ca_file"),
        ("other host", "is for another host than 127.0.0.1"),
        ("expired", "its certificate has expired, for this machine's clock says 20"),
        ("not yet valid", "the certificate is not valid yet then. Most likely the clock is wrong"),
    ],
)
async def test_broker_that_we_do_not_trust_is_said_why(tmp_path, broker, words):
    """Unknown authority, wrong host, expired, not yet valid: each in its own words, with the next step."""
    authority = Authority(tmp_path)
    files = authority.of(HOME)
    if broker == "unknown authority":
        authority.broker()
        files = TlsFiles(Authority(tmp_path, "another").file)
    else:
        authority.broker(
            **{
                "other host": {"host": "broker.example"},
                "expired": {"period": PAST},
                "not yet valid": {"period": FUTURE},
            }[broker]
        )
    with tls_house(tmp_path, authority) as port:
        assert words in await refusal(f"mqtts://127.0.0.1:{port}", files)


@pytest.mark.mosquitto
async def test_hub_without_a_clock_says_what_its_clock_says(tmp_path):
    """A hub that stands in 1970 is told so in plain words, and that it is tried again."""
    authority = Authority(tmp_path)
    authority.broker(FUTURE)
    with tls_house(tmp_path, authority) as port:
        said = await refusal(
            f"mqtts://127.0.0.1:{port}",
            authority.of(HOME),
            now=lambda: datetime(1970, 1, 1, 0, 2, tzinfo=UTC),
        )
    assert "this machine's clock says 1970-01-01 00:02 UTC" in said
    assert "tried again until the time service has set it" in said


@pytest.mark.mosquitto
async def test_plain_words_to_a_port_for_tls_and_the_other_way_round(tmp_path, port, authority):
    """Whoever mixes up mqtt:// and mqtts:// is told which of them to write."""
    assert f"write mqtts://127.0.0.1:{port}" in await refusal(f"mqtt://127.0.0.1:{port}")
    with desk_house(tmp_path) as bare:
        said = await refusal(f"mqtts://127.0.0.1:{bare}", TlsFiles(authority.file))
    assert "does not speak TLS" in said
    assert "mqtt://" in said


@pytest.mark.mosquitto
async def test_renewed_certificate_counts_while_connected(port, authority):
    """When the files change, the session leaves politely (no will); the next has the new certificate."""
    url, will = f"mqtts://127.0.0.1:{port}", Message(topic(HOME, "state"), b"away")
    files = authority.of(HOME)
    hub = PahoBroker(url, tls=files, patience=QUICK)
    before = hub.certificate_expiry
    ward = PahoBroker(url, tls=authority.of("ward"))
    async with ward.session("w", subscriptions=(topic("+", "state"), topic("+", "up"))) as at_ward:
        async with hub.session("h", will=will) as session:
            authority.of(HOME, Period(PAST.starts_at, FUTURE.expires_at))
            with pytest.raises(UplinkError, match="were renewed: connecting anew"):
                await session.receive()
        async with hub.session("h", will=will) as session:
            await session.publish(topic(HOME, "up"), b"back")
        assert (await at_ward.receive()).payload == b"back"  # and no will before it
    assert hub.certificate_expiry == FUTURE.expires_at.replace(microsecond=0) > before


@pytest.mark.mosquitto
async def test_half_a_renewal_disturbs_nobody(tmp_path, port, authority, caplog):
    """A new certificate beside the old key ends no session; it is logged, and the next try says why."""
    files = authority.of(HOME)
    hub = PahoBroker(f"mqtts://127.0.0.1:{port}", tls=files, patience=QUICK)
    other = Authority(tmp_path, "other").of(HOME)
    async with hub.session("h", subscriptions=(topic(HOME, "down"),)) as session:
        shutil.copy(other.certificate_file, files.certificate_file)
        async with asyncio.timeout(10):
            while "stay with the old ones" not in caplog.text:
                await session.publish(topic(HOME, "up"), b"going on")
    with pytest.raises(UplinkError, match="is not the key of certificate_file"):
        async with hub.session("h"):
            raise AssertionError("these do not belong together")


@pytest.mark.mosquitto
async def test_two_authorities_in_one_file_are_both_trusted(tmp_path):
    """While one authority follows the other, both ends trust both: no two need change at one moment."""
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    both = tmp_path / "both.pem"
    both.write_bytes(old.file.read_bytes() + new.file.read_bytes())
    new.broker()
    with tls_house(tmp_path, new, ca_file=both) as port:
        for authority in (old, new):
            hub = PahoBroker(f"mqtts://127.0.0.1:{port}", tls=authority.of(HOME, trusts=both))
            async with hub.session("h") as session:
                await session.publish(topic(HOME, "up"), b"said")


@pytest.mark.mosquitto
async def test_broker_reads_a_renewed_certificate_at_sighup(tmp_path):
    """`systemctl reload mosquitto` is enough: the broker's certificate is renewed without a restart."""
    authority = Authority(tmp_path)
    authority.broker(host="broker.example")
    config = OPEN + f"certfile {authority.folder}/broker.pem\nkeyfile {authority.folder}/broker.key\n"
    with mosquitto(tmp_path, config) as port:
        url, files = f"mqtts://127.0.0.1:{port}", TlsFiles(authority.file)
        assert "another host" in await refusal(url, files)
        authority.broker()
        port.reload()
        while not await is_welcome(PahoBroker(url, tls=files)):
            pass  # the signal is on its way; the test's own bound ends this


async def is_welcome(broker) -> bool:
    """Tell whether a session can be opened."""
    try:
        async with broker.session("h"):
            return True
    except UplinkError:
        return False
