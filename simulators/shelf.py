"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.and_scale import AndScaleTwin
from simulators.peripherals.berrymed_bm1000 import BerryMedTwin
from simulators.peripherals.beurer_po60 import BeurerPo60Twin
from simulators.peripherals.beurer_scale import BeurerScaleTwin
from simulators.peripherals.blood_pressure import BloodPressureTwin
from simulators.peripherals.choicemmed_ichoice import ChoiceMMedTwin
from simulators.peripherals.contec_spirometer import ContecSpirometerTwin
from simulators.peripherals.generic_health_sensor import GenericHealthSensorTwin
from simulators.peripherals.health_thermometer import HealthThermometerTwin
from simulators.peripherals.jks50f import Jks50fTwin
from simulators.peripherals.jumper_jpd500f import JumperTwin
from simulators.peripherals.medisana_a3 import MedisanaA3Twin
from simulators.peripherals.nonin_3230 import NoninTwin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.qn_scale import QnScaleTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.viatom_o2ring import ViatomO2RingTwin
from simulators.peripherals.viatom_pc60fw import ViatomPc60fwTwin
from simulators.peripherals.vitalograph import VitalographTwin
from simulators.peripherals.weight_scale import BodyScaleTwin
from simulators.peripherals.wellue_fs20f import WellueFs20fTwin
from simulators.peripherals.xiaomi_s400 import XiaomiS400Twin
from simulators.peripherals.xiaomi_scale import XiaomiScaleTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "and_scale": AndScaleTwin,
    "berrymed_bm1000": BerryMedTwin,
    "beurer_po60": BeurerPo60Twin,
    "beurer_scale": BeurerScaleTwin,
    "blood_pressure": BloodPressureTwin,
    "choicemmed_ichoice": ChoiceMMedTwin,
    "contec_spirometer": ContecSpirometerTwin,
    "generic_health_sensor": GenericHealthSensorTwin,
    "health_thermometer": HealthThermometerTwin,
    "jks50f": Jks50fTwin,
    "jumper_jpd500f": JumperTwin,
    "medisana_a3": MedisanaA3Twin,
    "nonin_3230": NoninTwin,
    "pulse_oximeter": PulseOximeterTwin,
    "qn_scale": QnScaleTwin,
    "taidoc": TaiDocTwin,
    "viatom_o2ring": ViatomO2RingTwin,
    "viatom_pc60fw": ViatomPc60fwTwin,
    "vitalograph": VitalographTwin,
    "weight_scale": BodyScaleTwin,
    "wellue_fs20f": WellueFs20fTwin,
    "xiaomi_s400": XiaomiS400Twin,
    "xiaomi_scale": XiaomiScaleTwin,
}
"""By the driver's id."""
