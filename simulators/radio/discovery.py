"""A device's GATT table, discovered by bumble and told in bleak's words."""

from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bumble.device import Connection, Peer
from bumble.gatt_client import CharacteristicProxy, ServiceProxy

from simulators.radio.adverts import text_of

MTU = 247
_WRITE_HEADER_BYTES = 3


async def services_of(link: Connection) -> BleakGATTServiceCollection:
    """Return every service, characteristic and descriptor that the device offers."""
    peer = Peer(link)
    await peer.request_mtu(MTU)
    found = BleakGATTServiceCollection()
    for service in await peer.discover_services():
        told = BleakGATTService(service, service.handle, text_of(service.uuid))
        found.add_service(told)
        await _add_characteristics(link, found, service, told)
    return found


async def _add_characteristics(
    link: Connection, found: BleakGATTServiceCollection, service: ServiceProxy, told: BleakGATTService
) -> None:
    for char in await service.discover_characteristics():
        found.add_characteristic(_told_characteristic(link, char, told))
        for descriptor in await char.discover_descriptors():
            uuid = text_of(descriptor.type)
            parent = found.characteristics[char.handle]
            found.add_descriptor(BleakGATTDescriptor(descriptor, descriptor.handle, uuid, parent))


def _told_characteristic(
    link: Connection, char: CharacteristicProxy[bytes], service: BleakGATTService
) -> BleakGATTCharacteristic:
    properties = list(gatt_char_props_to_strs(int(char.properties)))
    size = lambda: link.att_mtu - _WRITE_HEADER_BYTES  # noqa: E731 - bleak asks for it anew each time
    return BleakGATTCharacteristic(char, char.handle, text_of(char.uuid), properties, size, service)
