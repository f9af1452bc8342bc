"""An organisation's own discharge list: a file that is taken whole, or refused with the line."""

import pytest

from cloud_bridge.backend.checklists import checklist_from
from cloud_bridge.contract.handover_content import CHECK_LENGTH_MAX, CHECKS_MAX
from cloud_bridge.settings import SettingsError


def test_lines_are_kept_in_their_order_without_remarks(tmp_path):
    """Empty lines and those that begin with # are for whoever writes the file."""
    file = tmp_path / "list.txt"
    file.write_text("# utskrivning\n\n Epikrise er sendt \nTaxi er bestilt\n", encoding="utf-8")
    assert checklist_from(file) == ("Epikrise er sendt", "Taxi er bestilt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "1 to"),
        (b"# only a remark\n", "1 to"),
        (b"same\nsame\n", "each once"),
        (b"\n".join(b"line %d" % number for number in range(CHECKS_MAX + 1)), "1 to"),
        (b"good\n" + b"x" * (CHECK_LENGTH_MAX + 1), "line 2"),
        ("Ola, født 01019012345".encode(), "line 1"),
        (b"\xff\xfe", "can't be read"),
        (None, "can't be read"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(tmp_path, text, said):
    """Too many, too long, twice, nothing, somebody's identity, no text, no file."""
    file = tmp_path / "list.txt"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(SettingsError, match=said):
        checklist_from(file)
