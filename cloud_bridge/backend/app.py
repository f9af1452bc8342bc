"""The ward's pages as an ASGI app: routes and nothing else."""

from asyncio import to_thread
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from markupsafe import Markup
from starlette.middleware import Middleware

from cloud_bridge.backend.access import Admission
from cloud_bridge.backend.acts import PUT_OFF_H, SAID, WhoOf, handle_route
from cloud_bridge.backend.door import Door, Guard
from cloud_bridge.backend.fhir_api import Finds, add_fhir
from cloud_bridge.backend.figures_page import Counts, add_figures
from cloud_bridge.backend.handover_page import handover_routes
from cloud_bridge.backend.looks_page import looks_route
from cloud_bridge.backend.patient import PERIOD_DAYS, PERIODS_DAYS, patient_of
from cloud_bridge.backend.plan_page import PlanViews, add_plan
from cloud_bridge.backend.views import Views
from cloud_bridge.backend.who import AT_THIS_MACHINE, Who
from cloud_bridge.backend.worklist import LISTED, Followed, work_list
from cloud_bridge.contract.answers import is_bad
from cloud_bridge.contract.plan import ZONE
from cloud_bridge.look.plot import time_plot
from cloud_bridge.look.site import Site, site
from cloud_bridge.look.spark import sparkline
from cloud_bridge.look.voice import Voice, is_late
from devices.kinds import CODINGS, Kind


class LogsIn(Protocol):
    """Where people log in; the ward's own code needs no library for it."""

    @property
    def guard(self) -> Guard:
        """Who knows whoever holds a session."""
        ...

    def add_to(self, made: Site) -> None:
        """Add the routes."""
        ...


class Changes(Protocol):
    """Tells that the tables have changed."""

    async def wait(self) -> object:
        """Return at the next change after the call, with whatever there is to tell of it."""
        ...

    def notify(self, home: str) -> None:
        """Say that something about a home has changed."""
        ...


class WardViews(PlanViews, Finds, Counts, Protocol):
    """Everything that may be asked of the tables over HTTP, and done."""


def ward_app(
    views: WardViews,
    changes: Changes,
    now: Callable[[], datetime],
    timezone: tzinfo,
    *,
    who_of: WhoOf = lambda _request: AT_THIS_MACHINE,
    login: LogsIn | None = None,
    on_decided: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the ward's app; serve it with look.serve.PageServer, so that it stops without waiting.

    With a login only those who have logged in are let in, each to what is theirs; without one whoever
    asks is who `who_of` says, and sees everything: that is for one's own machine.
    """
    made = site(changes.wait, now, timezone, Path(__file__).parent / "templates")
    # The last of them stands innermost: within the strict headers, and before every route.
    made.app.user_middleware.append(
        Middleware(Door, made=made, views=views, who_of=who_of, guard=None if login is None else login.guard)
    )
    if login is not None:
        login.add_to(made)
    made.app.get("/")(_list_page(made, views, may_log_out=login is not None))
    made.app.get("/patient/{home}")(_patient_page(made, views))
    made.app.get("/patient/{home}/looks")(looks_route(made, views))

    def decided(home: str) -> None:
        changes.notify(home)
        on_decided()  # the home is told now, and not within a minute

    handover, decide = handover_routes(made, views, _who, decided)
    made.app.get("/patient/{home}/handover")(handover)
    made.app.post("/patient/{home}/handover")(decide)
    add_plan(made, views, _who, decided)
    made.app.post("/handle")(handle_route(made, views, _who, changes.notify))
    made.app.get("/health")(_health(made, views))
    add_figures(made, views, may_log_out=login is not None)
    add_fhir(made, views, _who)
    return made.app


Page = Callable[..., object]


def _who(request: Request) -> Who:
    """Return whom the door has let in."""
    who: Who = request.state.who
    return who


def _health(made: Site, views: Views) -> Page:
    async def health() -> Response:
        people = await views.people()
        return JSONResponse({"is_up": True, "people_count": len(people), "at": made.now().isoformat()})

    return health


def _list_page(made: Site, views: Views, *, may_log_out: bool) -> Page:
    async def page(request: Request) -> Response:
        admission: Admission = request.state.admission
        shown = await work_list(views, made.now(), admission)
        show = partial(
            made.show,
            request,
            "list.html",
            list=shown,
            kinds=LISTED,
            spark_of=_spark_of,
            acting={"said": _said(request), "put_off_h": PUT_OFF_H},
            may_log_out=may_log_out,
        )
        return await to_thread(show)  # a long list takes a second: receipts and other pages go on meanwhile

    return page


def _said(request: Request) -> str | None:
    """Return what became of the last act, as the key of its words."""
    asked = request.query_params.get("said", "")
    return next((word for word in SAID if word == asked), None)


def _spark_of(each: Followed, say: Voice) -> Markup:
    return sparkline(Kind.SPO2, [kept.shown for kept in each.spark], each.plan, say)


def _patient_page(made: Site, views: Views) -> Page:
    async def page(request: Request, home: str) -> Response:
        asked = request.query_params.get("days", "")
        days = next((period for period in PERIODS_DAYS if str(period) == asked), PERIOD_DAYS)
        shown = await patient_of(views, home, made.now(), days)
        if shown is None:
            raise HTTPException(404)
        return made.show(
            request,
            "patient.html",
            acting={"said": _said(request), "put_off_h": PUT_OFF_H},
            patient=shown,
            periods=PERIODS_DAYS,
            time_plot=time_plot,
            is_late=is_late,
            codings=CODINGS,
            zone=ZONE if shown.plan is None else shown.plan.zone,
            is_bad=is_bad,
        )

    return page
