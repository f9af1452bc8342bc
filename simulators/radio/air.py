"""The medium on which virtual controllers meet: range, loss, and the patience of a link."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from bumble import controller, core, hci, link, ll

if TYPE_CHECKING:
    from simulators.radio.controller import AirController

SUPERVISION_S = 2.0
"""How long a link survives silence before both ends call it lost."""

_Pair = tuple["AirController", "AirController"]


class Air(link.LocalLink):
    """A LocalLink whose devices can be out of range, and whose links then die as real ones do."""

    def __init__(self, supervision_s: float = SUPERVISION_S) -> None:
        link.LocalLink.__init__(self)
        self.supervision_s = supervision_s
        self._undelivered: dict[_Pair, list[Callable[[], None]]] = {}
        self._patience: dict[AirController, asyncio.TimerHandle] = {}

    def find_le_controller(self, address: hci.Address) -> "AirController | None":
        """Return who answers to this address; a fresh controller has none yet, which bumble can't bear."""
        for one in self._present():
            if any(known.self_address == address for known in one.le_connections.values()):
                return one
        for one in self._present():
            if address in (one.own_random_address, one.public_address):
                return one
        return None

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data over a link, from the address that link uses; bumble always takes the random one."""
        sender = self._ours(sender_controller)
        receiver = self.find_le_controller(destination_address)
        known = sender.le_connections.get(destination_address)
        if receiver is not None and known is not None:
            own = known.self_address
            self._deliver(sender, receiver, lambda: receiver.on_link_acl_data(own, transport, data))

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Carry link control; to somebody who has vanished it is lost, where bumble would raise."""
        sender = self.find_le_controller(sender_address)
        receiver = self.find_le_controller(receiver_address)
        if sender is not None and receiver is not None:
            self._deliver(sender, receiver, lambda: receiver.on_ll_control_pdu(sender_address, packet))

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Carry an advertisement to those who listen, and only to them: bumble wakes everybody."""
        sender = self._ours(sender_controller)
        soon = asyncio.get_running_loop().call_soon
        for one in self._present():
            if one is sender or not self._is_reachable(sender, one):
                continue
            if isinstance(packet, ll.ConnectInd) or one.is_listening:
                soon(one.on_ll_advertising_pdu, packet)
        if isinstance(packet, ll.ConnectInd):
            soon(self._end_if_unanswered, sender, packet.advertiser_address)

    def set_in_range(self, one: "AirController", is_in_range: bool) -> None:
        """Move a device out of everybody's reach, or back; its links live for `supervision_s` more."""
        one.is_in_range = is_in_range
        if patience := self._patience.pop(one, None):
            patience.cancel()
        if not is_in_range:
            later = asyncio.get_running_loop().call_later
            self._patience[one] = later(self.supervision_s, self.lose_links, one)
            return
        for pair in [pair for pair in self._undelivered if one in pair and self._is_reachable(*pair)]:
            for deliver in self._undelivered.pop(pair):
                asyncio.get_running_loop().call_soon(deliver)

    def lose_links(self, one: "AirController") -> None:
        """Break every link of a device without a word of farewell, at both ends."""
        for known in list(one.le_connections.values()):
            self.end_link(one, known, hci.HCI_CONNECTION_TIMEOUT_ERROR)
        for pair in [pair for pair in self._undelivered if one in pair]:
            del self._undelivered[pair]

    def end_link(self, one: "AirController", known: controller.Connection, reason: int) -> None:
        """End one link at both ends."""
        peer = self.find_le_controller(known.peer_address)
        one.on_le_disconnected(known, reason)
        if peer is not None and (other := peer.le_connections.get(known.self_address)):
            peer.on_le_disconnected(other, reason)

    def detach(self, one: "AirController") -> None:
        """Take a controller out of the air: its battery is out, or its process died."""
        self.lose_links(one)
        # Who was out of range when we hung up still holds the other half of the link.
        address = one.own_random_address
        for other in self._present():
            if address and (half := other.le_connections.get(address)):
                other.on_le_disconnected(half, hci.HCI_CONNECTION_TIMEOUT_ERROR)
        one.fall_silent()
        if patience := self._patience.pop(one, None):
            patience.cancel()
        self.controllers.discard(one)

    def _present(self) -> "Iterator[AirController]":
        # By name, because bumble keeps a set and a set has no order to rely on.
        return iter(sorted(map(self._ours, self.controllers), key=lambda one: one.name))

    def _ours(self, one: controller.Controller) -> "AirController":
        return cast("AirController", one)  # nobody else puts a controller on this air

    def _is_reachable(self, one: "AirController", other: "AirController") -> bool:
        both_here = one in self.controllers and other in self.controllers
        return both_here and one.is_in_range and other.is_in_range

    def _deliver(self, sender: "AirController", receiver: "AirController", act: Callable[[], None]) -> None:
        # A link layer repeats itself until the supervision time-out: nothing is lost, only late.
        if self._is_reachable(sender, receiver):
            asyncio.get_running_loop().call_soon(act)
        else:
            self._undelivered.setdefault((sender, receiver), []).append(act)

    def _end_if_unanswered(self, sender: "AirController", address: hci.Address) -> None:
        # bumble calls a link open before the other end has heard of it.
        known = sender.le_connections.get(address)
        peer = self.find_le_controller(address)
        if known and (peer is None or known.self_address not in peer.le_connections):
            sender.on_le_disconnected(known, hci.HCI_CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)
