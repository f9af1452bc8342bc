"""Finds what is to be tried, by the name that a person writes, and tells the verdict."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from devices.catalog import DRIVERS, driver_by_id
from devices.driver import Driver
from gateway.words import WordsError
from simulators.conformance.case import Case
from simulators.conformance.checks import CHECKS
from simulators.conformance.kit import Finding, examine
from simulators.peripherals.peripheral import Peripheral
from simulators.shelf import SHELF


def case_of(name: str) -> Case:
    """Return the case of a driver's id or of a module with DRIVER and TWIN; raise WordsError otherwise.

    A module of the house needs no TWIN: its twin stands on the shelf.
    """
    driver = driver_by_id(name) or _driver_in(name)
    others = tuple(make() for id_, make in SHELF.items() if id_ != driver.id)
    return Case(driver, _twin_of(name, driver), others)


def verdict(case: Case, say: Callable[[str], None]) -> bool:
    """Say each finding as it comes and the sum at the end; return whether all is well."""
    findings = []
    for found in examine(case, CHECKS):
        findings.append(found)
        say(line_of(found))
    failed = sum(found.reason is not None for found in findings)
    say(f"{case.driver.id}: {len(findings) - failed} of {len(findings)} checks passed")
    return failed == 0


def line_of(found: Finding) -> str:
    """Return a finding as one line.

    >>> line_of(Finding(29, "half is no number", "half of what was said is pef 125.0"))
    'FAIL 29 half is no number: half of what was said is pef 125.0'
    """
    if found.reason is None:
        return f"ok   {found.number:>2} {found.law}"
    return f"FAIL {found.number:>2} {found.law}: {found.reason}"


def _driver_in(name: str) -> Driver[Any]:
    try:
        module = import_module(name)
    except (ImportError, ValueError) as error:  # an empty name is a ValueError
        ids = ", ".join(driver.id for driver in DRIVERS)
        raise WordsError(f"{name}: {error}. Write a module with DRIVER and TWIN, or one of: {ids}") from error
    driver = getattr(module, "DRIVER", None)
    if not isinstance(driver, Driver):
        raise WordsError(f"{name} holds no DRIVER; it must be a devices.driver.Driver")
    return driver


def _twin_of(name: str, driver: Driver[Any]) -> Callable[[], Peripheral]:
    if driver_by_id(driver.id) is driver:
        return SHELF[driver.id]
    twin: Callable[[], Peripheral] | None = getattr(import_module(name), "TWIN", None)
    if not callable(twin):
        raise WordsError(f"{name} holds no TWIN: a callable without arguments that makes a Peripheral")
    return twin
