"""Who is at work: a person, the organisation they act for, and their role there."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do in an organisation. Each may look at the homes that it is entitled to."""

    NURSE = "nurse"
    """Follows patients: handles alerts, writes plans, hands over."""
    PHYSICIAN = "physician"
    """As a nurse."""
    LEADER = "leader"
    """Sees figures and the audit log; no patients."""
    SYSTEM = "system"
    """A program of an organisation: reads what is told in FHIR, and nothing else."""


PEOPLE = frozenset({Role.NURSE, Role.PHYSICIAN, Role.LEADER})
"""The roles that somebody may log in with."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody at work. `person` is an id that the login gave, never a name or a national number."""

    person: str
    organisation: str
    role: Role


AT_THIS_MACHINE = Who("", "ward", Role.NURSE)
"""Whoever sits at the ward's own machine, where nobody logs in."""
