"""What the house tests walk: the repository's own files, the parts of a document, the commands there are."""

import re
from pathlib import Path
from typing import Any

import typer

from gateway.cli import app

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE_FOLDERS = ("devices", "cloud_bridge", "gateway", "simulators")
_NOT_OURS = {".venv", ".git", "__pycache__", "build", "var"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files(*suffixes: str) -> list[Path]:
    """Return the repository's own files with these suffixes, or all, without what tools leave behind."""
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        is_left_behind = any(part in _NOT_OURS or part.endswith(("_cache", ".egg-info")) for part in parts)
        if (
            (not suffixes or path.suffix in suffixes)
            and path.is_file()
            and not is_left_behind
            and parts[0] != ".hypothesis"
        ):
            found.append(path)
    return sorted(found)


def source_files() -> list[Path]:
    """Return the Python files that are installed."""
    return [path for path in files(".py") if path.relative_to(ROOT).parts[0] in SOURCE_FOLDERS]


def files_of_tests() -> list[Path]:
    """Return the Python files under tests."""
    return [path for path in files(".py") if path.is_relative_to(ROOT / "tests")]


def name_of(path: Path) -> str:
    """Return a path as people write it: from the root."""
    return str(path.relative_to(ROOT))


def code_blocks(document: Path, language: str = "") -> list[str]:
    """Return the fenced blocks of one language; without a language, those that name none."""
    return [text for said, text in _FENCE.findall(document.read_text()) if said == language]


def commands() -> dict[str, frozenset[str]]:
    """Return every command as people type it behind `pusterom`, with its options."""
    return _flat("", typer.main.get_command(app))


def _flat(name: str, command: Any) -> dict[str, frozenset[str]]:
    found = {name.strip(): frozenset(option for one in command.params for option in one.opts)}
    for word in command.list_commands(None) if hasattr(command, "list_commands") else ():
        found |= _flat(f"{name} {word}", command.get_command(None, word))
    return found
