"""The stylesheet keeps its promises: contrast, lightness, logical directions, stillness."""

import re
from itertools import combinations
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "cloud_bridge/look/style.css").read_text()
TEXT_MIN = 7.0
LIGHTNESS_APART_MIN = 12.0


def _tokens(scheme):
    blocks = re.findall(r":root \{([^}]*)\}", CSS)
    light = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    dark = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1]))
    assert light.keys() == dark.keys()
    return light if scheme == "light" else dark


def _luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _lightness(colour):
    luminance = _luminance(colour)
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_a_contrast_of_seven(scheme):
    """Every pair of text and ground in use reaches 7:1, in light and in dark."""
    tokens = _tokens(scheme)
    pairs = [(text, ground) for text in ("ink", "ink-soft", "accent") for ground in ("ground", "paper")]
    pairs += [(f"on-{fill}", fill) for fill in ("red", "yellow", "green", "accent")]
    assert len(pairs) == 10
    low = {pair: round(_contrast(*(tokens[name] for name in pair)), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < TEXT_MIN} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_status_colours_differ_in_lightness(scheme):
    """Who sees no colours, and paper in grey, can still tell the three apart."""
    tokens = _tokens(scheme)
    for one, other in combinations(("red", "yellow", "green"), 2):
        assert abs(_lightness(tokens[one]) - _lightness(tokens[other])) >= LIGHTNESS_APART_MIN, (one, other)


def test_directions_are_logical():
    """A page in Arabic is the same page turned round: nothing is left or right."""
    physical = re.findall(r"(?<![\w-])(?:margin|padding|border|inset)?-?(?:left|right)\s*:", CSS)
    assert physical == []
    assert not re.search(r"text-align:\s*(left|right)", CSS)


def test_nothing_moves_blinks_or_is_fetched():
    """No animation, no transition, no font or picture from anywhere."""
    assert not re.search(r"animation|transition|@keyframes|url\(|@import|@font-face", CSS)


def test_two_weights_and_steps_of_four():
    """Weights are the two tokens; gaps, margins and paddings are steps of 4 px, or 2 px inside a badge."""
    assert set(re.findall(r"font-weight: ([^;]+);", CSS)) == {"var(--strong)", "var(--plain)"}
    spaced = re.findall(r"(?:padding|margin|gap)[\w-]*: ([^;]+);", CSS)
    sizes = {int(px) for value in spaced for px in re.findall(r"(\d+)px", value)}
    assert sizes - {2} <= set(range(0, 100, 4))
