"""Tells in time that our certificate for the broker ends: at 30, 14, 7 days, and when it has."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from cloud_bridge.certificates import warning_of
from cloud_bridge.contract.trouble import TroubleKind
from devices.readings import FIRST_CREDIBLE_YEAR
from gateway.ports import Now
from gateway.troubles import Troubles

LOOK_EVERY_S = 3600.0


class CertificateWatch:
    """Opens a trouble for each step, and ends it when the next begins or the certificate is renewed."""

    def __init__(self, expiry: Callable[[], datetime | None], troubles: Troubles, *, now: Now) -> None:
        self._expiry = expiry
        self._troubles = troubles
        self._now = now

    async def run(self) -> None:
        """Look once an hour, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Look once. A hub that does not know the day says nothing of it."""
        now, expires_at = self._now(), self._expiry()
        if now.year < FIRST_CREDIBLE_YEAR:
            return
        warning = None if expires_at is None else warning_of(expires_at, now)
        step = None if warning is None else f"{warning.step} days"
        for trouble in self._troubles.open:
            if trouble.what == TroubleKind.CERTIFICATE_ENDS and trouble.about != step:
                self._troubles.end(TroubleKind.CERTIFICATE_ENDS, about=trouble.about)
        if warning is not None and step is not None:
            self._troubles.begin(TroubleKind.CERTIFICATE_ENDS, str(warning), about=step)
