"""Who may see what, in every database: the record decides, and each look is one row."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_bridge.backend.access import NEEDS, Need, Verdict
from cloud_bridge.backend.database import UnkeepableError
from cloud_bridge.backend.looks import Look
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Person
from cloud_bridge.backend.who import AT_THIS_MACHINE, Role, Who
from cloud_bridge.contract.looked import Looked, ReadLook, looked_body, looked_from
from tests.contracts.tables.facts import HOME, NOON, OTHER, at

pytestmark = pytest.mark.anyio

KARI = Who("k1", "sykehuset", Role.NURSE)
OLA = Who("o1", "ringsaker", Role.NURSE)
PAGE, LIST = NEEDS["GET", "/patient/{home}"], NEEDS["GET", "/"]
ACT = NEEDS["POST", "/handle"]


async def two_homes(tables: Tables) -> None:
    """The hospital follows one home, the municipality another."""
    await tables.enrol_organisations(
        [Organisation("sykehuset", "Sykehuset", "hospital"), Organisation("ringsaker", "R", "municipality")]
    )
    for home, organisation in ((HOME, "sykehuset"), (OTHER, "ringsaker")):
        assert await tables.begin_follow_up(home, organisation, "lege", NOON) is None


async def verdict(tables: Tables, need: Need, who: Who | None, home: str, minute: float = 1) -> Verdict:
    """What becomes of a request at this minute."""
    return (await tables.admit(need, who, home, at(minute))).verdict


async def test_the_record_says_who_may_see_a_home(tables: Tables) -> None:
    """Another's home, one that nobody follows and one that can't be are the same; no look is noted."""
    await two_homes(tables)
    assert await verdict(tables, PAGE, KARI, HOME) is Verdict.ADMITTED
    for home in (OTHER, "feedfeedfeedfeed", "", "x' or 1=1", "\x00"):
        assert await verdict(tables, PAGE, KARI, home) is Verdict.NO_SUCH_HOME
    assert await verdict(tables, PAGE, None, HOME) is Verdict.STRANGER
    assert await verdict(tables, PAGE, Who("l", "sykehuset", Role.LEADER), HOME) is Verdict.WRONG_ROLE
    assert await tables.looks(HOME) == (Look(HOME, KARI, "patient", at(1)),)
    assert await tables.looks(OTHER) == ()


async def test_the_list_shows_ones_own_homes_and_notes_a_look_at_each(tables: Tables) -> None:
    """Whoever opens the list has seen everybody on it, and nobody else."""
    await two_homes(tables)
    admitted = await tables.admit(LIST, OLA, "", at(1))
    assert (admitted.homes, admitted.shows(OTHER), admitted.shows(HOME)) == ({OTHER}, True, False)
    assert await tables.looks(OTHER) == (Look(OTHER, OLA, "list", at(1)),)
    assert await tables.looks(HOME) == ()


@pytest.mark.parametrize(
    ("need", "minutes", "count"),
    [(PAGE, (0, 0.5, 0.9), 1), (PAGE, (0, 1, 2.5), 3), (LIST, (0, 1, 59), 1), (LIST, (0, 60), 2)],
)
async def test_a_page_that_stays_open_is_one_look_for_a_while(
    tables: Tables, need: Need, minutes: tuple[float, ...], count: int
) -> None:
    """A live page is one row a minute, the list one an hour; a look of somebody else is another."""
    await two_homes(tables)
    for minute in minutes:
        await verdict(tables, need, KARI, HOME, minute)
    assert len(await tables.looks(HOME)) == count
    await verdict(tables, need, Who("k2", "sykehuset", Role.NURSE), HOME, minutes[-1])
    await verdict(tables, need, Who("k1", "sykehuset", Role.PHYSICIAN), HOME, minutes[-1])
    assert len(await tables.looks(HOME)) == count + 2


async def test_each_act_is_a_row(tables: Tables) -> None:
    """Two acts within a second are two rows: only looks are gathered."""
    await two_homes(tables)
    for minute in (1, 1.01):
        await verdict(tables, ACT, KARI, HOME, minute)
    assert [each.at for each in await tables.looks(HOME)] == [at(1.01), at(1)]


async def test_what_cannot_be_noted_is_not_admitted(tables: Tables) -> None:
    """The row and the admission are one transaction: where the one can't be, neither is."""
    await two_homes(tables)
    with pytest.raises(UnkeepableError):
        await tables.admit(PAGE, Who(None, "sykehuset", Role.NURSE), HOME, at(1))  # type: ignore[arg-type] # no person
    assert await tables.looks(HOME) == ()


async def test_the_wards_own_machine_sees_all_and_is_noted(tables: Tables) -> None:
    """Where nobody logs in each known home is noted too; one that nobody knows leaves no row."""
    await tables.enrol(Person(HOME, "Kari", 1950))
    for need, home in ((LIST, ""), (PAGE, HOME), (PAGE, OTHER), (PAGE, "x")):
        admitted = await tables.let_in(need, AT_THIS_MACHINE, home, at(1))
        assert (admitted.verdict, admitted.homes) == (Verdict.ADMITTED, None)
    assert {each.what for each in await tables.looks(HOME)} == {"list", "patient"}
    assert await tables.looks(OTHER) == ()


async def test_the_patient_reads_organisation_role_and_time(tables: Tables) -> None:
    """No person stands in what the patient may read."""
    await two_homes(tables)
    await verdict(tables, PAGE, KARI, HOME)
    await tables.enrol_organisations([Organisation("sykehuset", "Sykehuset i byen", "hospital")])
    looked = await tables.looked(HOME, at(2))
    assert looked == Looked(at(2), (ReadLook("Sykehuset i byen", "nurse", at(1)),))
    assert "k1" not in repr(looked)
    assert looked_from(looked_body(looked)) == looked


async def test_a_home_is_told_of_looks_where_its_hub_can_read_them(tables: Tables) -> None:
    """A hub that is away, or from before there was such a word, is told nothing."""
    await two_homes(tables)
    await verdict(tables, PAGE, KARI, HOME)
    await tables.set_home_state(HOME, True, at(1))
    assert await tables.newest_looks() == {}
    await tables.hub_knows(HOME, 0)
    assert await tables.newest_looks() == {HOME: at(1)}
    await tables.set_home_state(HOME, False, at(2))
    assert await tables.newest_looks() == {}


async def test_a_session_ends_by_itself(tables: Tables) -> None:
    """After eight hours, after half an hour without an act, or at logout; a page's own asking is no act."""
    await tables.open_session("t1", KARI, NOON)
    assert await tables.session("t1", at(29)) == KARI
    assert await tables.session("t1", at(58), is_person=False) == KARI
    assert await tables.session("t1", at(59)) is None
    await tables.open_session("t2", KARI, NOON)
    for minute in range(0, 480, 20):
        assert await tables.session("t2", at(minute)) == KARI
    assert await tables.session("t2", NOON + timedelta(hours=8)) is None
    await tables.open_session("t3", OLA, at(1))
    await tables.close_session("t3")
    for ticket in ("t3", "", "t4"):
        assert await tables.session(ticket, at(2)) is None


async def test_no_ticket_stands_in_the_tables(tables: Tables) -> None:
    """Whoever reads the tables can't become anybody: what a browser holds is kept as a hash."""
    await tables.open_session("t1", KARI, NOON)
    ((id_,),) = await tables._rows("select id from session")
    assert id_ != "t1"
    assert await tables.session(id_, at(1)) is None


def test_nothing_in_the_ward_changes_or_removes_a_look() -> None:
    """The statements about looks only add and read."""
    folder = Path(__file__).parents[3] / "cloud_bridge" / "backend"
    texts = [path.read_text() for path in folder.rglob("*.py")]
    assert len(texts) > 30
    assert any("insert into look" in text for text in texts)
    assert not [text for text in texts if re.search(r"(update|delete\s+from|drop\s+table)\s+look\b", text)]
