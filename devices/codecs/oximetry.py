"""What an oximeter's numbers can be in somebody who lives; the rest is the trade's "no finger"."""

SATURATION_MAX = 100.0
PULSE_MAX = 300.0
PERFUSION_MAX = 100.0


def saturation(value: float | None) -> float | None:
    """Return this SpO2 in percent, or None where it can't be one.

    >>> saturation(97), saturation(127), saturation(0)
    (97.0, None, None)
    """
    return _within(value, SATURATION_MAX)


def pulse(value: float | None) -> float | None:
    """Return this pulse per minute, or None where it can't be one.

    >>> pulse(260), pulse(511), pulse(0)
    (260.0, None, None)
    """
    return _within(value, PULSE_MAX)


def perfusion(value: float | None) -> float | None:
    """Return this perfusion index in percent, or None where it can't be one."""
    return _within(value, PERFUSION_MAX)


def _within(value: float | None, limit: float) -> float | None:
    """No living person has a zero here; 127 and 511 lie above the limits; 255 is its driver's to know."""
    return float(value) if value is not None and 0 < value <= limit else None
