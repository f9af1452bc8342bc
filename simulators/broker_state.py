"""What the small broker knows: sessions, subscriptions, retained messages. No IO, no clock."""

from mqtt5 import (
    ConnectPacket,
    DisconnectReasonCode,
    PubAckReasonCode,
    PublishPacket,
    QoS,
    RetainHandling,
    SubAckReasonCode,
    TopicFilter,
    UnsubAckReasonCode,
    Will,
)

from simulators.broker_session import Outlet, Session, published
from simulators.broker_topics import Subscriptions, is_filter, matches
from simulators.mqtt_packets import lower

SESSION_COUNT_MAX = 20_000
RETAINED_COUNT_MAX = 100_000


class BrokerState:
    """Routes messages between sessions; the connections tell it what clients ask for."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.denied: frozenset[str] = frozenset()
        """Filters of topics on which nobody may publish: an access list, as far as a simulation needs one."""
        self._subscriptions = Subscriptions()
        self._retained: dict[str, PublishPacket] = {}
        self._dropped_before = 0
        self._assigned_count = 0

    @property
    def dropped_count(self) -> int:
        """How many messages a full queue, a slow reader or a packet limit has cost so far."""
        return self._dropped_before + sum(session.dropped_count for session in self.sessions.values())

    @property
    def is_full(self) -> bool:
        """Whether one more session is too many."""
        return len(self.sessions) >= SESSION_COUNT_MAX

    def assign_id(self) -> str:
        """Return a name for a client that gave none."""
        self._assigned_count += 1
        return f"assigned-{self._assigned_count}"

    def open(self, connect: ConnectPacket, client_id: str, outlet: Outlet) -> tuple[Session, bool]:
        """Give a connection its session; a connection that had it is ended, its will is spoken."""
        session = self.sessions.get(client_id)
        if session is not None and session.outlet is not None:
            session.outlet.end(DisconnectReasonCode.SESSION_TAKEN_OVER)
            session = self.sessions.get(client_id)  # it may have ended with its connection
        if session is not None and connect.clean_start:
            self.drop(session)
            session = None
        is_present = session is not None
        if session is None:
            session = self.sessions[client_id] = Session(client_id)
        session.attach(outlet, connect)
        return session, is_present

    def drop(self, session: Session) -> None:
        """Forget a session whose time is over, and its subscriptions."""
        for pattern in session.patterns:
            self._subscriptions.remove(session.client_id, pattern)
        if session.expiry is not None:
            session.expiry.cancel()
        self._dropped_before += session.dropped_count
        del self.sessions[session.client_id]

    def publish(self, packet: PublishPacket, sender: str | None) -> PubAckReasonCode:
        """Keep it if it is to be retained, hand it to whoever hears it; return what to answer."""
        if any(matches(pattern, packet.topic) for pattern in self.denied):
            return PubAckReasonCode.NOT_AUTHORIZED
        if packet.retain and not self._retain(packet):
            self._dropped_before += 1
            return PubAckReasonCode.QUOTA_EXCEEDED
        hearing = self._subscriptions.hearing(packet.topic)
        for client_id, wanted in hearing.items():
            if wanted.no_local and client_id == sender:
                continue
            is_retained = packet.retain and wanted.retain_as_published
            qos = lower(packet.qos, wanted.max_qos)
            self.sessions[client_id].deliver(published(packet, qos, is_retained=is_retained))
        return PubAckReasonCode.SUCCESS if hearing else PubAckReasonCode.NO_MATCHING_SUBSCRIBERS

    def publish_will(self, will: Will, sender: str) -> None:
        """Say what a client wanted said if it should be lost."""
        qos = lower(will.qos, QoS.AT_LEAST_ONCE)
        packet = PublishPacket(
            will.topic, will.payload or b"", qos=qos, retain=will.retain, packet_id=int(qos) or None
        )
        self.publish(packet, sender)

    def subscribe(
        self, session: Session, wanted: TopicFilter
    ) -> tuple[SubAckReasonCode, list[PublishPacket]]:
        """Subscribe; return what to answer, and the retained messages to send after the answer."""
        if wanted.pattern.startswith("$share/"):
            return SubAckReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, []
        if not is_filter(wanted.pattern):
            return SubAckReasonCode.TOPIC_FILTER_INVALID, []
        session.patterns[wanted.pattern] = None
        is_new = self._subscriptions.add(session.client_id, wanted)
        is_wanted = wanted.retain_handling == RetainHandling.SEND_ALWAYS or (
            is_new and wanted.retain_handling == RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS
        )
        granted = lower(wanted.max_qos, QoS.AT_LEAST_ONCE)
        return SubAckReasonCode(int(granted)), self._kept(wanted, granted) if is_wanted else []

    def unsubscribe(self, session: Session, pattern: str) -> UnsubAckReasonCode:
        """Unsubscribe; return what to answer."""
        session.patterns.pop(pattern, None)
        if self._subscriptions.remove(session.client_id, pattern):
            return UnsubAckReasonCode.SUCCESS
        return UnsubAckReasonCode.NO_SUBSCRIPTION_EXISTED

    def _kept(self, wanted: TopicFilter, granted: QoS) -> list[PublishPacket]:
        return [
            published(packet, lower(packet.qos, granted), is_retained=True)
            for topic, packet in self._retained.items()
            if matches(wanted.pattern, topic)
        ]

    def _retain(self, packet: PublishPacket) -> bool:
        """Keep the last word on this topic; an empty one clears it. False when there is no room."""
        if not packet.payload:
            self._retained.pop(packet.topic, None)
        elif packet.topic in self._retained or len(self._retained) < RETAINED_COUNT_MAX:
            self._retained[packet.topic] = packet
        else:
            return False
        return True
