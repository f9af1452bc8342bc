"""Runs everything that must hold; gets the programs it needs where it may, and says what it left out."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CHECKS = (
    ("format", (PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")),
    ("lint", (PYTHON, "-m", "ruff", "check", "--quiet", ".")),
    ("types", (PYTHON, "-m", "mypy", "--no-error-summary")),
    ("house plan", (str(Path(PYTHON).with_name("lint-imports")), "--no-cache")),
)


@dataclass(frozen=True)
class Part:
    """A program from outside that some tests need: their marker, how it is found, Debian's package."""

    marker: str
    patterns: tuple[str, ...]
    package: str

    @property
    def is_here(self) -> bool:
        """Whether the program is installed."""
        return any(glob(pattern) or shutil.which(pattern) for pattern in self.patterns)


PARTS = (
    Part("mosquitto", ("/usr/sbin/mosquitto", "mosquitto"), "mosquitto"),
    Part("postgres", ("/usr/lib/postgresql/*/bin/initdb", "initdb"), "postgresql"),
    Part("faketime", ("/usr/lib/*/faketime/libfaketimeMT.so.1",), "faketime"),
    Part("browser", ("chromium", "chromium-browser", "google-chrome"), "chromium"),
)


def main() -> int:
    """Return the exit code: 0 only if all that ran has passed, and nothing was left out that may not be."""
    os.chdir(ROOT)
    if failed := [name for name, command in CHECKS if not _run(name, command)]:
        _say(f"not in order: {', '.join(failed)}")
        return 1
    if "--check" in sys.argv[1:]:
        return 0
    left_out = _left_out()
    for part in left_out:
        _say(f"LEFT OUT: tests marked {part.marker}, for want of {part.package}. {_why()}")
    if left_out and os.environ.get("PUSTEROM_COMPLETE"):
        _say("PUSTEROM_COMPLETE is set: nothing may be left out.")
        return 1
    marks = " and ".join(f"not {part.marker}" for part in left_out)
    return subprocess.call((PYTHON, "-m", "pytest", "--durations=8", *(("-m", marks) if marks else ())))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _run(name: str, command: tuple[str, ...]) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    _say(f"{name:<12} {'ok' if done.returncode == 0 else 'FAILED'}")
    if done.returncode:
        _say(done.stdout + done.stderr)
    return done.returncode == 0


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _why() -> str:
    return "Only root on Debian may install it from here; install it and run again."


def _left_out() -> list[Part]:
    missing = [part for part in PARTS if not part.is_here]
    if missing and _may_install():
        packages = [part.package for part in missing]
        _say(f"installing {', '.join(packages)} ...")
        # policy-rc.d's answer 101: the tests start servers of their own, Debian shall start none.
        guard = Path("/usr/sbin/policy-rc.d")
        is_ours = not guard.exists()
        if is_ours:
            guard.write_text("#!/bin/sh\nexit 101\n")
            guard.chmod(0o755)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
            subprocess.call(("apt-get", "-qq", *words), env=quiet, stdout=subprocess.DEVNULL)
        if is_ours:
            guard.unlink()
    return [part for part in PARTS if not part.is_here]


if __name__ == "__main__":
    sys.exit(main())
