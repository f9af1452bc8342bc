"""A private PostgreSQL server for the tests: its own folder, its own socket, no port, nobody else's data."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam

ACCOUNTS = ("postgres", "nobody")  # PostgreSQL refuses to run as root


class Server:
    """One server that can be killed and started again."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self._folder = folder
        self._is_durable = is_durable
        self._data = folder / "data"

    def url(self, schema: str) -> str:
        """Return the address of one schema of it."""
        return f"postgresql://ward@/postgres?host={self._folder}&options=-csearch_path%3D{schema}"

    def make(self) -> None:
        """Make the data folder."""
        words = ["--username=ward", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        self._run(program("initdb"), "--pgdata", str(self._data), *words)

    def start(self) -> None:
        """Start, and return once it answers; only what must survive a crash pays for durability."""
        settings = f"-k {self._folder} -c listen_addresses="
        if not self._is_durable:
            settings += " -c fsync=off -c full_page_writes=off"
        log = str(self._folder / "log")
        self._run(program("pg_ctl"), "-D", str(self._data), "-w", "-l", log, "-o", settings, "start")

    def kill(self) -> None:
        """Stop without goodbye: no checkpoint, connections cut."""
        self._run(program("pg_ctl"), "-D", str(self._data), "-w", "-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        """The process of which all others of the server are children."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _run(self, *words: str) -> None:
        account = getpwnam(next(filter(_is_known, ACCOUNTS))) if os.geteuid() == 0 else None
        done = subprocess.run(
            words,
            check=False,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if words[-1] != "start" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=60,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        assert done.returncode == 0, f"{words}: {(done.stdout or b'').decode()}"


@contextmanager
def private_server(*, is_durable: bool = False, place: str = "/tmp") -> Iterator[Server]:
    """Run a server of our own; leave nothing behind. A durable one flushes as in real use."""
    folder = Path(tempfile.mkdtemp(prefix="pusterom-pg-", dir=place))
    try:
        if os.geteuid() == 0:
            account = next(filter(_is_known, ACCOUNTS))
            shutil.chown(folder, account)
        server = Server(folder, is_durable=is_durable)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, the newest version first; fail where there is none."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: -int(path.parts[-3])
    )
    found = str(installed[0]) if installed else shutil.which(name)
    assert found, f"these tests need PostgreSQL's {name}: apt-get install postgresql"
    return found


def _is_known(account: str) -> bool:
    try:
        getpwnam(account)
    except KeyError:
        return False
    return True
