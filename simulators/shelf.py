"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.berrymed_bm1000 import BerryMedTwin
from simulators.peripherals.beurer_po60 import BeurerPo60Twin
from simulators.peripherals.choicemmed_ichoice import ChoiceMMedTwin
from simulators.peripherals.contec_spirometer import ContecSpirometerTwin
from simulators.peripherals.jumper_jpd500f import JumperTwin
from simulators.peripherals.nonin_3230 import NoninTwin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.viatom_o2ring import ViatomO2RingTwin
from simulators.peripherals.viatom_pc60fw import ViatomPc60fwTwin
from simulators.peripherals.vitalograph import VitalographTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.peripherals.wellue_fs20f import WellueFs20fTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
    "berrymed_bm1000": BerryMedTwin,
    "choicemmed_ichoice": ChoiceMMedTwin,
    "jumper_jpd500f": JumperTwin,
    "nonin_3230": NoninTwin,
    "taidoc": TaiDocTwin,
    "beurer_po60": BeurerPo60Twin,
    "contec_spirometer": ContecSpirometerTwin,
    "vitalograph": VitalographTwin,
    "viatom_o2ring": ViatomO2RingTwin,
    "viatom_pc60fw": ViatomPc60fwTwin,
    "wellue_fs20f": WellueFs20fTwin,
}
"""By the driver's id."""
