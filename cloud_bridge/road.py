"""The broker of a settings file: what is wrong there is said with file and key before anything is dialled."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cloud_bridge.broker_access import BrokerSettingsError, parse_url
from cloud_bridge.certificates import Certificate
from cloud_bridge.flow import PATIENCE, Patience
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.settings import BrokerSettings, SettingsError
from cloud_bridge.tls import TlsFileError


def broker_from(settings: BrokerSettings, username: str, patience: Patience = PATIENCE) -> PahoBroker:
    """Return the broker that these settings name, for this user; raises SettingsError with what to do."""
    with _told(settings):
        _own(settings, username)
        return PahoBroker(
            settings.broker,
            username=username,
            password_file=settings.password_file,
            tls=settings.tls_files,
            patience=patience,
        )


def certificates_aloud(settings: BrokerSettings, username: str, now: datetime) -> list[str]:
    """Return a line about each certificate in the settings; keys are not touched. Raises SettingsError."""
    with _told(settings):
        own, files = _own(settings, username), settings.tls_files
        lines = [f"{files.certificate_file}: {one}, {one.standing(now)}" for one in own]
        return lines + [f"{files.ca_file}: trusts {one}, {one.standing(now)}" for one in files.authorities()]


def _own(settings: BrokerSettings, username: str) -> tuple[Certificate, ...]:
    """Return our certificate, which must be made out to us: the broker takes its name for the username."""
    files = settings.tls_files
    files.assert_fit(parse_url(settings.broker))
    own = files.own()
    if own and own[0].name != username:
        raise TlsFileError(
            "certificate_file",
            f"{files.certificate_file} is made out to {own[0].name!r}, and this is {username!r}: the broker"
            " would take us for somebody else. Ask for one with this common name.",
        )
    return own


@contextmanager
def _told(settings: BrokerSettings) -> Iterator[None]:
    try:
        yield
    except TlsFileError as error:
        raise SettingsError(settings.file, error.key, error.hint) from error
    except BrokerSettingsError as error:  # the address was looked at when the file was read
        raise SettingsError(settings.file, "password_file", str(error)) from error
