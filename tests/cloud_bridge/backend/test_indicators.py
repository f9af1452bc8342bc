"""The figures for both: the same digits from whichever side, however the rows come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from cloud_bridge.backend.counted import (
    Carried,
    Deviation,
    HomeRows,
    Span,
    accountable_at,
    counted,
    parts,
    turns,
)
from cloud_bridge.backend.indicators import MONTH_S, Indicator, Period, Tally, indicators, quantile
from cloud_bridge.backend.views import Act, Handled
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.handover_record import HandoverFact

HOME = "00c0ffee00c0ffee"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = Period(NEW_YEAR, NEW_YEAR + 30 * DAY)
ADD_UP = ("adherence", "alerts", "downtime", "of_no_use")
SEEDS = range(20)


def fact(number: int, what: str, accountable: str, at: datetime, offer: str = "") -> HandoverFact:
    """One line of a record."""
    return HandoverFact(
        home=HOME, number=number, term=1, accountable=accountable, what=what, at=at, offer=offer
    )


def moved(at: datetime) -> tuple[HandoverFact, ...]:
    """The hospital follows, offers the home two hours before, and hands it over at this moment."""
    return (
        fact(1, "begun", "hospital", NEW_YEAR - DAY),
        fact(2, "offered", "hospital", at - 2 * HOUR, "o1"),
        fact(3, "accepted", "town", at, "o1"),
    )


def act(
    what: Act, at: datetime, upto: datetime, matter: str = "e1", *, is_of_no_use: bool = False
) -> Handled:
    """What somebody did."""
    return Handled(
        home=HOME, matter=matter, act=what, by=Who("k1", "town", Role.NURSE), at=at, upto=upto,
        is_of_no_use=is_of_no_use,
    )  # fmt: skip


def of(rows: HomeRows, id_: str, period: Period = MONTH, organisation: str | None = None) -> Tally:
    """The tally of one indicator."""
    found = indicators(counted(rows, period))
    figures = found.whole if organisation is None else found.by_organisation[organisation]
    return next(each.tally for each in figures if each.id == id_)


def some_home(dice: Random) -> HomeRows:
    """A home in which anything has happened, at whole seconds and between them."""

    def moment() -> datetime:
        return NEW_YEAR + timedelta(seconds=dice.uniform(-5, 40) * 86_400)

    deviations = tuple(
        Deviation(f"e{dice.randrange(4)}", at, dice.choice([None, at + dice.random() * 3 * DAY]))
        for at in (moment() for _ in range(dice.randrange(12)))
    )
    handled = tuple(
        act(
            dice.choice(("seen", "taken", "put_off", "done")),
            at,
            at - dice.random() * DAY,
            f"e{dice.randrange(4)}",
            is_of_no_use=dice.random() < 0.3,
        )
        for at in (moment() for _ in range(dice.randrange(12)))
    )
    downs = tuple(
        Span(at, dice.choice([None, at + dice.random() * DAY]))
        for at in (moment() for _ in range(dice.randrange(6)))
    )
    asked = tuple((moment(), dice.random() < 0.7) for _ in range(dice.randrange(40)))
    return HomeRows(
        NEW_YEAR - 2 * DAY, dice.choice([(), moved(moment())]), asked, deviations, handled, downs,
        tuple(Carried(who, 3, 4, 1, {5: 2, 9000: 1}) for who in ("hospital", "town")),
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sum_over_organisations_is_the_whole(seed):
    """What the organisations are accountable for adds up to all together, and to what nobody divided."""
    dice = Random(seed)
    homes = [some_home(dice) for _ in range(3)]
    found = indicators(each for rows in homes for each in counted(rows, MONTH))
    for place, whole in enumerate(found.whole):
        shares = (figures[place].tally for figures in found.by_organisation.values())
        assert sum(shares, Tally()) == whole.tally
    alone = indicators(each for rows in homes for each in counted(replace(rows, record=()), MONTH))
    for one, other in zip(alone.whole, found.whole, strict=True):
        assert other.id == "handover" or one == other


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_does_not_matter(seed):
    """Shuffled rows of shuffled homes give the same digits."""
    dice = Random(seed)
    homes = [some_home(dice) for _ in range(3)]
    shuffled = [
        replace(
            rows,
            **{
                name: tuple(dice.sample(getattr(rows, name), len(getattr(rows, name))))
                for name in ("asked", "deviations", "handled", "downs", "carried")
            },
        )
        for rows in dice.sample(homes, len(homes))
    ]
    one, other = (
        indicators(each for rows in these for each in counted(rows, MONTH)) for these in (homes, shuffled)
    )
    assert one == other


@pytest.mark.parametrize("seed", SEEDS)
def test_a_period_split_in_two_adds_up(seed):
    """Counts of what happens and lengths of time are those of both halves, also split between two seconds."""
    dice = Random(seed)
    rows = replace(some_home(dice), handled=())
    middle = NEW_YEAR + dice.random() * 30 * DAY
    halves = (Period(MONTH.since, middle), Period(middle, MONTH.until))
    for id_ in ADD_UP:
        assert sum((of(rows, id_, half) for half in halves), Tally()) == of(rows, id_)
    assert sum(of(rows, "seen", half).whole for half in halves) == of(rows, "seen").whole


def test_who_was_accountable_at_that_instant_counts():
    """Before the acceptance it is the giver's, from that moment on the receiver's; time is divided there."""
    middle = NEW_YEAR + 10 * DAY
    just_before = middle - timedelta.resolution
    rows = HomeRows(NEW_YEAR, moved(middle), asked=((just_before, True), (middle, False)))
    assert of(rows, "adherence", organisation="hospital") == Tally(1, 1)
    assert of(rows, "adherence", organisation="town") == Tally(0, 1)
    assert of(rows, "alerts", organisation="hospital").whole == 10 * 86_400
    assert of(rows, "alerts", organisation="town").whole == 20 * 86_400


def test_a_record_whose_clock_was_set_back_keeps_its_order():
    """Facts count by their number: a later one is never before an earlier one."""
    record = (fact(1, "begun", "a", NEW_YEAR), fact(2, "accepted", "b", NEW_YEAR - DAY))
    assert turns(record) == ((NEW_YEAR, "a"), (NEW_YEAR, "b"))
    assert accountable_at(turns(record), NEW_YEAR) == "b"
    assert [who for who, _ in parts(turns(record), Period(NEW_YEAR - DAY, NEW_YEAR + DAY))] == ["", "b"]


def test_where_there_is_nothing_to_count_there_is_no_figure():
    """Nothing of nothing is neither none nor all."""
    assert all(each.value is None and each.median_s is None for each in indicators(()).whole)
    assert Indicator("seen", Tally(0, 3)).value == Decimal("0.0")


def test_figures_are_rounded_once_and_half_to_even():
    """One decimal of a percentage, two of a rate, exactly: no binary fraction comes between."""
    assert Indicator("seen", Tally(1, 3)).value == Decimal("33.3")
    assert [Indicator("seen", Tally(n, 2000)).value for n in (1, 3)] == [Decimal("0.0"), Decimal("0.2")]
    assert Indicator("alerts", Tally(5, 2 * MONTH_S)).value == Decimal("2.50")


def test_a_quantile_is_a_time_that_occurred():
    """The smallest that enough do not exceed: no mean of two, whatever their number."""
    assert quantile({1: 1, 9: 1}, Fraction(1, 2)) == 1
    assert quantile(dict.fromkeys(range(1, 11), 1), Fraction(9, 10)) == 9


def test_what_is_open_at_the_end_waits_and_is_counted_apart():
    """Nobody knows yet how long it will take; what closed by itself does not wait."""
    early = MONTH.until - 10 * DAY
    rows = HomeRows(
        NEW_YEAR,
        deviations=(
            Deviation("e1", early),
            Deviation("e2", early, early + HOUR),
            Deviation("e3", MONTH.until - HOUR, MONTH.until + HOUR),
        ),
        handled=(act("seen", MONTH.until, MONTH.until),),
    )
    assert of(rows, "seen") == Tally(0, 3, 2)
    ages = ("open_under_day", "open_under_week", "open_older")
    assert [of(rows, id_).part for id_ in ages] == [1, 0, 1]
    assert {of(rows, id_).whole for id_ in ages} == {2}


def test_seen_up_to_what_stood_there():
    """What opened after a look is not seen by it; putting off or escalating is not; taken has what comes."""
    at = NEW_YEAR + DAY
    acts = (act("put_off", at + HOUR, at), act("escalated", at + HOUR, at), act("taken", at + 2 * HOUR, at))
    rows = HomeRows(NEW_YEAR, deviations=(Deviation("e1", at), Deviation("e1", at + 3 * HOUR)), handled=acts)
    assert of(rows, "seen") == Tally(1, 2, 1, {7200: 1})
    assert of(rows, "taken") == Tally(2, 2, 0, {7200: 1, 0: 1})


def test_done_says_whether_it_was_of_use():
    """The share of no use is of what was finished, not of all."""
    at = NEW_YEAR + DAY
    acts = (act("done", at + HOUR, at, is_of_no_use=True), act("done", at + HOUR, at, "e2"))
    rows = HomeRows(
        NEW_YEAR, deviations=tuple(Deviation(matter, at) for matter in ("e1", "e2", "e3")), handled=acts
    )
    assert of(rows, "of_no_use") == Tally(1, 2)
    assert of(rows, "open_older").whole == 1


def test_a_clock_that_is_ahead_makes_no_time_below_zero():
    """An alert dated after the act that names it took no time."""
    at = NEW_YEAR + DAY
    rows = HomeRows(NEW_YEAR, deviations=(Deviation("e1", at),), handled=(act("seen", at - HOUR, at),))
    assert of(rows, "seen").seconds == {0: 1}


def test_a_handover_is_the_givers_and_waits_until_it_is_answered():
    """The time is that from offer to acceptance; one that is open at the end is counted apart."""
    rows = HomeRows(NEW_YEAR, moved(NEW_YEAR + DAY))
    assert of(rows, "handover", organisation="hospital") == Tally(1, 1, 0, {7200: 1})
    assert of(rows, "handover", Period(NEW_YEAR, NEW_YEAR + DAY - HOUR)) == Tally(0, 1, 1)


def test_what_is_down_twice_is_down_once():
    """Overlapping troubles are one; one that has not ended lasts to the end; none counts before follow-up."""
    last = MONTH.until - HOUR
    rows = HomeRows(
        NEW_YEAR, downs=(Span(last), Span(last + HOUR / 2), Span(NEW_YEAR - DAY, NEW_YEAR + HOUR))
    )
    assert of(rows, "downtime") == Tally(7200, 30 * 86_400)
    assert of(replace(rows, began_at=NEW_YEAR + HOUR), "downtime") == Tally(3600, 30 * 86_400 - 3600)
