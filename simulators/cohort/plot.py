"""The operating points as a picture: false trend alerts against exacerbations found, by limit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cloud_bridge.contract.trend_settings import TrendSettings

WIDTH, HEIGHT = 640.0, 400.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 24.0, 40.0, 56.0
_LEGEND_X = 340.0
_GOAL_FALSE, _GOAL_FOUND = 0.3, 0.8

# A picture of its own has no stylesheet: these are the tokens of cloud_bridge/look/style.css.
_STYLE = Markup("""
svg { background: #fcfbf8; color: #16191d; font: 400 14px/1.5 system-ui, sans-serif; }
text { fill: currentColor; }
.soft { fill: #45494f; }
.axis { stroke: #d6d2c9; }
.goal { fill: #7dba93; opacity: 0.3; }
.with { stroke: #0b4a66; fill: #0b4a66; }
.alone { stroke: #8a1219; fill: #8a1219; }
polyline { stroke-width: 2; }
polyline.with, polyline.alone, .used { fill: none; }
.used { stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  svg { background: #191d21; color: #eceae4; }
  .soft { fill: #bcc0c5; }
  .axis { stroke: #3a4047; }
  .goal { fill: #27593c; opacity: 0.6; }
  .with { stroke: #9ad1ec; fill: #9ad1ec; }
  .alone { stroke: #ff9a90; fill: #ff9a90; }
  polyline.with, polyline.alone, .used { fill: none; }
}
""")


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of the trend, and what it gives."""

    limit: float
    is_with_symptoms: bool
    found: float
    false: float


def operating_plot(points: Sequence[Point], settings: TrendSettings) -> str:
    """Return the picture as SVG; both axes and each point say their numbers in words."""
    most = max([_GOAL_FALSE * 2, *(point.false for point in points)]) * 1.05
    body = Markup("").join([*_frame(most), *_curves(points, most), *_points(points, settings, most)])
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {} {}" width="{}" height="{}">'
        "<title>Trend alerts: found against false, by limit</title><desc>{}</desc><style>{}</style>"
    ).format(WIDTH, HEIGHT, WIDTH, HEIGHT, _said(points), _STYLE)
    return f"{head}{body}</svg>\n"


def _said(points: Sequence[Point]) -> str:
    return "; ".join(
        f"limit {point.limit:g}{' and symptoms' if point.is_with_symptoms else ' alone'}: "
        f"{point.found:.2f} found, {point.false:.2f} false a patient-month"
        for point in points
    )


def _x(false: float, most: float) -> float:
    return round(_LEFT + false / most * (WIDTH - _LEFT - _RIGHT), 1)


def _y(found: float) -> float:
    return round(HEIGHT - _BOTTOM - found * (HEIGHT - _TOP - _BOTTOM), 1)


def _frame(most: float) -> Iterator[Markup]:
    yield Markup('<rect class="goal" x="{}" y="{}" width="{}" height="{}"><title>goal</title></rect>').format(
        _LEFT, _y(1), _x(_GOAL_FALSE, most) - _LEFT, _y(_GOAL_FOUND) - _y(1)
    )
    for step in range(6):
        y = _y(step / 5)
        yield Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            _LEFT, WIDTH - _RIGHT, y, y
        )
        yield Markup('<text class="soft" x="{}" y="{}" text-anchor="end">{}</text>').format(
            _LEFT - 8, y + 5, f"{step / 5:.1f}"
        )
    for tick in range(int(most / 0.1) + 1):
        yield Markup('<text class="soft" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _x(tick / 10, most), HEIGHT - _BOTTOM + 20, f"{tick / 10:.1f}"
        )
    yield Markup(
        '<text x="{}" y="{}" text-anchor="middle">false trend alerts per patient-month</text>'
    ).format((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 12)
    yield Markup(
        '<text x="{}" y="24">share of visible exacerbations found by the trend (shaded: the goals)</text>'
    ).format(_LEFT - 40)


def _curves(points: Sequence[Point], most: float) -> Iterator[Markup]:
    for is_with in (True, False):
        mine = sorted(
            (point for point in points if point.is_with_symptoms is is_with), key=lambda one: one.limit
        )
        line = " ".join(f"{_x(point.false, most)},{_y(point.found)}" for point in mine)
        kind = "with" if is_with else "alone"
        yield Markup('<polyline class="{}" points="{}"/>').format(kind, line)
        said = "that limit, or 0.5 with symptoms" if is_with else "that limit of the score alone"
        y = _y(0.3 if is_with else 0.22)
        yield Markup('<circle class="{}" cx="{}" cy="{}" r="4"/><text x="{}" y="{}">{}</text>').format(
            kind, _LEGEND_X, y - 5, _LEGEND_X + 12, y, said
        )


def _points(points: Sequence[Point], settings: TrendSettings, most: float) -> Iterator[Markup]:
    highest = max(point.limit for point in points)
    for point in points:
        x, y = _x(point.false, most), _y(point.found)
        label_y = y - 12 if point.is_with_symptoms and point.limit < highest else y + 22
        kind = "with" if point.is_with_symptoms else "alone"
        yield Markup('<circle class="{}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
            kind, x, y, _said([point])
        )
        yield Markup('<text class="soft" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            x, label_y, f"{point.limit:g}"
        )
        if point.is_with_symptoms and point.limit == settings.limit_alone:
            yield Markup(
                '<circle class="used {}" cx="{}" cy="{}" r="8"><title>the default</title></circle>'
            ).format(kind, x, y)
