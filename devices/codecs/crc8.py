"""CRC-8 in the two ways that our devices use; neither begins with anything but 0."""

_SIZE = 256


def _plain(octet: int) -> int:
    for _ in range(8):
        octet = (octet << 1) ^ (0x107 if octet & 0x80 else 0)
    return octet


def _reflected(octet: int) -> int:
    for _ in range(8):
        octet = (octet >> 1) ^ (0x8C if octet & 1 else 0)
    return octet


_PLAIN = bytes(map(_plain, range(_SIZE)))
_MAXIM = bytes(map(_reflected, range(_SIZE)))


def crc8(data: bytes) -> int:
    """Return the CRC-8 of polynomial 0x07, most significant bit first.

    >>> hex(crc8(bytes.fromhex("aa17e800000000")))
    '0x1b'
    """
    return _through(_PLAIN, data)


def crc8_maxim(data: bytes) -> int:
    """Return the CRC-8/MAXIM: polynomial 0x31, least significant bit first.

    >>> hex(crc8_maxim(bytes.fromhex("aa550f08015d2d00610080")))
    '0xae'
    """
    return _through(_MAXIM, data)


def _through(table: bytes, data: bytes) -> int:
    crc = 0
    for octet in data:
        crc = table[crc ^ octet]
    return crc
