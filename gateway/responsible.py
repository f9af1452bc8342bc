"""Which organisation is accountable for this home, as far as the hub has heard."""

import logging
from contextlib import suppress

from cloud_bridge.contract.accountable import (
    Accountable,
    accountable_body,
    accountable_from,
    refusal_of_accountable,
)
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.trouble import TroubleKind
from gateway.ports import Now, Trusted, untold
from gateway.store.file import NotTakenError
from gateway.store.log import Fact, Store
from gateway.troubles import Troubles

log = logging.getLogger(__name__)


class Responsible:
    """What this home knows of its responsibility; None before the ward has said anything."""

    def __init__(self, store: Store, troubles: Troubles, *, now: Now, clock: Trusted = untold) -> None:
        self._store, self._troubles, self._now, self._clock = store, troubles, now, clock
        self.known: Accountable | None = None
        self.looked: Looked | None = None
        """Who has looked at the patient, as the ward said it last; not kept here."""
        if (kept := store.accountable()) is not None:
            with suppress(ContractError):  # then the ward tells it again, at the next birth
                self.known = accountable_from(kept)

    @property
    def fact(self) -> int:
        """The number of the newest fact that is known here; 0 where nothing is."""
        return 0 if self.known is None else self.known.number

    def learn(self, accountable: Accountable) -> bool:
        """Keep a newer word, and say in the log that it is known; tell whether anything changed.

        What the disk does not take now, the ward says again. What can't be true beside what is known
        changes nothing and is a technical alert.
        """
        if refusal := refusal_of_accountable(accountable, self.known):
            if not refusal.is_old:
                self._troubles.begin(TroubleKind.RESPONSIBILITY_REFUSED, refusal.reason)
            return False
        body = accountable_body(accountable)
        fact = Fact(EntryKind.RESPONSIBILITY, body)
        try:
            self._store.commit([fact], at=self._now(), clock=self._clock(), accountable=body)
        except NotTakenError as error:
            log.warning("who is accountable could not be kept: %s", error)
            return False
        self.known = accountable
        self._troubles.end(TroubleKind.RESPONSIBILITY_REFUSED)
        return True
