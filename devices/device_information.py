"""What a device says of itself in the Device Information Service of the Bluetooth SIG (0x180A)."""

from contextlib import suppress
from dataclasses import replace

from devices.driver import Link, LinkError, uuid16
from devices.identity import NOT_TOLD, DeviceIdentity, word_of

SERVICE = uuid16(0x180A)
SYSTEM_ID = uuid16(0x2A23)
MODEL = uuid16(0x2A24)
SERIAL = uuid16(0x2A25)
FIRMWARE = uuid16(0x2A26)
HARDWARE = uuid16(0x2A27)
SOFTWARE = uuid16(0x2A28)
MANUFACTURER = uuid16(0x2A29)

SYSTEM_ID_SIZE = 8

_WORDS = {
    MANUFACTURER: "manufacturer",
    MODEL: "model",
    SERIAL: "serial",
    FIRMWARE: "firmware",
    HARDWARE: "hardware",
    SOFTWARE: "software",
}


async def identify(link: Link) -> DeviceIdentity:
    """Return what the device says of itself.

    What it refuses to tell stays open, and nothing is raised: a link that is lost here says so
    again at the next step. Ask before a stream begins; not while a device counts the seconds.
    """
    identity = NOT_TOLD
    with suppress(LinkError):
        for char, name in _WORDS.items():
            if link.has(char):
                identity = replace(identity, **{name: word_of(await link.read(char))})
        if link.has(SYSTEM_ID):
            identity = replace(identity, system_id=system_id_of(await link.read(SYSTEM_ID)))
    return identity


def system_id_of(data: bytes) -> str | None:
    """Return a System ID as people write it, most significant octet first; None where it is none.

    >>> system_id_of(bytes.fromhex("f026aafeffb51434"))
    '3414b5fffeaa26f0'
    """
    return data[::-1].hex() if len(data) == SYSTEM_ID_SIZE and any(data) else None
