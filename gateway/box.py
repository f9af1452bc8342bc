"""What this box knows of time: its clock, how long it has run, and whether a time service confirms it."""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from cloud_bridge.program import utc_now
from gateway.clock import Tick

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")

BOOT_ID_VARIABLE = "PUSTEROM_BOOT_ID"
"""Named in the systemd unit, for the service is not shown that file."""

SYNCED_FILE = Path("/run/systemd/timesync/synchronized")
"""Touched by systemd-timesyncd when it has set the clock; gone at each boot."""

STA_UNSYNC = 0x0040
_STATUS_AT = 40
"""Where `status` stands in `struct timex` of a 64-bit Linux: modes and four long numbers come first."""

_C = ctypes.CDLL(None)

_TIMEX_BYTES = 512  # more than any kernel writes


def box() -> Callable[[], Tick]:
    """Return a function that says what the box shows now."""
    boot_id = _boot_id()
    return lambda: Tick(boot_id, utc_now(), uptime_s(), is_synced())


def uptime_s() -> float:
    """Return how long the box has run, asleep or awake."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def is_synced() -> bool:
    """Tell whether a time service confirms the clock; where nobody can say, it is not confirmed."""
    status = _kernel_status()
    if status is not None:
        return not status & STA_UNSYNC
    return SYNCED_FILE.exists()


def _kernel_status() -> int | None:
    """Return the kernel's own word, which only asks and sets nothing; None where it may not be asked."""
    adjtimex = getattr(_C, "adjtimex", None)
    if adjtimex is None or ctypes.sizeof(ctypes.c_long) != ctypes.sizeof(ctypes.c_int64):
        return None
    answer = ctypes.create_string_buffer(_TIMEX_BYTES)
    if adjtimex(answer) < 0:
        return None
    return int.from_bytes(answer.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder)


def _boot_id() -> str:
    """Return what no other boot is called; where nobody says, each start of the program counts as one."""
    try:
        return BOOT_ID_FILE.read_text("ascii").strip()
    except OSError:
        return os.environ.get(BOOT_ID_VARIABLE) or uuid4().hex
