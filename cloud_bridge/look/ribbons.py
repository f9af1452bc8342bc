"""What lies behind a series: which device measured when, as ribbons, and who took over, as lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup

from cloud_bridge.look.scale import Scale
from cloud_bridge.look.voice import Voice
from devices.readings import Reading

RIBBON_PX = 20.0
_RIBBONS_MAX = 20
"""More is a device a day, and no ribbon would be wide enough for its name."""

_WORDS_PERCENT = 25.0
"""So wide the names of two organisations are at most, on a wide page."""

_BELOW_FLAGS_PX = 28.0


@dataclass(frozen=True, slots=True)
class Epoch:
    """One device's run of readings in a series: what it is, and its first and last moment."""

    device: str
    driver: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """The moment at which one organisation took over from another, by their names."""

    at: datetime
    before: str
    after: str


def epochs_of(readings: Sequence[Reading]) -> tuple[Epoch, ...]:
    """Return who measured in a series, run by run; a series of one device has one epoch."""
    runs = (tuple(run) for _, run in groupby(readings, key=lambda reading: reading.device))
    return tuple(Epoch(run[0].device, run[0].driver, run[0].measured_at, run[-1].measured_at) for run in runs)


def ribbons(epochs: Sequence[Epoch], scale: Scale, y: float, voice: Voice) -> Iterator[Markup]:
    """Yield a ribbon for each device, where there were several; each says its name and its time."""
    if not 1 < len(epochs) <= _RIBBONS_MAX:
        return
    ends = (*(epoch.since for epoch in epochs[1:]), scale.until)
    for number, (epoch, end) in enumerate(zip(epochs, ends, strict=True)):
        begin = scale.since if number == 0 else epoch.since
        x, width = scale.x(begin), scale.x(end) - scale.x(begin)
        said = voice.word(
            "plot_epoch", device=voice.device(epoch.driver), address=epoch.device,
            since=voice.moment(epoch.since), until=voice.moment(epoch.until),
        )  # fmt: skip
        yield Markup(
            '<g class="epoch{}"><title>{}</title><rect x="{}%" y="{}" width="{}%" height="{}"/>'
            '<text class="axis" x="{}%" dx="4" y="{}">{}</text></g>'
        ).format(
            " other" if number % 2 else "", said, x, y, round(max(0.0, width), 2), RIBBON_PX - 4,
            x, y + RIBBON_PX - 8, voice.device(epoch.driver) if width > 12 else "",
        )  # fmt: skip


def turns(those: Sequence[Turn], scale: Scale, readings: Sequence[Reading], voice: Voice) -> Iterator[Markup]:
    """Yield a line for each time that somebody took over; its words stand where the dots leave room."""
    dots = [(scale.x(each.measured_at), scale.y(each.value)) for each in readings]
    for turn in those:
        x = scale.x(turn.at)
        said = voice.word("plot_turn", before=turn.before, after=turn.after, at=voice.moment(turn.at))
        anchor, ahead = ("end", -1) if x > 60 else ("start", 1)
        near = [y for other, y in dots if 0 <= (other - x) * ahead <= _WORDS_PERCENT]
        yield Markup(
            '<g class="turn"><title>{}</title><line x1="{}%" x2="{}%" y1="0" y2="{}"/>'
            '<text class="axis" x="{}%" dx="{}" y="{}" text-anchor="{}">{} → {}</text></g>'
        ).format(
            said, x, x, scale.height, x, 4 * ahead, _roomiest(near, scale.height), anchor,
            turn.before, turn.after,
        )  # fmt: skip


def _roomiest(dots: Sequence[float], height: float) -> float:
    """Return the foot of a line of words: at the bottom, unless there is more room elsewhere."""

    def room(foot: float) -> float:
        return min((abs(foot - 4 - y) for y in dots), default=height)

    feet: tuple[float, ...] = (height - 6, _BELOW_FLAGS_PX, height / 2)
    foot: float = max(feet, key=room)
    return round(foot, 1)
