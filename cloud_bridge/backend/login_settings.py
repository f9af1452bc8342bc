"""[login] in config/ward.toml → LoginSettings: who says who somebody is, and how we read it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cloud_bridge.backend.who import Role
from cloud_bridge.contract.responsibility import is_organisation
from cloud_bridge.settings import SettingsError

_OTHERS_MAY = 0o077
_SECRET = re.compile(r"[\x21-\x7e]{32,}")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def _address(url: str) -> str:
    parts = urlsplit(url)
    is_plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or is_plain) or parts.query or parts.fragment:
        raise ValueError("write an https address, such as https://ward.example")
    return url


def _organisation(text: str) -> str:
    if not is_organisation(text):
        raise ValueError("an organisation is small letters, digits and hyphens")
    return text


Address = Annotated[str, AfterValidator(_address)]


class ProgramSettings(BaseModel):
    """The programs that may fetch in FHIR: what must stand in their tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: str = Field(min_length=1)
    scope: str = Field(min_length=1)
    organisation_claim: str


class LoginSettings(BaseModel):
    """Who says who somebody is (OpenID Connect), who we are to them, and what their words mean here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Address
    page_url: Address
    """Where browsers find the ward's pages; the provider sends people back to /login/callback under it."""
    client_id: str = Field(min_length=1)
    client_key_file: Path
    client_key_id: str = ""
    algorithm: Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"] = "RS256"
    secret_file: Path
    """What people's ids are hashed with: without it nobody can tell from a table who somebody is."""
    scope: str = "openid"
    person_claim: str = "sub"
    organisation_claim: str
    role_claim: str
    organisations: Mapping[str, Annotated[str, AfterValidator(_organisation)]]
    """What the provider calls an organisation → what we do."""
    roles: Mapping[str, Role]
    programs: ProgramSettings | None = None
    """Where None people log in, and no program is known."""

    @property
    def callback_url(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.page_url.rstrip('/')}/login/callback"

    @property
    def is_secure(self) -> bool:
        """Whether browsers speak https with us."""
        return self.page_url.startswith("https://")

    def beside(self, folder: Path) -> Self:
        """Return these settings with paths that start at this folder."""
        files = {"client_key_file": self.client_key_file, "secret_file": self.secret_file}
        return self.model_copy(update={name: folder / path for name, path in files.items()})


def private_text(settings_file: Path, name: str, path: Path) -> str:
    """Return what stands in a file that only its owner may read; raise SettingsError without repeating it."""
    key = f"login.{name}"
    try:
        if (mode := path.stat().st_mode) & _OTHERS_MAY:
            hint = f"{path} is open to others here (mode {mode & 0o777:04o}): chmod 600 it."
            raise SettingsError(settings_file, key, hint)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(settings_file, key, f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise SettingsError(settings_file, key, f"{path} holds no text.") from None


def secret_of(settings_file: Path, login: LoginSettings) -> bytes:
    """Return what people's ids are hashed with."""
    text = private_text(settings_file, "secret_file", login.secret_file)
    if _SECRET.fullmatch(text) is None:
        hint = "it must hold 32 random letters or more: openssl rand -hex 32"
        raise SettingsError(settings_file, "login.secret_file", f"{login.secret_file}: {hint}")
    return text.encode()
