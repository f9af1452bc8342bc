"""A disk whose power is cut at one of its steps, and what then lies on it."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.store import durable

KEEPS = ("all", "synced", "torn")
"""What a cut leaves: all that was done; only what was synced; all names, with half of what wasn't synced."""


class PowerCutError(BaseException):
    """The program ends here."""


class CuttingDisk:
    """Stands for `os` in gateway/store/durable.py; each change of the disk is a step that may be the last."""

    def __init__(self, folders: Iterable[Path], *, cut_at: int = 0, keeps: str = "all") -> None:
        self.steps = 0
        self._cut_at, self._keeps = cut_at, keeps
        self._names = {folder: _names(folder) for folder in folders}
        self._bytes = {
            n: (f / name).read_bytes() for f, all_ in self._names.items() for name, n in all_.items()
        }

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else os has
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        """Open; to make a file is a step."""
        if flags & os.O_CREAT and not Path(path).exists():
            self._step()
            descriptor = os.open(path, flags, mode)
            self._bytes[os.fstat(descriptor).st_ino] = b""
            return descriptor
        return os.open(path, flags, mode)

    def ftruncate(self, descriptor: int, length: int) -> None:
        """Cut a file off."""
        self._step()
        os.ftruncate(descriptor, length)

    def write(self, descriptor: int, data: bytes) -> int:
        """Write into a file."""
        self._step()
        return os.write(descriptor, data)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another's name."""
        self._step()
        os.rename(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        self._step()
        os.unlink(path)

    def fsync(self, descriptor: int) -> None:
        """Make durable what a file holds, or what names a folder has."""
        self._step()
        status = os.fstat(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}")
        if stat.S_ISDIR(status.st_mode):
            self._names[path.resolve()] = _names(path.resolve())
        else:
            self._bytes[status.st_ino] = path.read_bytes()

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._cut_at:
            self._lose()
            raise PowerCutError

    def _lose(self) -> None:
        if self._keeps == "all":
            return
        for folder, synced_names in self._names.items():
            now = _names(folder)
            left = {}
            for name, node in (synced_names if self._keeps == "synced" else now).items():
                synced = self._bytes.get(node, b"")
                held = (folder / name).read_bytes() if now.get(name) == node else synced
                is_torn = self._keeps == "torn" and held != synced
                left[name] = held[: len(held) // 2] if is_torn else synced
            for name in now:
                (folder / name).unlink()
            for name, data in left.items():
                (folder / name).write_bytes(data)
                (folder / name).chmod(0o600)


@contextmanager
def power_cut(folders: Iterable[Path], *, at_step: int, keeps: str) -> Iterator[None]:
    """Cut the power at one step of what is done to small files; 0 is never. What was cut is over: go on."""
    names = vars(durable)
    real = names["os"]
    names["os"] = CuttingDisk(folders, cut_at=at_step, keeps=keeps)
    try:
        yield
    except PowerCutError:
        pass
    finally:
        names["os"] = real


def _names(folder: Path) -> dict[str, int]:
    return {each.name: each.stat().st_ino for each in folder.iterdir() if each.is_file()}
