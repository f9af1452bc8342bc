"""The papers are true where a machine can tell: they name what exists, and decisions are held by tests."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.house.papers import ROOT, commands, files, files_of_tests, name_of

PAPERS = files(".md")
FIRST_PAPERS = {
    "CHANGELOG.md", "CONTRIBUTING.md", "cloud_bridge/README.md", "cloud_bridge/backend/README.md",
    "cloud_bridge/look/README.md", "devices/README.md", "docs/limits.md", "gateway/README.md",
    "simulators/README.md", "systemd/README.md",
}  # fmt: skip

MADE_LATER = {
    "bonds.json",
    "keyring.json",
    "log.json",
    "summary.json",
    "hub.toml",
    "ward.toml",
    "plan.toml",
    "pictures",
}
"""Names of what only an installed program has, or `make pictures` makes."""

LINES = ("Because", "We", "Cost", "Undo if", "Held by")
DECISIONS_MIN, NAMED_MIN, COMMANDS_MIN, TARGETS_MIN = 40, 150, 15, 10

_SPAN = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[^\s`|,;()\[\]\"'=]+")
_FILE = re.compile(r"\.(?:py|toml|md|sql|css|js|html|json|conf|acl|service|txt)$")
_TITLE = re.compile(r"^([A-Z]\d+) · .+\d{4}-\d\d-\d\d · \w", re.MULTILINE)
_TEST = re.compile(r"\btest_\w+\b(?!\*|\.)")


def code(text: str) -> list[str]:
    """Return what is set as code: each span, and each line of each block."""
    blocks = _BLOCK.findall(text)
    rest = _BLOCK.sub("", text)
    return _SPAN.findall(rest) + [line for block in blocks for line in _lines(block)]


def _lines(block: str) -> list[str]:
    """Return a block's lines, those that go on joined, without what a person is told beside them."""
    return [line.partition("  #")[0] for line in block.replace("\\\n", " ").splitlines()]


def exists(word: str, paper: Path) -> bool:
    """Tell whether a path is there: from the root, from the paper's folder, or by name somewhere below it."""
    here = paper.parent
    if Path(word).stem in names_of_tests():
        return True
    if any(next(place.glob(word), None) is not None for place in (ROOT, here)):
        return True
    below = [name_of(path) for path in files() if path.is_relative_to(here)]
    return any(name.endswith(f"/{word}") or f"/{word}/" in name for name in below)


def is_ours(word: str) -> bool:
    """Tell whether a word claims to be a path of this repository."""
    is_elsewhere = word.startswith(("/", "~", "-")) or "://" in word or re.search(r"[<>{}$…@]", word)
    return not is_elsewhere and Path(word).name not in MADE_LATER


@cache
def names_of_tests() -> frozenset[str]:
    """Return the names of all test functions and of all test files."""
    functions = {
        name for path in files_of_tests() for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    return frozenset(functions | {path.stem for path in files_of_tests()})


def command_in(words: list[str], known: Iterable[str]) -> str | None:
    """Return the command that these words begin with; a group's name with a word it does not have is none."""
    named = [name for name in known if name and words[: len(name.split())] == name.split()]
    name = max(named, key=len, default=None)
    is_group = any(other.startswith(f"{name} ") for other in known)
    return None if is_group and words != str(name).split() else name


def decisions(paper: Path) -> list[tuple[str, str]]:
    """Return each decision's name and whole text, up to the next one."""
    found = []
    for block in _BLOCK.findall(paper.read_text()):
        starts = [match.start() for match in _TITLE.finditer(block)]
        for start, end in pairwise([*starts, len(block)]):
            found.append((block[start:].partition(" ")[0], block[start:end].strip()))
    return found


ALL_DECISIONS = [(paper, name, text) for paper in PAPERS for name, text in decisions(paper)]


def test_the_papers_are_there():
    """The walk finds every paper that the house begins with."""
    assert {name_of(path) for path in PAPERS} >= FIRST_PAPERS
    assert len(ALL_DECISIONS) >= DECISIONS_MIN
    assert (ROOT / "LICENSE").read_text().strip().startswith("Apache License")


def test_papers_name_files_that_exist():
    """Every file that a paper names, and every folder in code, is there."""
    walked, missing = 0, []
    for paper in PAPERS:
        text = paper.read_text()
        words = {word.rstrip(".:").partition("#")[0] for word in _WORD.findall(text)}
        named = {word for word in words if _FILE.search(word)}
        named |= {span for span in _SPAN.findall(text) if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*/", span)}
        for word in filter(is_ours, named):
            walked += 1
            if not exists(word.rstrip("/"), paper):
                missing.append(f"{name_of(paper)}: {word}")
    assert walked > NAMED_MIN
    assert missing == []


def test_papers_name_make_targets_that_exist():
    """Every `make x` in a paper is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = [
        (name_of(paper), word)
        for paper in PAPERS
        for line in code(paper.read_text())
        for word in re.findall(r"(?:^|&& )(?:sudo )?make ([a-z]+)", line)
    ]
    assert len(said) > TARGETS_MIN
    assert [each for each in said if each[1] not in targets] == []


def test_papers_name_commands_that_exist():
    """Every `pusterom x y --option` in a paper is a command, and its options are options of it."""
    known, walked, wrong = commands(), 0, []
    for paper in PAPERS:
        for line in code(paper.read_text()):
            for words in re.findall(r"\bpusterom((?: [a-z][a-z-]*)+)", line):
                walked += 1
                name = command_in(words.split(), known)
                options = re.findall(r"(?<= )--[a-z-]+", line.partition("pusterom" + words)[2])
                if name is None or set(options) - known[name]:
                    wrong.append(f"{name_of(paper)}: pusterom{words} {options}")
            if line.startswith("--"):
                walked += 1
                wrong += [line] * all(line.split()[0] not in options for options in known.values())
    assert walked > COMMANDS_MIN
    assert wrong == []


@pytest.mark.parametrize(("paper", "name", "text"), ALL_DECISIONS, ids=[name for _, name, _ in ALL_DECISIONS])
def test_a_decision_has_six_lines_and_is_held(paper, name, text):
    """Name, because, we, cost, undo if, held by; and what holds it is a test or a target that exists."""
    said = [line for row in text.splitlines() for line in LINES if row.startswith(f"{line} ")]
    assert said == list(LINES), f"{name_of(paper)}: {name}"
    held = text.partition("\nHeld by")[2]
    tests = set(_TEST.findall(held))
    assert tests <= names_of_tests(), f"{name_of(paper)}: {name} is held by {tests - names_of_tests()}"
    paths = [word.rstrip(".") for word in _WORD.findall(held) if word.startswith("tests/")]
    assert all(exists(path, paper) for path in paths)
    targets = re.findall(r"\bmake (check|test|sim)\b", held)
    assert tests or paths or targets, f"{name_of(paper)}: {name} is held by nothing"


def test_no_two_decisions_share_a_name():
    """Papers speak of G6 and D1: each is one decision."""
    names = [name for _, name, _ in ALL_DECISIONS]
    assert sorted(names) == sorted(set(names))


def test_links_lead_somewhere():
    """A relative link names something that is there."""
    walked, broken = 0, []
    for paper in PAPERS:
        for target in re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", paper.read_text())):
            walked += 1
            is_far = re.match(r"[a-z]+:|#", target)
            if not is_far and not (paper.parent / target.partition("#")[0]).exists():
                broken.append(f"{name_of(paper)}: {target}")
    assert walked >= 2
    assert broken == []


def test_papers_cite_names_and_never_lines():
    """A line number is wrong after the next commit."""
    cited = re.compile(r"\.(?:py|toml|sql|md|js|css|html):\d+|#L\d+|\bline \d+\b")
    assert [name_of(paper) for paper in PAPERS if cited.search(paper.read_text())] == []


def test_no_sentence_takes_an_element_into_its_words():
    """What stands in words is text: an element in it would be shown to people with its brackets."""
    element = re.compile(r"=\s*say\.(?:time|exact|status|plot)\(")
    pages = files(".html")
    assert len(pages) > 10
    assert [
        f"{name_of(path)}: {found[0]}" for path in pages if (found := element.findall(path.read_text()))
    ] == []


def test_nothing_that_people_see_is_called_an_alarm():
    """An alarm promises that somebody comes running; only the paper that forbids the word may say it."""
    seen = [*files(".html"), *files(".js"), *PAPERS]
    assert len(seen) > 12
    said = [
        f"{name_of(path)}: {line.strip()}"
        for path in seen
        for line in path.read_text().splitlines()
        if "alarm" in line.lower() and "never say" not in line.lower()
    ]
    words = tomllib.loads((ROOT / "cloud_bridge" / "look" / "words.toml").read_text())
    assert len(words) > 100
    assert said + [key for key, entry in words.items() if "alarm" in str(entry).lower()] == []


def test_the_changelog_knows_this_version():
    """The version that is built stands in the changelog, newest first."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    named = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert named[0] == version
