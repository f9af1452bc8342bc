"""The hub's page for the patient: one page, two levels deep at most."""

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from cloud_bridge.contract.care import Contact
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.trouble import Trouble
from cloud_bridge.look.forms import body_of, is_from_here
from cloud_bridge.look.plot import Chart, time_plot
from cloud_bridge.look.site import site
from cloud_bridge.look.voice import is_weak
from devices.kinds import Kind
from devices.readings import Reading
from devices.spirometry.grade import best_of_each
from gateway.web.answering import BYTES_MAX, answers_in, form_of
from gateway.web.tasks import tasks_of
from gateway.web.views import Connection, HubView, Journey
from gateway.web.zone import Zone, zone_of

SHOWN = (Kind.SPO2, Kind.PULSE_RATE, Kind.FEV1, Kind.PEF, Kind.BODY_WEIGHT)
PERCENT_OF_BEST = {Kind.FEV1: Kind.FEV1_PERCENT_BEST, Kind.PEF: Kind.PEF_PERCENT_BEST}
_BLOWS_COUNT_MAX = 240
"""A sitting is up to eight blows and becomes one dot: a fortnight of two sittings a day."""

_PLOT_DAYS = 14
_PLOT_HEIGHT_PX = 96.0


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of value on the patient's page."""

    last: Reading
    chart: Chart
    of_best: Reading | None = None
    """What part of the patient's own best the last one is, where the plan says a best."""
    journey: Journey | None = None
    """How far the last one has come."""
    not_judged: tuple[str, ...] = ()
    """Why some rules did not judge the last one."""


def hub_app(view: HubView, timezone: tzinfo) -> FastAPI:
    """Return the hub's app; serve it with look.serve.PageServer, so that it stops without waiting."""
    made = site(view.changed, view.now, timezone, Path(__file__).parent / "templates")

    @made.app.get("/")
    async def page(request: Request) -> Response:
        told = next((word for word in TAKEN if word == request.query_params.get("answers")), None)
        return made.show(request, "hub.html", told=told, time_plot=time_plot, **_shown(view))

    @made.app.post("/answers")
    async def answers(request: Request) -> Response:
        if not is_from_here(request):
            return Response("this form was not filled in here", status_code=403)
        return RedirectResponse(f"/?answers={await _taken(view, request, timezone)}#now", status_code=303)

    @made.app.get("/health")
    async def health() -> Response:
        return JSONResponse({"is_up": True, "is_connected": view.connection().is_connected})

    return made.app


def _shown(view: HubView) -> dict[str, Any]:
    """Return what the page shows of the hub now."""
    plan, now = view.plan(), view.now()
    series = tuple(each for kind in SHOWN if (each := _series(view, kind)) is not None)
    alerts = view.open_alerts()
    last_at = max((each.last.measured_at for each in series if not is_weak(each.last)), default=None)
    clinical = tuple(each for each in alerts if not each.is_technical)
    zone = zone_of(clinical, last_at, now, plan.stale_h)
    return {
        "zone": zone,
        "last_at": last_at,
        "alerts": alerts,
        "is_told": _is_told(view.connection()),
        "plan": plan,
        "accountable": view.accountable(),
        "looked": view.looked(),
        "contacts": _contacts(plan, zone),
        "tasks": tasks_of(plan, view.progress(), view.answered_on(), now),
        "form": form_of(plan),
        "series": series,
        "devices": view.devices(),
        "road": view.connection(),
        "troubles": _one_of_each(view.troubles()),
    }


TAKEN = ("kept", "waiting", "none", "unclear")
"""What became of a form that was sent."""


async def _taken(view: HubView, request: Request, timezone: tzinfo) -> str:
    form, body = form_of(view.plan()), await body_of(request, BYTES_MAX)
    if form is None or body is None:
        return "unclear"
    try:
        answers = answers_in(form, body, view.now().astimezone(timezone))
    except ValueError:  # of a form from before, or of none of ours
        return "unclear"
    if not answers:
        return "none"
    return "kept" if view.answer(answers) else "waiting"


def _contacts(plan: Plan, zone: Zone) -> tuple[Contact, ...]:
    """Whom to call in this zone; who does not know how it stands calls whom one calls in the green one."""
    asked = "green" if zone == "unknown" else zone
    return tuple(contact for contact in plan.contacts if asked in contact.zones)


def _is_told(road: Connection) -> bool:
    """While an alert waits for its receipt, nobody knows that it has arrived; the rest may wait longer."""
    return road.is_connected and not road.is_alert_waiting


def _one_of_each(troubles: tuple[Trouble, ...]) -> dict[str, list[Trouble]]:
    """One line for each kind of trouble, however many there are of it."""
    kinds: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        kinds.setdefault(trouble.what, []).append(trouble)
    return kinds


def _series(view: HubView, kind: Kind) -> Series | None:
    readings = _one_for_each_sitting(view, kind) if kind in PERCENT_OF_BEST else view.readings(kind)
    if not readings:
        return None
    now = view.now()
    since = now - timedelta(days=_PLOT_DAYS)
    shown = tuple(reading for reading in readings if reading.measured_at >= since)
    chart = Chart(
        name=f"plot-{kind}",
        kind=kind,
        readings=shown,
        since=since,
        until=now,
        plan=view.plan(),
        height=_PLOT_HEIGHT_PX,
    )
    last = readings[-1]
    return Series(last, chart, _of_best(view, last), view.journey(last), view.why_not_judged(last))


def _one_for_each_sitting(view: HubView, kind: Kind) -> tuple[Reading, ...]:
    return best_of_each(view.readings(kind, count_max=_BLOWS_COUNT_MAX), kind)


def _of_best(view: HubView, last: Reading) -> Reading | None:
    kind = PERCENT_OF_BEST.get(last.kind)
    told = () if kind is None else view.readings(kind)
    return next((each for each in told if _is_of(each, last)), None)


def _is_of(compared: Reading, source: Reading) -> bool:
    return compared.is_derived and (compared.device, compared.measured_at) == (
        source.device,
        source.measured_at,
    )
