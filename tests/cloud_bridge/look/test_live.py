"""The live stream: no change is lost, nobody is left behind, the server can stop."""

import asyncio

import pytest

from cloud_bridge.look.live import Streams

pytestmark = pytest.mark.anyio
PATIENCE_S = 5


class _Source:
    """Changes as somebody else makes them: wait() knows only of those after the call."""

    def __init__(self):
        self._changed = asyncio.Event()
        self.waiting_count = 0

    async def wait(self):
        self.waiting_count += 1
        mine = self._changed
        try:
            await mine.wait()
        finally:
            self.waiting_count -= 1

    def change(self):
        self._changed.set()
        self._changed = asyncio.Event()


class _Visitor:
    """One browser on the stream, driven by hand."""

    def __init__(self, *, is_slow=False):
        self.lines = asyncio.Queue()
        self.sent = []
        self._left = asyncio.Event()
        self.may_go_on = asyncio.Event()
        if not is_slow:
            self.may_go_on.set()

    async def receive(self):
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)
        self.lines.put_nowait(message.get("body", b"").decode())
        await self.may_go_on.wait()

    def leave(self):
        self._left.set()

    async def hears(self, text):
        async with asyncio.timeout(PATIENCE_S):
            while text not in await self.lines.get():
                pass


async def _settled():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_change_becomes_an_event_and_leaving_ends_all():
    """One event per change; when the browser goes, no task of its stream is left."""
    source, visitor = _Source(), _Visitor()
    streams = Streams(source.wait)
    before = len(asyncio.all_tasks())
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        group.create_task(streams({}, visitor.receive, visitor.send))
        await visitor.hears("hello")
        await _settled()
        source.change()
        await visitor.hears("data: change")
        visitor.leave()
    assert visitor.sent[0]["headers"][0] == (b"content-type", b"text/event-stream; charset=utf-8")
    assert (streams.open_count, source.waiting_count, len(asyncio.all_tasks())) == (0, 0, before)


async def test_a_change_while_an_event_is_being_sent_is_not_lost():
    """What happens while a slow line swallows one event becomes the next event."""
    source, visitor = _Source(), _Visitor()
    streams = Streams(source.wait)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        group.create_task(streams({}, visitor.receive, visitor.send))
        await visitor.hears("hello")
        await _settled()
        visitor.may_go_on.clear()
        source.change()
        await visitor.hears("data: change")  # handed over, but not yet swallowed
        source.change()
        await _settled()
        source.change()
        await _settled()
        visitor.may_go_on.set()
        await visitor.hears("data: change")
        visitor.leave()
    assert sum("data" in message.get("body", b"").decode() for message in visitor.sent) == 2


async def test_a_quiet_stream_says_that_it_is_still_there():
    """Where nothing changes a comment goes out, so that no proxy closes the line."""
    source, visitor = _Source(), _Visitor()
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        group.create_task(Streams(source.wait, keep_alive_s=0.01)({}, visitor.receive, visitor.send))
        await visitor.hears(": still here")
        await visitor.hears(": still here")
        visitor.leave()


async def test_the_server_can_stop_while_pages_are_open():
    """end() finishes every stream properly, and one that comes later at once."""
    source, first, second, late = _Source(), _Visitor(), _Visitor(), _Visitor()
    streams = Streams(source.wait)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        for visitor in (first, second):
            group.create_task(streams({}, visitor.receive, visitor.send))
            await visitor.hears("hello")
        streams.end()
    async with asyncio.timeout(PATIENCE_S):
        await streams({}, late.receive, late.send)
    for visitor in (first, second, late):
        assert visitor.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert source.waiting_count == 0


async def test_a_source_that_breaks_is_not_hidden():
    """If waiting for changes fails, the stream fails: a page that never hears again must notice."""

    async def broken():
        raise RuntimeError("database gone")

    visitor = _Visitor()
    with pytest.raises(ExceptionGroup) as caught:
        await Streams(broken)({}, visitor.receive, visitor.send)
    assert caught.group_contains(RuntimeError)
