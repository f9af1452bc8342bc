"""Forms that a page sends: only from the page itself, within limits, each field once."""

from urllib.parse import parse_qsl, urlsplit

from fastapi import Request

BYTES_MAX = 20_000
FIELDS_MAX = 100


def is_from_here(request: Request) -> bool:
    """Tell whether this page itself sent the form: another site's page speaks for nobody.

    A browser says so by `sec-fetch-site`, but not where the page came over plain HTTP from another machine.
    """
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def body_of(request: Request, bytes_max: int = BYTES_MAX) -> bytes | None:
    """Return what was sent; None where it is more than any form of ours says."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            return None
    return body


async def fields_of(request: Request) -> dict[str, str] | None:
    """Return the fields of a form, of each the last; None where this is no form of ours."""
    body = await body_of(request)
    return None if body is None else fields_in(body)


def fields_in(body: bytes) -> dict[str, str] | None:
    """Return the fields of a form that was sent; None where these bytes are no form of ours."""
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=FIELDS_MAX, keep_blank_values=True))
    except ValueError:  # more fields than anybody writes, or bytes that are no text
        return None
