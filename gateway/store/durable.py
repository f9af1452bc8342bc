"""Small secret files that outlive a power cut: written beside, synced, renamed, the folder synced.

A cut at any step leaves the old file or the new one, whole. What a new one replaces is overwritten
where it lies; a disk of flash may keep it all the same.
"""

import os
from pathlib import Path


def put(path: Path, data: bytes) -> None:
    """Replace a file, or make it, for its owner alone."""
    prepare(path, data)
    promote(path)


def draft_of(path: Path) -> Path:
    """Return where the next content of a file waits."""
    return path.with_name(f"{path.name}.new")


def prepare(path: Path, data: bytes) -> None:
    """Make the next content of a file durable beside it."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = os.open(draft_of(path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(draft, 0o600)
        _give(draft, path)
        os.ftruncate(draft, 0)
        _write(draft, data)
    finally:
        os.close(draft)
    sync_folder(path.parent)


def promote(path: Path) -> None:
    """Let what waits take the file's place; then overwrite what stood there."""
    path = path.resolve()  # a link must not lead past us: what it names is what is secret
    old = _held(path)
    try:
        os.rename(draft_of(path), path)
        sync_folder(path.parent)
        _blot(old)
    finally:
        if old is not None:
            os.close(old)


def destroy(path: Path) -> None:
    """Overwrite a file and remove its name; nothing happens where none stands."""
    path = path.resolve()
    old = _held(path)
    if old is None:
        return
    try:
        os.unlink(path)
        sync_folder(path.parent)
        _blot(old)
    finally:
        os.close(old)


def unlink(path: Path) -> None:
    """Remove a name; what it named was of no use without its key. The folder must be synced behind it."""
    os.unlink(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as fsync of a file alone does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _held(path: Path) -> int | None:
    """Keep hold of a file's bytes past its name; a folder in its place is refused by the open."""
    return os.open(path, os.O_WRONLY) if path.exists() else None


def _give(descriptor: int, path: Path) -> None:
    """Leave a file to whom it belongs: what root writes for the hub, the hub must be able to read."""
    if os.geteuid() == 0:
        owner = (path if path.exists() else path.parent).stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _blot(descriptor: int | None) -> None:
    if descriptor is not None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write(descriptor, bytes(os.fstat(descriptor).st_size))


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
