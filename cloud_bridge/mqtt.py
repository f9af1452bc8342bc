"""The road to a real broker: paho-mqtt, MQTT 5. This file and mqtt_session.py alone import paho."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud_bridge.broker import Message, Session, UplinkError
from cloud_bridge.broker_access import parse_url, password_from
from cloud_bridge.certificates import expiry_of
from cloud_bridge.flow import PATIENCE, WINDOW, Patience
from cloud_bridge.mqtt_session import PahoSession
from cloud_bridge.program import utc_now
from cloud_bridge.tls import Renewal, TlsFileError, TlsFiles
from cloud_bridge.tls_words import Peer

NO_FILES = TlsFiles()


class PahoBroker:
    """A Broker behind a URL. The password comes from a file: a command line is no place for it."""

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password_file: Path | None = None,
        tls: TlsFiles = NO_FILES,
        patience: Patience = PATIENCE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.address = parse_url(url)
        self._username = username
        self._password = password_from(username, password_file)
        self._tls = tls
        self._patience = patience
        self._now = now
        tls.assert_fit(self.address)
        if self.address.is_tls:
            tls.context()  # what can't be used is said now, and not first when somebody dials

    @property
    def certificate_expiry(self) -> datetime | None:
        """When our certificate, as its file stands now, expires; None without one, or if unreadable."""
        try:
            own = self._tls.own()
        except TlsFileError:
            return None
        return expiry_of(own) if own else None

    @asynccontextmanager
    async def session(
        self, client_id: str, *, subscriptions: tuple[str, ...] = (), will: Message | None = None
    ) -> AsyncIterator[Session]:
        """Connect with a client of its own, so that paho has nothing left over to send again."""
        renewal = Renewal(self._tls)  # before the files are read: what changes meanwhile is noticed later
        try:
            peer = Peer(self.address, self._tls.own(), self._now)
            client = self._client(client_id, will)
        except TlsFileError as error:
            raise UplinkError(f"the certificate files have changed, and can't be used: {error}") from error
        session = PahoSession(client, peer, renewal, self._patience)
        try:
            try:
                async with asyncio.timeout(self._patience.connect_timeout_s):
                    await session.open()
                    await session.subscribe(subscriptions)
            except TimeoutError as error:
                limit_s = self._patience.connect_timeout_s
                raise UplinkError(f"no answer from {self.address} within {limit_s:g} s") from error
            yield session
        finally:
            await session.leave()

    def _client(self, client_id: str, will: Message | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        client.connect_timeout = self._patience.connect_timeout_s / 2  # once for TCP, once for TLS
        client.max_inflight_messages_set(WINDOW)
        if self._username is not None:
            client.username_pw_set(self._username, self._password)
        if self.address.is_tls:
            client.tls_set_context(self._tls.context())
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        return client
