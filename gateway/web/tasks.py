"""What the plan asks for today, and what of it is done; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cloud_bridge.contract.due import Progress, pause_at, slots_between
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.schedule import Ask, Schedule

QUESTIONS = "questions"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do today: its word, when, how often of how often, and whether it is done."""

    id: str
    word: str
    window: str
    is_done: bool
    done_count: int = 0
    of_count: int = 1


def tasks_of(
    plan: Plan, progress: Mapping[str, Progress], answered_on: date | None, now: datetime
) -> tuple[Task, ...]:
    """Return today's tasks in the order of the plan; questions that no schedule asks for come last."""
    schedule, today = plan.schedule, now.astimezone(plan.zone).date()
    tasks = [] if schedule is None else list(_scheduled(schedule, progress, now))
    is_form_asked = schedule is not None and any(ask.form for ask in schedule.asks)
    if plan.questions and not is_form_asked:
        is_done = answered_on is not None and answered_on >= today
        tasks.append(Task(QUESTIONS, "asked_form", "", is_done, int(is_done)))
    return tuple(tasks)


def _scheduled(schedule: Schedule, progress: Mapping[str, Progress], now: datetime) -> Iterator[Task]:
    for ask in schedule.asks:
        if ask.is_night or pause_at(schedule, ask, now) is not None:
            continue  # a night is not done by hand
        known = progress.get(ask.id, Progress())
        yield from (
            _of_week(schedule, ask, known, now) if ask.times_a_week else _of_day(schedule, ask, known, now)
        )


def _of_week(schedule: Schedule, ask: Ask, known: Progress, now: datetime) -> Iterator[Task]:
    assert ask.times_a_week is not None, "only what is asked for by the week has weeks"
    today = now.astimezone(schedule.zone).date()
    is_this_week = known.week_on == today - timedelta(days=today.weekday())
    count = min(known.week_days.bit_count() if is_this_week else 0, ask.times_a_week)
    yield Task(ask.id, _word(ask), "", count >= ask.times_a_week, count, ask.times_a_week)


def _of_day(schedule: Schedule, ask: Ask, known: Progress, now: datetime) -> Iterator[Task]:
    today = now.astimezone(schedule.zone).date()
    since = now - timedelta(days=1, hours=2)
    for slot in slots_between(schedule, ask, since, now + timedelta(days=1, hours=2)):
        if slot.on != today:
            continue
        window = ask.windows[slot.part]
        is_whole_day = window.begins == window.ends
        said = "" if is_whole_day else f"{window.begins:%H:%M}–{window.ends:%H:%M}"
        is_done = known.done_at is not None and known.done_at >= slot.opens_at
        yield Task(f"{ask.id}-{slot.part}", _word(ask), said, is_done, int(is_done))


def _word(ask: Ask) -> str:
    return "asked_form" if ask.form else f"plain_{ask.kind}"
