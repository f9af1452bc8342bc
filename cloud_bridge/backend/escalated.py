"""Tells whoever the plan names what nobody has seen in time: the ward's own act, kept like a person's."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from cloud_bridge.backend.alerts import open_alerts
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.handled import handled_of, keep_handled
from cloud_bridge.backend.handling import held
from cloud_bridge.backend.plans import plans_of
from cloud_bridge.backend.sharing import Organisation, organisations, responsibility_of
from cloud_bridge.backend.views import Handled
from cloud_bridge.backend.who import Role, Who

WARD = "ward"
"""Who acts where no person does."""


def escalate(transaction: Transaction, now: datetime) -> tuple[str, ...]:
    """Escalate what is overdue, each once for all that stands there; return in which homes.

    Only an organisation that takes part and may see the home is told: a plan opens no door. Anybody
    else whom a plan names must be called by people, and the list says so.
    """
    known = organisations(transaction)
    due = tuple(_due(transaction, known, now))
    for each in due:
        keep_handled(transaction, each)
    return tuple(each.home for each in due)


def named(to: str, known: Iterable[Organisation]) -> str | None:
    """Return the organisation that a plan means, by its id or its name; None where it is none of them.

    >>> named("Sykehuset ", [Organisation("shi", "sykehuset", "hospital")])
    'shi'
    """
    meant = to.strip().casefold()
    return next((one.organisation for one in known if meant in (one.organisation, one.name.casefold())), None)


def _due(transaction: Transaction, known: Iterable[Organisation], now: datetime) -> Iterator[Handled]:
    alerts = sorted(open_alerts(transaction), key=lambda each: each.home)
    for home, of_home in groupby(alerts, key=lambda each: each.home):
        plan = plans_of(transaction, home).in_force
        if plan is None or plan.escalation is None:
            continue
        to, held_by = named(plan.escalation.to, known), responsibility_of(transaction, home)
        if to is None or held_by is None or not held_by.may_see(to, now):
            continue
        by = Who(WARD, to, Role.SYSTEM)
        for each in held(tuple(of_home), handled_of(transaction, home), plan, now):
            if each.care.overdue_at is not None and each.care.escalated is None:
                upto = each.matter.newest_at
                yield Handled(home=home, matter=each.matter.id, act="escalated", by=by, at=now, upto=upto)
