"""How one page speaks: its language, its clock, its zone."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo

from markupsafe import Markup

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.baseline import BaselineEpoch
from cloud_bridge.contract.contradictions import Contradiction
from cloud_bridge.contract.nights import Night
from cloud_bridge.contract.plan import Limit, Plan, PlanPerson
from cloud_bridge.contract.unjudged import Unjudged
from cloud_bridge.look import say, times, words
from cloud_bridge.look.plan_said import contradiction_said, plan_changes_said, plan_said
from cloud_bridge.look.words import LANGUAGES, Language
from devices.kinds import Kind
from devices.readings import HOME, NOT_JUDGED, OF_DEVICE, Block, Reading

LATE_S = 3_600.0
"""A reading that came this long after it was measured is shown as late."""

_BESTS = {
    "personal best (home)": "best_home",
    "personal best (clinic)": "best_clinic",
    OF_DEVICE: "best_of_device",
}

SHAPES = {"red": "▲", "yellow": "◆", "green": "●", "unknown": "○"}


@dataclass(frozen=True, slots=True)
class Voice:
    """Says facts to people; templates know it as `say`."""

    language: Language
    now: datetime
    timezone: tzinfo

    @property
    def other_language(self) -> Language:
        """The language that the switch leads to."""
        return next(language for language in LANGUAGES if language != self.language)

    def word(self, key: str, **parts: object) -> str:
        """Return the words behind this key."""
        return words.word(self.language, key, **parts)

    def capital(self, key: str) -> str:
        """Return the words behind this key with a capital first; the rest stays, for SpO2 is not Spo2."""
        text = self.word(key)
        return text[:1].upper() + text[1:]

    def trouble(self, what: str) -> str:
        """Return what does not work, in words; a word of a newer hub is shown as it is."""
        key = f"technical_trouble_{what}"
        return self.word(key) if key in words.WORDS else self.word("technical_trouble_unknown", what=what)

    def refusals(self, reasons: Iterable[str]) -> str:
        """Return why something was not judged; a reason of a newer hub is shown as it is."""
        keys = ((reason, "unjudged_" + reason.strip("?").replace(" ", "_")) for reason in reasons)
        return self.listed(tuple(self.word(key) if key in words.WORDS else reason for reason, key in keys))

    def refused(self, unjudged: Unjudged) -> str:
        """Return why each rule did not judge something: the rules of one reason together."""
        rules: dict[str, list[str]] = {}
        for rule, reason in unjudged.why.items():
            rules.setdefault(reason, []).append(rule)
        return "; ".join(f"{', '.join(names)}: {self.refusals([why])}" for why, names in rules.items())

    def asked_or_measured(self, what: str) -> str:
        """Return a kind or a question with a capital first; one of a newer hub is shown as it is."""
        key = next((key for key in (f"kind_{what}", f"ask_{what}") if key in words.WORDS), None)
        return what if key is None else self.capital(key)

    def answer(self, answer: Answer) -> str:
        """Return one answer: what was asked, and the word or the number that was chosen."""
        return say.answer_said(answer, self.language)

    def night(self, night: Night) -> str:
        """Return a night in its figures."""
        return say.night_said(night, self.language)

    def plan(self, plan: Plan) -> tuple[str, ...]:
        """Return a whole plan line by line."""
        return tuple(plan_said(plan, self.language))

    def plan_changes(self, before: Plan, after: Plan) -> tuple[tuple[str, str], ...]:
        """Return what one plan says and the other does not: `gone` or `new`, line by line."""
        return plan_changes_said(before, after, self.language)

    def role(self, role: str) -> str:
        """Return a role at work; one of a newer ward is shown as it is."""
        key = f"role_{role}"
        return self.word(key) if key in words.WORDS else role

    def doubt(self, found: Contradiction) -> str:
        """Return in what a plan contradicts itself."""
        return contradiction_said(found, self.language)

    def day(self, on: date) -> str:
        """Return a day as people call it."""
        return times.date_said(on, self.now.astimezone(self.timezone).date(), self.language)

    def listed(self, said: tuple[str, ...]) -> str:
        """Return words in a row."""
        return words.listed(self.language, said)

    def counted(self, key: str, count: int) -> str:
        """Return the words for one or for many."""
        return words.counted(self.language, key, count)

    def ago(self, at: datetime | None) -> str:
        """Return when something was, standing alone."""
        return times.said(at, self.now, self.timezone, self.language)

    def moment(self, at: datetime) -> str:
        """Return when something was, inside a sentence."""
        return times.moment_said(at, self.now, self.timezone, self.language)

    def dated(self, at: datetime) -> str:
        """Return a moment that stays true when the page grows old: 22. nov. 07:42."""
        return times.dated_said(at, self.timezone, self.language)

    def time(self, at: datetime | None) -> Markup:
        """Return a time element: said as people say it, exact in its title."""
        return self._element(at, self.ago(at))

    def exact(self, at: datetime) -> Markup:
        """Return a time element that says the whole moment, for tables."""
        return self._element(at, times.exact(at, self.timezone))

    def span(self, seconds: float) -> str:
        """Return a length of time."""
        return times.span_said(seconds, self.language)

    def number(self, kind: Kind, value: float) -> str:
        """Return a value without its unit."""
        return say.number(kind, value, self.language)

    def amount(self, kind: Kind, value: float) -> str:
        """Return a value with its unit."""
        return say.amount(kind, value, self.language)

    def device(self, driver: str) -> str:
        """Return what the device of this driver is called."""
        return say.device(driver)

    def epoch(self, epoch: BaselineEpoch, driver: str) -> str:
        """Return how a device stands to what is usual; a kind of a newer hub is shown as it is."""
        is_known = epoch.kind in set(Kind)
        amount = self.amount(Kind(epoch.kind), epoch.offset) if is_known else f"{epoch.offset:g}"
        what = self.word(f"kind_{epoch.kind}") if f"kind_{epoch.kind}" in words.WORDS else epoch.kind
        known = self.word("epoch_settled" if epoch.is_settled else "epoch_learning")
        return self.word("epoch_said", kind=what, driver=self.device(driver), amount=amount, known=known)

    def because(self, alert: Alert) -> str:
        """Return why the alert changed."""
        return say.reason_said(alert, self.language)

    def limit(self, limit: Limit) -> str:
        """Return one limit of the plan as a line."""
        return say.limit_said(limit, self.language)

    def person(self, person: PlanPerson) -> str:
        """Return with whom somebody is compared."""
        return say.person_said(person, self.language)

    def status(self, level: str) -> Markup:
        """Return a status: shape and word and colour."""
        return Markup('<span class="status status-{}"><span aria-hidden="true">{}</span> {}</span>').format(
            level, SHAPES[level], self.word(f"status_{level}")
        )

    def teller(self, reading: Reading) -> str:
        """Return how well the device's language is known, and what the device said of itself."""
        words = () if reading.tier is None else (self.word(f"tier_{reading.tier}"),)
        told = ((field.name, getattr(reading.identity, field.name)) for field in fields(reading.identity))
        return " ".join((*words, *(self.word(f"identity_{name}", said=said) for name, said in told if said)))

    def quality(self, reading: Reading) -> str:
        """Return every remark on a reading, or that there is none."""
        remarks = [self.word(f"quality_{flag}") for flag in reading.quality]
        if reading.setting != HOME:
            remarks.insert(0, self.word(f"setting_{reading.setting}"))
        if reading.reference is not None:
            remarks.insert(0, self.word("compared_with", reference=self.reference(reading.reference)))
        if is_weak(reading):
            remarks.append(self.word("quality_not_judged"))
        if isinstance(reading, Block):
            count = sum(value is not None for value in reading.samples)
            span = self.span(reading.period_s * len(reading.samples))
            remarks.append(self.word("quality_block", n=count, span=span))
        return "; ".join(remarks) or self.word("quality_good")

    def reference(self, reference: str) -> str:
        """Return what a value was compared with: an equation bears its name, a personal best is a word."""
        key = _BESTS.get(reference)
        return reference if key is None else self.word(key)

    def _element(self, at: datetime | None, text: str) -> Markup:
        if at is None:
            return Markup("<span>{}</span>").format(text)
        title = times.exact(at, self.timezone)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), title, text)


def is_late(age_s: float) -> bool:
    """Tell whether a reading came long after it was measured."""
    return age_s > LATE_S


def is_weak(reading: Reading) -> bool:
    """Tell whether a reading is shown but never raises an alert."""
    return not NOT_JUDGED.isdisjoint(reading.quality)
