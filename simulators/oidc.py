"""A small OpenID provider for one machine: real keys and real checks, and anybody one likes to be.

Authorization code with PKCE S256, `private_key_jwt`, pushed requests; nothing else. It knows one client.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from html import escape
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from cloud_bridge.look.live import Streams

TOKEN_S = 300
CODE_S = 60
ASSERTION_S_MAX = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MUST_BE_ASKED = ("redirect_uri", "state", "nonce", "code_challenge")


_HEAD = (
    '<!doctype html><html lang="nb"><meta charset="utf-8"><link rel="icon" href="data:,">'
    '<meta name="viewport" content="width=device-width"><style>body{font:1.25rem system-ui;max-width:30rem;'
    "margin:3rem auto;padding:0 1rem}li{margin:1rem 0;list-style:none}a{display:block;padding:1rem;"
    "border:1px solid;border-radius:.5rem}</style>"
)


class OidcRefusalError(Exception):
    """What was asked is against the protocol; the message is the protocol's own word for it."""


@dataclass(frozen=True, slots=True)
class Pretended:
    """Somebody one can be: how the page calls them, and what the provider says of them."""

    title: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """The one who may ask: its id, its public key, where people are sent back to."""

    id: str
    key: RSAKey
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Given:
    """What a code stands for."""

    asked: Mapping[str, str]
    person: Pretended
    until: float


@dataclass(slots=True)
class OidcProvider:
    """The provider's memory, and every rule that it holds its client to."""

    issuer: str
    client: Client
    people: Mapping[str, Pretended]
    now: Callable[[], datetime]
    wants_pushed: bool = False
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    _asked: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _codes: dict[str, _Given] = field(default_factory=dict)
    _words_heard: set[str] = field(default_factory=set)

    def said(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        at = self.issuer
        more = {"pushed_authorization_request_endpoint": f"{at}/par"} if self.wants_pushed else {}
        return more | {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys",
            "end_session_endpoint": f"{at}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public keys."""
        return {"keys": [self.key.as_dict(private=False)]}

    def pushed(self, form: Mapping[str, str]) -> str:
        """Keep a request that the client itself has sent; return what stands for it."""
        self._hear_client(form)
        uri = f"urn:ietf:params:oauth:request_uri:{token_urlsafe(24)}"
        self._asked[uri] = self._fit(form)
        return uri

    def asked(self, query: Mapping[str, str]) -> str:
        """Take what a browser brings to the first page; return the name of the request."""
        if (uri := query.get("request_uri")) is not None:
            if uri not in self._asked or query.get("client_id") != self.client.id:
                raise OidcRefusalError("invalid_request_uri")
            return uri
        if self.wants_pushed:
            raise OidcRefusalError("invalid_request")
        name = token_urlsafe(24)
        self._asked[name] = self._fit(query)
        return name

    def chosen(self, name: str, person: str) -> str:
        """Give a code to whoever was chosen; return where the browser goes with it."""
        if name not in self._asked or person not in self.people:
            raise OidcRefusalError("invalid_request")
        asked, code = self._asked.pop(name), token_urlsafe(24)
        self._codes[code] = _Given(asked, self.people[person], self.now().timestamp() + CODE_S)
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Give the id token for a code, once, to the client that can show what it began with."""
        self._hear_client(form)
        given = self._codes.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code" or given is None:
            raise OidcRefusalError("invalid_grant")
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        is_same = form.get("redirect_uri") == given.asked["redirect_uri"]
        is_theirs = challenge.decode() == given.asked["code_challenge"]
        if not (is_same and is_theirs and self.now().timestamp() < given.until):
            raise OidcRefusalError("invalid_grant")
        at = int(self.now().timestamp())
        claims = {
            **given.person.claims,
            "iss": self.issuer,
            "aud": self.client.id,
            "iat": at,
            "exp": at + TOKEN_S,
            "nonce": given.asked["nonce"],
        }
        return {
            "access_token": token_urlsafe(16), "token_type": "Bearer", "expires_in": TOKEN_S,
            "id_token": self.signed(claims),
        }  # fmt: skip

    def program_token(self, audience: str, claims: Mapping[str, Any]) -> str:
        """Return the token that a program of an organisation would be given for itself."""
        at = int(self.now().timestamp())
        word = {"iss": self.issuer, "aud": audience, "jti": token_urlsafe(8), "iat": at, "exp": at + TOKEN_S}
        return self.signed({**word, **claims})

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Return an id token; a test that wants a false one says otherwise what this says."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, dict(claims), self.key)

    def _fit(self, asked: Mapping[str, str]) -> Mapping[str, str]:
        is_ours = asked.get("client_id") == self.client.id
        is_home = asked.get("redirect_uri") == self.client.redirect_uri
        if not (is_ours and is_home):
            raise OidcRefusalError("invalid_request")  # and nobody is sent anywhere
        is_code = asked.get("response_type") == "code" and asked.get("code_challenge_method") == "S256"
        if not is_code or "openid" not in asked.get("scope", "").split():
            raise OidcRefusalError("invalid_request")
        if not all(asked.get(name) for name in _MUST_BE_ASKED):
            raise OidcRefusalError("invalid_request")
        return dict(asked)

    def _hear_client(self, form: Mapping[str, str]) -> None:
        """Hold the client's word to its key, to us, to now, and to once."""
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise OidcRefusalError("invalid_client")
        try:
            word = jwt.decode(form.get("client_assertion", ""), self.client.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise OidcRefusalError("invalid_client") from None
        at = self.now().timestamp()
        is_it = word.get("iss") == word.get("sub") == self.client.id and word.get("aud") == self.issuer
        is_now = at < word.get("exp", 0) <= at + ASSERTION_S_MAX
        jti = word.get("jti")
        if not (is_it and is_now and isinstance(jti, str)) or jti in self._words_heard:
            raise OidcRefusalError("invalid_client")
        self._words_heard.add(jti)


def oidc_app(provider: OidcProvider) -> FastAPI:
    """Return the provider's pages; serve them with look.serve."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.streams = Streams(_nothing)

    @app.exception_handler(OidcRefusalError)
    async def refused(_request: Request, error: OidcRefusalError) -> Response:
        return JSONResponse({"error": str(error)}, status_code=400)

    @app.get("/.well-known/openid-configuration")
    async def said() -> Response:
        return JSONResponse(provider.said())

    @app.get("/keys")
    async def keys() -> Response:
        return JSONResponse(provider.keys())

    @app.post("/par")
    async def pushed(request: Request) -> Response:
        uri = provider.pushed(await _form(request))
        return JSONResponse({"request_uri": uri, "expires_in": CODE_S}, status_code=201)

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        return HTMLResponse(_page(provider, provider.asked(request.query_params)))

    @app.get("/choose")
    async def choose(name: str, person: str) -> Response:
        return RedirectResponse(provider.chosen(name, person), status_code=303)

    @app.post("/token")
    async def token(request: Request) -> Response:
        answer = provider.token(await _form(request))
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    @app.get("/end")
    async def end() -> Response:
        return HTMLResponse("<!doctype html><title>Logget ut</title><p>Logget ut. Logged out.")

    return app


async def _nothing() -> None:
    raise AssertionError("nobody listens to a provider")


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


def _page(provider: OidcProvider, name: str) -> str:
    """Return the page on which one says who one is."""
    people = "".join(
        f'<li><a href="/choose?{escape(urlencode({"name": name, "person": id_}))}">{escape(each.title)}</a>'
        for id_, each in provider.people.items()
    )
    return f"{_HEAD}<title>Hvem er du?</title><h1>Hvem er du? · Who are you?</h1><ul>{people}</ul>"
