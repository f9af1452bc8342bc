"""What a ward is told of its login: loaded whole, refused with what to do, needed where others can look."""

import os
import tomllib
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.start import login_of
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import Role
from cloud_bridge.settings import SettingsError
from tests.cloud_bridge.backend.some_login import CLIENT_KEY, SECRET

pytestmark = pytest.mark.anyio
SHIPPED = Path(__file__).parents[3] / "config" / "ward.toml"


def with_login() -> str:
    """The shipped settings with their example of a login in force."""
    plain, _, example = SHIPPED.read_text().partition("# [login]\n")
    lines = ("[login]\n" + example).splitlines()
    return plain + "\n".join(line.removeprefix("#").strip() for line in lines)


def ward(folder: Path, text: str = "", **files: str) -> WardSettings:
    """A ward's settings in a folder of its own, with key and secret beside them."""
    kept = {"login.key": CLIENT_KEY.as_pem(private=True).decode(), "login.secret": SECRET.decode()}
    for name, content in (kept | files).items():
        path = folder / name.replace("_", ".")
        path.write_text(content)
        path.chmod(0o600)
    (folder / "ward.toml").write_text(text or with_login())
    return WardSettings.load(folder / "ward.toml")


async def login(folder: Path, settings: WardSettings):
    """Open what these settings say."""
    tables = Tables(SqliteDatabase(folder / "ward.db"))
    async with AsyncExitStack() as stack:
        stack.callback(tables.close)
        return await login_of(settings, tables, stack)


async def refusal(folder: Path, settings: WardSettings) -> SettingsError:
    """Why this login can't be used."""
    with pytest.raises(SettingsError) as caught:
        await login(folder, settings)
    return caught.value


async def test_the_shipped_example_can_be_used(tmp_path: Path) -> None:
    """Without its comment signs the example is a login; as shipped there is none, and the page is local."""
    settings = ward(tmp_path)
    opened = await login(tmp_path, settings)
    assert opened.provider.settings.roles == {"SP": Role.NURSE, "LE": Role.PHYSICIAN, "leder": Role.LEADER}
    assert opened.provider.settings.callback_url == "https://ward.example/login/callback"
    assert (opened.guard.is_secure, opened.guard.cookie) == (True, "__Host-ticket")
    shipped = WardSettings.load(SHIPPED)
    assert (shipped.login, "login" in tomllib.loads(SHIPPED.read_text())) == (None, False)
    shipped.assert_safe_to_show()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.5", "ward.example", "127.example", "127.0.0.1.example"]
)
async def test_a_page_that_others_can_reach_needs_a_login(tmp_path: Path, host: str) -> None:
    """Refused before a port is taken, with what to write; with a login over https it is fine."""
    text = SHIPPED.read_text().replace('host = "127.0.0.1"', f'host = "{host}"')
    with pytest.raises(SettingsError, match=r"page\.host: .*nobody logs in.*127\.0\.0\.1.*\[login\]"):
        ward(tmp_path, text).assert_safe_to_show()
    text = with_login().replace('host = "127.0.0.1"', f'host = "{host}"')
    ward(tmp_path, text).assert_safe_to_show()
    plain = text.replace("https://ward.example", "http://127.0.0.1:8480")
    with pytest.raises(SettingsError, match=r"login\.page_url"):
        ward(tmp_path, plain).assert_safe_to_show()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
async def test_ones_own_machine_needs_none(tmp_path: Path, host: str) -> None:
    """Where only this machine can look, nobody has to log in."""
    ward(
        tmp_path, SHIPPED.read_text().replace('host = "127.0.0.1"', f'host = "{host}"')
    ).assert_safe_to_show()


@pytest.mark.parametrize("name", ["login.key", "login.secret"])
async def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    """The hint says what to write, and repeats nothing of what stands in the file."""
    settings = ward(tmp_path)
    os.chmod(tmp_path / name, 0o640)
    error = await refusal(tmp_path, settings)
    assert "chmod 600" in error.hint
    assert SECRET.decode() not in str(error)
    (tmp_path / name).unlink()
    assert "can't be read" in (await refusal(tmp_path, settings)).hint


@pytest.mark.parametrize(
    ("files", "key", "hint"),
    [
        ({"login_key": "no key"}, "login.client_key_file", "no key that can be read"),
        ({"login_key": "{}"}, "login.client_key_file", "no key that can be read"),
        (
            {"login_key": CLIENT_KEY.as_pem(private=False).decode()},
            "login.client_key_file", "no private key of a pair",
        ),
        (
            {"login_key": f'{{"kty": "oct", "k": "{"A" * 43}"}}'},
            "login.client_key_file", "no private key of a pair",
        ),
        ({"login_key": "\u00e6"}, "login.client_key_file", "holds no text"),
        ({"login_secret": "short"}, "login.secret_file", "openssl rand -hex 32"),
        ({"login_secret": ""}, "login.secret_file", "openssl rand -hex 32"),
    ],
)  # fmt: skip
async def test_what_is_no_key_is_said(tmp_path: Path, files: dict[str, str], key: str, hint: str) -> None:
    """Found at the start and not when the first nurse tries to log in."""
    error = await refusal(tmp_path, ward(tmp_path, **files))
    assert error.key == key
    assert hint in error.hint


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('issuer = "http://login.example"', "login.issuer"),
        ('page_url = "ward.example"', "login.page_url"),
        ('algorithm = "none"', "login.algorithm"),
        ('algorithm = "HS256"', "login.algorithm"),
        ('SP = "king"', "login.roles.SP"),
        ('983971709 = "Syke/huset"', "login.organisations.983971709"),
    ],
)
async def test_settings_that_would_not_be_safe_are_refused(tmp_path: Path, line: str, key: str) -> None:
    """A provider without TLS, a signature that anybody can make, a role that there is not."""
    name = line.partition(" = ")[0]
    text = "\n".join(line if each.startswith(f"{name} = ") else each for each in with_login().splitlines())
    with pytest.raises(SettingsError) as caught:
        ward(tmp_path, text)
    assert caught.value.key == key
