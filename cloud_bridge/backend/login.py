"""How people log in and out: the provider says who somebody is, and a session of ours remembers it."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.door import Guard, Sessions, told
from cloud_bridge.backend.login_settings import LoginSettings
from cloud_bridge.backend.provider import Provider, ProviderError
from cloud_bridge.backend.sessions import BEGUN_LASTS, LASTS, Begun
from cloud_bridge.backend.who import PEOPLE, Role, Who
from cloud_bridge.look.site import Site

logger = logging.getLogger(__name__)

_CLAIM_LENGTH_MAX = 500
Route = Callable[[Request], Awaitable[Response]]


class LoginTables(Sessions, Protocol):
    """What a login asks of the tables."""

    async def open_session(self, ticket: str, who: Who, now: datetime) -> None:
        """Begin a session."""
        ...

    async def close_session(self, ticket: str) -> None:
        """End a session."""
        ...

    async def begin_login(self, ticket: str, begun: Begun, now: datetime) -> None:
        """Keep what the provider's answer must fit."""
        ...

    async def take_login(self, ticket: str, now: datetime) -> Begun | None:
        """Return what was begun with this ticket, once."""
        ...


class NobodyHereError(Exception):
    """The provider knows them; but no organisation or role of ours is theirs."""


def who_in(claims: Mapping[str, Any], login: LoginSettings, secret: bytes) -> Who:
    """Return who this is to us; raise NobodyHereError. What names a person is hashed, whatever it is."""
    person = _person(claims, login.person_claim, login, secret)
    organisation = _organisation(claims, login.organisation_claim, login)
    said = {login.roles.get(each) for each in _said(claims, login.role_claim)}
    role = next((role for role in Role if role in said and role in PEOPLE), None)
    if role is None:
        raise NobodyHereError("no role of ours")
    return Who(person, organisation, role)


def program_in(claims: Mapping[str, Any], login: LoginSettings, secret: bytes) -> Who:
    """Return whose program this is; raise NobodyHereError."""
    if login.programs is None or login.programs.scope not in str(claims.get("scope", "")).split():
        raise NobodyHereError("a token for something else")
    organisation = _organisation(claims, login.programs.organisation_claim, login)
    return Who(_person(claims, "client_id", login, secret), organisation, Role.SYSTEM)


def _person(claims: Mapping[str, Any], name: str, login: LoginSettings, secret: bytes) -> str:
    person = claims.get(name)
    if not isinstance(person, str) or not 0 < len(person) <= _CLAIM_LENGTH_MAX:
        raise NobodyHereError("no person")
    return hmac.new(secret, f"{login.issuer}\n{person}".encode(), sha256).hexdigest()[:32]


def _organisation(claims: Mapping[str, Any], name: str, login: LoginSettings) -> str:
    known = {login.organisations[each] for each in _said(claims, name) if each in login.organisations}
    if len(known) != 1:
        raise NobodyHereError(f"{len(known)} of our organisations")
    (organisation,) = known
    return organisation


def _said(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    said = claims.get(name)
    many = said if isinstance(said, list) else [said]
    return tuple(each for each in many if isinstance(each, str))


def is_local(path: str) -> bool:
    """Tell whether a browser that is sent there stays with us.

    >>> is_local("/patient/00c0ffee00c0ffee?days=90"), is_local("//elsewhere"), is_local("https://elsewhere")
    (True, False, False)
    """
    return path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable() and len(path) <= 500


@dataclass(frozen=True, slots=True)
class Login:
    """The three routes of the login, and the guard that the door asks."""

    provider: Provider
    tables: LoginTables
    secret: bytes
    now: Callable[[], datetime]
    """Real time, whatever the pages show."""

    @property
    def guard(self) -> Guard:
        """Who knows whoever holds a session."""
        return Guard(self.tables, self.now, self.provider.settings.is_secure, self)

    async def program(self, token: str, now: datetime) -> Who | None:
        """Return whose program bears this token, and None for every other token."""
        if (programs := self.provider.settings.programs) is None:
            return None
        try:
            claims = await self.provider.access_claims(token, programs.audience, now)
            return program_in(claims, self.provider.settings, self.secret)
        except (ProviderError, NobodyHereError) as error:
            logger.warning("a program was turned away: %s", error)
            return None

    def add_to(self, made: Site) -> None:
        """Add the routes."""
        made.app.get("/login")(self._begin(made))
        made.app.get("/login/callback")(self._end(made))
        made.app.post("/logout")(self._logout(made))

    @property
    def _cookie(self) -> str:
        return "__Host-login" if self.guard.is_secure else "login"

    def _keep(self, response: Response, name: str, ticket: str, lasts_s: float) -> None:
        response.set_cookie(
            name, ticket, max_age=int(lasts_s), httponly=True, samesite="lax", secure=self.guard.is_secure
        )

    def _forget(self, response: Response, name: str) -> None:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=self.guard.is_secure)

    def _begin(self, made: Site) -> Route:
        async def begin(request: Request) -> Response:
            back = request.query_params.get("to", "/")
            begun = Begun(
                token_urlsafe(32), token_urlsafe(32), token_urlsafe(48), back if is_local(back) else "/"
            )
            ticket = token_urlsafe(32)
            try:
                address = await self.provider.address(begun, self.now())
                await self.tables.begin_login(ticket, begun, self.now())
            except (ProviderError, TablesError) as error:
                return self._failed(made, request, error)
            response = RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})
            self._keep(response, self._cookie, ticket, BEGUN_LASTS.total_seconds())
            return response

        return begin

    def _end(self, made: Site) -> Route:
        async def end(request: Request) -> Response:
            try:
                begun, who = await self._answered(request, self.now())
                ticket = token_urlsafe(32)
                await self._leave(request)
                await self.tables.open_session(ticket, who, self.now())
            except (ProviderError, TablesError, NobodyHereError) as error:
                response = self._failed(made, request, error)
            else:
                response = RedirectResponse(
                    begun.back, status_code=303, headers={"cache-control": "no-store"}
                )
                self._keep(response, self.guard.cookie, ticket, LASTS.total_seconds())
            self._forget(response, self._cookie)
            return response

        return end

    async def _answered(self, request: Request, now: datetime) -> tuple[Begun, Who]:
        """Return what was begun and who came back; a login can be answered once, by whoever began it."""
        said = request.query_params
        begun = await self.tables.take_login(request.cookies.get(self._cookie, ""), now)
        if begun is None:
            raise ProviderError("untrue", "an answer to no login that we know")
        if not hmac.compare_digest(said.get("state", "").encode(), begun.state.encode()):
            raise ProviderError("untrue", "another state")
        if said.get("iss", self.provider.settings.issuer) != self.provider.settings.issuer:
            raise ProviderError("untrue", "another issuer")
        if not said.get("code"):
            raise ProviderError("untrue", "no code")
        claims = await self.provider.claims(said["code"], begun, now)
        return begun, who_in(claims, self.provider.settings, self.secret)

    def _logout(self, made: Site) -> Route:
        async def logout(request: Request) -> Response:
            try:
                await self._leave(request)
                there = await self.provider.end_address(self.now())
            except (ProviderError, TablesError) as error:
                response = self._failed(made, request, error)
            else:
                response = made.show(request, "logged_out.html", there=there)
            self._forget(response, self.guard.cookie)
            return response

        return logout

    async def _leave(self, request: Request) -> None:
        if ticket := request.cookies.get(self.guard.cookie):
            await self.tables.close_session(ticket)

    def _failed(self, made: Site, request: Request, error: Exception) -> Response:
        """Say what a person can do; the log gets the reason, and nothing that came from outside."""
        logger.warning("nobody was logged in: %s", error)
        if isinstance(error, NobodyHereError):
            return told(made, request, 403, "login_nobody_title", "login_nobody_text")
        if isinstance(error, ProviderError) and error.why == "untrue":
            return told(made, request, 403, "login_untrue_title", "login_untrue_text")
        return told(made, request, 503, "login_away_title", "login_away_text")
