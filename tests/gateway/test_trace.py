"""What a log says of an error: where, and never what it said."""

import logging
import sys
import threading

import pytest

from cloud_bridge.contract.entries import EntryKind
from devices.driver import FrameError, LinkError
from gateway.console import begin_logging
from gateway.trace import trace_of
from tests.gateway.test_talk import House
from tests.given import OXIMETER
from tests.play import ScriptedLink

SECRET = "83.455 of Kari"


def broken() -> BaseException:
    """Return an error with a cause, a context and a group, each of which tells a secret."""
    try:
        try:
            try:
                raise KeyError(SECRET)
            except KeyError:
                raise ValueError(SECRET)  # noqa: B904 - the context is what is tried
        except ValueError as error:
            raise ExceptionGroup(SECRET, [RuntimeError(SECRET), OSError(5, SECRET)]) from error
    except ExceptionGroup as error:
        return error


def test_a_trace_says_where_and_never_what():
    """Every error on the way is named with its place; none of them has its say."""
    trace = trace_of(broken())
    assert "Kari" not in trace
    assert "83.455" not in trace
    for kind in ("KeyError", "ValueError", "ExceptionGroup", "RuntimeError", "OSError"):
        assert f"builtins.{kind}" in trace
    assert trace.count("test_trace.py") >= 3
    assert "Traceback (most recent call last):" in trace


def test_an_error_that_caused_itself_is_told_once():
    """A ring of causes ends."""
    error = ValueError("round")
    error.__cause__ = error
    assert trace_of(error).count("ValueError") == 1


@pytest.fixture
def as_before():
    """Whatever a program does to the logging of its process is undone."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions
    root.handlers.clear()
    yield
    root.handlers[:], root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions = before


@pytest.mark.usefixtures("as_before")
def test_logs_and_crashes_keep_errors_words_to_themselves(capsys):
    """A logged exception, a line that can't be formatted, what nobody caught, what a thread raised."""
    logging.getLogger().handlers.clear()
    begin_logging(verbose=2)
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        logging.getLogger("gateway").exception("driver fault")
        logging.getLogger("gateway").warning("%d", SECRET)
        sys.excepthook(type(error), error, error.__traceback__)
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
    said = capsys.readouterr().err
    assert said.count("builtins.ValueError") == 3, said
    assert "Kari" not in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LinkError(f"{OXIMETER}: connect: no answer"), "the device: connect: no answer"),
        (LinkError(f"/org/bluez/hci0/dev_{OXIMETER.replace(':', '_')} is gone"), "dev_the device is gone"),
        (LinkError(f"{OXIMETER.lower()} went"), "the device went"),
        (FrameError("no weight of 83.455", b"\x83"), "bytes that its protocol does not allow"),
    ],
)
def test_a_visit_that_ended_is_logged_without_whose_it_was(tmp_path, caplog, error, said):
    """Neither a device's address nor its bytes stand in the log; why it ended does."""

    async def ending(_link, _now):
        raise error
        yield

    house = House(tmp_path)
    with caplog.at_level(logging.DEBUG):
        house.visit(ScriptedLink(has=("char",)), ending)
    text = caplog.text
    assert said in text
    assert OXIMETER not in text.upper()
    assert "83.455" not in text
    assert "\\x83" not in text
    assert house.store.count(EntryKind.READING) == 0
