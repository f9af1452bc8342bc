"""What machine this is, as far as it matters for the figures; no names, no addresses."""

import os
import platform
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlcipher3 import dbapi2

from tests.bench.row import NotHereError, took_s
from tests.program import ROOT

_PLACES = (Path(tempfile.gettempdir()), Path("/var/tmp"), ROOT / "var")
_MEMORY = {"tmpfs", "ramfs"}
_FLUSHES = 200


def filesystem(path: Path) -> str:
    """Return the type of the file system that holds a path, "unknown" where nothing says so."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    holding = [(words[1], words[2]) for words in mounts if path.resolve().is_relative_to(words[1])]
    return max(holding, default=("", "unknown"), key=lambda each: len(each[0]))[1]


def disk_folder() -> Path:
    """Return where temporary files lie on a disk; a flush to memory would prove nothing."""
    for place in _PLACES:
        if place.is_dir() and filesystem(place) not in _MEMORY:
            return place
    raise NotHereError("every temporary folder of this machine lies in memory; set TMPDIR to one on a disk")


def facts(folder: Path) -> list[tuple[str, str]]:
    """Return what there is to know of this machine, as pairs of words."""
    return [
        ("when", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),  # noqa: TID251 - the bench is a shell with a clock
        ("commit", _said("git", "describe", "--always", "--dirty", "--abbrev=10")),
        ("processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("memory", f"{_memory_gb():.0f} GB"),
        ("system", f"{platform.system()} {'.'.join(re.findall(r'[0-9]+', platform.release())[:2])}"),
        (
            "disk",
            f"{filesystem(folder)}; 4 KB and fsync: {_flush_s(folder) * 1e3:.2f} ms, median of {_FLUSHES}",
        ),
        ("Python", platform.python_version()),
        ("SQLCipher", _sqlcipher()),
        ("PostgreSQL", _number(_said("psql", "--version"))),
        ("Mosquitto", _number(_said("mosquitto", "-h"))),
    ]


def load() -> float:
    """Return how many processes wanted a processor in the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    try:
        said = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = re.search(r"^(?:model name|Model)\s*: (.+)$", said, re.MULTILINE)
    return f"{found[1] if found else 'unknown'} ({platform.machine()})"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _flush_s(folder: Path) -> float:
    with tempfile.NamedTemporaryFile(dir=folder) as file:

        def write() -> None:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())

        return median(took_s(write) for _ in range(_FLUSHES))


def _sqlcipher() -> str:
    connection = dbapi2.connect(":memory:")
    return f"{connection.execute('pragma cipher_version').fetchone()[0]}, SQLite {dbapi2.sqlite_version}"


def _number(said: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+", said)
    return found[0] if found else "not here"


def _said(*words: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    try:
        done = subprocess.run(
            words, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
    except OSError:
        return "not here"
    return done.stdout.strip() or "not here"
