"""A file that is replaced is whole, private, its owner's, and gone from where it lay."""

import os
import stat

import pytest

from gateway.store import durable

OWNER = 1234


def test_what_is_put_is_private_and_belongs_to_whom_the_place_belongs(tmp_path):
    """Root may rotate a hub's key: the hub reads what root wrote, and nobody else does."""
    is_root = os.geteuid() == 0
    folder = tmp_path / "folder"
    folder.mkdir()
    if is_root:
        os.chown(folder, OWNER, OWNER)
    file = folder / "file"
    for data in (b"first", b"second and longer", b"3"):
        durable.put(file, data)
        status = file.stat()
        assert (file.read_bytes(), stat.S_IMODE(status.st_mode)) == (data, 0o600)
        assert status.st_uid == (OWNER if is_root else os.geteuid())
        assert [each.name for each in folder.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "act", [lambda file: durable.put(file, b"new"), durable.destroy], ids=["put", "destroy"]
)
def test_what_was_there_is_overwritten_where_it_lay(tmp_path, act):
    """Who still has the old file open reads zeros; a link leads to what it names, and that is overwritten."""
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"secret")
    link.symlink_to(file)
    with file.open("rb") as old:
        act(link)
        assert old.read() == b"\0" * 6
    assert not file.exists() or file.read_bytes() == b"new"


def test_a_link_laid_where_a_draft_goes_is_not_followed(tmp_path):
    """Nobody turns our writing to another file."""
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    durable.draft_of(tmp_path / "file").symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        durable.put(tmp_path / "file", b"ours")
    assert other.read_bytes() == b"theirs"
