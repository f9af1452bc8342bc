"""What people do about what is open: seen, taken, done, put off; and when nobody has looked in time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from cloud_bridge.backend.views import OpenAlert
from cloud_bridge.contract.care import Escalation

Act = Literal["seen", "taken", "put_off", "done"]
ACTS: tuple[Act, ...] = get_args(Act)

NOTE_LENGTH_MAX = 500
PUT_OFF_H_MAX = 72.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One act of one person about one matter: the alerts of an episode, or a trouble.

    `upto` is the newest alert that stood there when it was done: what opened later nobody has seen.
    """

    home: str
    matter: str
    act: Act
    by: str
    organisation: str
    at: datetime
    upto: datetime
    note: str = ""
    until: datetime | None = None
    """Until when it is put off."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What belongs together on one line: the open alerts of one episode, the worst first."""

    home: str
    id: str
    alerts: tuple[OpenAlert, ...]

    @property
    def level(self) -> str:
        """The worst level that is open."""
        return self.alerts[0].alert.level

    @property
    def newest_at(self) -> datetime:
        """When the newest of it opened."""
        return max(each.at for each in self.alerts)


@dataclass(frozen=True, slots=True)
class Care:
    """How a matter stands: by whom it was seen and taken, whether it is done, put off, or overdue."""

    seen: Handled | None = None
    taken: Handled | None = None
    done: Handled | None = None
    put_off: Handled | None = None
    overdue_at: datetime | None = None
    """When somebody should have seen it; None where somebody has, or nothing says when."""

    @property
    def is_waiting(self) -> bool:
        """Whether a person is needed: nobody has said that it is done."""
        return self.done is None


def matters_of(alerts: Iterable[OpenAlert]) -> tuple[Matter, ...]:
    """Return open alerts as matters; an alert without an episode is a matter of its own."""
    together: dict[tuple[str, str], list[OpenAlert]] = {}
    for each in alerts:
        together.setdefault((each.home, each.alert.episode or each.alert.id), []).append(each)
    return tuple(
        Matter(home, id_, tuple(sorted(those, key=lambda each: (each.alert.level != "red", each.at))))
        for (home, id_), those in together.items()
    )


def care_of(matter: Matter, handled: Sequence[Handled], escalation: Escalation | None, now: datetime) -> Care:
    """Return how a matter stands. Whoever takes it or is done has seen it; who puts it off has not.

    What opens after an act is new: it was neither seen nor done, but whoever has the matter still has it.
    """
    own = sorted(
        (each for each in handled if (each.home, each.matter) == (matter.home, matter.id)),
        key=lambda each: each.at,
    )
    newest = matter.newest_at
    last = {each.act: each for each in own}
    seen = next((each for each in reversed(own) if each.act != "put_off" and each.upto >= newest), None)
    done, put_off = last.get("done"), last.get("put_off")
    return Care(
        seen=seen,
        taken=_taken(own),
        done=done if done is not None and done.upto >= newest and done is own[-1] else None,
        put_off=put_off if put_off and put_off.until and put_off.until > now else None,
        overdue_at=None if seen is not None else _overdue_at(matter, escalation, now),
    )


def refusal_of_act(
    act: Act, matter: Matter | None, care: Care, who: tuple[str, str], note: str
) -> str | None:
    """Return why this can't be done now, as the key of its words; None where it can."""
    if matter is None:
        return "closed_meanwhile"
    if len(note) > NOTE_LENGTH_MAX:
        return "note_too_long"
    if act == "done" and not note.strip():
        return "done_without_action"
    if act in ("taken", "seen") and care.done is not None:
        return "done_already"
    if act == "taken" and care.taken is not None and (care.taken.by, care.taken.organisation) == who:
        return "taken_already"
    return None


def put_off_until(hours: float, now: datetime) -> datetime | None:
    """Return until when something is put off; None where nobody may put it off for so long."""
    return now + timedelta(hours=hours) if 0 < hours <= PUT_OFF_H_MAX else None


def _taken(own: Sequence[Handled]) -> Handled | None:
    """Who has it now: the last who took it, unless it was done since."""
    for each in reversed(own):
        if each.act == "done":
            return None
        if each.act == "taken":
            return each
    return None


def _overdue_at(matter: Matter, escalation: Escalation | None, now: datetime) -> datetime | None:
    if escalation is None:
        return None
    within = {
        "red": timedelta(minutes=escalation.red_seen_within_min),
        "yellow": timedelta(hours=escalation.yellow_seen_within_h),
    }
    due = min(each.at + within[each.alert.level] for each in matter.alerts)
    return due if due <= now else None
