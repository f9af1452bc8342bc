"""A sparkline: fourteen days in the width of a word, with the plan's limit as a band."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.plot import described
from cloud_bridge.look.scale import Band, bands_of, range_of
from cloud_bridge.look.voice import Voice
from devices.kinds import Kind
from devices.readings import Reading

DAYS = 14
_WIDTH, _HEIGHT, _EDGE = 140, 32, 3
_STEPS = 70
"""More points than this no eye can tell apart at this width: a step shows its lowest and highest."""

_GAP_STEPS_MAX = 10
"""Two days: over a longer gap no line is drawn."""

Point = tuple[float, float]


def sparkline(kind: Kind, readings: Sequence[Reading], plan: Plan | None, voice: Voice) -> Markup:
    """Return the last fourteen days of one kind as a small picture with its words."""
    bands = bands_of(plan, kind)
    said = described(kind, readings, bands, voice)
    return Markup(
        '<svg class="spark" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {w} {h}" width="{w}" '
        'height="{h}"><title>{title}: {said}</title>{body}</svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        title=voice.word("spark_title"),
        said=said,
        body=Markup("").join(_body(kind, readings, bands, voice.now)),
    )


def _body(kind: Kind, readings: Sequence[Reading], bands: Sequence[Band], now: datetime) -> Iterator[Markup]:
    low, high = range_of(kind, [reading.value for reading in readings], bands)

    def y(value: float) -> float:
        return round(_EDGE + (_HEIGHT - 2 * _EDGE) * (high - value) / (high - low), 1)

    for band in bands:
        end = (0.0 if band.side == "above" else float(_HEIGHT)) if band.end is None else y(band.end)
        top, bottom = sorted((y(band.edge), end))
        yield Markup('<rect class="band {}" x="0" width="{}" y="{}" height="{}"/>').format(
            band.level, _WIDTH, top, round(bottom - top, 1)
        )
    runs = list(_runs(readings, now))
    for run in runs:
        points = " ".join(f"{x},{y(value)}" for x, value in run)
        yield Markup('<polyline class="between" points="{}"/>').format(points)
    if runs:
        x, value = runs[-1][-1]
        yield Markup('<circle class="dot" cx="{}" cy="{}" r="2.5"/>').format(x, y(value))


def _runs(readings: Sequence[Reading], now: datetime) -> Iterator[list[Point]]:
    steps: dict[int, list[float]] = {}
    since = now - timedelta(days=DAYS)
    for reading in readings:
        share = (reading.measured_at - since) / timedelta(days=DAYS)
        if share >= 0:
            steps.setdefault(min(int(share * _STEPS), _STEPS), []).append(reading.value)
    run: list[Point] = []
    last = 0
    for step, values in sorted(steps.items()):
        if run and step - last > _GAP_STEPS_MAX:
            yield run
            run = []
        last = step
        x = round(_EDGE + (_WIDTH - 2 * _EDGE) * step / _STEPS, 1)
        shown = values if len(values) < 3 else [values[0], min(values), max(values), values[-1]]
        run.extend((x, value) for value in shown)
    if run:
        yield run
