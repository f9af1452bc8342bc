"""Every check, gathered from the four files that hold them."""

from simulators.conformance import decoding, meaning, value, visits
from simulators.conformance.kit import Checks

CHECKS = Checks()
for each in (value, decoding, meaning, visits):
    each.add_to(CHECKS)
