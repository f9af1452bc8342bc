"""Who may do what in the ward: each route declares what it needs, and one function decides; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from cloud_bridge.backend.who import PEOPLE, Role, Who
from cloud_bridge.contract.responsibility import Responsibility

Concerns = Literal["nobody", "home_in_path", "home_in_form", "all_homes", "homes_in_answer"]
"""Whose homes a route shows; those of `homes_in_answer` are noted by whoever makes the answer."""

What = Literal[
    "", "list", "patient", "handover", "handover_act", "handle", "looks", "fhir", "plan", "plan_change"
]

ACTS: frozenset[What] = frozenset({"handover_act", "handle", "plan_change"})
"""Each of these is a row of its own; looks of the live page are gathered."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a route needs of whoever asks. A route without roles is for everybody, also for strangers."""

    roles: frozenset[Role] = frozenset()
    concerns: Concerns = "nobody"
    what: What = ""
    """What is noted of it; each that concerns a home is noted."""
    is_page: bool = True
    """A stranger is led to the login from a page, and refused where there is only data."""
    is_fhir: bool = False
    """It speaks FHIR, also where it refuses; programs ask it with a token."""
    is_for_receiver: bool = False
    """Also the organisation that the home is offered to may, while the offer stands."""
    is_for_accountable: bool = False
    """Only the accountable organisation may; whoever else may see the home is told of no such page."""


class Verdict(Enum):
    """What becomes of whoever asks."""

    ADMITTED = "admitted"
    STRANGER = "stranger"
    WRONG_ROLE = "wrong_role"
    NO_SUCH_HOME = "no_such_home"
    """Also where there is one that this organisation may not see: nobody learns that it exists."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a home stands to an organisation: the record, and whether the home is offered to it now."""

    responsibility: Responsibility
    is_offered: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict, and the homes that may be shown; None where nobody logs in, so that all are shown."""

    verdict: Verdict
    homes: frozenset[str] | None = None
    offered: frozenset[str] = frozenset()
    """The homes that wait for the answer of whoever asks."""

    def shows(self, home: str) -> bool:
        """Tell whether this home may stand on a list."""
        return self.homes is None or home in self.homes

    def shows_offer(self, home: str) -> bool:
        """Tell whether an offer of this home may stand on a list."""
        return self.shows(home) or home in self.offered


_CLINICAL = frozenset({Role.NURSE, Role.PHYSICIAN})
_FHIR = Need(_CLINICAL | {Role.SYSTEM}, "homes_in_answer", "fhir", is_page=False, is_fhir=True)
_LIST = Need(_CLINICAL, "all_homes", "list")
_PATIENT = Need(_CLINICAL, "home_in_path", "patient")
_HANDOVER = Need(_CLINICAL, "home_in_path", "handover", is_for_receiver=True)
_DECIDE = Need(_CLINICAL, "home_in_path", "handover_act", is_for_receiver=True)
_PLAN = Need(_CLINICAL, "home_in_path", "plan")
_WRITE_PLAN = Need(_CLINICAL, "home_in_path", "plan_change", is_for_accountable=True)
_LOOKS = Need(PEOPLE, "home_in_path", "looks")

NEEDS: Mapping[tuple[str, str], Need] = {
    ("GET", "/"): _LIST,
    ("GET", "/patient/{home}"): _PATIENT,
    ("GET", "/patient/{home}/handover"): _HANDOVER,
    ("POST", "/patient/{home}/handover"): _DECIDE,
    ("GET", "/patient/{home}/plan"): _PLAN,
    ("POST", "/patient/{home}/plan"): _WRITE_PLAN,
    ("GET", "/patient/{home}/looks"): _LOOKS,
    ("POST", "/handle"): Need(_CLINICAL, "home_in_form", "handle", is_page=False),
    ("GET", "/figures"): Need(PEOPLE),  # names no home
    ("GET", "/figures.csv"): Need(PEOPLE, is_page=False),
    ("GET", "/figures.json"): Need(PEOPLE, is_page=False),
    ("GET", "/changes"): Need(PEOPLE, is_page=False),  # says that, and not where
    ("GET", "/fhir/metadata"): Need(is_page=False, is_fhir=True),
    ("GET", "/fhir/{kind}"): _FHIR,
    ("GET", "/fhir/{kind}/{id}"): _FHIR,
    ("GET", "/look/{name}"): Need(),
    ("GET", "/health"): Need(),
    ("GET", "/login"): Need(),
    ("GET", "/login/callback"): Need(),
    ("POST", "/logout"): Need(),
}
"""Every route of the ward. One that stands not here is answered as if there were none."""


def decide(need: Need, who: Who | None, standing: Standing | None, now: datetime) -> Verdict:
    """Decide upon a request; `standing` is None for a home that nobody follows, or that nobody named.

    The role comes first: what it is answered says nothing of any home.
    """
    if not need.roles:
        return Verdict.ADMITTED
    if who is None:
        return Verdict.STRANGER
    if who.role not in need.roles:
        return Verdict.WRONG_ROLE
    if need.concerns in ("nobody", "all_homes", "homes_in_answer"):
        return Verdict.ADMITTED
    return Verdict.ADMITTED if _may(need, who, standing, now) else Verdict.NO_SUCH_HOME


def _may(need: Need, who: Who, standing: Standing | None, now: datetime) -> bool:
    if standing is None:
        return False
    if need.is_for_accountable:
        return who.organisation == standing.responsibility.accountable
    if standing.responsibility.may_see(who.organisation, now):
        return True
    return need.is_for_receiver and standing.is_offered
