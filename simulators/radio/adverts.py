"""Advertising data: a twin's words as AD structures, and AD structures as bleak's words."""

from collections.abc import Iterator

from bleak.backends.scanner import AdvertisementData
from bumble.core import UUID, AdvertisingData

from simulators.peripherals.twin import Twin

LEGACY_BYTES_MAX = 31

_Type = AdvertisingData.Type
_FLAGS = (_Type.FLAGS, bytes([0x06]))  # general discoverable, no classic Bluetooth

_SERVICES = {
    _Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    _Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS: 2,
    _Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
    _Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS: 16,
}
_SERVICE_DATA = {_Type.SERVICE_DATA_16_BIT_UUID: 2, _Type.SERVICE_DATA_128_BIT_UUID: 16}


def uuid_of(text: str) -> UUID:
    """Return bumble's UUID, as short as it can be said.

    >>> len(uuid_of("00001822-0000-1000-8000-00805f9b34fb").to_bytes())
    2
    """
    long = UUID(text)
    base = UUID.from_16_bits(0).to_bytes(force_128=True)
    raw = long.to_bytes(force_128=True)
    is_short = raw[:12] == base[:12] and raw[14:] == base[14:]
    return UUID.from_bytes(raw[12:14]) if is_short else long


def text_of(uuid: UUID) -> str:
    """Return the long form, in lower case.

    >>> text_of(UUID.from_16_bits(0x1822))
    '00001822-0000-1000-8000-00805f9b34fb'
    """
    raw = uuid.to_bytes(force_128=True)[::-1].hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def advertising_bytes(twin: Twin) -> tuple[bytes, bytes]:
    """Return what the twin calls, and what it adds when asked: the name, where it finds no room.

    Neither has room for more than 31 octets: a twin that calls more is like no real device, and refused.
    """
    structures = [_FLAGS, *_service_lists(twin), *_service_data(twin), *_manufacturer_data(twin)]
    name = (_Type.COMPLETE_LOCAL_NAME, twin.name.encode())
    whole = bytes(AdvertisingData([*structures, name]))
    if len(whole) <= LEGACY_BYTES_MAX:
        return whole, b""
    called, added = bytes(AdvertisingData(structures)), bytes(AdvertisingData([name]))
    if max(len(called), len(added)) > LEGACY_BYTES_MAX:
        raise ValueError(f"{twin.name} calls {len(called)} and {len(added)} octets; {LEGACY_BYTES_MAX} fit")
    return called, added


def advertisement_data(data: AdvertisingData, rssi_dbm: int) -> AdvertisementData:
    """Return in bleak's words what was heard."""
    name: str | None = None
    services: dict[str, None] = {}
    service_data: dict[str, bytes] = {}
    manufacturer_data: dict[int, bytes] = {}
    for kind, value in data.ad_structures:
        if kind in (_Type.COMPLETE_LOCAL_NAME, _Type.SHORTENED_LOCAL_NAME):
            name = value.decode("utf-8", "replace")
        elif kind == _Type.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            manufacturer_data[int.from_bytes(value[:2], "little")] = value[2:]
        elif size := _SERVICES.get(_Type(kind)):
            pieces = (value[at : at + size] for at in range(0, len(value) - size + 1, size))
            services.update((text_of(UUID.from_bytes(piece)), None) for piece in pieces)
        elif (size := _SERVICE_DATA.get(_Type(kind))) and len(value) >= size:
            service_data[text_of(UUID.from_bytes(value[:size]))] = value[size:]
    return AdvertisementData(name, manufacturer_data, service_data, list(services), None, rssi_dbm, ())


def _service_lists(twin: Twin) -> Iterator[tuple[int, bytes]]:
    raws = [uuid_of(text).to_bytes() for text in twin.advertised_services]
    for kind, size in (
        (_Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, 2),
        (_Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, 16),
    ):
        if those := b"".join(raw for raw in raws if len(raw) == size):
            yield kind, those


def _service_data(twin: Twin) -> Iterator[tuple[int, bytes]]:
    for text, value in twin.service_data.items():
        raw = uuid_of(text).to_bytes()
        kind = _Type.SERVICE_DATA_16_BIT_UUID if len(raw) == 2 else _Type.SERVICE_DATA_128_BIT_UUID
        yield kind, raw + value


def _manufacturer_data(twin: Twin) -> Iterator[tuple[int, bytes]]:
    for company, value in twin.manufacturer_data.items():
        yield _Type.MANUFACTURER_SPECIFIC_DATA, company.to_bytes(2, "little") + value
