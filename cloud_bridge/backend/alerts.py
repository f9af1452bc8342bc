"""Alerts as rows of the index, with what the log says of each."""

from datetime import datetime
from typing import Any

from cloud_bridge.backend.at_home import dated
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.views import OpenAlert
from cloud_bridge.contract.bodies import alert_from

_ALERTS = """
    select alert.home, alert.seq, entry.body, alert.at
    from alert
    join entry on entry.home = alert.home and entry.log = alert.log and entry.seq = alert.seq
    where alert.home = :home
    order by alert.at desc, alert.seq desc limit :count_max
"""
# By its id alone, so that a hub's clock that was set back cannot keep an alert open for ever.
_OPEN_ALERTS = """
    select alert.home, alert.seq, entry.body, alert.at
    from alert
    join entry on entry.home = alert.home and entry.log = alert.log and entry.seq = alert.seq
    where alert.change = 'opened' and not exists (
        select 1 from alert as later
        where later.home = alert.home and later.id = alert.id and later.change = 'closed'
    )
    order by case alert.level when 'red' then 0 else 1 end, alert.at, alert.home, alert.seq
"""
_OPEN_ALERTS_OF_HOME = _OPEN_ALERTS.replace("where alert.change", "where alert.home = :home and alert.change")


def open_alerts(transaction: Transaction, home: str | None = None) -> tuple[OpenAlert, ...]:
    """Return the alerts that are open now, of one home or of all: red before yellow, oldest first."""
    if home is None:
        return _alerts(transaction.rows(_OPEN_ALERTS))
    return _alerts(transaction.rows(_OPEN_ALERTS_OF_HOME, home=home))


def alerts_of(transaction: Transaction, home: str, count_max: int) -> tuple[OpenAlert, ...]:
    """Return every opening and closing of a home's alerts, newest first."""
    return _alerts(transaction.rows(_ALERTS, home=home, count_max=count_max))


def _alerts(rows: list[tuple[Any, ...]]) -> tuple[OpenAlert, ...]:
    return tuple(_alert(*row) for row in rows)


def _alert(home: str, seq: int, body: str, at: str | datetime) -> OpenAlert:
    alert = alert_from(body.encode())
    return OpenAlert(home, seq, alert, dated(at, alert.at))
