"""What people do on the ward's pages: one form, one act, one answer; a refusal changes nothing."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from cloud_bridge.backend.handling import Care, care_of, matters_of, put_off_until, refusal_of_act
from cloud_bridge.backend.views import Act, Handled, Views
from cloud_bridge.backend.who import Who
from cloud_bridge.look.forms import fields_of, is_from_here
from cloud_bridge.look.site import Site

_OF_PEOPLE: tuple[Act, ...] = ("seen", "taken", "put_off", "done")

PUT_OFF_H = (1, 4, 24)
"""So long somebody may put a matter off with one press."""

SAID = (
    "act_kept", "act_closed_meanwhile", "act_note_too_long", "act_done_without_action", "act_done_already",
    "act_taken_already", "act_unclear",
)  # fmt: skip
"""What became of a form that was sent, as the keys of their words."""


Route = Callable[[Request], Awaitable[Response]]
WhoOf = Callable[[Request], Who]


def handle_route(made: Site, views: Views, who_of: WhoOf, notify: Callable[[str], None]) -> Route:
    """Return the route by which matters are seen, taken, put off and done."""

    async def handle(request: Request) -> Response:
        if not is_from_here(request):
            raise HTTPException(403)
        fields = await fields_of(request) or {}
        said = await _handle(views, who_of(request), fields, made.now())
        notify(fields.get("home", ""))
        back = f"/patient/{fields['home']}" if fields.get("back") == "patient" and said in SAID else "/"
        return RedirectResponse(f"{back}?{urlencode({'said': said})}", status_code=303)

    return handle


async def _handle(views: Views, who: Who, fields: dict[str, str], now: datetime) -> str:
    """Do what a form wants; return what became of it, as the key of its words."""
    act, note = fields.get("act", ""), fields.get("note", "").strip()
    until = put_off_until(_hours(fields.get("hours", "")), now) if act == "put_off" else None
    upto = _moment(fields.get("upto", ""))
    if act not in _OF_PEOPLE or upto is None or (act == "put_off" and until is None):
        return "act_unclear"
    home, name = fields.get("home", ""), fields.get("matter", "")
    matter = next((each for each in matters_of(await views.open_alerts(home)) if each.id == name), None)
    care = Care() if matter is None else care_of(matter, await views.handled(), None, now)
    if refusal := refusal_of_act(act, matter, care, who, note):
        return refusal
    handled = Handled(
        home=home, matter=name, act=act, by=who, at=now, upto=upto, note=note, until=until,
        is_of_no_use=act == "done" and fields.get("of_no_use") == "yes",
    )  # fmt: skip
    await views.keep_handled(handled)
    return "act_kept"


def _hours(text: str) -> float:
    return float(text) if text in map(str, PUT_OFF_H) else 0.0


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
