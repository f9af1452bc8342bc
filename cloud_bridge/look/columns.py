"""Columns as SVG: one figure month by month, in the height of two lines; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

HEIGHT_PX = 32
_STEP_PX, _WIDTH_PX = 10, 7


@dataclass(frozen=True, slots=True)
class Column:
    """One figure as a column; None where there is nothing to show, which is not nothing at all."""

    value: float | None
    said: str


def columns(title: str, shown: Sequence[Column], top: float) -> Markup:
    """Return columns from nought to `top`, with their words; where there is no figure stands a dash."""
    width = _STEP_PX * len(shown)
    return Markup(
        '<svg class="months" xmlns="http://www.w3.org/2000/svg" role="img" width="{w}" height="{h}" '
        'aria-label="{title}: {said}">{body}<line x1="0" x2="{w}" y1="{h}" y2="{h}"/></svg>'
    ).format(
        w=width,
        h=HEIGHT_PX,
        title=title,
        said="; ".join(each.said for each in shown),
        body=Markup("").join(_body(shown, top)),
    )


def _body(shown: Sequence[Column], top: float) -> Iterator[Markup]:
    for place, each in enumerate(shown):
        x = place * _STEP_PX
        if each.value is None:
            yield Markup('<text x="{}" y="{}" text-anchor="middle">–<title>{}</title></text>').format(
                x + _WIDTH_PX / 2, HEIGHT_PX - 4, each.said
            )
            continue
        height = round(HEIGHT_PX * min(each.value / top, 1.0), 1)
        yield Markup('<rect x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            x, round(HEIGHT_PX - height, 1), _WIDTH_PX, height, each.said
        )
