"""The hub's settings, and all the files that Pusterom ships."""

from pathlib import Path

import pytest

from cloud_bridge.backend.settings import WardSettings
from cloud_bridge.settings import SettingsError, load_plan
from devices.driver import Told
from gateway.settings import Settings
from tests.given import HOME

CONFIG = Path(__file__).resolve().parents[2] / "config"
READS = {"hub": Settings.load, "ward": WardSettings.load, "plan": load_plan}
HUB = f"""
home = "{HOME}"
folder = "log"
key_file = "hub.key"
plan_file = "plan.toml"
broker = "mqtt://127.0.0.1:1883"
"""


def loaded(folder: Path, text: str, overrides: dict[str, str] | None = None) -> Settings:
    """Return what a hub reads in this text."""
    (folder / "hub.toml").write_text(text)
    return Settings.load(folder / "hub.toml", overrides)


def test_every_file_that_we_ship_loads():
    """Each TOML file in config/ is read by a model of its own, and no model is without its file."""
    names = [file.stem for file in CONFIG.glob("*.toml")]
    assert sorted(names) == sorted(READS)
    for name in names:
        assert READS[name](CONFIG / f"{name}.toml") is not None


def test_what_the_shipped_files_name_is_there():
    """The plan that the hub names lies beside it."""
    assert Settings.load(CONFIG / "hub.toml").plan_file.is_file()


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path, monkeypatch):
    """Log, key and plan lie where the file says, wherever the hub was started."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    settings = loaded(tmp_path, HUB)
    assert (settings.folder, settings.key_file, settings.plan_file) == (
        tmp_path / "log", tmp_path / "hub.key", tmp_path / "plan.toml",
    )  # fmt: skip


@pytest.mark.parametrize("home", ["", "kari", HOME.upper(), HOME + "0", HOME[:15], "+", f"{HOME}\n"])
def test_a_home_that_is_no_id_is_refused(tmp_path, home):
    """The message names the key and the command that makes a right one."""
    text = HUB.replace(f'"{HOME}"', repr(home) if "\n" not in home else f'"{HOME}\\n"')
    with pytest.raises(SettingsError, match="`pusterom hub new-home`") as caught:
        loaded(tmp_path, text)
    assert caught.value.key == "home"


@pytest.mark.parametrize("radio", ["", "bluetooth", "unix:", ":/tmp/room"])
def test_a_radio_that_is_none_is_refused(tmp_path, radio):
    """Neither bluez nor scheme:place: the message says what to write."""
    with pytest.raises(SettingsError, match="write bluez, or unix:/path") as caught:
        loaded(tmp_path, f'{HUB}radio = "{radio}"\n')
    assert caught.value.key == "radio"


def test_what_is_not_said_has_a_default(tmp_path):
    """A short file is enough: Bluetooth, Oslo, Norwegian, and a page on this machine only."""
    settings = loaded(tmp_path, HUB)
    assert (settings.radio, settings.timezone) == ("bluez", "Europe/Oslo")
    assert settings.page.host == "127.0.0.1"


DEVICE = """
[[devices]]
address = "c0:26:da:01:02:03"
user_slot = 2
consent_code = 1234
bind_key_file = "scale.key"
"""


def test_what_a_person_tells_of_a_device_reaches_its_driver(tmp_path):
    """By address, whichever case it is written in; the key comes from its file beside the settings."""
    (tmp_path / "scale.key").write_text("00112233445566778899aabbccddeeff\n")
    told = loaded(tmp_path, HUB + DEVICE).told()
    key = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert told == {"C0:26:DA:01:02:03": Told(user_slot=2, consent_code=1234, bind_key=key)}
    assert "bind_key" not in repr(told), "a key is never printed"


@pytest.mark.parametrize("key", ["", "0011", "kari", "00112233445566778899aabbccddeeff00"])
def test_a_bind_key_that_is_none_is_refused(tmp_path, key):
    """The message names the file, says what it must hold and doesn't say what it held."""
    (tmp_path / "scale.key").write_text(key)
    with pytest.raises(SettingsError, match="32 hexadecimal digits") as caught:
        loaded(tmp_path, HUB + DEVICE).told()
    assert caught.value.file == tmp_path / "scale.key"
    assert not key or key not in str(caught.value).replace("sixteen octets", "")


def test_an_address_that_is_none_is_refused(tmp_path):
    """A device that nobody can hear is not told anything."""
    with pytest.raises(SettingsError, match="such as C0:26:DA:01:02:03"):
        loaded(tmp_path, HUB + DEVICE.replace("c0:26", "scale"))
