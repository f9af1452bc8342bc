"""The door to an OpenID provider: where people log in, and what it says of them; all of Authlib."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import orjson
from authlib.oauth2.claims import JWTClaims
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from cloud_bridge.backend.login_settings import LoginSettings
from cloud_bridge.backend.sessions import Begun

ANSWER_S_MAX = 10.0
ASSERTION_S = 50
"""How long our word to the provider holds; HelseID takes none that holds longer than a minute."""

SKEW_S = 30
"""So far two clocks may be apart."""

FRESH = timedelta(minutes=10)
_KEYS_AGAIN = timedelta(minutes=1)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
"""What an id token may be signed with: never with nothing, and never with a secret that two know."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_MORE_ENDPOINTS = ("pushed_authorization_request_endpoint", "end_session_endpoint")

Why = Literal["away", "untrue"]


class ProviderError(Exception):
    """The provider is away, or what came is not true; nobody is logged in. It repeats nothing of a token."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why


def key_from(text: str) -> Key:
    """Return a private key that was written as PEM or as JWK; raise ValueError."""
    try:
        key: Key = import_key(orjson.loads(text)) if text.startswith("{") else _pem(text)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"holds no key that can be read ({type(error).__name__})") from None
    if key.key_type == "oct" or not key.is_private:
        raise ValueError("holds no private key of a pair")
    return key


def http_client() -> httpx.AsyncClient:
    """Return what asks a provider: it waits so long and no longer, and is led nowhere else."""
    return httpx.AsyncClient(timeout=ANSWER_S_MAX, follow_redirects=False)


@dataclass(slots=True)
class Provider:
    """One provider, as it describes itself; what it said is asked anew after a while."""

    settings: LoginSettings
    key: Key
    http: httpx.AsyncClient
    _said: Mapping[str, Any] | None = field(default=None, init=False)
    _said_at: datetime | None = field(default=None, init=False)
    _keys: KeySet | None = field(default=None, init=False)
    _keys_at: datetime | None = field(default=None, init=False)

    async def address(self, begun: Begun, now: datetime) -> str:
        """Return where somebody goes to log in."""
        said = await self._metadata(now)
        asked = {
            "client_id": self.settings.client_id,
            "response_type": "code",
            "redirect_uri": self.settings.callback_url,
            "scope": self.settings.scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": create_s256_code_challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        if pushed := said.get("pushed_authorization_request_endpoint"):
            answer = await self._post(str(pushed), asked, now)
            uri = answer.get("request_uri")
            if not isinstance(uri, str):
                raise ProviderError("away", "no request_uri for what was pushed")
            asked = {"client_id": self.settings.client_id, "request_uri": uri}
        return f"{said['authorization_endpoint']}?{urlencode(asked)}"

    async def claims(self, code: str, begun: Begun, now: datetime) -> Mapping[str, Any]:
        """Return what the provider says of whoever came back with this code; raise ProviderError."""
        said = await self._metadata(now)
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.callback_url,
            "code_verifier": begun.verifier,
            "client_id": self.settings.client_id,
        }
        answer = await self._post(said["token_endpoint"], asked, now)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("untrue", "no id token")
        try:
            return self._checked(await self._decoded(token, now), answer.get("access_token"), begun, now)
        except (JoseError, ValueError, TypeError) as error:
            raise ProviderError("untrue", f"id token: {type(error).__name__}") from None

    async def access_claims(self, token: str, audience: str, now: datetime) -> Mapping[str, Any]:
        """Return what the provider says in a program's token for us; raise ProviderError."""
        try:
            decoded = await self._decoded(token, now)
            claims = JWTClaims(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": audience},
                    "exp": {"essential": True},
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=SKEW_S)
        except (JoseError, ValueError, TypeError) as error:
            raise ProviderError("untrue", f"access token: {type(error).__name__}") from None
        return dict(claims)

    async def end_address(self, now: datetime) -> str | None:
        """Return where somebody ends the provider's own session; None where it says nothing of that."""
        found = (await self._metadata(now)).get("end_session_endpoint")
        return f"{found}?{urlencode({'client_id': self.settings.client_id})}" if found else None

    async def _decoded(self, token: str, now: datetime) -> jwt.Token:
        keys = await self._key_set(now, is_old_good=True)
        try:
            return jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            if self._keys_at is not None and now - self._keys_at < _KEYS_AGAIN:
                raise
        # It may have been signed with a key that is newer than what we know.
        return jwt.decode(token, await self._key_set(now, is_old_good=False), algorithms=list(ALGORITHMS))

    def _checked(
        self, token: jwt.Token, access_token: object, begun: Begun, now: datetime
    ) -> Mapping[str, Any]:
        us = self.settings.client_id
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": us},
            },
            {"nonce": begun.nonce, "client_id": us, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=SKEW_S)
        return dict(claims)

    async def _metadata(self, now: datetime) -> Mapping[str, Any]:
        if self._said is not None and self._said_at is not None and now - self._said_at < FRESH:
            return self._said
        issuer = self.settings.issuer
        said = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise ProviderError("untrue", "the provider calls itself otherwise than we do")
        for name in (*_ENDPOINTS, *(name for name in _MORE_ENDPOINTS if name in said)):
            if not _is_safe(said.get(name), issuer):
                raise ProviderError("untrue", f"the provider says no safe {name}")
        self._said, self._said_at = said, now
        return said

    async def _key_set(self, now: datetime, *, is_old_good: bool) -> KeySet:
        if is_old_good and self._keys is not None:
            return self._keys
        said = await self._get((await self._metadata(now))["jwks_uri"])
        try:
            self._keys, self._keys_at = KeySet.import_key_set(said), now  # type: ignore[arg-type] # as it came
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError("untrue", f"keys: {type(error).__name__}") from None
        return self._keys

    async def _get(self, url: str) -> Mapping[str, Any]:
        return await self._answer(self.http.build_request("GET", url))

    async def _post(self, url: str, asked: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
        """Ask as the client that we are: our word is new each time, and holds for less than a minute."""
        said_at = int(now.timestamp())
        word = private_key_jwt_sign(
            self.key,
            self.settings.client_id,
            self.settings.issuer,
            alg=self.settings.algorithm,
            claims={"jti": token_urlsafe(24), "iat": said_at, "nbf": said_at, "exp": said_at + ASSERTION_S},
            header={"kid": self.settings.client_key_id} if self.settings.client_key_id else {},
        )
        form = {**asked, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": word}
        return await self._answer(self.http.build_request("POST", url, data=form))

    async def _answer(self, request: httpx.Request) -> Mapping[str, Any]:
        try:
            answer = await self.http.send(request)
            said = answer.json() if answer.status_code < 500 else None
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderError("away", f"{request.url.path}: {type(error).__name__}") from None
        if said is None:
            raise ProviderError("away", f"{request.url.path}: {answer.status_code}")
        if not answer.is_success or not isinstance(said, dict):
            raise ProviderError("untrue", f"{request.url.path}: {answer.status_code}")
        return said


def _is_safe(url: object, issuer: str) -> bool:
    """Only a provider that is itself on this machine may name addresses without TLS."""
    return isinstance(url, str) and url.startswith(("https://",) if issuer.startswith("https://") else "http")


def _pem(text: str) -> Key:
    for kind in ("RSA", "EC"):
        try:
            return import_key(text, kind)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("neither RSA nor EC")
