"""Checks 1 to 16: the driver as a value, and whose advertisements it takes for its device's."""

import re
from random import Random
from typing import get_args

from devices.driver import DRIVER_API, Advertisement, Driver, uuid16
from devices.kinds import Kind
from devices.readings import Tier
from simulators.conformance.case import MORNING, Case, require
from simulators.conformance.kit import Checks
from simulators.virtual_radio import call_of

ID_PATTERN = r"[a-z][a-z0-9_]{1,31}"
UUID_PATTERN = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SENTENCE_LENGTH_MAX = 240
TITLE_LENGTH_MAX = 60
STRANGERS = 300


def add_to(checks: Checks) -> None:
    """Add these checks."""
    checks.add(1, "it is a Driver of this house's API")(is_a_driver)
    checks.add(2, "its id is a short lower-case word")(has_an_id)
    checks.add(3, "its title can stand in a table")(has_a_title)
    checks.add(4, "its tier is one of three")(has_a_tier)
    checks.add(5, "it says which kinds of reading it gives, each once")(has_kinds)
    checks.add(6, "it either talks or overhears")(talks_or_overhears)
    checks.add(7, "it names characteristics by their long UUIDs")(speaks_in_long_form)
    checks.add(8, "its quirks are sentences")(has_quirks)
    checks.add(9, "its vectors are labels, each once")(has_labels)
    checks.add(10, "it knows its own twin's call")(knows_its_twin)
    checks.add(11, "it takes no stranger without a word for its device")(leaves_the_silent)
    checks.add(12, "it takes none of the other devices that we know")(leaves_the_others)
    checks.add(13, "it answers yes or no to any call, and raises nothing")(answers_any_call)
    checks.add(14, "the same call has the same answer")(answers_alike)
    checks.add(15, "its twin has an address and a name that fit the air")(twin_has_a_name)
    checks.add(16, "each twin has a memory of its own")(twins_share_nothing)


def is_a_driver(case: Case) -> None:
    """A value of our class, made for our version."""
    require(isinstance(case.driver, Driver), f"it is a {type(case.driver).__name__}")
    require(
        case.driver.api == DRIVER_API, f"it is made for version {case.driver.api}, we are at {DRIVER_API}"
    )


def has_an_id(case: Case) -> None:
    """Ids stand in logs, topics of pages and file names."""
    require(re.fullmatch(ID_PATTERN, case.driver.id), f"its id is {case.driver.id!r}")


def has_a_title(case: Case) -> None:
    """People read it."""
    title = case.driver.title
    require(title.strip() == title and title.isprintable(), f"its title is {title!r}")
    require(0 < len(title) <= TITLE_LENGTH_MAX, f"its title has {len(title)} letters")


def has_a_tier(case: Case) -> None:
    """How we know the language is said honestly, in one of three words."""
    require(case.driver.tier in get_args(Tier), f"its tier is {case.driver.tier!r}")


def has_kinds(case: Case) -> None:
    """A driver without readings is none."""
    kinds = case.driver.kinds
    require(kinds, "it gives nothing")
    require(all(isinstance(kind, Kind) for kind in kinds), f"not every one is a Kind: {kinds}")
    require(len(set(kinds)) == len(kinds), "it says one of them twice")


def talks_or_overhears(case: Case) -> None:
    """Both would be two ways for one fact."""
    has_session, has_ear = case.driver.session is not None, case.driver.overhear is not None
    require(has_session != has_ear, "it has both" if has_session else "it has neither")


def speaks_in_long_form(case: Case) -> None:
    """The only form the house uses."""
    require(case.driver.speaks or case.driver.session is None, "it names none")
    bad = [char for char in case.driver.speaks if not re.fullmatch(UUID_PATTERN, char)]
    require(not bad, f"not in long form and lower case: {bad}")


def has_quirks(case: Case) -> None:
    """People read them when a device behaves oddly."""
    for quirk in case.driver.quirks:
        require(quirk.endswith(".") and quirk[0] == quirk[0].upper(), f"no sentence: {quirk!r}")
        require(len(quirk) <= SENTENCE_LENGTH_MAX, f"{len(quirk)} letters are too many: {quirk[:40]!r}")


def has_labels(case: Case) -> None:
    """Devices in the vectors file for which it answers."""
    labels = case.driver.vectors
    require(all(isinstance(label, str) and label for label in labels), f"no labels: {labels}")
    require(len(set(labels)) == len(labels), "it names one of them twice")


def knows_its_twin(case: Case) -> None:
    """Else no hub would ever visit."""
    twin = case.make_twin()
    twin.measure_any(MORNING, Random(1))
    require(case.driver.matches(call_of(twin)) is True, "it does not know its own twin")


def leaves_the_silent(case: Case) -> None:
    """A call that says nothing is nobody's; a heart-rate belt and a phone are not ours either."""
    for seen in (
        Advertisement("F0:00:00:00:FF:01"),
        Advertisement("F0:00:00:00:FF:02", "Somebody's phone", frozenset({uuid16(0x180F)})),
        Advertisement("F0:00:00:00:FF:03", "HRM belt", frozenset({uuid16(0x180D), uuid16(0x180A)})),
        Advertisement("F0:00:00:00:FF:04", manufacturer_data={0x004C: b"\x10\x05\x03\x18"}),
    ):
        require(not case.driver.matches(seen), f"it takes a stranger for its device: {seen}")


def leaves_the_others(case: Case) -> None:
    """Two drivers for one call would make the catalogue's order decide."""
    for other in case.others:
        other.measure_any(MORNING, Random(1))
        require(not case.driver.matches(call_of(other)), f"it takes {other.name} for its device")


def answers_any_call(case: Case) -> None:
    """Anything may be on the air."""
    for seen in _strange_calls():
        answer = case.driver.matches(seen)
        require(isinstance(answer, bool), f"it answers {answer!r} to {seen}")


def answers_alike(case: Case) -> None:
    """A driver that remembers what it heard would know a device only sometimes."""
    twin = case.make_twin()
    twin.measure_any(MORNING, Random(1))
    for seen in (call_of(twin), *_strange_calls()):
        require(case.driver.matches(seen) == case.driver.matches(seen), f"two answers to {seen}")


def twin_has_a_name(case: Case) -> None:
    """A name longer than a scan response can't be called."""
    twin = case.make_twin()
    require(re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", twin.address), f"its address is {twin.address!r}")
    require(len(twin.name.encode()) <= 29, f"its name is too long for the air: {twin.name!r}")


def twins_share_nothing(case: Case) -> None:
    """Two homes may have the same model."""
    one, other = case.make_twin(), case.make_twin()
    one.measure_any(MORNING, Random(1))
    require(one.measured and not other.measured, "what one twin measures, another remembers")


def _strange_calls() -> list[Advertisement]:
    dice = Random(13)
    return [
        Advertisement(
            f"F0:00:00:00:{dice.randrange(256):02X}:{dice.randrange(256):02X}",
            "".join(chr(dice.randrange(1, 0x2FF)) for _ in range(dice.randrange(20))),
            frozenset(uuid16(dice.randrange(0x10000)) for _ in range(dice.randrange(3))),
            {uuid16(dice.randrange(0x10000)): dice.randbytes(dice.randrange(27))},
            {dice.randrange(0x10000): dice.randbytes(dice.randrange(27))},
        )
        for _ in range(STRANGERS)
    ]
