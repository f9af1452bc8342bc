"""bumble's errors in bleak's words."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, hci

from simulators.radio.firmly import firmly

T = TypeVar("T")

BUMBLE_ERRORS = (core.BaseBumbleError, hci.HCI_Error)

_FORGOTTEN = (
    hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR,
    hci.HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR,
)


async def asked(what: str, work: Coroutine[Any, Any, T]) -> T:
    """Return what bumble answers; nothing but BleakErrors comes out, and no cancellation is lost."""
    with _bleak_errors(what):
        return await firmly(work)


@contextlib.contextmanager
def _bleak_errors(what: str) -> Iterator[None]:
    """Let only BleakErrors out.

    Where a link or a radio is lost, bumble cancels the task that waits for it. Nobody has asked for
    that cancellation, which is how it is told from a real one.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise BleakError(f"{what}: the link was lost") from None
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(int(error.error_code)) from error
    except hci.HCI_Error as error:
        if error.error_code in _FORGOTTEN:
            raise BleakError(f"{what}: the device has lost its bond; forget ours and pair anew") from error
        raise BleakError(f"{what}: {error}") from error
    except core.BaseBumbleError as error:
        raise BleakError(f"{what}: {error}") from error


class _Unwatched(logging.Filter):
    """Drops what bumble's own unwatched tasks say of a link or a controller that is gone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is to be said."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, BUMBLE_ERRORS)


_UNWATCHED = _Unwatched()


def quiet_bumble() -> None:
    """Keep the ends of bumble's unwatched tasks out of the log: who waits for a link hears of it anyway."""
    logging.getLogger("asyncio").addFilter(_UNWATCHED)
