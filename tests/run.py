"""Runs everything that must hold; gets the programs it needs where it may, and says what it left out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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


def _nothing() -> None:
    """Nothing hinders it."""


def _no_disks() -> str | None:
    """Return why nobody can mount a disk here, whatever is installed."""
    if os.geteuid() != 0:
        return "only root may mount a disk"
    if not Path("/dev/fuse").exists():
        return "this machine has no /dev/fuse"
    for words in (("unshare", "--mount", "true"), ("losetup", "--find"), ("mkfs.ext4", "-V")):
        if not shutil.which(words[0]) or subprocess.run(words, capture_output=True, check=False).returncode:
            return f"`{' '.join(words)}` does not work on this machine"
    return None


@dataclass(frozen=True)
class Part:
    """A program from outside that some tests need: their marker, how it is found, Debian's package.

    `hindrance` says why no installing would help here: then the part is left out, wherever that is.
    """

    marker: str
    patterns: tuple[str, ...]
    package: str
    hindrance: Callable[[], str | None] = _nothing

    @property
    def is_here(self) -> bool:
        """Whether the program is installed."""
        return any(glob(pattern) or shutil.which(pattern) for pattern in self.patterns)


PARTS = (
    Part("mosquitto", ("/usr/sbin/mosquitto", "mosquitto"), "mosquitto"),
    Part("postgres", ("/usr/lib/postgresql/*/bin/initdb", "initdb"), "postgresql"),
    Part("faketime", ("/usr/lib/*/faketime/libfaketimeMT.so.1",), "faketime"),
    Part("browser", ("chromium", "chromium-browser", "google-chrome"), "chromium"),
    Part("node", ("npm",), "npm"),
    Part("power", ("/usr/lib/*/libfuse3.so.*", "/lib/*/libfuse3.so.*"), "fuse3", _no_disks),
)


def main() -> int:
    """Return the exit code: 0 only if all that ran has passed, and nothing was left out that may not be."""
    os.chdir(ROOT)
    if failed := [name for name, command in CHECKS if not _run(name, command)]:
        _say(f"not in order: {', '.join(failed)}")
        return 1
    if "--check" in sys.argv[1:]:
        return 0
    hindered = {part: why for part in PARTS if (why := part.hindrance())}
    missing = _missing([part for part in PARTS if part not in hindered])
    left_out = [f"tests marked {part.marker}: {why}." for part, why in hindered.items()]
    left_out += [f"tests marked {part.marker}, for want of {part.package}. {_why()}" for part in missing]
    _say_left_out(left_out)
    if missing and os.environ.get("PUSTEROM_COMPLETE"):
        _say("PUSTEROM_COMPLETE is set: nothing may be left out that could be run here.")
        return 1
    marks = " and ".join(f"not {part.marker}" for part in (*hindered, *missing))
    code = subprocess.call((PYTHON, "-m", "pytest", "--durations=8", *(("-m", marks) if marks else ())))
    _say_left_out(left_out)  # again: what was said before a thousand dots is read by nobody
    return code


def _say_left_out(left_out: list[str]) -> None:
    for line in left_out:
        _say(f"LEFT OUT: {line}")


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


def _missing(parts: list[Part]) -> list[Part]:
    """Install what is not here, where we may; return what is missing still."""
    missing = [part for part in parts if not part.is_here]
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
    return [part for part in parts if not part.is_here]


if __name__ == "__main__":
    sys.exit(main())
