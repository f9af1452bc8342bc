"""What an oximeter's numbers can be."""

import pytest

from devices.codecs.oximetry import perfusion, pulse, saturation


@pytest.mark.parametrize(
    ("law", "taken", "refused"),
    [
        (saturation, (1, 97, 100), (None, 0, -1, 101, 127, 255, 511)),
        (pulse, (1, 60, 255, 300), (None, 0, -1, 301, 511, 65535)),
        (perfusion, (0.1, 6.5, 100), (None, 0, -1, 100.1, 655.35)),
    ],
)
def test_a_number_that_no_living_person_has_is_none(law, taken, refused):
    """What can be is said as it is; zero and the trade's words for "no finger" are no numbers."""
    assert [law(value) for value in taken] == list(taken)
    assert [law(value) for value in refused] == [None] * len(refused)
