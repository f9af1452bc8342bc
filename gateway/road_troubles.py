"""What the road says becomes technical alerts: a ward that can't read us, a broker that forbids us."""

from collections.abc import Callable

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.receipts import Receipt, Refusal
from cloud_bridge.contract.trouble import TroubleKind
from cloud_bridge.spans import Spans
from gateway.store.log import Store
from gateway.troubles import Troubles

UNREADABLE_TOLD_MAX = 10
"""So many entries that the ward can't read are open troubles at once; it names them all itself."""


class RoadTroubles:
    """Opens and ends the troubles of the road, by what the carrier hears."""

    def __init__(self, store: Store, troubles: Troubles, is_anything_aside: Callable[[], bool]) -> None:
        self._store = store
        self._troubles = troubles
        self._is_anything_aside = is_anything_aside

    def refused(self, refusal: Refusal) -> None:
        """The ward could not read a batch at all, and has put it aside."""
        self._troubles.begin(TroubleKind.BATCH_REFUSED, refusal.reason)

    def denied(self, reason: str) -> None:
        """The broker's rules forbid us to deliver: nobody hears of it but whoever looks at the hub."""
        self._troubles.begin(TroubleKind.PUBLISH_DENIED, reason)

    def received(self, receipt: Receipt) -> None:
        """The ward has answered: end what is over, and say what it could not read."""
        is_all_there = self._store.cursor == self._store.highest
        # A mere position proves nothing: saying our state may be allowed, and delivering denied.
        if receipt.kept or is_all_there:
            self._troubles.end(TroubleKind.PUBLISH_DENIED)
        if is_all_there and not self._is_anything_aside():
            self._troubles.end(TroubleKind.BATCH_REFUSED)
        if not receipt.kept:
            self._end_readable(receipt)
        self._begin_unreadable(receipt)

    def _open_entries(self) -> set[str]:
        return {
            trouble.about
            for trouble in self._troubles.open
            if trouble.what == TroubleKind.BATCH_REFUSED and trouble.about
        }

    def _begin_unreadable(self, receipt: Receipt) -> None:
        """Say each entry once. One that tells of a trouble is not told as another: that would never end."""
        room = UNREADABLE_TOLD_MAX - len(self._open_entries())
        told_anew = Spans(receipt.contradicted)  # under a new name of the log
        unreadable = [seq for seq in receipt.unreadable if seq not in told_anew]
        fresh = [seq for seq in unreadable if _about(seq) not in self._open_entries()]
        for seq in fresh[: max(0, room)]:
            for entry in self._store.entries(after=seq - 1, count_max=1):
                if entry.seq == seq and entry.kind != EntryKind.TROUBLE:
                    said = f"the ward could not read entry {seq} ({entry.kind}); it lies in quarantine there"
                    self._troubles.begin(TroubleKind.BATCH_REFUSED, said, about=_about(seq))

    def _end_readable(self, receipt: Receipt) -> None:
        """The ward's position names what is unreadable, the newest of it: what it no longer names is over."""
        for about in self._open_entries() - {_about(seq) for seq in receipt.unreadable}:
            self._troubles.end(TroubleKind.BATCH_REFUSED, about=about)


def _about(seq: int) -> str:
    return f"entry {seq}"
