"""Facts as sentences: a number with its unit, the ground of an alert, a limit of the plan."""

from cloud_bridge.contract.alert import Alert, Because, Change, Said
from cloud_bridge.contract.answers import Answer, words_of
from cloud_bridge.contract.nights import Night, NightRefused
from cloud_bridge.contract.plan import Limit, PlanPerson
from cloud_bridge.look.words import WORDS, Language, listed, number_word, word
from devices.kinds import CODINGS, Kind

_DECIMALS = {
    Kind.BODY_WEIGHT: 1,
    Kind.PERFUSION_INDEX: 1,
    Kind.BODY_TEMPERATURE: 1,
    **dict.fromkeys(
        (Kind.FEV1, Kind.FEV6, Kind.FVC, Kind.FEV05, Kind.FEV075, Kind.SLOW_VC, Kind.FEV1_BEST), 2
    ),
    **dict.fromkeys((Kind.FEV1_Z, Kind.FVC_Z, Kind.FEV1_FVC_Z, Kind.FEF25_75), 2),
}

_UNITS = {"1": "", "Cel": "°C", "mm[Hg]": "mmHg", "Ohm": "Ω", "kg/m2": "kg/m²"}
"""UCUM is for machines; where people write otherwise, so do we."""


def unit(kind: Kind) -> str:
    """Return the unit as people write it."""
    ucum = CODINGS[kind].unit
    return _UNITS.get(ucum, ucum)


def device(driver: str) -> str:
    """Return the id of a device's driver as people read it; a driver's own title only its hub knows.

    >>> device("weight_scale")
    'weight scale'
    """
    return driver.replace("_", " ")


def number(kind: Kind, value: float, language: Language) -> str:
    """Return a value as people write it, without its unit.

    >>> number(Kind.BODY_WEIGHT, 72.44, "nb"), number(Kind.SPO2, 84.0, "nb")
    ('72,4', '84')
    """
    is_whole = kind not in _DECIMALS and value == int(value)
    digits = f"{value:.0f}" if is_whole else f"{value:.{_DECIMALS.get(kind, 1)}f}"
    return digits.replace(".", word(language, "decimal_mark"))


def amount(kind: Kind, value: float, language: Language) -> str:
    """Return a value with its unit, held together by a space that does not break.

    >>> amount(Kind.SPO2, 84.0, "nb").split()
    ['84', '%']
    """
    return f"{number(kind, value, language)}\u00a0{unit(kind)}".rstrip("\u00a0")


def because_said(because: Because, change: Change, language: Language) -> str:
    """Return the ground of an alert as one sentence without a full stop."""
    kind = because.kind
    values = listed(language, tuple(number(kind, value, language) for value in because.values))
    parts = {
        "kind": word(language, f"kind_{kind}"),
        "values": f"{values}\u00a0{unit(kind)}",
        "limit": number(kind, because.limit, language),
        "clear": number(kind, because.clear, language),
        "count": number_word(language, len(because.values)),
    }
    if change == "closed":
        return word(language, f"because_closed_{because.side}", **parts)
    row = "row_" if len(because.values) > 1 else ""
    said = word(language, f"because_{row}{because.side}", **parts)
    if because.usual is None:
        return said
    return word(language, "because_usual", said=said, usual=number(kind, because.usual, language))


def reason_said(alert: Alert, language: Language) -> str:
    """Return why an alert changed, as one sentence without a full stop.

    A reason of a newer hub, which has no words here, is said as the hub wrote it.
    """
    if alert.said is not None and f"why_{alert.said.key}" in WORDS:
        said = _filled(alert.said, alert.because, language)
    elif alert.because is not None and alert.said is None:
        said = because_said(alert.because, "closed" if alert.change == "closed" else "opened", language)
    else:
        return alert.reason
    if alert.change == "closed" or alert.confirmation == "not_needed":
        return said
    return word(language, f"confirmation_{alert.confirmation}", said=said)


def _filled(said: Said, because: Because | None, language: Language) -> str:
    parts = {name: part_said(part, language) for name, part in said.parts.items()}
    if because is not None:
        parts |= {"kind": word(language, f"kind_{because.kind}"), "unit": unit(because.kind)}
    try:
        return word(language, f"why_{said.key}", **parts)
    except KeyError:  # a part that a newer hub calls otherwise
        return said.key


def part_said(part: float | tuple[str, ...], language: Language) -> str:
    """Return a part of a reason: a number as people write it, or words in a row.

    >>> part_said(38.50, "nb"), part_said(84.0, "nb")
    ('38,5', '84')
    """
    if isinstance(part, tuple):
        return listed(language, tuple(word(language, key) if key in WORDS else key for key in part))
    return f"{part:.3f}".rstrip("0").rstrip(".").replace(".", word(language, "decimal_mark"))


def answer_said(answer: Answer, language: Language) -> str:
    """Return one answer as words: tungpust: verre enn vanlig."""
    key = f"ask_{answer.question}"
    asked = word(language, key) if key in WORDS else answer.question
    chosen = next((each for each, value in words_of(answer.question).items() if value == answer.value), None)
    said = part_said(answer.value, language) if chosen is None else word(language, f"choice_{chosen}").lower()
    return f"{asked}: {said}"


def night_said(night: Night, language: Language) -> str:
    """Return a night in its figures, or why it has none."""
    if isinstance(night, NightRefused):
        return word(language, "told_night_refused", minutes=f"{night.valid_minutes:.0f}")
    figures = {
        "hours": night.valid_minutes / 60,
        "mean": night.mean,
        "lowest": night.lowest,
        "below_90": night.below_90_minutes,
        "below_88": night.below_88_minutes,
        "drops": night.desaturations_4_per_h,
    }
    parts = {name: part_said(round(value, 1), language) for name, value in figures.items()}
    said = word(language, "told_night", **parts)
    if night.goal_share is None:
        return said
    return f"{said}; {word(language, 'told_night_goal', share=f'{100 * night.goal_share:.0f}')}"


def limit_said(limit: Limit, language: Language) -> str:
    """Return one limit of the plan as a line: rød: metning under 85 %, lukkes ved 88."""
    side, edge = ("below", limit.below) if limit.below is not None else ("above", limit.above)
    assert edge is not None, "the plan has seen to it that a limit has one side"
    line = word(
        language,
        f"plan_limit_{side}",
        level=word(language, f"level_{limit.level}"),
        kind=word(language, f"kind_{limit.kind}"),
        limit=number(limit.kind, edge, language),
        unit=unit(limit.kind),
        clear=number(limit.kind, limit.clear, language),
    )
    if limit.in_a_row == 1:
        return line
    row = word(language, "plan_in_a_row", count=number_word(language, limit.in_a_row))
    return f"{line} ({row})"


def person_said(person: PlanPerson, language: Language) -> str:
    """Return with whom somebody is compared, in sentences: the equation, what it was told, the bests."""
    compared = word(
        language,
        "person_compared",
        equation=person.reference,
        sex=word(language, f"sex_{person.sex}"),
        year=person.birth_year,
        height=f"{person.height_cm:g}".replace(".", word(language, "decimal_mark")),
    )
    bests = ((Kind.FEV1, person.fev1_best), (Kind.PEF, person.pef_best))
    said = [
        f"{word(language, f'kind_{kind}')} {amount(kind, best.value, language)}"
        f" ({word(language, f'setting_{best.setting}')})"
        for kind, best in bests
        if best is not None
    ]
    if not said:
        return compared
    return f"{compared} {word(language, 'person_bests', bests=listed(language, tuple(said)))}"
