"""Which errors a person must act on, and the exit code that says so."""

from cloud_bridge.backend.database import TablesError
from cloud_bridge.look.serve import PortError
from cloud_bridge.program import causes
from cloud_bridge.settings import SettingsError
from gateway.ports import RadioError
from gateway.store.file import StoreError
from gateway.store.keys import KeyFileError

EXIT_CONFIG = 78  # sysexits.h: something in the configuration is wrong
EXIT_UNAVAILABLE = 69  # sysexits.h: something outside the program is not to be had

_EXITS: tuple[tuple[type[BaseException], int], ...] = (
    (SettingsError, EXIT_CONFIG),
    (KeyFileError, EXIT_CONFIG),
    (StoreError, EXIT_CONFIG),
    (TablesError, EXIT_UNAVAILABLE),  # a server may only be slower to start than we are
    (PortError, EXIT_UNAVAILABLE),
    (RadioError, EXIT_UNAVAILABLE),
)


def exit_code_of(error: BaseException) -> tuple[str, int] | None:
    """Return the line to print and the exit code; None for a bug of ours, which keeps its trace."""
    for cause in causes(error):
        for kind, code in _EXITS:
            if isinstance(cause, kind):
                return str(cause), code
    return None
