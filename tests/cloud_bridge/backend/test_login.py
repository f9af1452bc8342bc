"""Logging in, end to end over HTTP: a real provider on this machine, and all that can be false in it."""

import asyncio
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from hmac import digest
from json import dumps
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.live import Changes
from cloud_bridge.backend.login import Login, NobodyHereError, who_in
from cloud_bridge.backend.provider import Provider, http_client
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.look.serve import address, listen, serve
from simulators.oidc import Client, OidcProvider, Pretended, oidc_app
from tests.cloud_bridge.backend.some_login import CLIENT_KEY, SECRET, login_settings
from tests.contracts.tables.facts import NOON

pytestmark = pytest.mark.anyio

NUMBER = "01019012345"
NURSE = Pretended("Sykepleier, sykehuset", {"sub": "a", "pid": NUMBER, "org": "983971709", "role": "SP"})
GUEST = Pretended("Vaktmester, sykehuset", {"sub": "b", "pid": "b", "org": "983971709", "role": "VM"})
REFUSED, NOBODY, AWAY = "Innloggingen ble avvist", "Du har ikke tilgang her", "Innloggingen virker ikke"


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self):
        """The time of ward and provider."""
        return self.at


class Bent(OidcProvider):
    """The provider with a word of the test's own for the token, where it has one."""

    bend = None

    def signed(self, claims):
        """Return the token as the test bends it."""
        return super().signed(claims) if self.bend is None else self.bend(claims)


@dataclass
class Stage:
    """A ward and a provider that are served, and a browser."""

    ward: str
    provider: Bent
    tables: Tables
    clock: Clock
    login: Login
    browser: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def to_the_provider(self, path: str = "/") -> str:
        """Open a page of the ward; return the address at the provider to which one is led."""
        asked = await self.browser.get(self.ward + path)
        assert (asked.status_code, asked.headers["location"][:9]) == (303, "/login?to")
        led = await self.browser.get(self.ward + asked.headers["location"])
        assert led.status_code == 303
        return led.headers["location"]

    async def chosen(self, where: str, title: str = NURSE.title) -> str:
        """Choose somebody on the provider's page; return the address with which one is sent back."""
        page = (await self.browser.get(where)).text
        link = next(link for link, text in re.findall(r'href="([^"]+)">([^<]+)', page) if text == title)
        sent = await self.browser.get(self.provider.issuer + link.replace("&amp;", "&"))
        return sent.headers["location"]

    async def come_back(self, path: str = "/", title: str = NURSE.title) -> httpx.Response:
        """Log in as somebody; return the ward's answer."""
        return await self.browser.get(await self.chosen(await self.to_the_provider(path), title))

    async def sessions(self) -> int:
        """How many are logged in."""
        return len(await self.tables._rows("select id from session"))

    async def assert_refused(self, answer: httpx.Response, title: str = REFUSED) -> None:
        """Nobody is logged in, and a clear page says so."""
        assert (answer.status_code, title in answer.text) == (503 if title == AWAY else 403, True)
        assert "ticket" not in self.browser.cookies
        assert await self.sessions() == 0
        assert (await self.browser.get(self.ward + "/")).status_code == 303


@asynccontextmanager
async def stage_of(tables: Tables, *, wants_pushed: bool = False) -> AsyncIterator[Stage]:
    """Serve a ward and its provider on loopback."""
    clock = Clock()
    with closing(listen("127.0.0.1", 0)) as ward, closing(listen("127.0.0.1", 0)) as there:
        page, issuer = address(ward).rstrip("/"), address(there).rstrip("/")
        settings = login_settings(issuer, page)
        public = RSAKey.import_key(CLIENT_KEY.as_dict(private=False))
        client = Client(settings.client_id, public, settings.callback_url)
        people = {"nurse": NURSE, "guest": GUEST}
        provider = Bent(issuer, client, people, clock.now, wants_pushed)
        async with http_client() as http, asyncio.TaskGroup() as tasks:
            login = Login(Provider(settings, CLIENT_KEY, http), tables, SECRET, clock.now)
            app = ward_app(tables, Changes(), clock.now, ZoneInfo("Europe/Oslo"), login=login)
            served = [
                tasks.create_task(serve(app, ward)),
                tasks.create_task(serve(oidc_app(provider), there)),
            ]
            stage = Stage(page, provider, tables, clock, login)
            try:
                yield stage
            finally:
                await stage.browser.aclose()
                for each in served:
                    each.cancel()


@pytest.mark.parametrize("wants_pushed", [False, True])
async def test_one_logs_in_works_and_logs_out(tables: Tables, wants_pushed: bool) -> None:
    """From a page to the provider and back to that page; after the logout the ticket is worth nothing."""
    async with stage_of(tables, wants_pushed=wants_pushed) as stage:
        back = await stage.come_back("/?days=14")
        assert (back.status_code, back.headers["location"]) == (303, "/?days=14")
        cookie = next(each for each in back.headers.get_list("set-cookie") if each.startswith("ticket="))
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        ticket = stage.browser.cookies["ticket"]
        who = await tables.session(ticket, stage.clock.at)
        assert (who.organisation, who.role) == ("sykehuset", Role.NURSE)
        page = await stage.browser.get(stage.ward + "/")
        assert (page.status_code, "Logg ut" in page.text) == (200, True)
        left = await stage.browser.post(stage.ward + "/logout")
        assert (left.status_code, f"{stage.provider.issuer}/end" in left.text) == (200, True)
        assert "ticket" not in stage.browser.cookies
        stage.browser.cookies.set("ticket", ticket)
        assert (await stage.browser.get(stage.ward + "/")).status_code == 303


async def test_no_national_number_is_kept(tables: Tables, caplog) -> None:
    """What names a person is a keyed hash in every table and in no log; the same person is the same hash."""
    async with stage_of(tables) as stage:
        await stage.come_back()
        await stage.browser.get(stage.ward + "/")
        stage.browser.cookies.clear()
        await stage.come_back()
        people = await tables._rows("select person from session")
        assert len(people) == 2
        assert len(set(people)) == 1
        assert NUMBER not in str(people) + caplog.text
        assert who_in(NURSE.claims, stage.login.provider.settings, b"another" * 8).person != people[0][0]


async def test_a_person_whom_we_do_not_know_is_told(tables: Tables) -> None:
    """Good at the provider is not enough: without a role of ours there is no session."""
    async with stage_of(tables) as stage:
        await stage.assert_refused(await stage.come_back(title=GUEST.title), NOBODY)


def none_signed(claims):
    """A token that nobody has signed."""
    head, body = (urlsafe_b64encode(dumps(each).encode()).rstrip(b"=") for each in ({"alg": "none"}, claims))
    return f"{head.decode()}.{body.decode()}."


STRANGE_KEY = RSAKey.generate_key(2048, {"kid": "k1"})
BENT = {
    "wrong nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "expired": {"exp": int(NOON.timestamp()) - 31},
    "never expires": {"exp": None},
    "another client's": {"aud": "another"},
    "another's and ours": {"aud": ["another", "pusterom-ward"], "azp": "another"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "not yet": {"nbf": int(NOON.timestamp()) + 31},
    "nobody": {"pid": None},
}


@pytest.mark.parametrize("change", BENT.values(), ids=BENT)
async def test_a_token_that_is_not_for_this_login_is_refused(tables: Tables, change: dict) -> None:
    """Signed by the right key, and still about something else."""
    async with stage_of(tables) as stage:

        def bend(claims):
            bent = {name: value for name, value in (claims | change).items() if value is not None}
            return OidcProvider.signed(stage.provider, bent)

        stage.provider.bend = bend
        await stage.assert_refused(await stage.come_back(), NOBODY if change == BENT["nobody"] else REFUSED)


SIGNED = {
    "nobody": none_signed,
    "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "k1"}, claims, STRANGE_KEY),
    "a secret": lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("0" * 32)),
    "no token": lambda _claims: "a.b.c",
}


@pytest.mark.parametrize("sign", SIGNED.values(), ids=SIGNED)
async def test_a_token_that_the_provider_did_not_sign_is_refused(tables: Tables, sign) -> None:
    """Signed by nobody, by another key, or with a secret: never a session."""
    async with stage_of(tables) as stage:
        stage.provider.bend = sign
        await stage.assert_refused(await stage.come_back())


async def test_the_public_key_is_no_secret_to_sign_with(tables: Tables) -> None:
    """Whoever takes the published key for a shared secret signs nothing."""
    async with stage_of(tables) as stage:
        public = stage.provider.key.as_pem(private=False)

        def sign(claims):
            parts = (
                urlsafe_b64encode(dumps(each).encode()).rstrip(b"=") for each in ({"alg": "HS256"}, claims)
            )
            said = b".".join(parts)
            return (said + b"." + urlsafe_b64encode(digest(public, said, "sha256")).rstrip(b"=")).decode()

        stage.provider.bend = sign
        await stage.assert_refused(await stage.come_back())


@pytest.mark.parametrize(
    "change", [{"state": "another"}, {"state": ""}, {"code": "guessed"}, {"code": ""}, {"iss": "https://x.example"}]
)  # fmt: skip
async def test_an_answer_that_is_not_to_this_login_is_refused(tables: Tables, change: dict) -> None:
    """Another state, a guessed code, another issuer; and what was refused once can't be mended."""
    async with stage_of(tables) as stage:
        back = await stage.chosen(await stage.to_the_provider())
        said = {name: value[0] for name, value in parse_qs(urlsplit(back).query).items()}
        bent = f"{stage.ward}/login/callback?{urlencode(said | change)}"
        await stage.assert_refused(await stage.browser.get(bent))
        await stage.assert_refused(await stage.browser.get(back))


async def test_an_answer_counts_once_and_in_the_browser_that_began(tables: Tables) -> None:
    """A code that was used, and one that is brought to somebody else's browser, open nothing."""
    async with stage_of(tables) as stage:
        back = await stage.chosen(await stage.to_the_provider())
        async with httpx.AsyncClient() as other:
            await other.get(stage.ward + "/login")
            assert (await other.get(back)).status_code == 403
            assert (await other.get(back)).status_code == 403
        kept = dict(stage.browser.cookies)
        assert (await stage.browser.get(back)).status_code == 303
        stage.browser.cookies = httpx.Cookies(kept)
        assert (await stage.browser.get(back)).status_code == 403
        assert await stage.sessions() == 1


async def test_a_login_that_takes_too_long_is_none(tables: Tables) -> None:
    """Ten minutes after it began nobody comes back to it."""
    async with stage_of(tables) as stage:
        where = await stage.to_the_provider()
        stage.clock.at += timedelta(minutes=11)
        await stage.assert_refused(await stage.browser.get(await stage.chosen(where)))


async def test_the_provider_knows_us_by_our_key_alone(tables: Tables) -> None:
    """Signed with another key than the one that is registered, our own word gets nobody in."""
    async with stage_of(tables) as stage:
        stage.login.provider.key = RSAKey.generate_key(2048)
        await stage.assert_refused(await stage.come_back())


async def test_another_provider_by_that_name_is_refused(tables: Tables) -> None:
    """A provider that calls itself otherwise than the settings do is asked nothing more."""
    async with stage_of(tables) as stage:
        stage.provider.issuer = "https://elsewhere.example"
        await stage.assert_refused(await stage.browser.get(stage.ward + "/login"))


async def test_a_provider_that_is_away_is_said(tables: Tables) -> None:
    """Where nobody answers the page says that logging in does not work now."""
    async with stage_of(tables) as stage:
        stage.login.provider.settings = stage.login.provider.settings.model_copy(
            update={"issuer": "http://127.0.0.1:9"}
        )
        await stage.assert_refused(await stage.browser.get(stage.ward + "/login"), AWAY)


async def test_a_new_key_of_the_provider_is_learnt(tables: Tables) -> None:
    """A key that is newer than what we know is fetched, not more than once a minute."""
    async with stage_of(tables) as stage:
        await stage.come_back()
        stage.provider.key = RSAKey.generate_key(2048, {"kid": "k2"})
        stage.clock.at += timedelta(minutes=2)
        stage.browser.cookies.clear()
        assert (await stage.come_back()).status_code == 303


@pytest.mark.parametrize(
    "to", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "javascript:1"]
)
async def test_a_login_leads_nowhere_else(tables: Tables, to: str) -> None:
    """Whatever a link says, after the login one is with us."""
    async with stage_of(tables) as stage:
        led = await stage.browser.get(f"{stage.ward}/login?{urlencode({'to': to})}")
        back = await stage.browser.get(await stage.chosen(led.headers["location"]))
        assert back.headers["location"] == "/"


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({}, ("sykehuset", Role.NURSE)),
        ({"role": ["LE", "SP", "x"]}, ("sykehuset", Role.NURSE)),
        ({"org": ["x", "864950582"], "role": "LE"}, ("ringsaker", Role.PHYSICIAN)),
        ({"org": ["983971709", "864950582"]}, None),
        ({"org": None}, None), ({"org": "sykehuset"}, None), ({"role": []}, None),
        ({"role": {"SP": 1}}, None),
        ({"pid": ""}, None), ({"pid": 5}, None), ({"pid": "x" * 501}, None),
    ],
)  # fmt: skip
def test_what_the_provider_says_is_read_strictly(change: dict, who: tuple[str, Role] | None) -> None:
    """One organisation of ours and a role of ours, or nobody; two organisations are no answer."""
    settings = login_settings("https://provider.example", "https://ward.example")
    claims = NURSE.claims | change
    if who is None:
        with pytest.raises(NobodyHereError):
            who_in(claims, settings, SECRET)
    else:
        found = who_in(claims, settings, SECRET)
        assert found == Who(found.person, *who)
        assert re.fullmatch("[0-9a-f]{32}", found.person)
