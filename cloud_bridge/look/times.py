"""Times as people say them; the exact one for the title and the table."""

from datetime import date, datetime, timedelta, tzinfo

from cloud_bridge.look.words import Language, counted, word

DAYS_AGO_MAX = 30
"""Further back a date says more than a count of days."""


def said(at: datetime | None, now: datetime, timezone: tzinfo, language: Language) -> str:
    """Return when something was, standing alone: i dag 07:42, i går 21:10, 3 dager siden."""
    if at is None:
        return word(language, "time_never")
    local, today = at.astimezone(timezone), now.astimezone(timezone).date()
    days = (today - local.date()).days
    if 1 < days <= DAYS_AGO_MAX:
        return word(language, "time_days_ago", days=days)
    if days > DAYS_AGO_MAX:
        return _date(local.date(), today, language)
    return moment_said(at, now, timezone, language)


def moment_said(at: datetime, now: datetime, timezone: tzinfo, language: Language) -> str:
    """Return when something was, inside a sentence: since i dag 07:42, since 19. nov. 07:42."""
    local, today = at.astimezone(timezone), now.astimezone(timezone).date()
    time = f"{local:%H:%M}"
    near = {0: "time_today", 1: "time_yesterday", -1: "time_tomorrow"}.get((today - local.date()).days)
    if near is not None:
        return word(language, near, time=time)
    return f"{_date(local.date(), today, language)} {time}"


def dated_said(at: datetime, timezone: tzinfo, language: Language) -> str:
    """Return a moment in words that stay true tomorrow: 22. nov. 07:42."""
    local = at.astimezone(timezone)
    return f"{_date(local.date(), local.date(), language)} {local:%H:%M}"


def date_said(day: date, today: date, language: Language) -> str:
    """Return a day as it stands on an axis: i dag, i går, 9. nov."""
    if day == today:
        return word(language, "day_today")
    if day == today - timedelta(days=1):
        return word(language, "day_yesterday")
    return _date(day, today, language)


def exact(at: datetime, timezone: tzinfo) -> str:
    """Return the whole moment on the wall clock, with its distance to UTC.

    >>> from datetime import UTC
    >>> exact(datetime(2026, 11, 22, 6, 42, 13, tzinfo=UTC), UTC)
    '2026-11-22 06:42:13 +00:00'
    """
    return f"{at.astimezone(timezone):%Y-%m-%d %H:%M:%S} {at.astimezone(timezone).isoformat()[-6:]}"


def span_said(seconds: float, language: Language) -> str:
    """Return a length of time in its largest whole unit, rounded down.

    >>> span_said(7_300, "nb")
    '2 t'
    """
    whole = int(seconds)
    if whole >= 86_400:
        return counted(language, "span_days", whole // 86_400)
    if whole >= 3_600:
        return word(language, "span_h", n=whole // 3_600)
    return word(language, "span_min", n=whole // 60) if whole >= 60 else word(language, "span_s", n=whole)


def _date(day: date, today: date, language: Language) -> str:
    month = word(language, "months").split()[day.month - 1]
    key = "time_day" if day.year == today.year else "time_day_year"
    return word(language, key, day=day.day, month=month, year=day.year)
