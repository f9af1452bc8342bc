"""What goes wrong with words that came over the wire."""


class ContractError(Exception):
    """Bytes that are not what the contract says; they are kept, with the reason."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.data = data
