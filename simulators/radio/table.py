"""A twin's GATT table as bumble's, with subscriptions as well protected as the values they tell."""

from collections.abc import Callable, Iterator

from bumble import gatt
from bumble.att import Attribute
from bumble.device import Connection, Device

from simulators.peripherals.twin import Characteristic, Property, Twin
from simulators.radio.adverts import uuid_of

_Given = gatt.Characteristic.Properties
_May = Attribute.Permissions

_GIVEN = {
    Property.READ: _Given.READ,
    Property.WRITE: _Given.WRITE | _Given.WRITE_WITHOUT_RESPONSE,
    Property.NOTIFY: _Given.NOTIFY,
    Property.INDICATE: _Given.INDICATE,
}
NOTIFY_BIT = 1
INDICATE_BIT = 2


class Table:
    """The characteristics of one device, and what each connection has subscribed to."""

    def __init__(
        self,
        twin: Twin,
        device: Device,
        subscribed: Callable[[str, bool], None],
        written: Callable[[str, bytes], None],
    ) -> None:
        self._twin = twin
        self._server = device.gatt_server
        self._subscribed = subscribed
        self._written = written
        self._chars: dict[str, gatt.Characteristic[bytes]] = {}
        for service in twin.services:
            chars = [self._characteristic(char) for char in service.characteristics]
            device.add_service(gatt.Service(uuid_of(service.uuid), chars))

    def handle(self, char: str) -> int:
        """Return the handle of the characteristic's value."""
        return self._chars[char].handle

    def has_subscribed(self, connection: Connection, char: str, bit: int) -> bool:
        """Tell whether this connection has asked for these."""
        asked = self._server.subscribers.get(connection, {}).get(self.handle(char), b"\0")
        return bool(asked[0] & bit)

    def _characteristic(self, char: Characteristic) -> gatt.Characteristic[bytes]:
        given, may = _Given(0), _May(0)
        for each in char.properties:
            given |= _GIVEN[each]
        if Property.READ in char.properties:
            may |= _May.READABLE | (_May.READ_REQUIRES_ENCRYPTION if char.is_secured else _May(0))
        if Property.WRITE in char.properties:
            may |= _May.WRITEABLE | (_May.WRITE_REQUIRES_ENCRYPTION if char.is_secured else _May(0))
        value = gatt.CharacteristicValue(
            read=lambda _: self._value_now(char.uuid),
            write=lambda _, data: self._written(char.uuid, bytes(data)),
        )
        made = self._chars[char.uuid] = gatt.Characteristic(uuid_of(char.uuid), given, may, value)
        made.descriptors = list(self._cccd(char, made))
        return made

    def _value_now(self, char: str) -> bytes:
        # Asked for anew at each read: a twin's battery level or feature may change.
        return next(
            each.value
            for service in self._twin.services
            for each in service.characteristics
            if each.uuid == char
        )

    def _cccd(self, char: Characteristic, made: gatt.Characteristic[bytes]) -> Iterator[gatt.Descriptor]:
        # Our own: the one that bumble adds by itself lets anybody subscribe.
        if not char.properties & (Property.NOTIFY | Property.INDICATE):
            return
        may = _May.READABLE | _May.WRITEABLE
        if char.is_secured:
            may |= _May.WRITE_REQUIRES_ENCRYPTION

        def subscription(_connection: Connection, is_notify: bool, is_indicate: bool) -> None:
            self._subscribed(char.uuid, is_notify or is_indicate)

        made.on(made.EVENT_SUBSCRIPTION, subscription)
        yield gatt.Descriptor(
            gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
            may,
            self._server.make_descriptor_value(made),
        )
