"""The figures for both as a page and as files: a period is chosen, and everybody gets the same digits."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Literal, Protocol

from fastapi import Request, Response
from markupsafe import Markup

from cloud_bridge.backend.figure_report import Report, bar, counted_said, figure_said, period_of, said
from cloud_bridge.backend.indicators import Indicator, Indicators, Period
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.look.columns import Column, columns
from cloud_bridge.look.site import Site
from cloud_bridge.look.voice import Voice

MONTHS_MAX = 24
"""So many months are drawn, the newest: each is counted by itself."""

Form = Literal["csv", "json"]
Route = Callable[[Request], Awaitable[Response]]
Days = tuple[str, str]

_MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_WRONG = {"--from": "figures_wrong_from", "--to": "figures_wrong_to"}


class Counts(Protocol):
    """What is asked of the tables here."""

    async def indicators(self, period: Period) -> Indicators:
        """Return the figures of all homes in a period."""
        ...

    async def organisations(self) -> tuple[Organisation, ...]:
        """Return who takes part, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Month:
    """What was counted in one calendar month of the period."""

    first_on: date
    report: Report


def add_figures(made: Site, views: Counts, *, may_log_out: bool) -> None:
    """Add the page, and the same figures as files."""
    made.app.get("/figures")(_page(made, views, may_log_out=may_log_out))
    made.app.get("/figures.csv")(_file(made, views, "csv"))
    made.app.get("/figures.json")(_file(made, views, "json"))


def choices(today: date) -> tuple[tuple[str, Days], ...]:
    """Return the periods that are one press away, by the keys of their words.

    >>> choices(date(2026, 1, 9))[1]
    ('figures_last_month', ('2025-12-01', '2025-12-31'))
    """
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    before, last_year = month - timedelta(days=1), year - timedelta(days=1)
    found = (
        ("figures_this_month", month, today),
        ("figures_last_month", before.replace(day=1), before),
        ("figures_this_year", year, today),
        ("figures_last_year", last_year.replace(month=1, day=1), last_year),
    )
    return tuple((key, (first.isoformat(), last.isoformat())) for key, first, last in found)


def months_of(period: Period, zone: tzinfo) -> tuple[tuple[date, Period], ...]:
    """Return the newest calendar months of a period, each cut off at its ends."""
    found: list[tuple[date, Period]] = []
    until = period.until
    while until > period.since and len(found) < MONTHS_MAX:
        first = (until - timedelta.resolution).astimezone(zone).date().replace(day=1)
        since = max(period.since, datetime.combine(first, time(0), zone).astimezone(UTC))
        found.append((first, Period(since, until)))
        until = since
    return tuple(reversed(found))


def month_columns(months: Sequence[Month], organisation: str, each: Indicator, say: Voice) -> Markup:
    """Return one indicator month by month; nothing where there is one month only."""
    if len(months) < 2:
        return Markup("")
    shown = []
    for month in months:
        own = dict(month.report.sections).get(organisation, ())
        found = next((one for one in own if one.id == each.id), Indicator(each.id, type(each.tally)()))
        value = None if found.value is None else float(found.value)
        shown.append(Column(value, f"{_month_said(month.first_on, say)}: {figure_said(found, say)}"))
    top = 100.0 if each.unit == "percent" else max([*(one.value or 0.0 for one in shown), 1.0])
    return columns(say.word("indicator_" + each.id), shown, top)


def _month_said(first_on: date, say: Voice) -> str:
    return f"{say.word('months').split()[first_on.month - 1]} {first_on.year}"


def _asked(made: Site, request: Request) -> tuple[Days, Period | None, str]:
    """Return the days that were asked for, the period that they are, and what is wrong with them."""
    now = made.now()
    [(_, usual), *_] = choices(now.astimezone(made.timezone).date())
    query = request.query_params
    days = (query.get("from", usual[0]), query.get("to", usual[1]))
    period, (option, _) = period_of(*days, made.timezone, now)
    return days, period, "" if period is not None else _WRONG[option]


async def _report(made: Site, views: Counts, period: Period) -> Report:
    return Report(
        period, made.now(), made.timezone, await views.indicators(period), await views.organisations()
    )


def _page(made: Site, views: Counts, *, may_log_out: bool) -> Route:
    async def page(request: Request) -> Response:
        days, period, wrong = _asked(made, request)
        report, months = None, []
        if period is not None:
            report = await _report(made, views, period)
            parts = months_of(period, made.timezone)
            if len(parts) > 1:
                months = [Month(first, await _report(made, views, part)) for first, part in parts]
        return made.show(
            request,
            "figures.html",
            status=400 if report is None else 200,
            days=days,
            wrong=wrong,
            report=report,
            months=[_month_said(month.first_on, made.voice(request)) for month in months],
            choices=choices(made.now().astimezone(made.timezone).date()),
            figure=figure_said,
            counted=counted_said,
            bar=bar,
            month_columns=partial(month_columns, months),
            may_log_out=may_log_out,
        )

    return page


def _file(made: Site, views: Counts, form: Form) -> Route:
    page = _page(made, views, may_log_out=False)

    async def file(request: Request) -> Response:
        (first, last), period, _ = _asked(made, request)
        if period is None:
            return await page(request)  # it says what to write
        text = said(await _report(made, views, period), form, made.voice(request).language)
        name = f"figures-{date.fromisoformat(first)}-{date.fromisoformat(last)}.{form}"
        headers = {
            "content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store",
        }  # fmt: skip
        return Response(text, media_type=_MEDIA[form], headers=headers)

    return file
