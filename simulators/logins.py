"""Where people of the story log in: a real provider on this machine, at which one says who one is."""

from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_bytes
from socket import socket

from fastapi import FastAPI
from joserfc.jwk import RSAKey

from cloud_bridge.backend.login import Login
from cloud_bridge.backend.login_settings import LoginSettings
from cloud_bridge.backend.provider import Provider, http_client
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import PEOPLE
from cloud_bridge.look.serve import address
from cloud_bridge.program import utc_now
from simulators.oidc import Client, OidcProvider, Pretended, oidc_app
from simulators.transfer import HOSPITAL, MUNICIPALITY

CLIENT_ID = "pusterom-ward"
NOWHERE = Path("nowhere")
"""The demo's keys live in memory, and end with it."""

PEOPLE_AT_WORK = {
    "lege": Pretended(
        f"Lege, {HOSPITAL.name}", {"sub": "lege", "org": HOSPITAL.organisation, "role": "physician"}
    ),
    "sykepleier": Pretended(
        f"Sykepleier, {MUNICIPALITY.name}",
        {"sub": "sykepleier", "org": MUNICIPALITY.organisation, "role": "nurse"},
    ),
    "leder": Pretended(
        f"Leder, {MUNICIPALITY.name}", {"sub": "leder", "org": MUNICIPALITY.organisation, "role": "leader"}
    ),
}
"""All made up."""


async def demo_login(
    stack: AsyncExitStack, tables: Tables, ward_page: socket, login_page: socket
) -> tuple[Login, FastAPI]:
    """Return where people log in to the ward, and the provider's own pages."""
    key = RSAKey.generate_key(2048, {"kid": "demo"})
    names = {each.organisation: each.organisation for each in (HOSPITAL, MUNICIPALITY)}
    settings = LoginSettings(
        issuer=address(login_page).rstrip("/"),
        page_url=address(ward_page).rstrip("/"),
        client_id=CLIENT_ID,
        client_key_file=NOWHERE,
        secret_file=NOWHERE,
        organisation_claim="org",
        role_claim="role",
        organisations=names,
        roles={role.value: role for role in PEOPLE},
    )
    client = Client(CLIENT_ID, key, settings.callback_url)
    provider = OidcProvider(settings.issuer, client, PEOPLE_AT_WORK, utc_now)
    http = await stack.enter_async_context(http_client())
    # Not the story's clock: its days pass in seconds, and nobody would stay logged in.
    return Login(Provider(settings, key, http), tables, token_bytes(32), utc_now), oidc_app(provider)
