"""A ward where people log in, and the client's key that its provider knows."""

from pathlib import Path

from joserfc.jwk import RSAKey

from cloud_bridge.backend.login_settings import LoginSettings, ProgramSettings
from cloud_bridge.backend.who import Role

CLIENT_KEY = RSAKey.generate_key(2048, {"kid": "ward"})
AUDIENCE, SCOPE = "pusterom:fhir", "pusterom:fhir/read"
SECRET = b"0123456789abcdef0123456789abcdef"


def login_settings(issuer: str, page_url: str) -> LoginSettings:
    """Return what a ward is told of its provider."""
    return LoginSettings(
        issuer=issuer,
        page_url=page_url,
        client_id="pusterom-ward",
        client_key_file=Path("client.key"),
        client_key_id="ward",
        secret_file=Path("person.secret"),
        person_claim="pid",
        organisation_claim="org",
        role_claim="role",
        organisations={"983971709": "sykehuset", "864950582": "ringsaker"},
        roles={"SP": Role.NURSE, "LE": Role.PHYSICIAN},
        programs=ProgramSettings(audience=AUDIENCE, scope=SCOPE, organisation_claim="org"),
    )
