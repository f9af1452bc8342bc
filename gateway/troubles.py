"""What does not work at this hub now: opened once, closed once, kept and carried like any fact."""

import logging
from collections.abc import Callable

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trouble import DETAIL_LENGTH_MAX, TROUBLES, Trouble, TroubleKind, trouble_body
from gateway.ports import Now, Trusted, untold
from gateway.store.file import NotTakenError
from gateway.store.log import Fact, Store

log = logging.getLogger(__name__)


class Troubles:
    """The hub's technical alerts. What was open before a restart still is, until somebody ends it."""

    def __init__(
        self, store: Store, *, now: Now, on_change: Callable[[], None], clock: Trusted = untold
    ) -> None:
        self._store = store
        self._now = now
        self._clock = clock
        self._on_change = on_change
        self._unkept: dict[tuple[str, str], Trouble] = {}
        known = store.troubles()
        self._open = {trouble.key: trouble for trouble in TROUBLES.validate_json(known or b"[]")}

    @property
    def open(self) -> tuple[Trouble, ...]:
        """The troubles that are not over, oldest first."""
        return tuple(sorted(self._open.values(), key=lambda trouble: (trouble.at, trouble.id)))

    def begin(self, what: TroubleKind, detail: str, *, about: str = "") -> None:
        """Say that something does not work; while it is open, saying it again changes nothing.

        Where the disk does not take it now, it waits for `keep_waiting`.
        """
        if (what, about) in self._open:
            self._unkept.pop((what.value, about), None)
            return
        id_ = f"{what}-{self._store.log}-{self._store.highest + 1}"
        said = detail[:DETAIL_LENGTH_MAX]
        trouble = Trouble(id_, what.value, "opened", self._now(), about, said)
        log.warning("trouble: %s: %s", what, said)
        self._say(trouble)

    def end(self, what: TroubleKind, *, about: str = "") -> None:
        """Say that it works again; where nothing was open, nothing changes."""
        trouble = self._open.get((what.value, about))
        if trouble is None:
            self._unkept.pop((what.value, about), None)
            return
        over = Trouble(trouble.id, trouble.what, "closed", self._now(), about, trouble.detail)
        log.warning("trouble over: %s", what)
        self._say(over)

    def keep_waiting(self) -> None:
        """Keep what the disk has not taken before; raise NotTakenError where it still does not."""
        for change in tuple(self._unkept.values()):
            self._keep(change)

    def _say(self, change: Trouble) -> None:
        try:
            self._keep(change)
        except NotTakenError:
            self._unkept[change.key] = change

    def _keep(self, change: Trouble) -> None:
        """Commit the change and what is open after it as one; memory moves only then."""
        then_open = {key: other for key, other in self._open.items() if key != change.key}
        if change.change == "opened":
            then_open[change.key] = change
        fact = Fact(EntryKind.TROUBLE, trouble_body(change), id=f"{change.id}:{change.change}")
        kept = TROUBLES.dump_json(tuple(then_open.values()))
        self._store.commit([fact], at=self._now(), clock=self._clock(), troubles=kept)
        self._unkept.pop(change.key, None)
        self._open = then_open
        self._on_change()
