"""Plots: well-formed, complete, honest about what is late, weak or missing."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta

from cloud_bridge.look.plot import Chart, Flag, time_plot
from cloud_bridge.look.ribbons import Turn
from cloud_bridge.look.scale import Scale, bands_of, ticks
from cloud_bridge.look.spark import sparkline
from cloud_bridge.look.voice import Voice
from devices.kinds import Kind
from devices.readings import Quality
from tests.cloud_bridge.backend.some_ward import FALLING, NOW, OSLO, PLAN, fortnight, reading

SAY = Voice("nb", NOW, OSLO)
SINCE = NOW - timedelta(days=14)
SVG = "{http://www.w3.org/2000/svg}"


def _chart(readings, kind=Kind.SPO2, flags=()):
    return Chart(name="p", kind=kind, readings=readings, since=SINCE, until=NOW, plan=PLAN, flags=flags)


def _spo2(values):
    return [each for each in fortnight(values) if each.kind == Kind.SPO2]


def _dots(root):
    return [each for each in root.iter() if "dot" in each.get("class", "").split()]


def test_a_time_plot_is_well_formed_and_contains_every_value():
    """Each reading is one dot that says its value, its unit and its time."""
    readings = _spo2(FALLING)
    dots = _dots(ET.fromstring(time_plot(_chart(readings), SAY)))
    said = [dot.findtext(f"{SVG}title") for dot in dots]
    assert len(dots) == len(FALLING) == 14
    assert [float(words.split()[0]) for words in said] == list(FALLING)
    assert all("%, målt " in words for words in said)


def test_late_and_weak_readings_look_different():
    """Hollow where it came more than an hour late, a cross where it does not count, filled otherwise."""
    at = NOW - timedelta(days=1)
    readings = [
        reading(Kind.SPO2, 90, at, late_s=3_600),
        reading(Kind.SPO2, 91, at + timedelta(hours=1), late_s=3_601),
        reading(Kind.SPO2, 92, at + timedelta(hours=2), quality=(Quality.SENSOR_FAULT,)),
    ]
    dots = _dots(ET.fromstring(time_plot(_chart(readings), SAY)))
    assert [dot.get("class") for dot in dots] == ["dot", "dot late", "dot weak"]
    assert "kom fram 1 t senere" in dots[1].findtext(f"{SVG}title")


def test_a_plot_says_in_words_what_it_shows():
    """Who cannot see the plot hears how many, between what, the latest, and the limits."""
    root = ET.fromstring(time_plot(_chart(_spo2(FALLING)), SAY))
    desc = root.findtext(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "p-title p-desc"
    assert desc.startswith("14 målinger fra 9. nov. 07:42 til i dag 07:42: lavest 84, høyest 92, sist 84 %.")
    assert desc.endswith("Grenser: gul under 88, rød under 85.")


def test_bands_end_where_a_worse_one_begins():
    """The yellow band lies between its limit and the red one; the red one has no end."""
    yellow, red = bands_of(PLAN, Kind.SPO2)
    assert (yellow.level, yellow.edge, yellow.end) == ("yellow", 88, 85)
    assert (red.level, red.edge, red.end) == ("red", 85, None)
    assert bands_of(None, Kind.SPO2) == ()


def test_flags_stand_where_the_alert_opened():
    """An alert is a flag with its shape and its words."""
    flag = Flag(NOW - timedelta(days=7), "yellow")
    root = ET.fromstring(time_plot(_chart(_spo2(FALLING), flags=(flag,)), SAY))
    (drawn,) = root.findall(f"{SVG}g")
    assert drawn.findtext(f"{SVG}text") == "◆"
    assert drawn.findtext(f"{SVG}title") == "gul varsel åpnet 15. nov. 09:30"
    assert drawn.find(f"{SVG}line").get("x1") == "53.5%"


def test_no_line_is_drawn_over_a_gap_of_days():
    """Nobody knows what was between two readings three days apart."""
    near = [reading(Kind.SPO2, 90, NOW - timedelta(days=back)) for back in (2, 1)]
    far = [reading(Kind.SPO2, 90, NOW - timedelta(days=back)) for back in (5, 1)]
    between = [
        sum(each.get("class") == "between" for each in ET.fromstring(time_plot(_chart(those), SAY)).iter())
        for those in (near, far)
    ]
    assert between == [1, 0]


def test_empty_and_single_are_plots_too():
    """Nothing and one reading are said as such, and divide by nothing."""
    assert "Ingen målinger" in ET.fromstring(time_plot(_chart([]), SAY)).findtext(f"{SVG}desc")
    one = [reading(Kind.BODY_WEIGHT, 71.4, NOW)]
    root = ET.fromstring(time_plot(_chart(one, Kind.BODY_WEIGHT), SAY))
    assert root.findtext(f"{SVG}desc") == "Én måling, 71,4 kg, i dag 09:30."
    assert "nan" not in time_plot(_chart(one, Kind.BODY_WEIGHT), SAY)


def test_a_higher_value_stands_higher_and_a_later_one_further_on():
    """The scale turns neither axis round, and holds what lies outside at the edge."""
    scale = Scale(SINCE, NOW, 80, 95, 148)
    assert scale.y(95) < scale.y(90) < scale.y(80)
    assert scale.x(SINCE) < scale.x(NOW - timedelta(days=1)) < scale.x(NOW)
    assert scale.x(NOW + timedelta(minutes=5)) == scale.x(NOW)
    assert scale.y(120) == scale.y(95)


def test_the_time_axis_speaks_in_words():
    """Days are named as people name them, at their local midnight; within a day the hours are."""
    names = [name for _, name in ticks(SINCE, NOW, OSLO, "nb")]
    assert names == ["10. nov.", "14. nov.", "18. nov.", "i dag"]
    assert [name for _, name in ticks(NOW - timedelta(days=1), NOW, OSLO, "nb")] == [
        "12:00", "18:00", "i dag", "06:00",
    ]  # fmt: skip


def test_a_sparkline_shows_the_lowest_of_a_whole_night():
    """A thousand readings become few points, and still the dip of one second is among them."""
    start = NOW - timedelta(hours=10)
    night = [reading(Kind.SPO2, 70 if n == 500 else 91, start + timedelta(seconds=n)) for n in range(1_000)]
    root = ET.fromstring(sparkline(Kind.SPO2, night, PLAN, SAY))
    points = " ".join(each.get("points") for each in root.iter(f"{SVG}polyline")).split()
    heights = [float(point.split(",")[1]) for point in points]
    assert len(points) < 10
    assert max(heights) == 29.0
    assert "lavest 70" in root.findtext(f"{SVG}title")


def test_a_sparkline_contains_every_value_of_a_fortnight():
    """Fourteen mornings are fourteen points, and the last is a dot."""
    root = ET.fromstring(sparkline(Kind.SPO2, _spo2(FALLING), PLAN, SAY))
    (line,) = root.iter(f"{SVG}polyline")
    assert len(line.get("points").split()) == 14
    assert len(list(root.iter(f"{SVG}circle"))) == 1
    assert len(list(root.iter(f"{SVG}rect"))) == 2


def test_a_sparkline_of_nothing_is_still_a_picture():
    """No readings, no line, and words that say so."""
    root = ET.fromstring(sparkline(Kind.SPO2, [], PLAN, SAY))
    assert list(root.iter(f"{SVG}polyline")) == []
    assert "Ingen målinger" in root.findtext(f"{SVG}title")


def _groups(chart, name):
    root = ET.fromstring(time_plot(chart, SAY))
    return [each for each in root.iter(f"{SVG}g") if name in each.get("class", "").split()]


def test_each_device_has_its_ribbon_and_one_alone_has_none():
    """Where another device takes over, the ribbon says which measured from when to when."""
    readings = _spo2(FALLING)
    assert _groups(_chart(readings), "epoch") == []
    swapped = [*readings[:9], *(replace(each, device="B", driver="taidoc") for each in readings[9:])]
    first, second = _groups(_chart(swapped), "epoch")
    assert second.findtext(f"{SVG}title").startswith("taidoc (B) målte fra 18. nov. 07:42 til i dag 07:42")
    ends = [float(each.find(f"{SVG}rect").get("x").rstrip("%")) for each in (first, second)]
    assert ends[0] < ends[1] < 100
    back_and_forth = [replace(each, device=str(number)) for number, each in enumerate(readings * 2)]
    assert _groups(_chart(back_and_forth), "epoch") == [], "a device a day has no room for its name"


def test_a_hand_over_is_a_line_that_says_who_took_over():
    """At its moment, with both names."""
    turn = Turn(NOW - timedelta(days=4), "Sykehuset", "Ringsaker kommune")
    (line,) = _groups(replace(_chart(_spo2(FALLING)), turns=(turn,)), "turn")
    assert line.findtext(f"{SVG}title") == "Ringsaker kommune overtok etter Sykehuset 18. nov. 09:30"
    assert line.findtext(f"{SVG}text") == "Sykehuset → Ringsaker kommune"


def test_the_names_of_a_hand_over_stand_where_no_dot_is():
    """Where a low value lies beside it the words stand above; where all is high, at the bottom."""
    turn = Turn(NOW - timedelta(days=4), "Sykehuset", "Ringsaker kommune")
    for value, is_above in ((80, True), (96, False)):
        beside = [reading(Kind.SPO2, value, turn.at - timedelta(days=day)) for day in (1, 2)]
        chart = replace(_chart(beside), turns=(turn,))
        (words,) = (each.find(f"{SVG}text") for each in _groups(chart, "turn"))
        dots = [float(dot.get("cy")) for dot in _dots(ET.fromstring(time_plot(chart, SAY)))]
        assert (float(words.get("y")) < chart.height / 2) is is_above
        assert all(abs(float(words.get("y")) - y) > 16 for y in dots)
