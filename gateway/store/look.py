"""Looks into a log without the right to change it: what can be read is read, what is damaged is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import SEQ_MAX, LogSpan
from gateway.store import text
from gateway.store.file import (
    LOG_FILE,
    StoreError,
    assert_witnessed,
    identity,
    is_first_start,
    spans,
    witnessed,
)
from gateway.store.kept import Kept, Lost
from gateway.store.keys import LogKey
from gateway.store.witness import WITNESS_FILE, Witness

PAGE_BYTES = 4096
TAKES = 3
_CHUNK = 500
_PLAIN = b"SQLite format 3\0"


class DamageError(StoreError):
    """Something in the log can't be read. Nothing was changed."""


class Look:
    """One read-only look into a log. A hub may write beside it: each question sees a whole commit."""

    def __init__(self, folder: Path, key: LogKey, *, is_cut_read: bool = False) -> None:
        """Open it; a file that is cut off is read only where that is asked for, as far as it goes."""
        self._is_cut_read = is_cut_read
        self.path = folder / LOG_FILE
        self.witness = Witness(folder)
        self._key = key
        self._is_root_lost: bool | None = None
        try:
            _assert_there(folder)
            # Without a write-ahead file nobody has the log open: then nothing at all is made beside it.
            self._is_still = not self._unmerged.exists()
            self._db = self._connected()
            self._assert_readable()
        except OSError as error:
            raise StoreError(
                f"{error.filename or folder}: {error.strerror}. May this user read it?"
            ) from error

    @property
    def is_beside_writer(self) -> bool:
        """Tell whether a hub has the log open, or was killed while it had."""
        return not self._is_still

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def assert_unmoved(self) -> None:
        """Raise StoreError when a hub began to write into what we took for still."""
        if self._is_still and self._unmerged.exists():
            raise StoreError(f"a hub opened {self.path} meanwhile: what was said may be wrong. Say it again.")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the answer; raise DamageError when the pages it stands on can't be read."""
        try:
            return list(self._db.execute(sql, values).fetchall())
        except dbapi2.DatabaseError as error:
            self._begin_again()
            raise self._told(error) from error

    def log(self, home: str) -> str:
        """Return the id of the log; DamageError where it can't be read, StoreError where it is not ours."""
        try:
            return identity(self._db, self.path, home)
        except StoreError as error:
            if error.__cause__ is None:
                raise
            self._begin_again()
            raise DamageError(str(error)) from error

    def spans(self, log: str) -> tuple[LogSpan, ...]:
        """Return which numbers went under which name; DamageError where that can't be read."""
        try:
            return spans(self._db, log)
        except dbapi2.DatabaseError as error:
            self._begin_again()
            raise self._told(error) from error

    def assert_witnessed(self, log: str) -> None:
        """Raise StoreError unless the witness, if there is one, means this log as it stands here."""
        word = witnessed(self.witness)  # first: a hub beside us writes it before it writes the log
        if word is not None:
            assert_witnessed(word, self.spans(log), self.witness.path)

    def state(self, name: str) -> str | None:
        """Return what the hub has noted under a name."""
        found = self.rows("select body from state where name = ?", name)
        return str(found[0][0]) if found else None

    def bad_pages(self) -> list[str]:
        """Return what SQLCipher says of pages whose seal is broken, in the file as it lies on the disk.

        A page that a hub is writing in this moment looks broken once; a damaged one each time.
        """
        takes = [[str(row[0]) for row in self.rows("pragma cipher_integrity_check")]]
        while takes[-1] and len(takes) < TAKES:
            takes.append([str(row[0]) for row in self.rows("pragma cipher_integrity_check")])
        return [page for page in takes[0] if all(page in take for take in takes)]

    def span(self) -> Lost | None:
        """Return the first and the highest number as far as they can be known; None for an empty log."""
        try:
            (first, highest), *_ = self.rows("select min(seq), max(seq) from entry")
        except DamageError:
            first, highest = 1, max(self._traces())
        return None if not highest else Lost(first, highest)

    def entries(self, first: int, last: int) -> Iterator[Kept | Lost]:
        """Yield every number between two, in order: its entry, or that it can't be read or isn't there."""
        expected = first
        for one in self._chunks(first, last):
            begin, end = (one.seq, one.seq) if isinstance(one, Kept) else (one.first, one.last)
            if begin > expected:
                yield Lost(expected, begin - 1, is_damaged=False)
            yield one
            expected = end + 1
        if expected <= last:
            yield Lost(expected, last, is_damaged=False)

    def _chunks(self, first: int, last: int) -> Iterator[Kept | Lost]:
        for start in range(first, last + 1, _CHUNK):
            yield from self._between(start, min(start + _CHUNK - 1, last))

    def _between(self, first: int, last: int) -> Iterator[Kept | Lost]:
        try:
            found = self.rows(
                f"select {self._columns()} from entry where seq between ? and ? order by seq",  # noqa: S608 - our own names
                first,
                last,
            )
        except DamageError:
            if first == last or self._has_lost_root():
                yield Lost(first, last)
                return
            middle = (first + last) // 2
            yield from self._between(first, middle)
            yield from self._between(middle + 1, last)
        else:
            yield from (Kept(*row) for row in found)

    def _columns(self) -> str:
        """Return what is kept of an entry: a log that no newer hub has opened knows no clocks."""
        known = "select count(*) from pragma_table_info('entry') where name = 'boot'"
        has_clock = self.rows(known)[0][0] > 0
        return "seq, at, kind, body" + (", boot, uptime_s, trust" if has_clock else "")

    def _has_lost_root(self) -> bool:
        """Tell whether the page is damaged through which every entry is found: then none can be."""
        if self._is_root_lost is None:
            (root,), *_ = self.rows("select rootpage from sqlite_master where name = 'entry'")
            self._is_root_lost = any(said.endswith(f"page {root}") for said in self.bad_pages())
        return self._is_root_lost

    def _traces(self) -> Iterator[int]:
        """Yield numbers that stood in the log, from everywhere that names one."""
        yield self._last_readable()
        for sql in (
            "select max(seq) from reading",
            "select max(seq) from told",
            "select cast(body as integer) from state where name = 'cursor'",
        ):
            try:
                yield from (int(row[0] or 0) for row in self.rows(sql))
            except DamageError:
                continue

    def _last_readable(self) -> int:
        low, high = 0, SEQ_MAX
        while low < high:
            middle = (low + high + 1) // 2
            try:
                found = self.rows("select seq from entry where seq >= ? order by seq limit 1", middle)
            except DamageError:
                found = []
            low, high = (int(found[0][0]), high) if found else (low, middle - 1)
        return low

    @property
    def _unmerged(self) -> Path:
        return self.path.with_name(f"{LOG_FILE}-wal")

    def _connected(self) -> Any:  # noqa: ANN401 - untyped module
        mode = "mode=ro&immutable=1" if self._is_still else "mode=ro"
        try:
            connection = dbapi2.connect(
                f"{self.path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None
            )
        except dbapi2.DatabaseError as error:
            raise StoreError(
                f"{self.path} can't be opened: {error}. Is it a file, and this user's?"
            ) from error
        connection.execute("pragma cipher_log_level = none")
        connection.execute(f'pragma key = "{self._key.pragma()}"')
        connection.text_factory = text.whole
        # Who may write the schema is not refused a file that is shorter than it says; we may write nothing.
        cut = ("writable_schema = on",) if self._is_cut_read else ()
        for pragma in ("busy_timeout = 5000", "query_only = on", *cut):
            connection.execute(f"pragma {pragma}").fetchall()
        return connection

    def _begin_again(self) -> None:
        """Open the file anew: after a broken page a connection answers nothing more."""
        self._db.close()
        self._db = self._connected()

    def _told(self, error: Exception) -> StoreError:
        if "locked" in str(error):
            return StoreError(f"{self.path} is busy: a hub is starting or ending. Say it again.")
        if "unable to open" in str(error) or "readonly" in str(error):
            return StoreError(f"{self.path} can't be opened: {error}. Say it as the user whose log it is.")
        return DamageError(f"{self.path} is damaged: {error}")

    def _assert_readable(self) -> None:
        """Read the first page, and say what it is if it can't be read."""
        try:
            self.rows("select count(*) from sqlite_master")
        except DamageError as error:
            refusal = self._refusal()
            self.close()
            raise refusal from error

    def _refusal(self) -> StoreError:
        with self.path.open("rb") as file:
            begins = file.read(len(_PLAIN))
        if begins == _PLAIN:
            return StoreError(f"{self.path} is a foreign file: an ordinary SQLite database. Put ours back.")
        if begins != self._key.salt and not self._has_our_pages():
            return StoreError(
                f"{self.path} is not a log of this key: wrong key, or a foreign file. Put the right one back."
            )
        if self.path.stat().st_size % PAGE_BYTES or not self.bad_pages():
            return DamageError(
                f"{self.path} is cut off: shorter than it says. Put the file back from a copy."
            )
        return DamageError(
            f"{self.path} is damaged on its first page; the key is right. Put the file back from a copy."
        )

    def _has_our_pages(self) -> bool:
        """Tell whether pages behind a spoilt first one are ours: then the key is right."""
        count = self.path.stat().st_size // PAGE_BYTES
        with self.path.open("rb") as file:
            return not any(file.read(PAGE_BYTES * 16)) or len(self.bad_pages()) < count


def _assert_there(folder: Path) -> None:
    path, witness = folder / LOG_FILE, folder / WITNESS_FILE
    if is_first_start(folder):
        raise StoreError(
            f"there is no log in {folder}: no hub has run there. Check `folder` in the settings."
        )
    if not path.exists():
        raise DamageError(f"{path} is gone, but {witness} says that it existed. Put the file back.")
    if path.stat().st_size == 0:
        raise DamageError(f"{path} is empty: it was cut off or overwritten. Put the file back from a copy.")
