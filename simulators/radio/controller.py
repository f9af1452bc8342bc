"""A virtual controller that behaves: signal strength, scan responses, cancelled connects, a real reset."""

import asyncio
import contextlib
import struct
from random import Random

from bumble import controller, core, hci, ll
from bumble.transport.common import TransportSink

from simulators.radio.air import Air

RSSI_DBM = -60
RSSI_SPREAD_DB = 4

_Report = hci.HCI_LE_Extended_Advertising_Report_Event.Report
_Event = hci.HCI_LE_Extended_Advertising_Report_Event.EventType
_CONNECTABLE = (
    hci.HCI_LE_Set_Extended_Advertising_Parameters_Command.AdvertisingProperties.CONNECTABLE_ADVERTISING
)
_TX_POWER_UNKNOWN = 0x7F


class _Sturdy:
    """Drops what the stack behind it cannot take; bumble lets one such packet end the event loop's turn.

    Junk is one kind; an answer to somebody who was cancelled in this moment (InvalidStateError) another.
    """

    def __init__(self, sink: TransportSink) -> None:
        self._sink = sink

    def on_packet(self, packet: bytes) -> None:
        """Hand on one packet."""
        with contextlib.suppress(
            core.InvalidPacketError, struct.error, IndexError, asyncio.InvalidStateError
        ):
            self._sink.on_packet(packet)


class AirController(controller.Controller):
    """bumble's controller with what a hub depends on mended; the reasons stand in the README."""

    def __init__(self, name: str, air: Air, *, dice: Random | None = None, rssi_dbm: int = RSSI_DBM) -> None:
        self.is_in_range = True
        self.rssi_dbm = rssi_dbm
        self._dice = dice or Random(name)
        self._air = air
        super().__init__(name, link=air)

    def set_packet_sink(self, sink: TransportSink | None) -> None:
        """Give our packets to this host, which junk from the far end must not topple."""
        super().set_packet_sink(None if sink is None else _Sturdy(sink))

    @property
    def own_random_address(self) -> hci.Address | None:
        """The address the host has set, or None while it has set none."""
        return getattr(self, "_random_address", None)

    @property
    def is_listening(self) -> bool:
        """Whether an advertisement would be noticed here."""
        return self.le_scan_enable or self.pending_le_connection is not None

    def fall_silent(self) -> None:
        """Advertise, scan and connect no more."""
        for advertising in self.advertising_sets.values():
            advertising.stop()
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report what was heard, then its scan response; connect if this is who we wait for."""
        address = pdu.advertiser_address
        if (sender := self._air.find_le_controller(address)) is None:
            return
        if self.le_scan_enable:
            rssi_dbm = sender.rssi_dbm + self._dice.randint(-RSSI_SPREAD_DB, RSSI_SPREAD_DB)
            response = sender.scan_response_of(address)
            what = _Event.CONNECTABLE_ADVERTISING if sender.takes_links_at(address) else _Event(0)
            if response:
                what |= _Event.SCANNABLE_ADVERTISING
            self._report(address, what, pdu.data, rssi_dbm)
            if response:
                self._report(address, what | _Event.SCAN_RESPONSE, response, rssi_dbm)
        pending = self.pending_le_connection
        is_awaited = pending is not None and pending.peer_address == address
        if is_awaited and sender.takes_links_at(address) and address not in self.le_connections:
            self.create_le_connection(address)

    def scan_response_of(self, address: hci.Address) -> bytes:
        """Return what we answer to an active scan at this address."""
        advertising = self._advertising_at(address)
        return b"" if advertising is None else bytes(advertising.scan_response_data)

    def takes_links_at(self, address: hci.Address) -> bool:
        """Whether what we advertise at this address can be connected to; bumble thinks that of everything."""
        advertising = self._advertising_at(address)
        if advertising is None or advertising.parameters is None:
            return False
        return bool(_CONNECTABLE & advertising.parameters.advertising_event_properties)

    def _advertising_at(self, address: hci.Address) -> controller.AdvertisingSet | None:
        for advertising in self.advertising_sets.values():
            if advertising.enabled and advertising.address == address:
                return advertising
        return None

    def _report(self, address: hci.Address, what: int, data: bytes, rssi_dbm: int) -> None:
        report = _Report(
            event_type=what,
            address_type=address.address_type,
            address=address,
            primary_phy=hci.Phy.LE_1M,
            secondary_phy=hci.Phy.LE_1M,
            advertising_sid=0,
            tx_power=_TX_POWER_UNKNOWN,
            rssi=rssi_dbm,
            periodic_advertising_interval=0,
            direct_address_type=0,
            direct_address=hci.Address.ANY,
            data=data,
        )
        self.send_hci_packet(hci.HCI_LE_Extended_Advertising_Report_Event([report]))

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Forget the pending connection and say so; bumble says yes and goes on waiting for ever."""
        if (pending := self.pending_le_connection) is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """End a link; bumble promises to end one that is not there, and then never reports it ended."""
        if self.find_connection_by_handle(command.connection_handle) is not None:
            super().on_hci_disconnect_command(command)
            return
        unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        self._send_hci_command_status(unknown, command.op_code)

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """Start afresh; bumble keeps links, advertisements and scans of a life before."""
        for known in list(self.le_connections.values()):
            self._air.end_link(self, known, hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
        self.fall_silent()
        self.advertising_sets.clear()
        return super().on_hci_reset_command(command)

    def on_le_disconnected(self, connection: controller.Connection, reason: int) -> None:
        """End a link once; the second notice of one end finds nothing left to do."""
        if self.le_connections.get(connection.peer_address) is connection:
            super().on_le_disconnected(connection, reason)

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        """Take link control; what arrives after the link ended is late, not wrong."""
        if sender_address in self.le_connections:
            super().on_ll_control_pdu(sender_address, packet)
