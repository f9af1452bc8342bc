"""A certificate that ends is told in time, again at each step, and no more once it is renewed."""

from datetime import UTC, datetime, timedelta

from gateway.certificate_watch import CertificateWatch
from gateway.troubles import Troubles
from tests.given import NOON, store


class Hub:
    """A hub's troubles, its clock and its certificate."""

    def __init__(self, folder, days):
        self.now = NOON
        self.expires_at = None if days is None else NOON + timedelta(days=days)
        self.troubles = Troubles(store(folder), now=lambda: self.now, on_change=lambda: None)
        self.watch = CertificateWatch(lambda: self.expires_at, self.troubles, now=lambda: self.now)

    def told(self):
        """Look, and return what is open."""
        self.watch.look()
        return [(trouble.what, trouble.about) for trouble in self.troubles.open]


def test_each_step_is_told_once_and_a_renewal_ends_it(tmp_path):
    """At 30, 14, 7 and 0 days there is one trouble; looking again adds none; a new certificate ends it."""
    hub = Hub(tmp_path, 40)
    told = []
    for _ in range(42):
        told.append(hub.told())
        assert hub.told() == told[-1]
        hub.now += timedelta(days=1)
    steps = list(dict.fromkeys(about for each in told for _, about in each))
    assert steps == ["30 days", "14 days", "7 days", "0 days"]
    assert told[0] == []
    assert max(map(len, told)) == 1
    hub.expires_at = hub.now + timedelta(days=365)
    assert hub.told() == []


def test_without_a_certificate_or_a_day_nothing_is_told(tmp_path):
    """Where there is none, nothing ends; and a hub in 1970 can't know that anything does."""
    assert Hub(tmp_path / "a", None).told() == []
    timeless = Hub(tmp_path / "b", -3)
    timeless.now = datetime(1970, 1, 1, tzinfo=UTC)
    assert timeless.told() == []
