"""Packages that look as if somebody had installed them: a module and its metadata in a folder of the path."""

import sys
from importlib import invalidate_caches
from pathlib import Path
from textwrap import dedent

DRIVER = """
    from dataclasses import replace
    from devices.drivers.weight_scale import DRIVER as SCALE, SERVICE, WEIGHT

    DRIVER = replace(SCALE, id="their_scale", title="Their scale", vectors=(), quirks=())
"""
"""A driver from outside that is in order, but for its name another's."""

HANGS = """
    from threading import Event
    from time import sleep

    ASKED = Event()

    def hang(*_):
        ASKED.set()
        sleep(3600)
"""
SPINS = """
    from threading import Event

    ASKED, STOP = Event(), False

    def hang(*_):
        ASKED.set()
        while not STOP:
            pass
"""
"""`ASKED` is set once it hangs. A thread can't be ended from outside: `Packages.forget` says STOP."""


class Packages:
    """A folder on the path, into which packages are put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def add(self, name: str, code: str, **points: str) -> None:
        """Put one package there: `drivers="their:DRIVER"` is the entry point `their` of pusterom.drivers."""
        (self.folder / f"{name}.py").write_text(dedent(code))
        about = self.folder / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"[pusterom.{group}]\n{point}\n" for group, point in points.items()]
        (about / "entry_points.txt").write_text("\n".join(lines))
        self.modules.append(name)
        invalidate_caches()

    def driver(self, name: str, code: str, point: str = "DRIVER") -> None:
        """Put a package there whose one entry point is this driver."""
        self.add(name, code, drivers=f"{name} = {name}:{point}")

    def forget(self) -> None:
        """Let whatever still spins end, and forget the modules."""
        for name in self.modules:
            module = sys.modules.pop(name, None)
            if hasattr(module, "STOP"):
                module.STOP = True


def own_parts(*parts: str, **names: str) -> str:
    """Return the code of a driver made of DRIVER, whose named parts are functions of these pieces."""
    pieces = [dedent(part) for part in (DRIVER, *parts)]  # each with an indent of its own
    changes = ", ".join(f"{name}={value}" for name, value in names.items())
    return "\n".join([*pieces, f"DRIVER = replace(DRIVER, {changes})"])
