"""Topics and filters: who hears what. Pure."""

from collections.abc import Iterator

from mqtt5 import TopicFilter

from simulators.mqtt_packets import lower


def is_filter(pattern: str) -> bool:
    """Tell whether this can be subscribed to.

    >>> [is_filter(text) for text in ("a/+/c", "a/#", "#", "a+/b", "a/#/b", "")]
    [True, True, True, False, False, False]
    """
    levels = pattern.split("/")
    return (
        bool(pattern)
        and all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels)
        and "#" not in levels[:-1]
    )


def is_topic(name: str) -> bool:
    """Tell whether this can be published to."""
    return bool(name) and not set(name) & {"+", "#"}


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a filter hears a topic; '#' also hears the level above it.

    >>> [matches(text, "a/b") for text in ("a/b", "a/+", "#", "a/b/#", "a", "+")]
    [True, True, True, True, False, False]
    """
    if topic.startswith("$") and pattern[:1] in ("+", "#"):
        return False  # what a broker says of itself is heard only by name
    wanted, said = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(said) or level not in ("+", said[index]):
            return False
    return len(wanted) == len(said)


class Subscriptions:
    """All subscriptions of all sessions; exact ones cost nothing to the others."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, TopicFilter]] = {}
        self._wild: dict[str, dict[str, TopicFilter]] = {}

    def add(self, client_id: str, wanted: TopicFilter) -> bool:
        """Subscribe; return whether it is new."""
        holders = self._table(wanted.pattern).setdefault(wanted.pattern, {})
        is_new = client_id not in holders
        holders[client_id] = wanted
        return is_new

    def remove(self, client_id: str, pattern: str) -> bool:
        """Unsubscribe; return whether there was anything to remove."""
        table = self._table(pattern)
        holders = table.get(pattern, {})
        was_there = holders.pop(client_id, None) is not None
        if not holders:
            table.pop(pattern, None)
        return was_there

    def hearing(self, topic: str) -> dict[str, TopicFilter]:
        """Return who hears this topic, each once, by the best of his filters."""
        best: dict[str, TopicFilter] = {}
        for holders in self._holders(topic):
            for client_id, wanted in holders.items():
                held = best.get(client_id)
                if held is None or lower(held.max_qos, wanted.max_qos) != wanted.max_qos:
                    best[client_id] = wanted
        return best

    def _holders(self, topic: str) -> Iterator[dict[str, TopicFilter]]:
        yield self._exact.get(topic, {})
        for pattern, holders in self._wild.items():
            if matches(pattern, topic):
                yield holders

    def _table(self, pattern: str) -> dict[str, dict[str, TopicFilter]]:
        return self._wild if "+" in pattern or "#" in pattern else self._exact
