"""The virtual air: bumble's Bluetooth stack under bleak's public API, so that the hub runs unchanged."""
