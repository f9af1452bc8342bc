"""config/mosquitto.acl and both configurations, on the real Mosquitto: each user, each topic, both ways."""

import asyncio

import pytest

from cloud_bridge.broker import DeniedError
from cloud_bridge.contract.topics import topic
from cloud_bridge.mqtt import PahoBroker
from tests.cloud_bridge.certificates import Authority
from tests.cloud_bridge.houses import desk_house, tls_house

pytestmark = [pytest.mark.anyio, pytest.mark.mosquitto]

HOME, OTHER = "00c0ffee00c0ffee", "0123456789abcdef"
USERS = (HOME, OTHER, "ward", "ingest", "org-sykehuset", "org-ringsaker")
DIRECTIONS = ("up", "state", "down")
TESTER = "org-tester"
ALLOW_TESTER = f"\npattern read sentinel\nuser {TESTER}\ntopic readwrite #\n"


def homes(names, directions):
    """Return the topics of these homes in these directions."""
    return {f"pusterom/v1/home/{name}/{direction}" for name in names for direction in directions}


ORGANISATIONS = (*USERS, "sykehuset", "ringsaker")
ORG_TOPICS = {f"pusterom/v1/org/{name}{rest}" for name in ORGANISATIONS for rest in ("", f"/{HOME}/Task")}
ELSEWHERE = {"elsewhere", "pusterom", "pusterom/v2/home/x/up", f"pusterom/v1/home/{HOME}", "/"}
TOPICS = sorted(
    homes(USERS, (*DIRECTIONS, "more")) | ORG_TOPICS | ELSEWHERE | {topic(HOME, "up") + "/deeper"}
)

MAY_WRITE = {
    HOME: homes([HOME], ("up", "state")),
    OTHER: homes([OTHER], ("up", "state")),
    "ward": homes(set(USERS) - {"ward"}, ["down"]) | ORG_TOPICS,
    "ingest": homes(set(USERS) - {"ingest"}, ["down"]),
    "org-sykehuset": set(),
    "org-ringsaker": set(),
    None: set(),
}
MAY_READ = {
    HOME: homes([HOME], ["down"]),
    OTHER: homes([OTHER], ["down"]),
    "ward": homes(set(USERS) - {"ward"}, ("up", "state")),
    "ingest": homes(set(USERS) - {"ingest"}, ("up", "state")),
    "org-sykehuset": {name for name in ORG_TOPICS if "org/sykehuset" in name},
    "org-ringsaker": {name for name in ORG_TOPICS if "org/ringsaker" in name},
    None: set(),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Brokers:
    """A broker of each user's own: over TLS by certificate, and for nobody at all on the desk."""

    def __init__(self, authority, tls_port, desk_port):
        self.authority, self.url, desk = (
            authority,
            f"mqtts://127.0.0.1:{tls_port}",
            f"mqtt://127.0.0.1:{desk_port}",
        )
        self.of = {name: PahoBroker(self.url, tls=authority.of(name)) for name in USERS}
        self.of[None] = PahoBroker(desk)
        self.tester_of = dict.fromkeys(USERS, PahoBroker(self.url, tls=authority.of(TESTER)))
        self.tester_of[None] = PahoBroker(desk, username=TESTER)


@pytest.fixture(scope="module")
def brokers(tmp_path_factory):
    """Run Mosquitto twice, with both of our configurations and the same rules."""
    folder, desk = tmp_path_factory.mktemp("tls"), tmp_path_factory.mktemp("desk")
    authority = Authority(folder)
    authority.broker()
    with (
        tls_house(folder, authority, rules=ALLOW_TESTER) as tls_port,
        desk_house(desk, rules=ALLOW_TESTER) as desk_port,
    ):
        yield Brokers(authority, tls_port, desk_port)


@pytest.mark.parametrize("user", MAY_WRITE)
async def test_everybody_writes_exactly_what_is_allowed(brokers, user):
    """Of all topics a user's publishes pass on his own and are a DeniedError on every other."""
    passed = set()
    async with brokers.of[user].session(f"writer-{user}") as session, asyncio.timeout(30):
        for name in TOPICS:
            try:
                await session.publish(name, b"")
                passed.add(name)
            except DeniedError:
                pass
    assert passed == MAY_WRITE[user]


@pytest.mark.parametrize("pattern", ["#", "pusterom/v1/#", "$share/thieves-of-{user}/#"])
@pytest.mark.parametrize("user", MAY_READ)
async def test_everybody_hears_exactly_what_is_allowed(brokers, user, pattern):
    """Whoever subscribes to everything is delivered his own topics and no other, now or retained."""
    pattern = pattern.format(user=user)
    filters = (pattern,) if pattern == "#" else (pattern, "sentinel")
    async with asyncio.timeout(10), brokers.tester_of[user].session("tester") as tester:
        for name in TOPICS:
            await tester.publish(name, b"kept", is_retained=True)
        async with brokers.of[user].session(f"{user} {len(pattern)}", subscriptions=filters) as session:
            for name in TOPICS:
                await tester.publish(name, b"now")
            await tester.publish("sentinel", b"")
            heard = []
            while (message := await session.receive()).topic != "sentinel":
                heard.append((message.topic, message.payload))
    assert sorted(heard) == sorted((name, word) for name in MAY_READ[user] for word in (b"kept", b"now"))


def test_the_table_is_about_the_programs_own_topics():
    """What a home is allowed is what the program says and hears: neither of the two can drift alone."""
    assert {topic(HOME, "up"), topic(HOME, "state")} == MAY_WRITE[HOME]
    assert {topic(HOME, "down")} == MAY_READ[HOME]


async def test_a_name_is_no_way_around_the_certificate(brokers):
    """Over TLS the username that a client gives counts for nothing: what its certificate says does."""
    impostor = PahoBroker(brokers.url, username=HOME, tls=brokers.authority.of(OTHER))
    async with impostor.session("impostor") as session:
        with pytest.raises(DeniedError):
            await session.publish(topic(HOME, "up"), b"not mine")
        await session.publish(topic(OTHER, "up"), b"mine")
