"""Power cuts on a real disk: what the hub's log writes is recorded, and cut at any block."""
