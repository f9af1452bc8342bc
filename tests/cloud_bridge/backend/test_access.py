"""Who may see what: every endpoint, every role, every way to stand to a home, held against the laws."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from cloud_bridge.backend.access import NEEDS, Need
from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.door import Guard
from cloud_bridge.backend.live import Changes
from cloud_bridge.backend.login import Login
from cloud_bridge.backend.provider import Provider, http_client
from cloud_bridge.backend.sharing import Organisation, keep_responsibility, responsibility_of
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Person
from cloud_bridge.backend.who import PEOPLE, Role, Who
from cloud_bridge.contract.handover import Offer
from cloud_bridge.contract.handover_content import Content
from cloud_bridge.contract.responsibility import Entitlement
from cloud_bridge.fhir.naming import id_of
from devices.kinds import Kind
from tests.cloud_bridge.backend.some_login import CLIENT_KEY, login_settings
from tests.contracts.tables.facts import HOME, NOON, OTHER, at, batch, reading, told

pytestmark = pytest.mark.anyio

NAME, OTHER_NAME, VALUE = "Kari Nordmann", "Ola Hansen", "71,3"
ORGANISATIONS = {
    "accountable": "sykehuset", "entitled": "ringsaker", "ended": "hamar", "offered": "gran", "other": "lier",
}  # fmt: skip
CLINICAL, AT_WORK = frozenset({Role.NURSE, Role.PHYSICIAN}), PEOPLE
READS_FHIR = CLINICAL | {Role.SYSTEM}
SEES, HEARS = {"accountable", "entitled"}, {"accountable", "entitled", "offered"}
EVERY = set(ORGANISATIONS)


@dataclass(frozen=True)
class Law:
    """What a route is for: whom it lets in, and what a stranger and whoever is let in get."""

    roles: frozenset[Role]
    ways: set[str]
    stranger: int = 303
    good: int = 200


LAWS = {
    ("GET", "/"): Law(CLINICAL, EVERY),
    ("GET", "/patient/{home}"): Law(CLINICAL, SEES),
    ("GET", "/patient/{home}/handover"): Law(CLINICAL, HEARS),
    ("POST", "/patient/{home}/handover"): Law(CLINICAL, HEARS, stranger=401, good=303),
    ("GET", "/patient/{home}/plan"): Law(CLINICAL, SEES),
    ("POST", "/patient/{home}/plan"): Law(CLINICAL, {"accountable"}, stranger=401, good=303),
    ("GET", "/patient/{home}/looks"): Law(AT_WORK, SEES),
    ("POST", "/handle"): Law(CLINICAL, SEES, stranger=401, good=303),
    ("GET", "/figures"): Law(AT_WORK, EVERY),
    ("GET", "/figures.csv"): Law(AT_WORK, EVERY, stranger=401),
    ("GET", "/figures.json"): Law(AT_WORK, EVERY, stranger=401),
    ("GET", "/changes"): Law(AT_WORK, EVERY, stranger=401),
    ("GET", "/fhir/{kind}"): Law(READS_FHIR, EVERY, stranger=401),
    ("GET", "/fhir/{kind}/{id}"): Law(READS_FHIR, SEES, stranger=401),
}
FOR_EVERYBODY = {
    ("GET", "/look/{name}"), ("GET", "/health"), ("GET", "/login"), ("GET", "/login/callback"),
    ("POST", "/logout"), ("GET", "/fhir/metadata"),
}  # fmt: skip
"""They show nobody; what login and logout answer is held in test_login.py."""

INSIDERS = [(way, role) for way in ORGANISATIONS for role in Role]
STRANGERS = {"nobody": None, "forged": "guessed", "over": "late", "idle": "idle", "empty": ""}


async def followed(tables: Tables) -> None:
    """One home that is seen, was seen, is offered; and one of somebody else; all with a name and a value."""
    await tables.enrol_organisations(Organisation(each, each, "gp") for each in ORGANISATIONS.values())
    for home, name, organisation in ((HOME, NAME, "sykehuset"), (OTHER, OTHER_NAME, "lier")):
        await tables.enrol(Person(home, name, 1950))
        weight = replace(reading(1), kind=Kind.BODY_WEIGHT, value=71.3)
        await tables.commit(batch(told(1, weight), home=home), at=NOON)
        await tables.set_home_state(home, True, NOON)
        assert await tables.begin_follow_up(home, organisation, "lege", NOON) is None
    await tables.index_next(at(1), "nb")
    content = Content(plan_version=1, why_now="stabil")
    offer = Offer(
        id="o1", home=HOME, by="sykehuset", role="lege", seen=1, to="gran", until=at(600), content=content
    )
    stepped = await tables.hand_over(offer, at(1))
    assert stepped.answer.what == "offered"

    def entitle(transaction):
        held = responsibility_of(transaction, HOME)
        entitled = (Entitlement("ringsaker", NOON, at(600)), Entitlement("hamar", NOON, at(5)))
        keep_responsibility(transaction, HOME, replace(held, entitled=entitled), 2)

    await tables._ask(entitle)
    await tables.open_session("late", Who("p", "sykehuset", Role.NURSE), at(6) - timedelta(hours=8))
    await tables._ask(lambda each: each.change("update session set seen_at = :now", now=at(5).isoformat()))
    await tables.open_session("idle", Who("p", "sykehuset", Role.NURSE), at(6) - timedelta(minutes=30))


def the_app(tables: Tables):
    """The ward's pages as they are where people log in; its stream ends at once."""
    settings = login_settings("http://127.0.0.1:9", "http://127.0.0.1:8")
    login = Login(Provider(settings, CLIENT_KEY, http_client()), tables, b"s" * 32, lambda: at(6))
    app = ward_app(tables, Changes(), lambda: at(6), ZoneInfo("Europe/Oslo"), login=login)
    app.state.streams.end()
    return app


async def ask(app, route: tuple[str, str], ticket: str | None, home: str = HOME) -> httpx.Response:
    """Ask one route as a browser does, about one home."""
    method, path = route
    cookies = {} if ticket is None else {"ticket": ticket}
    fields = {"home": home, "act": "seen", "matter": "m", "upto": at(1).isoformat()}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", cookies=cookies
    ) as browser:
        id_ = id_of(home, "reading", "r1")
        where = path.format(home=home, name="style.css", kind="Observation", id=id_)
        return await browser.request(method, where, data=fields if method == "POST" else None)


def leaks(answer: httpx.Response) -> list[str]:
    """What a denied answer must not hold; the address that was asked for is the asker's own word."""
    text = answer.text.replace(answer.request.url.path, "")
    return [each for each in (NAME, OTHER_NAME, VALUE, HOME, OTHER) if each in text]


def expected(law: Law, way: str, role: Role) -> int:
    """The answer that the laws give to somebody who has logged in."""
    if role not in law.roles:
        return 403
    return law.good if way in law.ways else 404


@pytest.mark.parametrize(("way", "role"), INSIDERS)
async def test_whoever_has_logged_in_gets_what_is_theirs(tables: Tables, way: str, role: Role) -> None:
    """By role and organisation, on every endpoint; what is denied says nothing and leaves no look behind."""
    await followed(tables)
    who = Who(f"{way}-{role}", ORGANISATIONS[way], role)
    await tables.open_session("mine", who, at(6))
    app = the_app(tables)
    found, wanted, noted = {}, {}, set()
    for route, law in LAWS.items():
        answer = await ask(app, route, "mine")
        found[route], wanted[route] = answer.status_code, expected(law, way, role)
        if answer.status_code >= 400:
            assert leaks(answer) == [], route
        elif (what := NEEDS[route].what) and way in (
            SEES if what == "fhir" else law.ways if what == "plan_change" else HEARS
        ):
            noted.add(what)
    assert found == wanted
    assert {each.what for each in await tables.looks(HOME) if each.by == who} == noted


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_a_stranger_is_led_to_the_login_or_refused(tables: Tables, stranger: str) -> None:
    """Nobody, a forged ticket, a session that is over or was left: a page leads to the login, data is 401."""
    await followed(tables)
    app = the_app(tables)
    for route, law in LAWS.items():
        answer = await ask(app, route, STRANGERS[stranger])
        assert (answer.status_code, leaks(answer)) == (law.stranger, []), route
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login?to=%2F")
    assert await tables.looks(HOME) == ()


@pytest.mark.parametrize("way", ["other", "ended", "offered"])
async def test_a_home_that_is_anothers_is_like_one_that_is_not(tables: Tables, way: str) -> None:
    """Word for word and header for header the same answer: nobody learns which homes there are."""
    await followed(tables)
    await tables.open_session("mine", Who("x", ORGANISATIONS[way], Role.NURSE), at(6))
    app, unknown = the_app(tables), "feedfeedfeedfeed"
    compared = 0
    for route, law in LAWS.items():
        if way in law.ways:
            continue
        theirs, nobodys = await ask(app, route, "mine"), await ask(app, route, "mine", unknown)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(HOME, unknown) == nobodys.text
        assert dict(theirs.headers) == dict(nobodys.headers)
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("accountable", [NAME, VALUE]), ("entitled", [NAME, VALUE]), ("offered", [NAME]), ("ended", []),
        ("other", [OTHER_NAME, VALUE]),
    ],
)  # fmt: skip
async def test_the_list_holds_ones_own_homes(tables: Tables, way: str, shown: list[str]) -> None:
    """Whoever is offered a home reads its name there, no value; what has ended shows nothing."""
    await followed(tables)
    await tables.open_session("mine", Who("x", ORGANISATIONS[way], Role.NURSE), at(6))
    html = (await ask(the_app(tables), ("GET", "/"), "mine")).text
    assert [each for each in (NAME, OTHER_NAME, VALUE) if each in html] == shown


@pytest.mark.parametrize("way", ORGANISATIONS)
async def test_a_search_holds_ones_own_homes(tables: Tables, way: str) -> None:
    """In FHIR, too: what one may not see is not among what is found, and only what is found is a look."""
    await followed(tables)
    who = Who("x", ORGANISATIONS[way], Role.SYSTEM)
    await tables.open_session("mine", who, at(6))
    answer = await ask(the_app(tables), ("GET", "/fhir/{kind}"), "mine")
    shown = {each for each in (HOME, OTHER) if each in answer.text}
    assert shown == ({HOME} if way in SEES else {OTHER} if way == "other" else set())
    noted = {home for home in (HOME, OTHER) for look in await tables.looks(home) if look.by == who}
    assert noted == shown


async def test_a_page_that_asks_by_itself_is_told_and_keeps_nobody_logged_in(tables: Tables) -> None:
    """What live.js fetches is 401 and no detour, and half an hour of it is no half hour of work."""
    await followed(tables)
    await tables.open_session("mine", Who("x", "sykehuset", Role.NURSE), at(-20))
    app, path = the_app(tables), f"/patient/{HOME}"
    by_itself = {"sec-fetch-dest": "empty"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        assert (await browser.get(path, headers=by_itself)).status_code == 401
        browser.cookies.set("ticket", "mine")
        assert (await browser.get(path, headers=by_itself)).status_code == 200
    assert await tables.session("mine", at(11)) is None


async def test_another_site_acts_for_nobody(tables: Tables) -> None:
    """A form from elsewhere is refused on every POST, logout included, also with a good session."""
    await followed(tables)
    await tables.open_session("mine", Who("x", "sykehuset", Role.NURSE), at(6))
    transport, cookies = httpx.ASGITransport(the_app(tables)), {"ticket": "mine"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", cookies=cookies
    ) as browser:
        for headers in ({"origin": "http://elsewhere"}, {"sec-fetch-site": "cross-site"}):
            for path in ("/handle", f"/patient/{HOME}/handover", "/logout"):
                assert (await browser.post(path, data={"home": HOME}, headers=headers)).status_code == 403
    assert await tables.looks(HOME) == ()
    assert await tables.session("mine", at(7)) is not None


async def test_no_look_without_a_row(tmp_path) -> None:
    """Where the table of looks can't be written no patient is shown, and the page says why."""
    tables = Tables(SqliteDatabase(tmp_path / "ward.db"))
    await followed(tables)
    await tables.open_session("mine", Who("x", "sykehuset", Role.NURSE), at(6))
    await tables._ask(lambda transaction: transaction.change("drop table look"))
    app = the_app(tables)
    for route, law in LAWS.items():
        if NEEDS[route].what and "accountable" in law.ways:
            answer = await ask(app, route, "mine")
            assert (answer.status_code, leaks(answer)) == (503, []), route
    tables.close()


def routes_of(app) -> set[tuple[str, str]]:
    """Every method and path of an app; a route that takes any method is asked with GET."""
    return {(method, route.path) for route in app.routes for method in (route.methods or {"GET"}) - {"HEAD"}}


async def test_every_route_declares_what_it_needs(tmp_path) -> None:
    """Declared in the code and held by a law here: no route more, none less."""
    tables = Tables(SqliteDatabase(tmp_path / "ward.db"))
    assert routes_of(the_app(tables)) == set(NEEDS) == set(LAWS) | FOR_EVERYBODY
    assert all(not NEEDS[route].roles for route in FOR_EVERYBODY)
    assert all(need.what for need in NEEDS.values() if need.concerns != "nobody")
    tables.close()


async def test_a_route_that_declares_nothing_is_as_if_it_were_not(tmp_path) -> None:
    """Whoever forgets to declare a route shows nothing by it; no more does another method on a known one."""
    tables = Tables(SqliteDatabase(tmp_path / "ward.db"))
    app = the_app(tables)
    app.get("/forgotten/{home}")(lambda home: home + VALUE)
    for route in (("GET", "/forgotten/{home}"), ("POST", "/changes")):
        answer = await ask(app, route, None)
        assert (answer.status_code, leaks(answer)) == (404, [])
    tables.close()


def test_a_need_is_for_nobody_until_it_says_for_whom() -> None:
    """Without roles a need names no home and notes nothing; under https a cookie is bound to the host."""
    assert (Need().concerns, Need().what) == ("nobody", "")
    assert Guard(None, lambda: NOON).cookie == "__Host-ticket"
