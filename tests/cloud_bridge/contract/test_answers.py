"""Answers: words become numbers and stay on their scale, the wire alters nothing, nonsense is refused."""

from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.answers import (
    SCALES,
    Answer,
    Question,
    answer_body,
    answer_from,
    answer_id,
    value_of,
    words_of,
)
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.look.words import WORDS
from tests.given import NOON


def answer(question="cough", value=1.0, **more):
    """Return an answer given at noon."""
    told = {"id": "a1", "question": question, "value": value, "answered_at": NOON, "received_at": NOON}
    return Answer(**(told | more))


@given(st.sampled_from(Question), st.floats(0, 1), st.sampled_from(["patient", "helper"]))
def test_an_answer_arrives_as_it_left(question, share, teller):
    """Encoding and decoding an answer changes nothing in it."""
    least, most = SCALES[question]
    left = answer(question.value, least + share * (most - least), teller=teller)
    assert answer_from(answer_body(left)) == left


def test_the_log_can_be_read_by_a_stranger():
    """Beside the number stands its word."""
    assert orjson.loads(answer_body(answer("blue_lips", 1.0)))["word"] == "yes"
    assert "word" not in orjson.loads(answer_body(answer("dyspnoea_vas", 6.0)))


def test_a_question_that_we_do_not_know_is_kept_as_it_is():
    """A newer hub, or a plan of its own words, is not quarantined for them."""
    assert answer_from(answer_body(answer("how_was_the_night", 7.0))).question == "how_was_the_night"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1]", answer_body(answer("cough", 2.0)), answer_body(answer("dyspnoea_vas", 11.0)),
     answer_body(answer("two words", 1.0)), answer_body(answer(id="")),
     answer_body(answer()).replace(b"+00:00", b"")],
)  # fmt: skip
def test_what_is_no_answer_is_refused(body):
    """Off its scale, without a name or a zone: no answer, and the reason is said."""
    with pytest.raises(ContractError, match="no answer"):
        answer_from(body)


def test_words_and_numbers_say_the_same():
    """A person says worse or yes, a program 1; what does neither is told what to say."""
    assert [value_of("cough", said) for said in ("better", "usual", "worse", 1)] == [-1, 0, 1, 1]
    assert [value_of("blue_lips", said) for said in ("yes", "no", True, 0)] == [1, 0, 1, 0]
    for question, said in (("cough", True), ("cough", "yes"), ("blue_lips", "maybe"), ("dyspnoea_vas", "6")):
        with pytest.raises(ValueError, match="write"):
            value_of(question, said)


def test_a_form_sent_twice_is_one_form():
    """The identity of an answer is what was said when, in which form."""
    assert answer_id("cough", 1, NOON) == answer_id("cough", 1.0, NOON + timedelta(milliseconds=300))
    assert answer_id("cough", 1, NOON) != answer_id("cough", 0, NOON)
    assert answer_id("cough", 1, NOON) != answer_id("cough", 1, NOON, "weekly")


def test_every_question_has_its_words():
    """What can be asked, a page can ask."""
    assert {f"ask_{question}" for question in Question} <= set(WORDS)
    assert words_of("respiratory_rate") == {}
