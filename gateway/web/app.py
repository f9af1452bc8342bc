"""The hub's page for the patient: one page, two levels deep at most."""

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from cloud_bridge.look.plot import Chart, time_plot
from cloud_bridge.look.site import site
from cloud_bridge.look.voice import is_weak
from devices.kinds import Kind
from devices.readings import Reading
from gateway.web.views import Connection, HubView
from gateway.web.zone import zone_of

SHOWN = (Kind.SPO2, Kind.PULSE_RATE, Kind.BODY_WEIGHT)
_PLOT_DAYS = 14
_PLOT_HEIGHT_PX = 96.0


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of value on the patient's page."""

    last: Reading
    chart: Chart


def hub_app(view: HubView, timezone: tzinfo) -> FastAPI:
    """Return the hub's app; serve it with look.serve.PageServer, so that it stops without waiting."""
    made = site(view.changed, view.now, timezone, Path(__file__).parent / "templates")

    @made.app.get("/")
    async def page(request: Request) -> Response:
        series = tuple(each for kind in SHOWN if (each := _series(view, kind)) is not None)
        alerts = view.open_alerts()
        judged_at = [each.last.measured_at for each in series if not is_weak(each.last)]
        last_at = max(judged_at, default=None)
        return made.show(
            request,
            "hub.html",
            zone=zone_of(alerts, last_at, view.now(), view.plan().stale_h),
            last_at=last_at,
            alerts=alerts,
            is_told=_is_told(view.connection()),
            series=series,
            devices=view.devices(),
            road=view.connection(),
            time_plot=time_plot,
        )

    @made.app.get("/health")
    async def health() -> Response:
        return JSONResponse({"is_up": True, "is_connected": view.connection().is_connected})

    return made.app


def _is_told(road: Connection) -> bool:
    """While anything waits for its receipt, nobody knows that the alert has arrived."""
    return road.is_connected and road.waiting_count == 0


def _series(view: HubView, kind: Kind) -> Series | None:
    readings = view.readings(kind)
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
    return Series(readings[-1], chart)
