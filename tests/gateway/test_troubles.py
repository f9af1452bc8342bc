"""Technical alerts: opened once, closed once, over every restart, and told to the ward like any fact."""

import pytest

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.trouble import Trouble, TroubleKind, trouble_body, trouble_from
from gateway.store.file import NotTakenError
from gateway.troubles import Troubles
from tests.given import NOON, store


def troubles(log, news=None):
    """Return the troubles of a hub at noon."""
    return Troubles(log, now=lambda: NOON, on_change=(news if news is not None else []).clear)


def kept(log):
    """Return the troubles as the log tells them."""
    entries = log.entries(after=0, count_max=100)
    return [trouble_from(entry.body) for entry in entries if entry.kind == EntryKind.TROUBLE]


def test_a_trouble_opens_once_and_closes_once(tmp_path):
    """However often it is said, one opening and one closing stand in the log, under one id."""
    log = store(tmp_path)
    hub = troubles(log)
    for _ in range(3):
        hub.begin(TroubleKind.RADIO_AWAY, "no adapter")
    for _ in range(3):
        hub.end(TroubleKind.RADIO_AWAY)
    opened, closed = kept(log)
    assert (opened.change, closed.change, opened.id) == ("opened", "closed", closed.id)
    assert (opened.what, opened.detail, hub.open) == ("radio_away", "no adapter", ())


def test_what_is_open_survives_a_restart(tmp_path):
    """A hub that starts anew knows its open troubles, does not open them again, and can close them."""
    first = store(tmp_path)
    troubles(first).begin(TroubleKind.DISK_FULL, "12 MB left")
    first.close()
    again = store(tmp_path)
    hub = troubles(again)
    assert [trouble.what for trouble in hub.open] == ["disk_full"]
    hub.begin(TroubleKind.DISK_FULL, "11 MB left")
    hub.end(TroubleKind.DISK_FULL)
    assert [trouble.change for trouble in kept(again)] == ["opened", "closed"]


def test_two_of_one_kind_are_told_apart_by_what_they_are_about(tmp_path):
    """The end of one is not the end of the other, and a second opening of one kind has an id of its own."""
    log = store(tmp_path)
    hub = troubles(log)
    hub.begin(TroubleKind.CERTIFICATE_ENDS, "7 days", about="ca.pem")
    hub.begin(TroubleKind.CERTIFICATE_ENDS, "9 days", about="hub.pem")
    hub.end(TroubleKind.CERTIFICATE_ENDS, about="ca.pem")
    hub.begin(TroubleKind.CERTIFICATE_ENDS, "6 days", about="ca.pem")
    assert {trouble.about for trouble in hub.open} == {"ca.pem", "hub.pem"}
    assert len({trouble.id for trouble in kept(log)}) == 3


def test_memory_follows_the_log_and_never_leads(tmp_path):
    """A trouble that the disk does not take is not open: it waits, and is kept when the disk takes it."""
    log = store(tmp_path)
    hub = troubles(log)
    log._db.execute("pragma query_only = on")
    hub.begin(TroubleKind.RADIO_AWAY, "no adapter")
    with pytest.raises(NotTakenError):
        hub.keep_waiting()
    assert hub.open == ()
    log._db.execute("pragma query_only = off")
    hub.keep_waiting()
    assert [trouble.what for trouble in hub.open] == ["radio_away"]


def test_what_is_over_before_it_could_be_kept_is_not_told(tmp_path):
    """A trouble that came and went while the disk took nothing opens no alert that nobody would close."""
    log = store(tmp_path)
    hub = troubles(log)
    log._db.execute("pragma query_only = on")
    hub.begin(TroubleKind.RADIO_AWAY, "no adapter")
    hub.end(TroubleKind.RADIO_AWAY)
    log._db.execute("pragma query_only = off")
    hub.keep_waiting()
    assert kept(log) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"id":"a","what":"two words","change":"opened","at":"2027-01-05T12:00:00Z"}',
     b'{"id":"a","what":"x","change":"perhaps","at":"2027-01-05T12:00:00Z"}',
     b'{"id":"a","what":"x","change":"opened","at":"2027-01-05T12:00:00"}',
     b'{"id":"","what":"x","change":"opened","at":"2027-01-05T12:00:00Z"}'],
)  # fmt: skip
def test_what_is_no_trouble_is_a_contract_error(body):
    """Without a name, a moment or one of the two changes there is no trouble to show."""
    with pytest.raises(ContractError):
        trouble_from(body)


def test_a_word_of_a_newer_hub_is_still_a_trouble():
    """An older ward shows what it has never heard of, instead of putting it aside."""
    newer = Trouble("a-1", "moon_too_near", "opened", NOON, detail="very")
    assert trouble_from(trouble_body(newer)) == newer
