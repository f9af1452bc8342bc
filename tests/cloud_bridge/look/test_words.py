"""The table of words: complete, consistent, used, and free of words that promise too much."""

import re
import string
from pathlib import Path

import pytest

from cloud_bridge.contract.alert import Because
from cloud_bridge.contract.plan import Limit
from cloud_bridge.contract.trouble import FOUND_BY_WARD, TroubleKind
from cloud_bridge.look.say import amount, because_said, limit_said
from cloud_bridge.look.words import LANGUAGES, WORDS, listed
from devices.kinds import Kind
from devices.readings import Quality

ROOT = Path(__file__).parents[3]
FLOORS = (
    ROOT / "cloud_bridge/look",
    ROOT / "cloud_bridge/backend",
    ROOT / "gateway/web",
    ROOT / "gateway/alerts",
)


def _fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_everything_with_the_same_parts():
    """Every word exists in every language, is not empty, and fills in the same parts."""
    assert len(WORDS) > 150
    for key, said in WORDS.items():
        assert set(said) == set(LANGUAGES), key
        assert all(said.values()), key
        assert len({frozenset(_fields(text)) for text in said.values()}) == 1, key


def test_every_kind_and_quality_has_its_words():
    """What a device may say, a page can say."""
    wanted = [f"kind_{kind}" for kind in Kind] + [f"plain_{kind}" for kind in Kind]
    wanted += [f"quality_{flag}" for flag in Quality]
    wanted += [f"trouble_{kind}" for kind in TroubleKind if kind not in FOUND_BY_WARD]
    wanted += [f"technical_trouble_{kind}" for kind in TroubleKind]
    assert set(wanted) <= set(WORDS)


def test_no_word_is_unknown_and_none_is_left_over():
    """Every key that is asked for exists; every key that exists can be asked for."""
    files = [path for floor in FLOORS for path in floor.rglob("*") if path.suffix in {".py", ".html"}]
    assert len(files) > 15
    text = "\n".join(path.read_text() for path in files)
    asked = set(re.findall(r'word\((?:\w+\.)?(?:language, )?"(\w+)"[,)]', text))
    assert len(asked) > 60
    assert asked - set(LANGUAGES) <= set(WORDS)
    stems = set(re.findall(r"""["']([a-z0-9_]+)["']""", text))
    stems |= set(re.findall(r"""f["']([a-z_]+_)\{""", text)) | set(re.findall(r'"([a-z_]+_)" ~', text))
    made = {f"{key}{end}" for key in stems for end in ("", "_one", "_many", "_unknown")}
    prefixes = tuple(stem for stem in stems if stem.endswith("_"))
    sections = {
        f"{name}_title"
        for name in ("needs", "taken", "settled", "offers", "silent", "technical", "everybody")
    }
    left = {key for key in WORDS if key not in made | sections and not key.startswith(prefixes)}
    assert left == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_promises_what_we_do_not_do(language):
    """Nothing here is called an alarm, for nobody comes running."""
    for key, said in WORDS.items():
        assert "alarm" not in said[language].lower(), key


@pytest.mark.parametrize(
    ("because", "change", "nb", "en"),
    [
        (
            Because(Kind.SPO2, (84.0,), "below", 85, 88, 91),
            "opened",
            "metning 84 %, under grensen 85 (vanlig 91)",
            "SpO2 84 %, below the limit 85 (usual 91)",
        ),
        (
            Because(Kind.SPO2, (84.0, 83.5), "below", 85, 88, None),
            "opened",
            "metning 84 og 83,5 %, to målinger på rad under grensen 85",
            "SpO2 84 and 83.5 %, two in a row below the limit 85",
        ),
        (
            Because(Kind.BODY_WEIGHT, (73.46,), "above", 73, 72, 71),
            "opened",
            "vekt 73,5 kg, over grensen 73,0 (vanlig 71,0)",
            "weight 73.5 kg, above the limit 73.0 (usual 71.0)",
        ),
        (
            Because(Kind.PULSE_RATE, (101.0,), "above", 110, 105, 78),
            "closed",
            "puls 101 /min, 105 eller mindre igjen",
            "pulse 101 /min, back at 105 or less",
        ),
    ],
)
def test_the_ground_of_an_alert_is_a_sentence(because, change, nb, en):
    """Value with unit, side, limit, how often in a row, and what is usual: in both languages."""
    assert because_said(because, change, "nb").replace("\u00a0", " ") == nb
    assert because_said(because, change, "en").replace("\u00a0", " ") == en


def test_a_limit_is_a_line_and_a_list_is_a_list():
    """The plan can be read aloud."""
    limit = Limit(id="x", kind=Kind.SPO2, level="red", below=85, clear=88, in_a_row=2)
    assert limit_said(limit, "nb") == "rød: metning under 85 %, lukkes ved 88 (to på rad)"
    assert listed("nb", ("a", "b", "c")) == "a, b og c"
    assert amount(Kind.BODY_WEIGHT, 70, "nb") == "70,0\u00a0kg"
