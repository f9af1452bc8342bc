"""Cuts a stream of bytes into MQTT 5 packets: what the small broker and the virtual client read with."""

from collections.abc import Iterator

import mqtt5
from mqtt5 import Packet, QoS

_OLD_NAMES = (b"\x00\x04MQTT\x04", b"\x00\x04MQTT\x03", b"\x00\x06MQIsdp\x03")
_LENGTH_BYTES_MAX = 4


class PacketError(Exception):
    """Bytes that are no packet of MQTT 5."""


class OldVersionError(PacketError):
    """A CONNECT of MQTT 3.1 or 3.1.1."""


class OversizeError(PacketError):
    """A packet that claims more bytes than we take."""


class Framer:
    """Takes bytes in any pieces; yields packets. It holds at most one packet of `packet_bytes_max`."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield each packet that is now complete; raise PacketError at the first that is none."""
        self._buffer += data
        while (length := self._next_length()) is not None and length <= len(self._buffer):
            frame = bytes(self._buffer[:length])
            del self._buffer[:length]
            yield decode(frame)

    def _next_length(self) -> int | None:
        """Return how long the next packet says it is: refused before its bytes are gathered."""
        length = 0
        for index, byte in enumerate(self._buffer[1 : 1 + _LENGTH_BYTES_MAX]):
            length |= (byte & 0x7F) << (7 * index)
            if not byte & 0x80:
                total = length + index + 2
                if total > self._packet_bytes_max:
                    raise OversizeError(f"a packet of {total} bytes")
                return total
        if len(self._buffer) > _LENGTH_BYTES_MAX:
            raise PacketError("a length of more than four bytes")
        return None


def lower(first: QoS, second: QoS) -> QoS:
    """Return the lower of two qualities: mqtt5's are no IntEnums, whatever its stubs say.

    They can't be ordered or hashed, and each of them is true.
    """
    return first if int(first) < int(second) else second


def decode(frame: bytes) -> Packet:
    """Return the packet that fills these bytes; raise PacketError otherwise.

    >>> decode(bytes.fromhex("d000")).write().hex()
    'd000'
    """
    if frame[0] >> 4 == 1 and any(name in frame[2:14] for name in _OLD_NAMES):
        raise OldVersionError("a client of MQTT 3")
    try:
        packet, used = mqtt5.read(memoryview(frame))
    except (ValueError, IndexError) as error:
        raise PacketError(str(error)) from error
    except BaseException as error:
        # mqtt5 0.8 panics on text that is not UTF-8, and its PanicException can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise PacketError("text that is not UTF-8") from error
    if used != len(frame):
        raise PacketError(f"{len(frame) - used} bytes too many")
    return packet
