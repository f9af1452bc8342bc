"""A look in the ward is read at home: which organisation, in which role, when; and no person."""

import asyncio

from cloud_bridge.backend.access import NEEDS
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.who import Role, Who
from tests.gateway.replaced_hub import in_town
from tests.given import HOME

PAGE = NEEDS[("GET", "/patient/{home}")]
NURSE = Who("0123456789abcdef", "sykehuset", Role.NURSE)


def test_a_look_is_read_at_home_and_again_after_a_restart(tmp_path):
    """Within two minutes; what comes later is said within the hour; a hub that begins anew is told again."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        tables = town.ward.tables
        await tables.enrol_organisations([Organisation("sykehuset", "Sykehuset", "hospital")])
        assert await tables.begin_follow_up(HOME, "sykehuset", "lege", town.now()) is None
        assert hub.responsible.looked is None, "nobody has looked yet"
        await tables.admit(PAGE, NURSE, HOME, town.now())
        await asyncio.sleep(120)
        assert [(one.organisation, one.role) for one in hub.responsible.looked.looks] == [
            ("Sykehuset", "nurse")
        ]
        assert NURSE.person not in repr(hub.responsible.looked)
        await tables.admit(PAGE, NURSE, HOME, town.now())
        await asyncio.sleep(120)
        assert len(hub.responsible.looked.looks) == 1, "a home need not hear of each look at once"
        await asyncio.sleep(3600)
        assert len(hub.responsible.looked.looks) == 2
        await town.unplug()
        hub = town.boot()
        await asyncio.sleep(180)
        assert len(hub.responsible.looked.looks) == 2

    in_town(tmp_path, story)
