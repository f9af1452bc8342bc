"""Tells organisations what they may know: FHIR over MQTT, from where each of them stands; at least once."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from random import Random

import orjson

from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.fhir_told import LANES, Lane, Line
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backoff import backoff_s
from cloud_bridge.broker import Broker, DeniedError, Session, UplinkError
from cloud_bridge.contract.topics import stream_topic
from cloud_bridge.look.words import FIRST_LANGUAGE, Language

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""So many resources of one organisation are on their way at a time; where it stands is noted behind them."""

LOOK_EVERY_S = 10.0
"""So often we look also where nobody has said that anything is new."""

GATHER_S = 0.2
"""What happens together is told together; and the intake has the database to itself so long."""

BACKOFF_S_MAX = 30.0

OnTold = Callable[[str, Line, datetime], None]
"""Called with the organisation, what the broker has taken for it, and when that was sent."""


class Streams:
    """Brings what is new into one order and tells it, until cancelled.

    A resource is told again where the note behind it was lost: it has the same id and the same version.
    """

    def __init__(
        self,
        tables: Tables,
        broker: Broker,
        now: Callable[[], datetime],
        *,
        dice: Random,
        client_id: str = "ward-streams",
        language: Language = FIRST_LANGUAGE,
        every_s: float = LOOK_EVERY_S,
        on_told: OnTold = lambda _organisation, _line, _at: None,
    ) -> None:
        self._tables = tables
        self._broker = broker
        self._now = now
        self._dice = dice
        self._client_id = client_id
        self._language = language
        self._every_s = every_s
        self._on_told = on_told
        self._is_news = asyncio.Event()
        self._tries = 0
        self.trouble: str | None = None

    def wake(self) -> None:
        """Say that something is new: it is told now."""
        self._is_news.set()

    async def run(self) -> None:
        """Tell, until cancelled; a broker or a database that is away is tried again."""
        while True:
            try:
                async with self._broker.session(self._client_id) as session:
                    await self._serve(session)
            except (UplinkError, TablesError) as error:
                self._note(str(error))
            await asyncio.sleep(backoff_s(self._tries, self._dice, BACKOFF_S_MAX))
            self._tries += 1

    async def _serve(self, session: Session) -> None:
        while True:
            await asyncio.sleep(GATHER_S)
            self._is_news.clear()
            await self.tell(session)
            self._tries = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._is_news.wait()

    async def tell(self, session: Session) -> None:
        """Tell everybody everything that waits; what is new meanwhile waits for the next time."""
        is_more = True
        while is_more:
            is_more = await self._tables.index_next(self._now(), self._language) > 0
            for each in await self._tables.organisations():
                for lane in LANES:
                    is_more |= await self._tell(session, each.organisation, lane)

    async def _tell(self, session: Session, organisation: str, lane: Lane) -> bool:
        """Tell one organisation a little; return whether there may be more."""
        next_ = await self._tables.next_stretch(
            organisation, lane, self._now(), count_max=AT_ONCE, language=self._language
        )
        acknowledged: dict[str, int] = {}
        try:
            for line in next_.lines:
                at = self._now()
                if next_.ends_at is not None and at >= next_.ends_at:
                    # The right to hear of one home ended on the way: what waits is asked for anew.
                    await self._tables.reached(organisation, lane, acknowledged)
                    return True
                data = orjson.dumps(line.resource)
                await session.publish(stream_topic(organisation, line.home, line.type), data)
                acknowledged[line.home] = line.turn
                self._on_told(organisation, line, at)
        except UplinkError as error:
            await self._tables.reached(organisation, lane, acknowledged)  # and is not told again
            if not isinstance(error, DeniedError):
                raise
            # Only its own rule at the broker is wrong: the others must not wait for it.
            self._note(f"no word to {organisation}: {error}")
            return False
        await self._tables.reached(organisation, lane, next_.up_to)
        if next_.lines:
            self._note(None)
        return not next_.is_last

    def _note(self, trouble: str | None) -> None:
        """Say what the streams wait for: once, however often they try."""
        if trouble != self.trouble:
            self.trouble = trouble
            logger.warning("streams: %s", trouble or "at work again")
