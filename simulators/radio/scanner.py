"""bleak's scanner over the virtual adapter."""

from bleak.backends.scanner import AdvertisementDataCallback, BaseBleakScanner
from bumble.device import Advertisement

from simulators.radio.adapter import Adapter
from simulators.radio.adverts import advertisement_data


class AirScanner(BaseBleakScanner):
    """Hears what is called in the virtual air."""

    adapter: Adapter

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_platforms: object,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode != "passive"

    async def start(self) -> None:
        """Start to hear."""
        self.seen_devices = {}
        await self.adapter.listen(self, self._hear, is_active=self._is_active)

    async def stop(self) -> None:
        """Hear no more."""
        await self.adapter.stop_listening(self)

    def _hear(self, heard: Advertisement) -> None:
        data = advertisement_data(heard.data, heard.rssi)
        if not self.is_allowed_uuid(data.service_uuids):
            return
        address = heard.address.to_string(False)
        device = self.create_or_update_device(address, address, data.local_name, heard.address, data)
        self.call_detection_callbacks(device, data)
