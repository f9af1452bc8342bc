"""The report of a period: a page to print, the same numbers as CSV and JSON. Names no patient, no home."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from io import StringIO
from pathlib import Path
from typing import Literal

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cloud_bridge.backend.indicators import Indicator, Indicators, Period, indicators
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.look.voice import Voice
from cloud_bridge.look.words import Language

COLUMNS = (
    "organisation", "indicator", "unit", "value", "part", "whole", "waiting", "n", "median_s", "p90_s",
)  # fmt: skip
TOGETHER = "*"
"""What all organisations together are called where a machine reads; no organisation can be called so."""

_NOTHING = indicators(()).whole
_BAR_PX = 120
_DAY = timedelta(days=1)
_FIRST_ON = date(2000, 1, 1)
"""Before any hub; what is reckoned back from here is still in the calendar."""

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, when they were counted, and who takes part."""

    period: Period
    at: datetime
    zone: tzinfo
    figures: Indicators
    organisations: tuple[Organisation, ...]

    @property
    def sections(self) -> tuple[tuple[str, tuple[Indicator, ...]], ...]:
        """All together, then each organisation by its id, also one of which there is nothing to count."""
        found = self.figures.by_organisation
        names = sorted(found.keys() | {each.organisation for each in self.organisations})
        return ((TOGETHER, self.figures.whole), *((name, found.get(name, _NOTHING)) for name in names))

    def name(self, organisation: str, say: Voice) -> str:
        """Return what people call an organisation."""
        if organisation in (TOGETHER, ""):
            return say.word("report_together" if organisation else "report_nobody")
        names = {each.organisation: each.name for each in self.organisations}
        return names.get(organisation, organisation)


def period_of(
    first_on: str, last_on: str, zone: tzinfo, now: datetime
) -> tuple[Period | None, tuple[str, str]]:
    """Return the period of these days, cut off now; or None, and which word is wrong and why."""
    days = []
    for option, word in (("--from", first_on), ("--to", last_on)):
        try:
            days.append(date.fromisoformat(word))
        except ValueError:
            return None, (option, f"write a day such as 2026-01-31 (it says {word!r}).")
    if days[1] < days[0]:
        return None, ("--to", f"write a day that is not before --from ({first_on}).")
    try:
        since, until = (
            datetime.combine(day, time(0), zone).astimezone(UTC) for day in (days[0], days[1] + _DAY)
        )
    except OverflowError:
        return None, ("--to", f"no calendar reaches so far (it says {last_on}).")
    if days[0] < _FIRST_ON:
        return None, ("--from", f"nothing was measured so long ago; write {_FIRST_ON} or a later day.")
    if since >= now:
        return None, ("--from", f"nothing has happened yet on {first_on}; write a day that has begun.")
    return Period(since, min(until, now)), ("", "")


def said(report: Report, form: Literal["html", "csv", "json"], language: Language) -> str:
    """Return the report in this form."""
    if form == "csv":
        return _csv(report)
    return _json(report) if form == "json" else _html(report, language)


def _lines(report: Report) -> Iterator[tuple[object, ...]]:
    for organisation, figures in report.sections:
        for each in figures:
            tally, value = each.tally, None if each.value is None else str(each.value)
            yield (
                organisation, each.id, each.unit, value, tally.part, tally.whole, tally.waiting,
                each.n, each.median_s, each.p90_s,
            )  # fmt: skip


def _csv(report: Report) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(report))
    return text.getvalue()


def _json(report: Report) -> str:
    """A value is text: its digits are the same for every reader."""
    told = {
        "since": report.period.since.isoformat(),
        "until": report.period.until.isoformat(),
        "counted_at": report.at.isoformat(),
        "figures": [dict(zip(COLUMNS, line, strict=True)) for line in _lines(report)],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _html(report: Report, language: Language) -> str:
    say = Voice(language, report.at, report.zone)
    first, last = (
        at.astimezone(report.zone).date().isoformat()
        for at in (report.period.since, report.period.until - timedelta.resolution)
    )
    return _PAGE.get_template("report.html").render(
        report=report, say=say, first=first, last=last, figure=figure_said, counted=counted_said, bar=bar
    )


def figure_said(each: Indicator, say: Voice) -> str:
    """Return a figure as people read it."""
    if each.value is None:
        return say.word("report_none")
    return say.word(f"report_{each.unit}", value=str(each.value).replace(".", say.word("decimal_mark")))


def counted_said(each: Indicator, say: Voice) -> str:
    """Return what a figure was counted from."""
    if each.unit == "per_month":
        return say.word("report_per_days", part=each.tally.part, days=each.tally.whole // 86_400)
    if each.id == "downtime":
        spans = {"part": say.span(each.tally.part), "whole": say.span(each.tally.whole)}
        return say.word("report_ratio", **spans)
    return say.word("report_ratio", part=each.tally.part, whole=each.tally.whole)


def bar(each: Indicator) -> Markup:
    """A share as a bar, its number beside it: no colour says anything here."""
    if each.value is None or each.unit != "percent":
        return Markup("")
    width = round(each.value * _BAR_PX / 100)
    return Markup(
        '<svg class="share" width="{}" height="12" aria-hidden="true"><rect class="all" width="{}" '
        'height="12"/><rect class="part" width="{}" height="12"/></svg>'
    ).format(_BAR_PX, _BAR_PX, width)
