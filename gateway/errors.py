"""Which errors a person must act on, and the exit code that says so.

They are known by name, so that a command that only turns bytes into readings loads no store and no
network for the sake of errors that it can't meet.
"""

from cloud_bridge.program import causes

EXIT_USAGE = 64  # sysexits.h: what was written behind the command can't be meant
EXIT_DATA = 65  # sysexits.h: the bytes that were handed in are not what they should be
EXIT_UNAVAILABLE = 69  # sysexits.h: something outside the program is not to be had
EXIT_DISK = 74  # the disk does not take what must be kept; a later start may find it mended
EXIT_CONFIG = 78  # sysexits.h: something in the configuration is wrong

EXITS: dict[str, int] = {
    "cloud_bridge.backend.database.AwayError": EXIT_UNAVAILABLE,
    "cloud_bridge.backend.database.TablesError": EXIT_CONFIG,
    "cloud_bridge.broker.UplinkError": EXIT_UNAVAILABLE,
    "cloud_bridge.broker_access.BrokerSettingsError": EXIT_CONFIG,
    "cloud_bridge.look.serve.PortError": EXIT_UNAVAILABLE,
    "cloud_bridge.settings.SettingsError": EXIT_CONFIG,
    "gateway.capture.NothingHeardError": EXIT_UNAVAILABLE,
    "gateway.ports.RadioError": EXIT_UNAVAILABLE,
    "gateway.recording.RecordingError": EXIT_DATA,
    "gateway.store.backup.BackupError": EXIT_DATA,
    "gateway.store.file.DiskError": EXIT_DISK,
    "gateway.store.file.StoreError": EXIT_CONFIG,
    "gateway.store.look.DamageError": EXIT_DISK,
    "gateway.store.keys.KeyFileError": EXIT_CONFIG,
    "gateway.store.sealed.SealError": EXIT_DATA,
    "gateway.words.WordsError": EXIT_USAGE,
}
"""By the error's full name; a subclass that is not named here counts as what it is derived from."""


def exit_code_of(error: BaseException) -> tuple[str, int] | None:
    """Return the line to print and the exit code; None for a bug of ours, which keeps its trace.

    A bug among several errors is still a bug: no other error may hide it.
    """
    found = causes(error)
    known = [(_line(cause), code) for cause in found if (code := _code(cause)) is not None]
    return known[0] if known and len(known) == len(found) else None


def _code(error: BaseException) -> int | None:
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXITS[name] for name in names if name in EXITS), None)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
