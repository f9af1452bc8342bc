"""Runs `pusterom` as a real process, and waits for what it says."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 20.0
STOP_S = 10.0


class Program:
    """One running `pusterom`; what it says is kept, line by line."""

    def __init__(self, *words: str, module: str = "gateway", **environment: str) -> None:
        self.out: list[str] = []
        self._err: list[str] = []
        self._said = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.out)),
            threading.Thread(target=self._read, args=(self._process.stderr, self._err)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines: list[str]) -> None:
        for line in stream:
            with self._said:
                lines.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._process.poll()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, and let it go on."""
        self._process.send_signal(number)

    @property
    def err(self) -> str:
        """What it has said on stderr so far."""
        with self._said:
            return "\n".join(self._err)

    def said(self, pattern: str) -> list[re.Match[str]]:
        """Return the matches in what it has said so far on stdout and stderr."""
        with self._said:
            return [found for line in (*self.out, *self._err) if (found := re.search(pattern, line))]

    def wait_for(self, pattern: str, *, count: int = 1) -> re.Match[str]:
        """Return the match once it has said this often enough, on stdout or stderr."""

        def is_over() -> bool:
            return len(self.said(pattern)) >= count or self._process.poll() is not None

        with self._said:
            self._said.wait_for(is_over, WAIT_S)
        found = self.said(pattern)
        assert len(found) >= count, f"{pattern!r} was said {len(found)} times:\n{self.out}\n{self.err}"
        return found[count - 1]

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = STOP_S) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return self.ended(within_s=within_s)

    def ended(self, *, within_s: float = WAIT_S) -> int:
        """Return the exit code once it has ended and all that it said is here."""
        code = self._process.wait(within_s)
        for reader in self._readers:
            reader.join(STOP_S)
        return code

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self.ended()
        for stream in (self._process.stdout, self._process.stderr):
            stream.close()


@contextmanager
def pusterom(*words: str, module: str = "gateway", **environment: str) -> Iterator[Program]:
    """Run a command, or another module; when the context is left it is gone."""
    program = Program(*words, module=module, **environment)
    try:
        yield program
    finally:
        program.close()
