"""What the judge has learnt of the devices, as a fact: told when it changes, not with every reading."""

from collections.abc import Iterator

from cloud_bridge.contract.baseline import BaselineEpoch, Baselines, baselines_body
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trend_settings import TrendSettings
from gateway.alerts.state import JudgeState
from gateway.alerts.trend_memory import TrendMemory
from gateway.store.log import Fact

_DIGITS = 1
"""An offset that moves by less is no news: nobody could measure it."""

Shape = frozenset[tuple[str, str, float, bool]]


def baseline_facts(settings: TrendSettings | None, before: JudgeState, after: JudgeState) -> list[Fact]:
    """Return what is to be told of the devices after an event; nothing where it says the same."""
    if settings is None or before is after:
        return []
    told = Baselines(epochs=tuple(_epochs(settings, after)))
    if _shape(told.epochs) == _shape(_epochs(settings, before)):
        return []
    return [Fact(EntryKind.BASELINE, baselines_body(told))]


def _epochs(settings: TrendSettings, state: JudgeState) -> Iterator[BaselineEpoch]:
    memory = state.memories.get("trend")
    if not isinstance(memory, TrendMemory):
        return
    for kind, usual in memory.day.usuals.items():
        signal, mean = settings.signals[kind], usual.baseline.mean
        for epoch in usual.epochs:
            yield BaselineEpoch(
                kind=kind,
                device=epoch.device,
                offset=round(epoch.offset_in_units(signal, mean), 3),
                variance=round(epoch.spread(signal, mean), 3),
                is_settled=epoch.is_settled,
                heard_on=epoch.heard_on,
            )


def _shape(epochs: "Iterator[BaselineEpoch] | tuple[BaselineEpoch, ...]") -> Shape:
    return frozenset((one.kind, one.device, round(one.offset, _DIGITS), one.is_settled) for one in epochs)
