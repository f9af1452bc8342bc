"""Which one organisation is accountable for a home, since when and in which term, and who else may see."""

import re
from dataclasses import dataclass
from datetime import datetime

_ORGANISATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def is_organisation(text: str) -> bool:
    """Tell whether this can be an organisation: a plain name that is safe as a part of a topic.

    >>> is_organisation("org-ringsaker"), is_organisation("org/+"), is_organisation("")
    (True, False, False)
    """
    return _ORGANISATION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An organisation that may see without being accountable; `until` is None where nobody has set an end."""

    organisation: str
    since: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether it still holds; `since` is not asked, since a clock set back must lock nobody out."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Exactly one accountable organisation. `term` counts how often that was decided, and only grows.

    What a plan says under `follow` is what was agreed in words; who is accountable is said here alone.
    """

    accountable: str
    since: datetime
    term: int
    entitled: tuple[Entitlement, ...] = ()

    def may_see(self, organisation: str, now: datetime) -> bool:
        """Tell whether an organisation may see this home: the accountable one always, by any clock."""
        return organisation == self.accountable or any(
            each.organisation == organisation and each.holds(now) for each in self.entitled
        )
