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
            "plot_epoch", device=epoch.driver, address=epoch.device,
            since=voice.moment(epoch.since), until=voice.moment(epoch.until),
        )  # fmt: skip
        yield Markup(
            '<g class="epoch{}"><title>{}</title><rect x="{}%" y="{}" width="{}%" height="{}"/>'
            '<text class="axis" x="{}%" dx="4" y="{}">{}</text></g>'
        ).format(
            " other" if number % 2 else "", said, x, y, round(max(0.0, width), 2), RIBBON_PX - 4,
            x, y + RIBBON_PX - 8, epoch.driver.replace("_", " ") if width > 12 else "",
        )  # fmt: skip


def turns(those: Sequence[Turn], scale: Scale, voice: Voice) -> Iterator[Markup]:
    """Yield a line for each time that somebody took over."""
    for turn in those:
        x = scale.x(turn.at)
        said = voice.word("plot_turn", before=turn.before, after=turn.after, at=voice.moment(turn.at))
        anchor = "end" if x > 60 else "start"
        yield Markup(
            '<g class="turn"><title>{}</title><line x1="{}%" x2="{}%" y1="0" y2="{}"/>'
            '<text class="axis" x="{}%" dx="{}" y="{}" text-anchor="{}">{} → {}</text></g>'
        ).format(
            said, x, x, scale.height, x, -4 if anchor == "end" else 4, round(scale.height - 6, 1), anchor,
            turn.before, turn.after,
        )  # fmt: skip
