"""A site: one FastAPI with the look, the live stream, two languages, calm errors and strict headers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from hashlib import blake2b
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_bridge.look.live import Streams, Wait
from cloud_bridge.look.voice import Voice
from cloud_bridge.look.words import FIRST_LANGUAGE, LANGUAGES, Language

_HERE = Path(__file__).parent
_COOKIE = "lang"
_YEAR_S = 31_536_000

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#0b4f6c"/>'
    '<circle cx="8" cy="8" r="3" fill="#fff"/></svg>'
)
_ASSETS = {
    "style.css": ("text/css", (_HERE / "style.css").read_text(encoding="utf-8")),
    "live.js": ("text/javascript", (_HERE / "live.js").read_text(encoding="utf-8")),
    "icon.svg": ("image/svg+xml", _ICON),
}
"""In memory, since files are read by threads, and a page must not need one."""

_VERSION = blake2b("".join(text for _, text in _ASSETS.values()).encode(), digest_size=6).hexdigest()

_STRICT = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",  # a form that was filled in here says so; nobody else is told
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What a floor builds its pages on: add routes to `app`, answer with `show`."""

    app: FastAPI
    streams: Streams
    now: Callable[[], datetime]
    timezone: tzinfo
    _templates: Environment

    def voice(self, request: Request) -> Voice:
        """Return how this page speaks: as asked now, else as chosen before, else in the first language."""
        asked = request.query_params.get(_COOKIE, request.cookies.get(_COOKIE))
        language = next((known for known in LANGUAGES if known == asked), FIRST_LANGUAGE)
        return Voice(language, self.now(), self.timezone)

    def show(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page; templates know the Voice as `say` and the address of the other language."""
        voice = self.voice(request)
        other = request.url.include_query_params(lang=voice.other_language)
        text = self._templates.get_template(template).render(
            values, say=voice, other_language_url=f"{other.path}?{other.query}", version=_VERSION
        )
        response = HTMLResponse(text, status_code=status, headers={"cache-control": "no-store"})
        if _COOKIE in request.query_params:
            _remember(response, voice.language)
        return response


def site(wait: Wait, now: Callable[[], datetime], timezone: tzinfo, templates: Path) -> Site:
    """Return a site with the look, /changes and a calm page for what does not exist."""
    streams = Streams(wait)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.streams = streams
    environment = Environment(
        loader=FileSystemLoader([templates, _HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = Site(app, streams, now, timezone, environment)
    app.router.routes.append(Route("/changes", streams))
    app.add_middleware(_StrictHeaders)

    @app.get("/look/{name}")
    async def look(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404)
        kind, text = _ASSETS[name]
        return Response(
            text, media_type=kind, headers={"cache-control": f"public, max-age={_YEAR_S}, immutable"}
        )

    @app.exception_handler(404)
    async def lost(request: Request, _error: Exception) -> Response:
        return made.show(request, "lost.html", status=404)

    return made


def _remember(response: Response, language: Language) -> None:
    response.set_cookie(_COOKIE, language, max_age=_YEAR_S, httponly=True, samesite="lax")


class _StrictHeaders:
    """Adds the strict headers to every answer; by hand, since Starlette's base class holds streams back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_STRICT)
            await send(message)

        await self._app(scope, receive, send_strictly if scope["type"] == "http" else send)
