"""Answers, nights and what was not judged come back from every database, newest first."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Views
from cloud_bridge.contract.answers import Answer, answer_body, answer_id
from cloud_bridge.contract.baseline import BaselineEpoch, Baselines, baselines_body
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.nights import Night, NightRefused, NightSummary, night_body
from cloud_bridge.contract.unjudged import Unjudged, unjudged_body
from tests.contracts.tables.facts import HOME, NOON, OTHER, at, batch

pytestmark = pytest.mark.anyio
OSLO = ZoneInfo("Europe/Oslo")


def answered(question: str, value: float, minutes: float = 0) -> Answer:
    """One answer, so many minutes after noon."""
    when = at(minutes)
    name = answer_id(question, value, when)
    return Answer(id=name, question=question, value=value, answered_at=when, received_at=when)


def night(revision: int = 1) -> NightSummary:
    """A night of seven hours."""
    return NightSummary(
        on=NOON.date(), revision=revision, device="AA", first_at=NOON, last_at=at(420), valid_minutes=400.0,
        quality_share=0.95, mean=91.5, lowest=82.0, below_90_minutes=60.0, below_88_minutes=12.0,
        desaturations_3_per_h=4.0, desaturations_4_per_h=2.5, goal_share=0.85, block_count=420,
    )  # fmt: skip


def unjudged(number: int) -> Unjudged:
    """One reading that two rules refused."""
    why = {"T1-T5": "poor quality", "T8": "poor quality"}
    return Unjudged(
        id=f"unjudged:r{number}", about=f"r{number}", what="spo2", at=at(number), why=why, plan_version=3
    )


def entry(seq: int, fact: Answer | Night | Unjudged) -> Entry:
    """The entry of this fact."""
    if isinstance(fact, Answer):
        return Entry(seq, fact.answered_at, EntryKind.ANSWER, answer_body(fact))
    if isinstance(fact, Unjudged):
        return Entry(seq, fact.at, EntryKind.NOT_JUDGED, unjudged_body(fact))
    return Entry(seq, at(seq), EntryKind.NIGHT, night_body(fact))


async def test_what_was_told_comes_back_as_it_went_newest_first(tables: Tables) -> None:
    """Of one home and of no other; of a night only its last revision."""
    facts = (
        answered("cough", 1.0), night(1), unjudged(3), answered("cough", 0.0, 9), night(2), unjudged(7),
        NightRefused(NOON.date() - timedelta(days=1), 1, "nothing valid", 3.0, 0.01),
    )  # fmt: skip
    await tables.commit(batch(*(entry(seq, fact) for seq, fact in enumerate(facts, 1))), at=NOON)
    views: Views = tables
    assert await views.told(HOME) == Told(
        answers=(answered("cough", 0.0, 9), answered("cough", 1.0)),
        nights=(night(2), facts[6]),
        not_judged=(unjudged(7), unjudged(3)),
    )
    assert await views.told(OTHER) == Told()


async def test_what_is_told_again_under_a_new_name_is_shown_once(tables: Tables) -> None:
    """A hub whose log got another name tells what it had written: nobody answered twice."""
    facts = (answered("cough", 1.0), night(1), unjudged(3))
    entries = [entry(seq, fact) for seq, fact in enumerate(facts, 1)]
    await tables.commit(batch(*entries), at=NOON)
    await tables.commit(batch(*entries, log="log2"), at=NOON)
    told = await tables.told(HOME)
    assert (len(told.answers), len(told.nights), len(told.not_judged)) == (1, 1, 1)


async def test_what_can_not_be_read_costs_nothing_beside_it(tables: Tables) -> None:
    """An answer that is none lies in quarantine; the others are shown."""
    bad = Entry(1, NOON, EntryKind.ANSWER, b'{"no":"answer"}')
    await tables.commit(batch(bad, entry(2, answered("cough", 1.0))), at=NOON)
    assert (await tables.told(HOME)).answers == (answered("cough", 1.0),)
    assert len(await tables.quarantined()) == 1


def test_a_day_has_the_last_word_on_each_question() -> None:
    """By the home's own midnight; a second form of the same day replaces what it says again."""
    first, second = answered("cough", 0.0), answered("cough", 1.0, 60)
    other, late = answered("oedema", 1.0), answered("cough", -1.0, 60 * 11.5)
    days = Told(answers=(late, second, first, other)).days(OSLO)
    assert [day.on for day in days] == [date(2026, 11, 3), date(2026, 11, 2)]
    assert {answer.question: answer.value for answer in days[1].answers} == {"cough": 1.0, "oedema": 1.0}
    assert [day.on for day in Told(answers=(late,)).days(UTC)] == [date(2026, 11, 2)]
    assert replace(late, value=-1.0) in days[0].answers


def stands(seq: int, offset: float) -> Entry:
    """The entry that says how one device stands."""
    epoch = BaselineEpoch(kind="spo2", device="AA", offset=offset, variance=0.2, is_settled=True)
    return Entry(seq, at(-seq), EntryKind.BASELINE, baselines_body(Baselines(epochs=(epoch,))))


async def test_of_how_devices_stand_the_newest_word_counts(tables: Tables) -> None:
    """By the order of the log, whatever the clock said; a log that came later counts first."""
    assert (await tables.told(HOME)).epochs == ()
    await tables.commit(batch(stands(1, 1.0), stands(2, 2.0)), at=NOON)
    assert [each.offset for each in (await tables.told(HOME)).epochs] == [2.0]
    await tables.commit(batch(stands(1, 3.0), log="log2"), at=NOON)
    assert [each.offset for each in (await tables.told(HOME)).epochs] == [3.0]
    assert (await tables.told(OTHER)).epochs == ()


async def test_what_is_no_baseline_lies_in_quarantine(tables: Tables) -> None:
    """And what was told before still counts."""
    broken = Entry(2, NOON, EntryKind.BASELINE, b'{"epochs":[{"kind":"spo2"}]}')
    await tables.commit(batch(stands(1, 1.0), broken), at=NOON)
    assert [each.seq for each in await tables.quarantined()] == [2]
