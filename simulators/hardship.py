"""How hard a simulated life is: small troubles by probability, disasters by how often a day they strike."""

from dataclasses import dataclass

from simulators.fate import Unkindness
from simulators.virtual_faults import NO_FAULTS, Faults


@dataclass(frozen=True, slots=True)
class Hardship:
    """How hard life is: probabilities of small troubles, and how often a day each disaster strikes."""

    air: Unkindness
    road: Faults
    plans_per_day: float = 0.5
    """So often somebody writes a newer plan."""
    handovers_per_day: float = 4.0
    """So often somebody offers a home to another organisation, or decides upon an offer."""
    hub_cuts_per_day: float = 3.0
    ward_cuts_per_day: float = 2.0
    outages_per_day: float = 2.0
    broker_restarts_per_day: float = 1.0
    walks_per_day: float = 2.0
    no_clock_at_boot: float = 0.3
    hub_cut_in_visit: float = 0.1
    hub_cut_at_confirm: float = 0.02
    ward_cut_at_commit: float = 0.05
    ward_absences_per_day: float = 0.1
    steps_to_a_cut: int = 60_000
    """The power is cut between two awaits, somewhere in so many rounds of the loop; 0 is never."""
    disk_fills_per_day: float = 0.3
    disk_refusals_per_day: float = 0.3
    disk_refuses_at_confirm: float = 0.03
    clock_jumps_per_day: float = 0.3
    key_rotated_in_the_dark: float = 0.1
    key_rotation_cut: float = 0.5
    """So often the power goes in the middle of a rotation."""
    card_copied_in_the_dark: float = 0.1
    backups_per_day: float = 0.3
    card_suffers_in_the_dark: float = 0.04
    """So often somebody puts an older card in, another hub comes, or a page flips a bit."""


KIND = Hardship(Unkindness(), NO_FAULTS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
HARD = Hardship(
    Unkindness(connect_lost=0.1, link_lost=0.08, frame_garbled=0.05, confirm_lost=0.1),
    Faults(
        latency_s=(0.01, 0.4),
        publish_refused=0.03,
        ack_lost=0.05,
        connection_lost=0.03,
        half_open=0.01,
        duplicated=0.05,
        swallowed=0.02,
        overtaken=0.05,
    ),
)
