"""Which errors a person must act on, and the exit code that says so."""

from cloud_bridge.backend.database import AwayError, TablesError
from cloud_bridge.broker import UplinkError
from cloud_bridge.broker_access import BrokerSettingsError
from cloud_bridge.look.serve import PortError
from cloud_bridge.program import causes
from cloud_bridge.settings import SettingsError
from gateway.ports import RadioError
from gateway.store.file import DiskError, StoreError
from gateway.store.keys import KeyFileError

EXIT_CONFIG = 78  # sysexits.h: something in the configuration is wrong
EXIT_DISK = 74  # the disk does not take what must be kept; a later start may find it mended
EXIT_UNAVAILABLE = 69  # sysexits.h: something outside the program is not to be had

_EXITS: tuple[tuple[type[BaseException], int], ...] = (
    (SettingsError, EXIT_CONFIG),
    (BrokerSettingsError, EXIT_CONFIG),
    (KeyFileError, EXIT_CONFIG),
    (DiskError, EXIT_DISK),
    (StoreError, EXIT_CONFIG),
    (AwayError, EXIT_UNAVAILABLE),
    (TablesError, EXIT_CONFIG),
    (PortError, EXIT_UNAVAILABLE),
    (RadioError, EXIT_UNAVAILABLE),
    (UplinkError, EXIT_UNAVAILABLE),
)


def exit_code_of(error: BaseException) -> tuple[str, int] | None:
    """Return the line to print and the exit code; None for a bug of ours, which keeps its trace.

    A bug among several errors is still a bug: no other error may hide it.
    """
    found = causes(error)
    known = [(_line(cause), code) for cause in found if (code := _code(cause)) is not None]
    return known[0] if known and len(known) == len(found) else None


def _code(error: BaseException) -> int | None:
    return next((code for kind, code in _EXITS if isinstance(error, kind)), None)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
