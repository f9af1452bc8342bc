"""Plots as SVG: a sparkline, and a time plot with the plan's limits as bands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup

from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.look.ribbons import RIBBON_PX, Turn, epochs_of, ribbons, turns
from cloud_bridge.look.say import unit
from cloud_bridge.look.scale import Band, Scale, bands_of, range_of, ticks
from cloud_bridge.look.voice import SHAPES, Voice, is_late, is_weak
from devices.kinds import Kind
from devices.readings import Reading

HEIGHT_PX = 148.0
_AXIS_PX = 22.0
_LABEL_PX_MIN = 16.0
_LINE_GAP_S_MAX = 2 * 86_400.0
"""Over a longer gap no line is drawn: nobody knows what was between."""


@dataclass(frozen=True, slots=True)
class Flag:
    """An alert that opened, on the time axis."""

    at: datetime
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a time plot shows; `name` makes its ids unique on the page."""

    name: str
    kind: Kind
    readings: Sequence[Reading]
    since: datetime
    until: datetime
    plan: Plan | None = None
    flags: tuple[Flag, ...] = ()
    turns: tuple[Turn, ...] = ()
    """Who took over from whom, and when."""
    height: float = HEIGHT_PX
    ages_s: Mapping[str, float] = field(default_factory=dict)
    """How old a reading was when it came here, by its id; else, how old it was when the hub got it."""

    def age_s(self, reading: Reading) -> float:
        """Return how old this reading was when it came to whoever looks."""
        return self.ages_s.get(reading.id, reading.age_s)


def time_plot(chart: Chart, voice: Voice) -> Markup:
    """Return a time plot: dots with their words, lines between near ones, bands, flags, named axes."""
    bands = bands_of(chart.plan, chart.kind)
    values = [reading.value for reading in chart.readings]
    scale = Scale(chart.since, chart.until, *range_of(chart.kind, values, bands), chart.height)
    epochs = epochs_of(chart.readings)
    parts = [
        *_bands(bands, scale),
        *_time_axis(chart, scale, voice),
        *_flags(chart, scale, voice),
        *_lines(chart.readings, scale),
        *_dots(chart, scale, voice),
        *_value_axis(chart, bands, scale, voice),
        *turns(chart.turns, scale, chart.readings, voice),
        *ribbons(epochs, scale, scale.height + _AXIS_PX, voice),
    ]
    return Markup(
        '<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" width="100%" height="{height:.0f}" '
        'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-desc">{desc}</desc>{body}</svg>'
    ).format(
        height=chart.height + _AXIS_PX + (RIBBON_PX if len(epochs) > 1 else 0.0),
        name=chart.name,
        title=voice.word("plot_title", kind=voice.word(f"kind_{chart.kind}")),
        desc=described(chart.kind, chart.readings, bands, voice),
        body=Markup("").join(parts),
    )


def described(kind: Kind, readings: Sequence[Reading], bands: Sequence[Band], voice: Voice) -> str:
    """Return a plot in words, for those who hear it."""
    if not readings:
        return voice.word("plot_none")
    last = readings[-1]
    values = [reading.value for reading in readings]
    parts = {
        "first_at": voice.moment(readings[0].measured_at),
        "last_at": voice.moment(last.measured_at),
        "low": voice.number(kind, min(values)),
        "high": voice.number(kind, max(values)),
        "last": voice.number(kind, last.value),
        "unit": unit(kind),
        "n": len(values),
    }
    said = voice.word("plot_desc_one" if len(values) == 1 else "plot_desc_many", **parts)
    limits = ", ".join(
        voice.word(
            f"plot_{band.side}", level=voice.word(f"level_{band.level}"), limit=voice.number(kind, band.edge)
        )
        for band in bands
    )
    return f"{said} {voice.word('plot_limits', limits=limits)}" if limits else said


def dot_said(reading: Reading, age_s: float, voice: Voice) -> str:
    """Return what one dot says when one points at it."""
    time, span = voice.moment(reading.measured_at), voice.span(age_s)
    number = voice.number(reading.kind, reading.value)
    dot = voice.word("plot_dot", value=number, unit=unit(reading.kind), time=time)
    return voice.word("plot_dot_late", dot=dot, span=span) if is_late(age_s) else dot


def _bands(bands: Sequence[Band], scale: Scale) -> Iterator[Markup]:
    for band in bands:
        end = 0.0 if band.side == "above" else scale.height
        far = end if band.end is None else scale.y(band.end)
        near = scale.y(band.edge)
        yield Markup('<rect class="band {}" x="0" width="100%" y="{}" height="{}"/>').format(
            band.level, min(near, far), round(abs(far - near), 1)
        )
        yield Markup('<line class="limit {}" x1="0" x2="100%" y1="{}" y2="{}"/>').format(
            band.level, near, near
        )


def _time_axis(chart: Chart, scale: Scale, voice: Voice) -> Iterator[Markup]:
    for at, name in ticks(chart.since, chart.until, voice.timezone, voice.language):
        x = scale.x(at)
        yield Markup('<line class="tick" x1="{}%" x2="{}%" y1="0" y2="{}"/>').format(x, x, scale.height)
        anchor = "end" if x > 96 else "start" if x < 12 else "middle"
        yield Markup('<text class="axis" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
            x, scale.height + _AXIS_PX - 6, anchor, name
        )


def _value_axis(chart: Chart, bands: Sequence[Band], scale: Scale, voice: Voice) -> Iterator[Markup]:
    values = [reading.value for reading in chart.readings]
    taken: list[float] = []
    for value in (*(band.edge for band in bands), *((max(values), min(values)) if values else ())):
        y = scale.y(value)
        if all(abs(y - other) >= _LABEL_PX_MIN for other in taken):
            taken.append(y)
            yield Markup('<text class="axis" x="4" y="{}">{}</text>').format(
                round(y - 3, 1), voice.number(chart.kind, value)
            )


def _flags(chart: Chart, scale: Scale, voice: Voice) -> Iterator[Markup]:
    for flag in chart.flags:
        x = scale.x(flag.at)
        level, time = voice.word(f"level_{flag.level}"), voice.moment(flag.at)
        yield Markup(
            '<g class="flag {}"><title>{}</title><line x1="{}%" x2="{}%" y1="12" y2="{}"/>'
            '<text x="{}%" y="11" text-anchor="middle">{}</text></g>'
        ).format(
            flag.level,
            voice.word("plot_flag", level=level, time=time),
            x,
            x,
            scale.height,
            x,
            SHAPES[flag.level],
        )


def _lines(readings: Sequence[Reading], scale: Scale) -> Iterator[Markup]:
    for before, after in pairwise(readings):
        if (after.measured_at - before.measured_at).total_seconds() <= _LINE_GAP_S_MAX:
            yield Markup('<line class="between" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(
                scale.x(before.measured_at),
                scale.y(before.value),
                scale.x(after.measured_at),
                scale.y(after.value),
            )


def _dots(chart: Chart, scale: Scale, voice: Voice) -> Iterator[Markup]:
    for reading in chart.readings:
        age_s = chart.age_s(reading)
        x, y, said = scale.x(reading.measured_at), scale.y(reading.value), dot_said(reading, age_s, voice)
        if is_weak(reading):
            yield Markup(
                '<text class="dot weak" x="{}%" y="{}" text-anchor="middle">×<title>{}</title></text>'
            ).format(x, round(y + 5, 1), said)
        else:
            late = " late" if is_late(age_s) else ""
            yield Markup('<circle class="dot{}" cx="{}%" cy="{}" r="3.5"><title>{}</title></circle>').format(
                late, x, y, said
            )
