"""What was kept and not judged stands in the log with its reasons, and is told to both ends."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.answers import Answer, answer_id
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.unjudged import REASONS, Unjudged, unjudged_body, unjudged_from
from cloud_bridge.look.words import LANGUAGES, WORDS
from cloud_bridge.settings import load_plan
from devices.readings import Quality
from gateway.judged_anew import judged_anew
from gateway.pipeline import Pipeline
from gateway.soundness import identity_in
from gateway.store.file import NotTakenError
from gateway.store.kept import Kept
from gateway.store.salvage import identity_of
from tests.given import NOON, OXIMETER, reading, store
from tests.powercut.hub import ECHO
from tests.program import ROOT

COPD = load_plan(ROOT / "config/plans/copd.toml")


class Home:
    """A pipeline under the whole plan, on a log that can be opened again."""

    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        """Open the log, as a hub does that starts."""
        self.store = store(self.folder)
        zone = ZoneInfo("Europe/Oslo")
        self.pipeline = Pipeline(self.store, COPD, now=lambda: NOON, timezone=zone, on_commit=lambda: None)

    def says(self, *readings):
        """Let a device say these readings in one visit."""
        visit = self.pipeline.visit(ECHO, OXIMETER)
        visit.take(list(readings))
        visit.close()

    @property
    def unjudged(self):
        """What the log says was not judged, by what it is about."""
        return {
            told.about: told.why
            for entry in self.store.entries(after=0, count_max=1_000)
            if entry.kind == EntryKind.NOT_JUDGED
            for told in (unjudged_from(entry.body),)
        }


def test_every_reason_can_be_said():
    """Whatever the judge refuses something for has words in every language."""
    keys = ["unjudged_" + reason.strip("?").replace(" ", "_") for reason in REASONS]
    assert all(set(WORDS[key]) >= set(LANGUAGES) for key in keys)


def test_a_reading_that_no_rule_takes_is_kept_with_every_rules_reason(tmp_path):
    """A number that the device itself calls invalid stands there, and beside it why nobody judged it."""
    home = Home(tmp_path)
    poor = reading(70.0, quality=(Quality.INVALID,))
    home.says(poor)
    why = home.unjudged[poor.id]
    assert why["T1-T5"] == why["T8"] == "poor quality"


def test_a_stale_answer_says_that_it_came_too_late(tmp_path):
    """An answer of last week is kept, judged by nothing, and says so."""
    home = Home(tmp_path)
    at = NOON - timedelta(days=7)
    late = Answer(
        id=answer_id("cough", 1.0, at), question="breathlessness", value=1.0, answered_at=at, received_at=NOON
    )
    home.pipeline.answer([late])
    assert "stale" in home.unjudged[late.id].values()


def test_what_a_rule_lacks_is_said_once_a_day(tmp_path):
    """A trend without a baseline lacks it at every reading: an entry for each would bury the others."""
    home = Home(tmp_path)
    for minute in range(3):
        home.says(reading(95.0, minute=minute))
    home.store.close()
    home.start()
    home.says(reading(95.0, minute=9))
    lacking = [why for why in home.unjudged.values() if "no baseline" in why.values()]
    assert len(lacking) == 1


def test_a_refusal_is_told_again_where_the_disk_did_not_take_it(tmp_path, monkeypatch):
    """What was handed in and not kept is not taken for said."""
    home = Home(tmp_path)
    commit = home.store.commit

    def refuses(*_args, **_words):
        raise NotTakenError("the disk is full")

    monkeypatch.setattr(home.store, "commit", refuses)
    home.says(reading(95.0))
    monkeypatch.setattr(home.store, "commit", commit)
    home.pipeline.keep_waiting()
    assert any("no baseline" in why.values() for why in home.unjudged.values())


def test_a_log_with_refusals_is_sound_and_judged_alike_again(tmp_path):
    """The entry has an identity that its body says, and leads to nothing when the log is judged anew."""
    home = Home(tmp_path)
    home.says(reading(70.0, quality=(Quality.INVALID,)), reading(82.0, minute=1))
    entries = home.store.entries(after=0, count_max=1_000)
    for entry in entries:
        if entry.kind == EntryKind.NOT_JUDGED:
            kept = Kept(entry.seq, entry.at.isoformat(), entry.kind, entry.body.decode())
            identity = identity_in(kept)
            assert identity == identity_of(entry.kind, entry.body.decode())
            assert home.store.told_before([identity])
    told = [entry.body for entry in entries if entry.kind == EntryKind.ALERT]
    again = [alert for step in judged_anew(entries) for alert in step.verdict.changes]
    assert len(told) == len(again) > 0


_NAMES = st.text("abcdefgh0123", min_size=1, max_size=20)
_TOLD = st.builds(
    Unjudged,
    id=_NAMES,
    about=_NAMES,
    what=_NAMES,
    at=st.just(NOON),
    why=st.dictionaries(_NAMES, st.text(max_size=100), min_size=1, max_size=20),
    plan_version=st.integers(1, 10**6),
)


@given(_TOLD)
def test_a_refusal_survives_the_wire(told):
    """What one end says is what the other reads."""
    assert unjudged_from(unjudged_body(told)) == told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"id":"a","about":"b","what":"c","at":"2027-01-05T12:00Z","why":{},"plan_version":1}',
    ],
)
def test_what_says_nothing_is_refused(body):
    """A body without a reason, or that is none, is a ContractError."""
    with pytest.raises(ContractError):
        unjudged_from(body)
