"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import cloud_bridge.contract
import devices


def modules(package):
    """Every module of a package, itself included."""
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [package, *map(importlib.import_module, names)]


def test_examples_are_true():
    """Every doctest of the ground floor and of the contract holds, and there are some in each."""
    for package, count_min in ((devices, 12), (cloud_bridge.contract, 2)):
        results = [doctest.testmod(module) for module in modules(package)]
        assert sum(result.failed for result in results) == 0
        assert sum(result.attempted for result in results) >= count_min
