"""A disk under a hub's log whose room is whatever the world says."""

ROOMY_BYTES = 10_000_000_000


class VirtualDisk:
    """Keeps the same promises as `gateway.store.room.LogDisk`; the log itself lies in a real file."""

    def __init__(self, free_bytes: int = ROOMY_BYTES) -> None:
        self.left_bytes = free_bytes
        self.has_ballast = False

    def free_bytes(self) -> int:
        """Return how many bytes may still be written."""
        return self.left_bytes

    def lay_ballast(self) -> None:
        """Set room aside."""
        self.has_ballast = True

    def free_ballast(self) -> None:
        """Give it back."""
        self.has_ballast = False
