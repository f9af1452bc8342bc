"""Takes a frame apart field by field, and says so when it ends too early."""


class Cursor:
    """Walks over the bytes of one frame, from its first to its last.

    >>> cursor = Cursor(bytes.fromhex("01983a"))
    >>> cursor.take_uint(1), cursor.take_uint(2), cursor.rest()
    (1, 15000, b'')
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes; raise ValueError where the frame has no more."""
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError(f"ends after {len(self._data)} octets, in the middle of a field")
        self._at += count
        return taken

    def take_uint(self, count: int) -> int:
        """Return the next bytes as an unsigned number, least octet first."""
        return int.from_bytes(self.take(count), "little")

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.take(len(self._data) - self._at)
