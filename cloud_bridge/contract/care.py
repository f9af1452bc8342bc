"""What the plan says of a person besides limits: targets, who follows, what to do, whom to call."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud_bridge.contract.answers import Question

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

LINES_MAX = 40
"""So many contacts, organisations or questions a plan has at most."""

_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"

Text = dict[str, str]
"""What people read, by language (nb, en, ar …)."""


class Usual(BaseModel):
    """What is usual for this person in a stable phase; None where nobody has said."""

    model_config = _STRICT

    spo2: float | None = Field(default=None, ge=50, le=100)
    pulse_rate: float | None = Field(default=None, ge=30, le=200)
    fev1: float | None = Field(default=None, ge=0.2, le=10)
    """In litres, by the home's own spirometer."""


class Targets(BaseModel):
    """Which saturation is aimed at, and on what; scale 2 only where a clinician has said so."""

    model_config = _STRICT

    saturation: Literal["88-92", "94-98"]
    oxygen: Literal["air", "oxygen"] = "air"
    oxygen_l_min: float | None = Field(default=None, gt=0, le=15)
    is_ltot: bool = False
    """Long-term oxygen treatment."""
    news2_scale: Literal[1, 2] = 1
    usual: Usual = Usual()


class Conditions(BaseModel):
    """What else changes how a number is to be read."""

    model_config = _STRICT

    has_heart_failure: bool = False
    has_pacemaker: bool = False
    takes_beta_blocker: bool = False


class Follow(BaseModel):
    """Which organisations follow; a role and no person."""

    model_config = _STRICT

    accountable: str = Field(min_length=1, max_length=100)
    informed: tuple[str, ...] = Field(default=(), max_length=LINES_MAX)


class Asked(BaseModel):
    """One question of the daily form, and its words where the plan has its own."""

    model_config = _STRICT

    question: Question
    text: Text = Field(default_factory=dict)


class Advice(BaseModel):
    """What the patient should do in each zone, by language."""

    model_config = _STRICT

    green: Text = Field(default_factory=dict)
    yellow: Text = Field(default_factory=dict)
    red: Text = Field(default_factory=dict)

    def said(self, zone: str, language: str) -> str | None:
        """Return what to do in a zone, in this language; None where the plan does not say it."""
        text: Text = getattr(self, zone, {})
        return text.get(language)

    @field_validator("green", "yellow", "red")
    @classmethod
    def _by_language(cls, text: Text) -> Text:
        return known_languages(text)


class Contact(BaseModel):
    """Whom to call, when, and in which zones."""

    model_config = _STRICT

    who: str = Field(min_length=1, max_length=100)
    phone: str = Field(pattern=r"^\+?[0-9 ]{3,20}$")
    open_hours: str = Field(default="", max_length=100)
    zones: tuple[Literal["green", "yellow", "red"], ...] = ("green", "yellow", "red")


class Escalation(BaseModel):
    """How soon somebody must have seen an alert, before the next one is told; unverified."""

    model_config = _STRICT

    red_seen_within_min: float = Field(default=60.0, gt=0, le=24 * 60 * 7)
    yellow_seen_within_h: float = Field(default=24.0, gt=0, le=24 * 60)
    to: str = Field(default="", max_length=100)
    """Who is to look then: an organisation by its id or name is told by the ward, anybody else by people."""

    @model_validator(mode="after")
    def _red_sooner(self) -> Self:
        if self.red_seen_within_min > 60 * self.yellow_seen_within_h:
            raise ValueError("write a red_seen_within_min that is not longer than yellow_seen_within_h")
        return self


def known_languages(text: Text) -> Text:
    """Return a text whose languages are named as the web names them; raise ValueError otherwise."""
    for language, said in text.items():
        if not re.fullmatch(_LANGUAGE, language):
            raise ValueError(f"{language!r} is no language; write nb, en, ar and the like")
        if not said.strip():
            raise ValueError(f"the text in {language} is empty; write it or remove it")
    return text
