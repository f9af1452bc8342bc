"""The hand-over page: read from top to bottom by whoever decides, and decided by one form."""

from collections.abc import Awaitable, Callable, Mapping
from secrets import token_hex
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from cloud_bridge.backend.acts import WhoOf
from cloud_bridge.backend.handover_form import OFFER_DAYS, HandedOver, handed_over, wanted_of
from cloud_bridge.backend.views import Views
from cloud_bridge.contract.handover_record import HandoverRefusal
from cloud_bridge.look.forms import fields_of, is_from_here
from cloud_bridge.look.site import Site
from cloud_bridge.look.words import WORDS

Route = Callable[[Request, str], Awaitable[Response]]


def handover_routes(
    made: Site, views: Views, who_of: WhoOf, decided: Callable[[str], None]
) -> tuple[Route, Route]:
    """Return the page, and the route that takes its forms; `decided` hears whose hand-over has moved."""

    async def page(request: Request, home: str) -> Response:
        shown = await handed_over(views, home, who_of(request), made.now())
        if shown is None:
            raise HTTPException(404)
        asked = request.query_params.get("said", "")
        said = asked if asked.startswith("handover_became_") and asked in WORDS else None
        # Pressed twice, it is one command: the name of what is wanted is drawn with the page.
        return made.show(
            request, "handover.html", shown=shown, said=said, offer_days=OFFER_DAYS, command=token_hex(8),
            checks=shown.checks(made.voice(request).word),
        )  # fmt: skip

    async def decide(request: Request, home: str) -> Response:
        if not is_from_here(request):
            raise HTTPException(403)
        shown = await handed_over(views, home, who_of(request), made.now())
        if shown is None:
            raise HTTPException(404)
        said = await _decide(views, shown, await fields_of(request) or {}, made, request)
        decided(home)
        return RedirectResponse(f"/patient/{home}/handover?{urlencode({'said': said})}", status_code=303)

    return page, decide


async def _decide(
    views: Views, shown: HandedOver, fields: Mapping[str, str], made: Site, request: Request
) -> str:
    """Do what a form wants; return what became of it, as the key of its words."""
    try:
        wanted = wanted_of(shown, fields, shown.checks(made.voice(request).word), made.now())
    except (KeyError, ValueError):  # also what a Content refuses: too long, or an identity number in the text
        return "handover_became_unreadable"
    stepped = await views.hand_over(wanted, made.now())
    answer = None if stepped is None else stepped.answer
    if isinstance(answer, HandoverRefusal):
        return f"handover_became_{answer.why}"
    return "handover_became_done" if answer is not None else "handover_became_unreadable"
