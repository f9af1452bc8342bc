"""What whoever decides upon a hand-over must read, and what a form of theirs wants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

from cloud_bridge.backend.views import OpenAlert, Person, Views
from cloud_bridge.backend.who import AT_THIS_MACHINE, Who
from cloud_bridge.backend.worklist import stranger
from cloud_bridge.contract.baseline import BaselineEpoch
from cloud_bridge.contract.handover import OFFER_DAYS_MAX, Accept, Offer, Refuse, Wanted, Withdraw
from cloud_bridge.contract.handover_content import (
    Check,
    Content,
    HandedAlert,
    HandedContact,
    HandedDevice,
)
from cloud_bridge.contract.handover_record import HandoverState
from cloud_bridge.contract.plan import Plan

CHECKLIST = ("medicines", "inhaler", "plan", "devices", "appointment", "relatives")
"""The discharge list, as the keys of its words; what belongs on it is UNVERIFIED."""

OFFER_DAYS = (1, 3, 7, 14, OFFER_DAYS_MAX)
_DEVICES_COUNT_MAX = 500
_DEVICE_DAYS = 30


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Everything that the page shows of one home's hand-over."""

    home: str
    person: Person
    state: HandoverState
    names: Mapping[str, str]
    checklists: Mapping[str, tuple[str, ...]]
    """The lists of those who have one of their own."""
    plan: Plan | None
    open_alerts: tuple[OpenAlert, ...]
    devices: tuple[tuple[str, str], ...]
    """Address and driver of what has measured here lately."""
    epochs: tuple[BaselineEpoch, ...]
    who: Who

    @property
    def is_anybody(self) -> bool:
        """Whether nobody logs in here, so that the form says for whom it speaks."""
        return self.who == AT_THIS_MACHINE

    def may(self, organisation: str) -> bool:
        """Tell whether whoever looks may speak for this organisation."""
        return self.is_anybody or self.who.organisation == organisation

    def checks(self, word: Callable[[str], str]) -> dict[str, str]:
        """Return what is gone through before a hand-over: the giver's own list, or the ward's."""
        own = self.checklists.get(self.state.responsibility.accountable, ())
        if own:
            # By what it says: a list that is exchanged meanwhile must not mark another line as done.
            return {blake2b(line.encode(), digest_size=8).hexdigest(): line for line in own}
        return {check: word(f"check_{check}") for check in CHECKLIST}

    def name(self, organisation: str) -> str:
        """Return how people call an organisation."""
        return self.names.get(organisation, organisation)


async def handed_over(views: Views, home: str, who: Who, now: datetime) -> HandedOver | None:
    """Return the page as values; None where nobody has begun to follow this home."""
    state = await views.handovers(home)
    if state is None:
        return None
    person = next((each for each in await views.people() if each.home == home), None)
    since = now - timedelta(days=_DEVICE_DAYS)
    kept = await views.readings(home, since=since, count_max=_DEVICES_COUNT_MAX)
    devices = {each.reading.device: each.reading.driver for each in kept if not each.reading.is_derived}
    known = await views.organisations()
    return HandedOver(
        home=home,
        person=person or stranger(home),
        state=state,
        names={each.organisation: each.name for each in known},
        checklists={each.organisation: each.checklist for each in known if each.checklist},
        plan=await views.plan(home),
        open_alerts=await views.open_alerts(home),
        devices=tuple(sorted(devices.items())),
        epochs=(await views.told(home)).epochs,
        who=who,
    )


def wanted_of(
    shown: HandedOver, fields: Mapping[str, str], checks: Mapping[str, str], now: datetime
) -> Wanted:
    """Return what a form wants; raise KeyError or ValueError for what no such form says."""
    by = fields["by"] if shown.is_anybody else shown.who.organisation
    said = {"id": fields["id"], "home": shown.home, "by": by, "role": shown.who.role.value}
    seen = int(fields["seen"])
    match fields["act"]:
        case "accept":
            return Accept(**said, seen=seen, offer=fields["offer"])
        case "refuse":
            return Refuse(**said, seen=seen, offer=fields["offer"], reason=fields.get("reason", ""))
        case "withdraw":
            return Withdraw(**said, seen=seen, offer=fields["offer"], reason=fields.get("reason", ""))
        case "offer":
            days = int(fields["days"])
            if days not in OFFER_DAYS:
                raise ValueError("nobody may choose so many days")
            until, content = now + timedelta(days=days), _content(shown, fields, checks, by)
            return Offer(**said, seen=seen, to=fields["to"], until=until, content=content)
        case _:
            raise ValueError("nobody may want that")


def _content(shown: HandedOver, fields: Mapping[str, str], checks: Mapping[str, str], by: str) -> Content:
    plan = shown.plan
    return Content(
        plan_version=1 if plan is None else plan.version,
        why_now=fields["why_now"].strip(),
        summary=fields.get("summary", "").strip(),
        epochs=shown.epochs,
        alerts=tuple(_alerts(shown.open_alerts, fields)),
        devices=tuple(
            HandedDevice(device=device, driver=driver, owner=by, goes=_goes(fields, device))
            for device, driver in shown.devices
        ),
        contacts=() if plan is None else tuple(HandedContact(**each.model_dump()) for each in plan.contacts),
        checklist=tuple(
            Check(what=what, is_done=fields.get(f"check:{check}") == "yes", by_role=shown.who.role.value)
            for check, what in checks.items()
        ),
    )


def _alerts(alerts: Sequence[OpenAlert], fields: Mapping[str, str]) -> list[HandedAlert]:
    """Say what becomes of each alert that stood on the page; one that opened meanwhile is not among them."""
    named = [each.alert.id for each in alerts if f"alert:{each.alert.id}" in fields]
    return [
        HandedAlert.model_validate(
            {"id": id_, "goes": fields[f"alert:{id_}"], "reason": fields.get(f"reason:{id_}", "").strip()}
        )
        for id_ in named
    ]


def _goes(fields: Mapping[str, str], device: str) -> Literal["given_back", "stays"]:
    return "given_back" if fields.get(f"device:{device}") == "given_back" else "stays"
