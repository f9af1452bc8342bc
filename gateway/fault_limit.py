"""How many faults of one device are kept a day: one gone mad must not fill the log."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from cloud_bridge.contract.bodies import DeviceFault

FAULTS_PER_DAY_MAX = 50

MORE_FAULTS = f"more than {FAULTS_PER_DAY_MAX} faults today: no more of them are kept"


class FaultLimit:
    """Counts the faults of each device, from the beginning every day."""

    def __init__(self) -> None:
        self._on: date | None = None
        self._counts: Counter[str] = Counter()

    def within_the_day(self, faults: Iterable[DeviceFault], today: date) -> Iterator[DeviceFault]:
        """Yield the faults that there is room for, and once a day and device that there is none."""
        if self._on != today:
            self._on = today
            self._counts.clear()
        for fault in faults:
            self._counts[fault.device] += 1
            if self._counts[fault.device] <= FAULTS_PER_DAY_MAX:
                yield fault
            elif self._counts[fault.device] == FAULTS_PER_DAY_MAX + 1:
                yield DeviceFault(fault.device, fault.driver, f"{today}: {MORE_FAULTS}")
