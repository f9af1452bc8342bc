"""The door of the ward's pages: every request passes it, is decided upon and noted, or is refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_bridge.backend.access import NEEDS, Admission, Need, Verdict
from cloud_bridge.backend.acts import WhoOf
from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.fhir_api import refused
from cloud_bridge.backend.views import Views
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.look.forms import body_of, fields_in, is_from_here
from cloud_bridge.look.site import Site
from cloud_bridge.look.words import word

TICKET, SECURE_TICKET = "ticket", "__Host-ticket"
"""The cookie of a session; where the page is https no other site and no plain page can set it."""

_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})


class Tokens(Protocol):
    """Knows the programs of organisations."""

    async def program(self, token: str, now: datetime) -> Who | None:
        """Return whose program bears this token."""
        ...


class Sessions(Protocol):
    """Knows who is logged in."""

    async def session(self, ticket: str, now: datetime, *, is_person: bool = True) -> Who | None:
        """Return who holds this ticket."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """Where people log in: who knows them, and whether the page is https."""

    sessions: Sessions
    now: Callable[[], datetime]
    is_secure: bool = True
    tokens: Tokens | None = None
    """Where None no program is known."""

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return SECURE_TICKET if self.is_secure else TICKET

    async def who(self, request: Request) -> Who | None:
        """Return who asks; a page that looks again by itself keeps nobody logged in."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return None if self.tokens is None else await self.tokens.program(token.strip(), self.now())
        ticket = request.cookies.get(self.cookie)
        if not ticket:
            return None
        is_person = request.headers.get("sec-fetch-dest") != "empty"
        return await self.sessions.session(ticket, self.now(), is_person=is_person)


@dataclass(frozen=True, slots=True)
class Door:
    """Stands before the routes; what it admits finds `who` and `admission` in its request's state."""

    app: ASGIApp
    made: Site
    views: Views
    who_of: WhoOf
    guard: Guard | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        found = _route_of(self.made.app.router.routes, scope)
        if found is None:  # no such route: the router says so
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        need = NEEDS.get((scope["method"], found.path))
        if need is None:
            await self._lost(request, Need())(scope, receive, send)
            return
        try:
            refusal, receive = await self._refusal(request, need, found.home, receive)
        except TablesError:
            refusal = self._told(request, need, 503, "door_unavailable_")
        await (self.app if refusal is None else refusal)(scope, receive, send)

    async def _refusal(
        self, request: Request, need: Need, home: str, receive: Receive
    ) -> tuple[Response | None, Receive]:
        if request.method not in _READ_ONLY and not is_from_here(request):
            return self._told(request, need, 403, "door_denied_"), receive
        if need.concerns == "home_in_form":
            body = await body_of(request) or b""  # more than any form says is no form
            home, receive = (fields_in(body) or {}).get("home", ""), _again(body, receive)
        who, admission = await self._admit(request, need, home)
        match admission.verdict:
            case Verdict.ADMITTED:
                request.scope.setdefault("state", {}).update(who=who, admission=admission)
                return None, receive
            case Verdict.STRANGER:
                return self._to_login(request, need), receive
            case Verdict.WRONG_ROLE:
                return self._denied(request, need, who), receive
            case Verdict.NO_SUCH_HOME:
                return self._lost(request, need), receive

    async def _admit(self, request: Request, need: Need, home: str) -> tuple[Who | None, Admission]:
        now = self.made.now()
        if not need.roles:
            return None, Admission(Verdict.ADMITTED, frozenset())
        if self.guard is None:
            who = self.who_of(request)
            return who, await self.views.let_in(need, who, home, now)
        known = await self.guard.who(request)
        return known, await self.views.admit(need, known, home, now)

    def _to_login(self, request: Request, need: Need) -> Response:
        is_by_itself = request.headers.get("sec-fetch-dest") == "empty"
        if request.method != "GET" or not need.is_page or is_by_itself:
            return self._told(request, need, 401, "door_stranger_")
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?to={quote(asked, safe='')}", status_code=303)

    def _denied(self, request: Request, need: Need, who: Who | None) -> Response:
        """Refuse a role; a leader, who may not see the list, is shown the way to the figures."""
        if need.is_fhir or who is None or who.role is not Role.LEADER:
            return self._told(request, need, 403, "door_denied_")
        return told(self.made, request, 403, "door_denied_title", "door_denied_text", way=TO_FIGURES)

    def _told(self, request: Request, need: Need, status: int, key: str) -> Response:
        if need.is_fhir:
            return refused(status, word("en", f"{key}text"))
        return told(self.made, request, status, f"{key}title", f"{key}text")

    def _lost(self, request: Request, need: Need) -> Response:
        if need.is_fhir:
            return refused(404, "no such resource, or none that you may see")
        return self.made.show(request, "lost.html", status=404)


TO_LIST, TO_FIGURES = ("/", "lost_back"), ("/figures", "report_title")


def told(
    made: Site, request: Request, status: int, title: str, text: str, *, way: tuple[str, str] = TO_LIST
) -> Response:
    """Return a page that says, by the keys of its words, why there is nothing else to see; `way` leads on."""
    return made.show(request, "door.html", status=status, title=title, text=text, way=way)


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    home: str


def _route_of(routes: Iterable[BaseRoute], scope: Scope) -> _Found | None:
    """Return the route that the router will take, as it finds it: the first that fits."""
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.FULL:
            path = route.path if isinstance(route, Route) else ""
            return _Found(path, str(child.get("path_params", {}).get("home", "")))
    return None


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receive that says the body once more, which the door has read."""
    said: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return said.pop() if said else await receive()

    return again
