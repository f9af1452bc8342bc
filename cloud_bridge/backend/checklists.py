"""What an organisation goes through before it hands a home over: a file with one line for each."""

from pathlib import Path

from cloud_bridge.contract.handover_content import CHECK_LENGTH_MAX, CHECKS_MAX, doubt_of_text
from cloud_bridge.settings import SettingsError


def checklist_from(file: Path) -> tuple[str, ...]:
    """Return the lines of a list, without empty ones and those that begin with #; raise SettingsError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(file, "", f"can't be read: {error}. Write a line of text for each.") from error
    lines = tuple(line.strip() for line in text.splitlines())
    kept = tuple(line for line in lines if line and not line.startswith("#"))
    for number, line in enumerate(lines, start=1):
        if line in kept and (doubt := _doubt(line)):
            raise SettingsError(file, f"line {number}", f"write it without {doubt}.")
    if not 0 < len(set(kept)) == len(kept) <= CHECKS_MAX:
        raise SettingsError(file, "", f"write 1 to {CHECKS_MAX} lines, each once.")
    return kept


def _doubt(line: str) -> str | None:
    return f"more than {CHECK_LENGTH_MAX} letters" if len(line) > CHECK_LENGTH_MAX else doubt_of_text(line)
