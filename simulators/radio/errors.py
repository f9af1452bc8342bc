"""bumble's errors in bleak's words."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, hci

T = TypeVar("T")

TELL_AGAIN_S = 0.05

BUMBLE_ERRORS = (core.BaseBumbleError, hci.HCI_Error)

_FORGOTTEN = (
    hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR,
    hci.HCI_ErrorCode.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR,
)


async def asked(what: str, work: Coroutine[Any, Any, T]) -> T:
    """Return what bumble answers. Nothing but BleakErrors comes out, and no cancellation is lost.

    bumble waits with wait_for, which in Python 3.11 forgets a cancellation that comes together with
    the answer, and then goes on to ask for more: it is told again until it has ended.
    """
    with _bleak_errors(what):
        task = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            while not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=TELL_AGAIN_S)
            if not task.cancelled():
                task.exception()  # seen; whoever would have cared is leaving
            raise
        return task.result()


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
