"""Runs the checks one by one, each within its time, so that one hanging driver is one finding."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulators.conformance.case import Case, Failure

CHECK_S_MAX = 20.0
"""No check of a good driver takes a twentieth of this."""

Check = Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A check with the number by which people talk about it, and the law in a few words."""

    number: int
    law: str
    run: Check


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; no reason means that it passed."""

    number: int
    law: str
    reason: str | None = None


class Checks:
    """A list of checks that fills itself as their files are read."""

    def __init__(self) -> None:
        self.all: list[Numbered] = []

    def add(self, number: int, law: str) -> Callable[[Check], Check]:
        """Give a check its number."""

        def numbered(run: Check) -> Check:
            assert all(number != other.number for other in self.all), f"two checks have number {number}"
            self.all.append(Numbered(number, law, run))
            return run

        return numbered


class Overdue(BaseException):
    """A check has taken too long."""


def examine(case: Case, checks: Checks) -> Iterator[Finding]:
    """Yield the finding of every check, in the order of their numbers."""
    for one in sorted(checks.all, key=lambda each: each.number):
        yield Finding(one.number, one.law, _reason(one, case))


def _reason(one: Numbered, case: Case) -> str | None:
    try:
        with _limited(CHECK_S_MAX):
            one.run(case)
    except Failure as failure:
        return str(failure)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's code may raise anything, and that is the finding
        return f"raised {type(error).__name__}: {error}" if not _is_overdue(error) else _LATE
    return None


_LATE = f"did not end within {CHECK_S_MAX:.0f} s"


def _is_overdue(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_overdue(each) for each in error.exceptions)
    return isinstance(error, Overdue)


@contextmanager
def _limited(limit_s: float) -> Iterator[None]:
    """Interrupt what runs too long; only a process's main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_signal: int, _frame: object) -> None:
        raise Overdue

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
