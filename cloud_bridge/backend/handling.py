"""How matters stand: seen, taken, put off, done; and when nobody has looked in time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_bridge.backend.views import SAW, Act, Handled, OpenAlert
from cloud_bridge.backend.who import Who
from cloud_bridge.contract.care import Escalation
from cloud_bridge.contract.plan import Level, Plan

NO_EPISODE = "limits"
"""The matter of alerts by a plan that knows single limits only, which has no episodes."""

NOTE_LENGTH_MAX = 500
PUT_OFF_H_MAX = 72.0


@dataclass(frozen=True, slots=True)
class Matter:
    """What belongs together on one line: the open alerts of one episode, the worst first."""

    home: str
    id: str
    alerts: tuple[OpenAlert, ...]

    @property
    def level(self) -> Level:
        """The worst level that is open."""
        return self.alerts[0].alert.level

    @property
    def opened_at(self) -> datetime:
        """When the first of the worst of it opened."""
        return min(each.at for each in self.alerts if each.alert.level == self.level)

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
    """When somebody should have seen it; None where somebody has, or it is not so late yet."""
    overdue_to: str = ""
    """Who is to look at it then, as the plan names them."""
    escalated: Handled | None = None
    """When they were told of it; None where nobody has been, or somebody has seen it since."""

    @property
    def is_settled(self) -> bool:
        """Whether nobody is needed now: somebody has said that it is done, or has put it off."""
        return self.done is not None or self.put_off is not None


@dataclass(frozen=True, slots=True)
class Held:
    """One matter, and how it stands."""

    matter: Matter
    care: Care

    @property
    def urgency(self) -> tuple[bool, bool, datetime]:
        """What comes first: red, then what nobody has seen in time, then the oldest."""
        return (self.matter.level != "red", self.care.overdue_at is None, self.matter.opened_at)


def held(
    alerts: Iterable[OpenAlert], handled: Sequence[Handled], plan: Plan | None, now: datetime
) -> tuple[Held, ...]:
    """Return these alerts as matters, and how each stands by the plan's escalation."""
    escalation = None if plan is None else plan.escalation
    each = (Held(matter, care_of(matter, handled, escalation, now)) for matter in matters_of(alerts))
    return tuple(sorted(each, key=lambda one: one.urgency))


def matters_of(alerts: Iterable[OpenAlert]) -> tuple[Matter, ...]:
    """Return open alerts as matters, one for each episode of a home."""
    together: dict[tuple[str, str], list[OpenAlert]] = {}
    for each in alerts:
        together.setdefault((each.home, each.alert.episode or NO_EPISODE), []).append(each)
    return tuple(
        Matter(home, id_, tuple(sorted(those, key=lambda each: (each.alert.level != "red", each.at))))
        for (home, id_), those in together.items()
    )


def care_of(matter: Matter, handled: Iterable[Handled], escalation: Escalation | None, now: datetime) -> Care:
    """Return how a matter stands. Whoever takes it or is done has seen it; who puts it off has not.

    What opens after an act is new: it was neither seen nor done nor put off, but whoever has the matter
    still has it.
    """
    own = sorted((each for each in handled if _is_about(each, matter)), key=lambda each: each.at)
    newest = matter.newest_at
    last = own[-1] if own else None
    seen = next((each for each in reversed(own) if each.act in SAW and each.upto >= newest), None)
    is_last = last is not None and last.upto >= newest
    overdue_at = None if seen is not None else _overdue_at(matter, escalation, now)
    return Care(
        seen=seen,
        taken=_taken(own),
        done=last if last is not None and is_last and last.act == "done" else None,
        put_off=last if last is not None and is_last and _is_put_off(last, now) else None,
        overdue_at=overdue_at,
        overdue_to="" if overdue_at is None or escalation is None else escalation.to,
        escalated=None if overdue_at is None else _escalated(own, newest),
    )


def refusal_of_act(act: Act, matter: Matter | None, care: Care, who: Who, note: str) -> str | None:
    """Return why this can't be done now, as the key of its words; None where it can."""
    if matter is None:
        return "act_closed_meanwhile"
    if len(note) > NOTE_LENGTH_MAX:
        return "act_note_too_long"
    if act == "done" and not note.strip():
        return "act_done_without_action"
    if act != "done" and care.done is not None:
        return "act_done_already"
    if act == "taken" and care.taken is not None and care.taken.by == who:
        return "act_taken_already"
    return None


def put_off_until(hours: float, now: datetime) -> datetime | None:
    """Return until when something is put off; None where nobody may put it off for so long."""
    return now + timedelta(hours=hours) if 0 < hours <= PUT_OFF_H_MAX else None


def _is_about(each: Handled, matter: Matter) -> bool:
    """Without episodes, what was done before the oldest of what is open was about something else."""
    if (each.home, each.matter) != (matter.home, matter.id):
        return False
    return matter.id != NO_EPISODE or each.at >= min(alert.at for alert in matter.alerts)


def _taken(own: Sequence[Handled]) -> Handled | None:
    """Who has it now: the last who took it, unless it was done since."""
    for each in reversed(own):
        if each.act == "done":
            return None
        if each.act == "taken":
            return each
    return None


def _escalated(own: Sequence[Handled], newest: datetime) -> Handled | None:
    return next((each for each in reversed(own) if each.act == "escalated" and each.upto >= newest), None)


def _is_put_off(last: Handled, now: datetime) -> bool:
    return last.act == "put_off" and last.until is not None and last.until > now


def _overdue_at(matter: Matter, escalation: Escalation | None, now: datetime) -> datetime | None:
    if escalation is None:
        return None
    within = {
        "red": timedelta(minutes=escalation.red_seen_within_min),
        "yellow": timedelta(hours=escalation.yellow_seen_within_h),
    }
    due = min(each.at + within[each.alert.level] for each in matter.alerts)
    return due if due <= now else None
