"""The words that people read: one table, words.toml, with a column for each language."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

Language = Literal["nb", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
FIRST_LANGUAGE: Language = "nb"

WORDS: Mapping[str, Mapping[Language, str]] = tomllib.loads(
    Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
)


def word(language: Language, key: str, **parts: object) -> str:
    """Return the words behind this key, with its parts filled in.

    >>> word("nb", "time_today", time="07:42")
    'i dag 07:42'
    """
    return WORDS[key][language].format(**parts)


def counted(language: Language, key: str, count: int, **parts: object) -> str:
    """Return the words for one or for many, with the count as `n`."""
    return word(language, f"{key}_{'one' if count == 1 else 'many'}", n=count, **parts)


def number_word(language: Language, count: int) -> str:
    """Return a small count in letters, a large one in digits.

    >>> number_word("nb", 2), number_word("nb", 12)
    ('to', '12')
    """
    letters = word(language, "numbers").split()
    return letters[count] if 0 <= count < len(letters) else str(count)


def listed(language: Language, parts: tuple[str, ...]) -> str:
    """Return parts as people list them: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word(language, 'and')} {parts[-1]}"
