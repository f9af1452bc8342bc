"""The hand-over: one organisation is accountable at each instant, and only an acceptance moves that."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cloud_bridge.contract.handover import (
    ENTITLED_MAX,
    OFFER_DAYS_MAX,
    REFUSED_MAX,
    Known,
    TimePasses,
    step,
)
from cloud_bridge.contract.handover_record import HandoverRefusal, begun, owner_of, state_of
from cloud_bridge.contract.responsibility import is_organisation
from tests.cloud_bridge.contract.some_handover import (
    CLOSED,
    HAMAR,
    HOSPITAL,
    KEPT,
    KNOWN,
    MOVES,
    RINGSAKER,
    WEEK,
    accept,
    content,
    done,
    entitle,
    handed_over,
    home_of_hospital,
    offer,
    offered,
    refuse,
    why,
    withdraw,
)
from tests.given import HOME, NOON, OTHER_HOME

LATE = NOON + WEEK
SECOND = timedelta(seconds=1)


def test_the_giver_is_accountable_until_the_receiver_accepts():
    """An offer moves nothing; the acceptance moves all in one fact, and begins a new term."""
    before = offered()
    assert before.responsibility.accountable == HOSPITAL
    stepped = step(before, accept(before), NOON + SECOND, KNOWN)
    now = stepped.state.responsibility
    assert (now.accountable, now.term, now.since) == (RINGSAKER, 2, NOON + SECOND)
    assert [fact.accountable for fact in stepped.facts] == [RINGSAKER]
    assert stepped.state.offer is None


@pytest.mark.parametrize("end", ["refused", "withdrawn", "expired"])
def test_whatever_else_ends_an_offer_leaves_the_giver(end):
    """Refused, withdrawn or run out: the hospital is accountable in the same term, and may offer again."""
    state = offered()
    command = {"refused": refuse, "withdrawn": withdraw, "expired": lambda _: TimePasses()}[end](state)
    after = done(state, command, LATE if end == "expired" else NOON)
    assert after.record[-1].what == end
    assert after.responsibility == state.responsibility
    assert done(after, offer(after, until=LATE + WEEK), LATE).offer is not None


def test_an_offer_is_open_to_its_last_moment_and_not_beyond():
    """At the very end it has expired, and whoever accepts then is told so."""
    state = offered()
    assert step(state, TimePasses(), LATE - SECOND, KNOWN).facts == ()
    assert done(state, accept(state), LATE - SECOND).responsibility.accountable == RINGSAKER
    late = step(state, accept(state), LATE, KNOWN)
    assert late.answer == HandoverRefusal("expired")
    assert [fact.what for fact in late.facts] == ["expired"]
    assert late.state.responsibility.accountable == HOSPITAL


def test_a_clock_set_back_revives_nothing():
    """What was once noticed as expired stays so, also for an acceptance that was written in time."""
    state = offered()
    after = done(state, TimePasses(), LATE)
    assert why(after, accept(state), NOON) == "expired"
    back = step(after, TimePasses(), NOON - WEEK, KNOWN)
    assert back.state == after


def test_a_clock_set_back_locks_nobody_out():
    """The accountable one and a giver that keeps an alert see the home by any clock."""
    now = handed_over(carries=content(KEPT)).responsibility
    assert now.may_see(RINGSAKER, NOON - 100 * WEEK)
    assert now.may_see(HOSPITAL, NOON - 100 * WEEK)
    assert not now.may_see(HAMAR, NOON)


def test_of_two_at_once_the_first_counts():
    """Accept and refuse, accept and withdraw, twice accept: the second hears that it is decided."""
    for first in (accept, refuse, withdraw):
        for second in (accept, refuse, withdraw):
            state = offered()
            one, other = first(state), second(state)
            after = done(state, one)
            assert why(after, other) == "already_decided"


def test_who_has_not_seen_the_newest_decides_nothing():
    """A page from before cannot act on what it does not show."""
    state = offered()
    old = [accept(state), refuse(state), withdraw(state)]
    newer = done(state, entitle(state, HAMAR))
    assert [why(newer, command) for command in old] == ["stale"] * 3
    home = home_of_hospital()
    late = offer(home)
    assert why(done(home, entitle(home, HAMAR)), late) == "stale"


def test_only_the_two_who_are_concerned_may_act():
    """Who is not accountable offers nothing; a third accepts nothing; a receiver withdraws nothing."""
    home, state = home_of_hospital(), offered()
    assert why(home, offer(home, by=RINGSAKER, to=HAMAR)) == "wrong_organisation"
    assert why(home, entitle(home, HAMAR, by=RINGSAKER)) == "wrong_organisation"
    assert why(state, accept(state, by=HAMAR)) == "wrong_organisation"
    assert why(state, accept(state, by=HOSPITAL)) == "wrong_organisation"
    assert why(state, refuse(state, by=HOSPITAL)) == "wrong_organisation"
    assert why(state, withdraw(state, by=RINGSAKER)) == "wrong_organisation"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"to": HOSPITAL}, "to_oneself"),
        ({"to": "org-nobody"}, "unknown_organisation"),
        ({"until": NOON}, "until_too_soon"),
        ({"until": NOON + timedelta(days=OFFER_DAYS_MAX) + SECOND}, "until_too_late"),
        ({"until": datetime(2027, 2, 1)}, "unreadable"),  # noqa: DTZ001 - what has no zone is refused
        ({"home": OTHER_HOME}, "another_home"),
        ({"id": "two words"}, "unreadable"),
        ({"role": ""}, "unreadable"),
        ({"role": "x" * 101}, "unreadable"),
        ({"role": "for 010190 12345"}, "unreadable"),
    ],
)
def test_an_offer_that_leads_nowhere_is_refused(more, said):
    """No receiver, no end, another home, words that can't be kept: a reason, and never an exception."""
    home = home_of_hospital()
    assert why(home, offer(home, **more)) == said
    assert step(home, offer(home, **more), NOON, KNOWN).state.record == home.record


def test_one_offer_is_open_at_a_time():
    """Nobody is offered to two at once."""
    state = offered()
    assert why(state, offer(state, to=HAMAR)) == "offer_open"


def test_an_offer_says_what_becomes_of_each_open_alert():
    """An alert that the offer does not name would have no owner in anybody's mind."""
    home = home_of_hospital()
    known = Known(KNOWN.organisations, frozenset({"a1", "a2"}))
    assert why(home, offer(home, carries=content(MOVES)), known=known) == "alert_without_owner"
    both = content(MOVES, CLOSED.model_copy(update={"id": "a2"}))
    assert done(home, offer(home, carries=both), known=known).offer is not None


def test_a_refusal_has_a_reason():
    """Who does not take over says why, so that the giver can mend it."""
    state = offered()
    assert why(state, refuse(state, reason="  ")) == "no_reason"
    assert done(state, refuse(state, reason="no nurse")).record[-1].reason == "no nurse"


def test_a_receiver_that_is_gone_takes_nothing_over():
    """An organisation that was closed while the offer was open does not become accountable."""
    state = offered()
    assert why(state, accept(state), known=Known(frozenset({HOSPITAL}))) == "unknown_organisation"


def test_a_giver_that_is_gone_can_still_hand_over():
    """What nobody runs any more must not keep its patients for ever."""
    home = home_of_hospital()
    state = done(home, offer(home), known=Known(frozenset({RINGSAKER})))
    assert state.offer is not None


def test_said_again_hears_the_same_and_changes_nothing():
    """A granted command and a refused one, at once, much later, and after everything has changed."""
    home = home_of_hospital()
    granted, refused = offer(home), offer(home, to="org-later")
    before = step(home, refused, NOON, KNOWN)
    first = step(before.state, granted, NOON, KNOWN)
    wider = Known(KNOWN.organisations | {"org-later"})
    over = done(first.state, accept(first.state))
    for state in (first.state, over):
        for now in (NOON, LATE):
            again = step(state, granted, now, wider)
            assert (again.state, again.facts, again.answer) == (state, (), first.answer)
            again = step(state, refused, now, wider)
            assert (again.state, again.facts, again.answer) == (state, (), before.answer)


def test_an_id_belongs_to_one_command():
    """Another command under a known id is refused, and so is another organisation's."""
    home = home_of_hospital()
    one = offer(home)
    state = done(home, one)
    assert why(state, accept(state, id=one.id)) == "id_used_before"
    assert why(state, replace(one, by=HAMAR)) == "id_used_before"


def test_somebody_elses_refusal_spoils_no_id():
    """Who is refused under an id that another will use takes nothing from it."""
    state = offered()
    mine = accept(state)
    spoilt = step(state, replace(mine, by=HAMAR), NOON, KNOWN).state
    assert done(spoilt, mine).responsibility.accountable == RINGSAKER


def test_refusals_are_remembered_within_bounds():
    """The newest are; an old one is refused anew."""
    state = offered()
    for number in range(REFUSED_MAX + 5):
        state = step(state, accept(state, by=HAMAR, id=f"n{number}"), NOON, KNOWN).state
    assert len(state.refused) == REFUSED_MAX
    assert why(state, accept(state, by=HAMAR, id="n0")) == "wrong_organisation"


def test_the_giver_sees_as_long_as_the_offer_said():
    """After the acceptance the giver is entitled, until the end that both have agreed upon."""
    now = handed_over(carries=content(giver_sees_until=NOON + WEEK)).responsibility
    assert now.may_see(HOSPITAL, NOON + WEEK - SECOND)
    assert not now.may_see(HOSPITAL, NOON + WEEK)
    assert now.entitled[0].since == NOON


def test_the_accountable_one_lets_others_see_and_ends_it():
    """Sharing is its word alone, moves no responsibility, and can be taken back."""
    home = home_of_hospital()
    shared = done(home, entitle(home, HAMAR))
    assert shared.responsibility.may_see(HAMAR, LATE)
    assert shared.responsibility.accountable == HOSPITAL
    ended = done(shared, entitle(shared, HAMAR, until=NOON))
    assert not ended.responsibility.may_see(HAMAR, NOON)
    assert why(ended, entitle(ended, HOSPITAL)) == "to_oneself"
    assert why(ended, entitle(ended, "org-nobody")) == "unknown_organisation"


def test_not_everybody_may_see():
    """The number of those who may see has a bound; who may already can always be told an end."""
    many = [f"org-{number}" for number in range(ENTITLED_MAX + 1)]
    state, known = home_of_hospital(), Known(frozenset(many))
    for each in many[:-1]:
        state = done(state, entitle(state, each), known=known)
    assert why(state, entitle(state, many[-1]), known=known) == "too_many_entitled"
    assert done(state, entitle(state, many[0], until=NOON), known=KNOWN)


def test_an_alert_always_has_an_owner():
    """It moves with the hand-over unless the giver keeps it; nobody had to foresee it."""
    for carries, owner in (
        (content(MOVES), RINGSAKER),
        (content(CLOSED), RINGSAKER),
        (content(KEPT), HOSPITAL),
    ):
        before, after = offered(carries=carries), handed_over(carries=carries)
        for alert in ("a1", "opened_meanwhile"):
            assert owner_of(alert, before, NOON) == HOSPITAL
        assert owner_of("a1", after, NOON) == owner
        assert owner_of("opened_meanwhile", after, NOON) == RINGSAKER


def test_who_can_no_longer_see_keeps_no_alert():
    """When the giver's seeing ends, what it kept is the accountable one's again."""
    state = handed_over(carries=content(KEPT))
    state = done(state, entitle(state, HOSPITAL, by=RINGSAKER, until=LATE))
    assert owner_of("a1", state, NOON) == HOSPITAL
    assert owner_of("a1", state, LATE) == RINGSAKER


def test_what_was_kept_is_decided_anew_by_the_next_hand_over():
    """A third organisation does not inherit what the first two agreed, unless the new offer says so."""
    state = handed_over(carries=content(KEPT))
    state = done(state, offer(state, to=HAMAR, carries=content(MOVES)))
    state = done(state, accept(state, by=HAMAR))
    assert owner_of("a1", state, NOON) == HAMAR


def test_the_record_alone_gives_the_state():
    """Whoever has the facts knows who is accountable, what is open and who owns what."""
    state = handed_over(carries=content(KEPT))
    assert state_of(state.record) == state
    for facts in (state.record[1:], (state.record[0], state.record[2]), (*state.record, state.record[-1])):
        with pytest.raises(ValueError, match="fact"):
            state_of(facts)
    other = begun(OTHER_HOME, HOSPITAL, "lege", NOON).record
    with pytest.raises(ValueError, match=HOME):
        state_of((*state.record, replace(other[0], number=4)))


def test_an_organisations_id_can_be_part_of_a_topic():
    """No slash, no wildcard, no space, no capital."""
    assert is_organisation("org-ahus-2")
    assert not any(map(is_organisation, ["", "-a", "Org", "a/b", "a+", "#", "a b", "x" * 64, "å"]))
