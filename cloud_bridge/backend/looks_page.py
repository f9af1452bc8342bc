"""The page that says who has looked at a patient."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from cloud_bridge.backend.views import Views
from cloud_bridge.look.site import Site

Route = Callable[[Request, str], Awaitable[Response]]


def looks_route(made: Site, views: Views) -> Route:
    """Return the route of the page. It names no patient: it is also for those who see none."""

    async def page(request: Request, home: str) -> Response:
        names = {each.organisation: each.name for each in await views.organisations()}
        looks = await views.looks(home)
        return made.show(request, "looks.html", home=home, looks=looks, names=names)

    return page
