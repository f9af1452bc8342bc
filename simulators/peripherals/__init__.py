"""One twin per driver: the device's own side of the talk, knowing nothing of radios."""
