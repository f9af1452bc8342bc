"""The patient's shared, versioned treatment plan: defaults until a clinician approves each number."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.kinds import Kind

Level = Literal["yellow", "red"]
Side = Literal["below", "above"]

# A limit that is no number would never be broken, and nobody would notice.
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limit(BaseModel):
    """One individual threshold: opens below or above a value, closes only once back past `clear`."""

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    level: Level
    below: float | None = None
    above: float | None = None
    clear: float
    in_a_row: int = Field(default=1, ge=1, le=10)
    usual: float | None = None

    @model_validator(mode="after")
    def _one_side_with_hysteresis(self) -> Self:
        if (self.below is None) == (self.above is None):
            raise ValueError("write either below or above, not both and not neither")
        if self.below is not None and self.clear < self.below:
            raise ValueError(f"write a clear of {self.below:g} or more, else the alert flickers")
        if self.above is not None and self.clear > self.above:
            raise ValueError(f"write a clear of {self.above:g} or less, else the alert flickers")
        return self

    @property
    def side(self) -> Side:
        """On which side of its edge the limit is broken."""
        return "above" if self.below is None else "below"

    @property
    def edge(self) -> float:
        """The value beyond which an alert opens; the value itself is still within."""
        edge = self.above if self.below is None else self.below
        assert edge is not None, "a limit has exactly one side"
        return edge

    def is_beyond(self, value: float) -> bool:
        """Tell whether a value breaks the limit."""
        return value < self.edge if self.side == "below" else value > self.edge

    def is_clear(self, value: float) -> bool:
        """Tell whether a value lies back where an open alert may close."""
        return value >= self.clear if self.side == "below" else value <= self.clear


class Plan(BaseModel):
    """What the hub runs and both organisations see. A change is a new version, never an edit."""

    model_config = _STRICT

    version: int = Field(ge=1)
    approved_at: AwareDatetime
    approved_by_role: str
    is_verified: bool = False
    stale_h: float = Field(default=48.0, gt=0)
    limits: tuple[Limit, ...]

    @field_validator("limits")
    @classmethod
    def _ids_differ(cls, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        ids = [limit.id for limit in limits]
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            raise ValueError(f"two limits share the id {twice}; give each an id of its own")
        return limits
