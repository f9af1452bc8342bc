"""The one place that quiets the Bluetooth libraries: what matters of them reaches us as exceptions."""

import logging

_LEVELS = {"bleak": logging.ERROR, "dbus_fast": logging.ERROR, "bumble": logging.CRITICAL}


def quiet_libraries() -> None:
    """Silence what bleak, D-Bus and bumble say to themselves; a lost link alone fills pages."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
