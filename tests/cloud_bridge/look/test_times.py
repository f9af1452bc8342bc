"""Times as people say them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.look.times import dated_said, exact, moment_said, said, span_said

OSLO = ZoneInfo("Europe/Oslo")
SUNDAY = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "nb", "en"),
    [
        (datetime(2026, 11, 22, 6, 42, tzinfo=UTC), "i dag 07:42", "today 07:42"),
        (datetime(2026, 11, 21, 23, 0, tzinfo=UTC), "i dag 00:00", "today 00:00"),
        (datetime(2026, 11, 21, 22, 59, tzinfo=UTC), "i går 23:59", "yesterday 23:59"),
        (datetime(2026, 11, 20, 22, 59, tzinfo=UTC), "2 dager siden", "2 days ago"),
        (datetime(2026, 11, 19, 12, 0, tzinfo=UTC), "3 dager siden", "3 days ago"),
        (datetime(2026, 10, 23, 12, 0, tzinfo=UTC), "30 dager siden", "30 days ago"),
        (datetime(2026, 10, 22, 12, 0, tzinfo=UTC), "22. okt.", "22 Oct"),
        (datetime(2025, 3, 2, 12, 0, tzinfo=UTC), "2. mars 2025", "2 Mar 2025"),
        (datetime(2026, 11, 22, 23, 5, tzinfo=UTC), "i morgen 00:05", "tomorrow 00:05"),
        (datetime(2026, 11, 25, 11, 0, tzinfo=UTC), "25. nov. 12:00", "25 Nov 12:00"),
        (None, "aldri", "never"),
    ],
)
def test_times_are_said_by_the_local_calendar(at, nb, en):
    """A time standing alone is said by the days of the wall calendar, not by spans of 24 hours."""
    assert said(at, SUNDAY, OSLO, "nb") == nb
    assert said(at, SUNDAY, OSLO, "en") == en


@pytest.mark.parametrize(
    ("at", "now", "words"),
    [
        # 2026-03-29: 02:00 becomes 03:00, the day has 23 hours; 2026-10-25: 03:00 becomes 02:00, it has 25
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 21, 30, tzinfo=UTC), "i dag 00:30"),
        (datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 3, 29, 21, 30, tzinfo=UTC), "i går 23:30"),
        (
            datetime(2026, 3, 27, 23, 30, tzinfo=UTC),
            datetime(2026, 3, 29, 22, 30, tzinfo=UTC),
            "2 dager siden",
        ),
        (
            datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            "i dag 00:30",
        ),
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            "i dag 02:30",
        ),
        (
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            "i dag 02:30",
        ),
    ],
)
def test_days_are_counted_right_across_the_change_of_clocks(at, now, words):
    """A day of 23 or of 25 hours is still one day."""
    assert said(at, now, OSLO, "nb") == words


def test_the_exact_time_tells_the_doubled_hour_apart():
    """In the hour that comes twice, the distance to UTC says which of the two it was."""
    assert exact(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), OSLO) == "2026-10-25 02:30:00 +02:00"
    assert exact(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), OSLO) == "2026-10-25 02:30:00 +01:00"


def test_a_moment_inside_a_sentence_never_says_ago():
    """'Since 3 days ago' is no sentence: inside one, the date is said."""
    assert moment_said(datetime(2026, 11, 19, 6, 42, tzinfo=UTC), SUNDAY, OSLO, "nb") == "19. nov. 07:42"
    assert moment_said(datetime(2025, 11, 19, 6, 42, tzinfo=UTC), SUNDAY, OSLO, "nb") == "19. nov. 2025 07:42"


def test_a_dated_moment_stays_true_tomorrow():
    """What a page that has been cut off says of its age must not depend on when it was drawn."""
    assert dated_said(SUNDAY, OSLO, "nb") == "22. nov. 09:30"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (9_000, "2 t"),
        (86_400, "1 dag"),
        (200_000, "2 dager"),
    ],
)
def test_spans_are_said_in_their_largest_whole_unit(seconds, words):
    """A span is rounded down, never made longer than it was."""
    assert span_said(seconds, "nb") == words
