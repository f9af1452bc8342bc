"""What organisations fetch in FHIR: read and search over what they are told, for those who were away."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response

from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.fhir_told import Line
from cloud_bridge.backend.who import Who
from cloud_bridge.fhir.asking import (
    TYPES,
    Asked,
    SearchError,
    asked_from,
    bundle,
    capability_statement,
    outcome,
)
from cloud_bridge.fhir.codes import PROFILES
from cloud_bridge.fhir.naming import Resource
from cloud_bridge.look.site import Site

MEDIA_TYPE = "application/fhir+json"
UNAVAILABLE = "the ward's database is away: nothing is shown that can't be noted; try again in a while"


def answer(resource: Resource, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a resource as a response that nobody keeps."""
    kept = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(resource), status, kept, MEDIA_TYPE)


def refused(status: int, words: str) -> Response:
    """Return a refusal, as FHIR says it."""
    codes = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 503: "transient"}
    return answer(outcome(codes[status], words), status)


class Finds(Protocol):
    """What is asked of the tables in FHIR."""

    async def find(self, asked: Asked, who: Who, now: datetime) -> tuple[tuple[Line, ...], int | None]:
        """Return a page of what was asked for, and where the next one begins."""
        ...


def add_fhir(made: Site, views: Finds, who_of: Callable[[Request], Who]) -> None:
    """Add the routes to a site."""

    @made.app.get("/fhir/metadata")
    async def metadata() -> Response:
        return answer(capability_statement(PROFILES))

    @made.app.get("/fhir/{kind}")
    async def search(request: Request, kind: str) -> Response:
        if kind not in TYPES:
            return refused(404, f"no such type here; there are {', '.join(TYPES)}")
        try:
            asked = asked_from(kind, request.query_params.multi_items())
        except SearchError as error:
            return refused(400, str(error))
        try:
            lines, after = await views.find(asked, who_of(request), made.now())
        except TablesError:
            return refused(503, UNAVAILABLE)
        base = f"{str(request.base_url).rstrip('/')}/fhir"
        further = None if after is None else _further(request, base, kind, after)
        return answer(bundle((line.resource for line in lines), base, str(request.url), further))

    @made.app.get("/fhir/{kind}/{id}")
    async def read(request: Request, kind: str, id: str) -> Response:  # noqa: A002 - FHIR's own word
        try:
            lines, _ = await views.find(Asked(kind, id, count=1), who_of(request), made.now())
        except TablesError:
            return refused(503, UNAVAILABLE)
        if not lines:
            return refused(404, "no such resource, or none that you may see")
        version = lines[0].resource["meta"]["versionId"]
        return answer(lines[0].resource, headers={"etag": f'W/"{version}"'})


def _further(request: Request, base: str, kind: str, after: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "_after"]
    return f"{base}/{kind}?{urlencode([*kept, ('_after', after)])}"
