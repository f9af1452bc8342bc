"""What becomes of the card with a hub's log: copied, put back, damaged, or replaced by another hub's."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from cloud_bridge.contract.entries import LogSpan
from gateway.store.backup import backup
from gateway.store.episodes import look_key
from gateway.store.file import LOG_FILE
from gateway.store.kept import Kept
from gateway.store.look import PAGE_BYTES, Look
from gateway.store.replacement import restore, restore_from_folder
from gateway.store.witness import WITNESS_FILE
from simulators.home import Home

DAMAGED_PAGES_MAX = 3


@dataclass(frozen=True, slots=True)
class Copy:
    """A whole card as it was once, or a backup; whoever goes on from it knows everything up to `highest`."""

    highest: int
    folder: Path | None = None
    stream: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """One log that did not live on as it was: what stood there, and what of it must not be lost.

    Entries up to `cursor` had a receipt; those up to `known_to` the next hub must know again.
    """

    what: str
    entries: tuple[Kept, ...]
    spans: tuple[LogSpan, ...]
    cursor: int
    known_to: int

    @property
    def may_contradict(self) -> bool:
        """Whether the next hub may give numbers out again, until the ward tells it."""
        return self.what in {"card put back", "log put back"}

    def named(self, seq: int) -> str:
        """Return the name under which a number was told."""
        return next(span.log for span in self.spans if span.first <= seq <= span.last)


@dataclass(slots=True)
class Card:
    """The card in one home's hub, which people copy and mistreat while the power is off."""

    home: Home
    losses: list[Loss] = field(default_factory=list)
    _copies: list[Copy] = field(default_factory=list)
    _backups: list[Copy] = field(default_factory=list)
    _taken: int = 0

    @property
    def folder(self) -> Path:
        """Where the hub keeps its log."""
        return self.home.parts.folder

    def copy(self) -> None:
        """Copy the whole card, as a careful technician does."""
        self._taken += 1
        place = self.folder.parent / f"copy-{self.folder.name}-{self._taken}"
        place.mkdir()
        shutil.copytree(self.folder, place / "hub")
        shutil.copy2(self._key_file, place / "key")
        self._copies.append(Copy(self._log().known_to, place))

    def back_up(self) -> None:
        """Make a backup, also beside a hub that runs."""
        with closing(self._look()) as look:
            stream = tuple(backup(look, self.home.parts.home, self.home.parts.now(), lambda _done, _of: None))
            found = look.span()
        self._backups.append(Copy(0 if found is None else found.last, stream=stream))

    def suffer(self, dice: Random) -> str:
        """Let something become of it, and say what."""
        befall: dict[str, Callable[[Random], int | None]] = {
            "pages damaged": self._damage,
            "witness lost": self._lose_witness,
            "replaced from card": self._replace_from_card,
        }
        if self._copies:
            befall |= {"card put back": self._put_back, "log put back": self._put_log_back}
        if self._backups:
            befall["replaced from backup"] = self._replace_from_backup
        what = dice.choice(sorted(befall))
        before = self._log()
        known_to = befall[what](dice)
        known_to = before.known_to if known_to is None else known_to
        self.losses.append(Loss(what, before.entries, before.spans, before.cursor, known_to))
        return what

    def _damage(self, dice: Random) -> int:
        """Flip an octet in some pages: what can still be read is carried over, the rest may be gone."""
        with (self.folder / LOG_FILE).open("r+b") as file:
            count = file.seek(0, os.SEEK_END) // PAGE_BYTES
            for page in dice.sample(range(1, count), min(count - 1, dice.randint(1, DAMAGED_PAGES_MAX))):
                file.seek(page * PAGE_BYTES)
                octet = file.read(1)[0]
                file.seek(page * PAGE_BYTES)
                file.write(bytes([octet ^ 1]))
        return 0

    def _lose_witness(self, _dice: Random) -> None:
        (self.folder / WITNESS_FILE).unlink()

    def _put_back(self, dice: Random) -> int:
        copy = dice.choice(self._copies)
        assert copy.folder is not None
        shutil.rmtree(self.folder)
        shutil.copytree(copy.folder / "hub", self.folder)
        shutil.copy2(copy.folder / "key", self._key_file)
        return copy.highest

    def _put_log_back(self, dice: Random) -> int:
        """Put the log back and leave what lies beside it: the second place knows of more."""
        copy = dice.choice(self._copies)
        assert copy.folder is not None
        for file in self.folder.glob(f"{LOG_FILE}*"):
            file.unlink()
        for file in (copy.folder / "hub").glob(f"{LOG_FILE}*"):
            shutil.copy2(file, self.folder / file.name)
        return copy.highest

    def _replace_from_backup(self, dice: Random) -> int:
        copy, parts = dice.choice(self._backups), self.home.parts
        self._another_hub()
        restore(copy.stream, self.folder, parts.home, self.home.key()).abandon()
        return copy.highest

    def _replace_from_card(self, _dice: Random) -> None:
        old_key, parts = look_key(self.home.place, self.home.parts.home), self.home.parts
        old = self._another_hub()
        restore_from_folder(old, old_key, self.folder, parts.home, self.home.key(), at=parts.now()).abandon()

    def _another_hub(self) -> Path:
        """Put the old hub away, and return where its folder lies; another one has a key of its own."""
        self._taken += 1
        old = self.folder.parent / f"old-{self.folder.name}-{self._taken}"
        self.folder.rename(old)
        self._key_file.unlink()
        self._copies.clear()
        return old

    def _log(self) -> Loss:
        """Return what stands in the log now."""
        with closing(self._look()) as look:
            found = look.span()
            kept = () if found is None else look.entries(found.first, found.last)
            entries = tuple(one for one in kept if isinstance(one, Kept))
            cursor = int(look.state("cursor") or 0)
            highest = 0 if found is None else found.last
            return Loss("", entries, look.spans(look.log(self.home.parts.home)), cursor, highest)

    def _look(self) -> Look:
        return Look(self.folder, look_key(self.home.place, self.home.parts.home))

    @property
    def _key_file(self) -> Path:
        return self.home.place.key_file
