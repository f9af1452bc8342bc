"""bumble's errors in bleak's words."""

import asyncio
import contextlib
from collections.abc import Iterator

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, hci

BUMBLE_ERRORS = (core.BaseBumbleError, hci.HCI_Error)

_FORGOTTEN = (
    hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR,
    hci.HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR,
)


@contextlib.contextmanager
def bleak_errors(what: str) -> Iterator[None]:
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
