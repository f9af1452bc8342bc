"""Opens the hub's log at a start, whatever became of it: never silently empty, and never refused for ever."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.bodies import alert_from, plan_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plan import Plan
from gateway.alerts.judge import as_told
from gateway.alerts.state import JudgeState
from gateway.judged_anew import judged_anew
from gateway.store.file import LOG_FILE, StaleError, StoreError, is_first_start
from gateway.store.keys import LogKey
from gateway.store.log import Store
from gateway.store.look import DamageError
from gateway.store.replace import (
    MARGIN,
    Progress,
    assert_sound,
    begin_in_place,
    carry_over,
    is_damage,
    put_aside,
    trouble_of,
    word_of,
)
from gateway.store.replaced import REPLACED, Replaced
from gateway.store.witness import Witness, Word

STEP = 500
BY_HAND = "the log was put aside by hand, or while a start was cut short"

log = logging.getLogger(__name__)


def recovered(
    folder: Path, home: str, key: LogKey, *, at: datetime, progress: Progress = lambda _done, _of: None
) -> Store:
    """Open the log, or begin one where there never was any; what can't be used is put aside and carried over.

    Whoever calls this holds the folder's lock. Raises StoreError where only a person knows what is
    right: a log that is gone, a wrong key, another home's log, or one of a newer program.
    """
    if is_first_start(folder):
        return Store.open(folder, home, key)
    word = word_of(Witness(folder))
    opened = BY_HAND if word is not None and word.put_aside else _opened(folder, home, key, word)
    if isinstance(opened, str):
        log.warning("%s: %s; it is put aside", folder, opened)
        put_aside(folder)
        begin_in_place(folder, home, key, opened)
        opened = Store.open(folder, home, key)
    try:
        if not carry_over(opened, folder, key, at, progress):
            log.warning("%s: too little room to carry over what was put aside; the next start tries", folder)
        _judge_again(opened, at)
    except BaseException:
        opened.abandon()
        raise
    return opened


def _opened(folder: Path, home: str, key: LogKey, word: Word | None) -> Store | str:
    """Return the log that lies here, under a new name where nobody vouches for it; or why it is of no use."""
    if why := trouble_of(folder, home, key):
        return why
    try:
        store = _vouched(folder, home, key, word)
    except StoreError as error:
        if is_damage(error):
            return f"the log is damaged: {error}"
        raise
    try:
        if word is None or not word.is_closed:
            assert_sound(store, folder / LOG_FILE)
    except DamageError as error:
        store.abandon()
        return str(error)
    return store


def _vouched(folder: Path, home: str, key: LogKey, word: Word | None) -> Store:
    try:
        if word is not None:
            return Store.open(folder, home, key)
        because, above = "the second place, which knows how far the log had come, was gone or unreadable", 0
    except StaleError as stale:
        assert word is not None
        because, above = str(stale), word.given
    store = Store.open(folder, home, key, may_be_stale=True)
    if word is None and store.highest == 0:
        store.vouch()
        return store
    store.begin_log(
        above=above or store.highest + MARGIN, notes={REPLACED: bytes(Replaced(because)).decode()}
    )
    return store


def _judge_again(store: Store, at: datetime) -> None:
    """Let the judge remember what follows from the log, where what it remembered is lost."""
    known = store.judge_state()
    if known is None and store.highest == 0:
        return
    try:
        if known is not None:
            JudgeState.from_bytes(known)
            return
    except AssertionError:  # its words would quote what it remembers
        log.warning("what the judge remembers can't be read; it follows from the log")
    body = store.plan()
    state = remembered(_entries(store), None if body is None else plan_from(body))
    if known is not None or state != JudgeState():
        store.commit([], at=at, judge_state=bytes(state))


def _entries(store: Store) -> Iterator[Entry]:
    after = 0
    while found := store.entries(after=after, count_max=STEP):
        yield from found
        after = found[-1].seq


def remembered(entries: Iterable[Entry], plan: Plan | None = None) -> JudgeState:
    """Return what the judge would remember had it judged these entries; which alerts are open is as told."""
    state, told = JudgeState(), dict[str, Alert]()
    for step in judged_anew(entries, plan):
        plan, state = step.plan, step.verdict.state
        if step.entry.kind in (EntryKind.ALERT, EntryKind.ALERT_CONFIRMED):
            with suppress(ContractError):
                alert = alert_from(step.entry.body)
                told[alert.rule] = alert
    return state if plan is None else as_told(plan, state, tuple(told.values()))
