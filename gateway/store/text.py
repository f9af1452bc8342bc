"""Reads text out of the log, and takes no zeros for it."""

from sqlcipher3 import dbapi2


def whole(octets: bytes) -> str:
    """Return a text of the log; raise DatabaseError where a part of it can't have been read.

    SQLite reads the last page of a long text as zeros when SQLCipher finds its seal broken, and says
    nothing (measured with 4.19; see tests/gateway/store/test_text.py). No text of ours has a zero in it.
    """
    if b"\0" in octets:
        raise dbapi2.DatabaseError("a part of a long text is zeros: its page is damaged")
    return octets.decode()
