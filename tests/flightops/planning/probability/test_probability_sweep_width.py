"""Sweep widths: tables are read as they say, never stretched, and the assumed formula is what its docstring says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.camera import THERMAL_640
from core.errors import Malformed
from flightops.planning.probability.sweep_width import (
    ASSUMED_SOURCE,
    Assumptions,
    Cover,
    Hour,
    Land,
    Sensor,
    SensorUse,
    SweepWidthTable,
    assumed_width_m,
    assumed_widths,
    seen_through,
    sweep_widths_from_json,
)

FEW = settings(deadline=None, max_examples=40)
THERMAL = SensorUse(Sensor.THERMAL, THERMAL_640)
OPEN = Land(Cover.OPEN)


def row(**changed: object) -> dict[str, object]:
    return {"sensor": "thermal", "hour": "night", "cover": "open", "height_agl_m": 60, "width_m": 40, **changed}


def doc(*rows: object, **changed: object) -> dict[str, object]:
    return {"kind": "sweep_width", "source": "our trials", "rows": list(rows), **changed}


FOREST = [
    row(cover="forest", canopy=c, height_agl_m=h, width_m=w)
    for c, h, w in ((0.2, 40, 30), (0.2, 80, 50), (0.8, 40, 6), (0.8, 80, 10))
]


def test_a_table_is_read_and_interpolated() -> None:
    table = sweep_widths_from_json(doc(row(), *FOREST))
    assert table.source == "our trials"
    assert table.width_m("thermal", 60.0, OPEN, Hour.NIGHT) == 40.0
    assert table.width_m("thermal", 60.0, Land(Cover.FOREST, 0.2), Hour.NIGHT) == pytest.approx(40.0)
    assert table.width_m("thermal", 60.0, Land(Cover.FOREST, 0.5), Hour.NIGHT) == pytest.approx(24.0)
    assert table.width_m("thermal", 80.0, Land(Cover.FOREST, 0.8), Hour.NIGHT) == 10.0


@pytest.mark.parametrize(
    ("sensor", "height", "land", "hour", "field"),
    [
        ("thermal", 61.0, OPEN, Hour.NIGHT, "height_agl_m"),
        ("thermal", 59.0, OPEN, Hour.NIGHT, "height_agl_m"),
        ("thermal", math.nan, OPEN, Hour.NIGHT, "height_agl_m"),
        ("thermal", 60.0, OPEN, Hour.DAY, "sweep_width"),
        ("colour", 60.0, OPEN, Hour.NIGHT, "sweep_width"),
        ("thermal", 60.0, Land(Cover.BUSH), Hour.NIGHT, "sweep_width"),
        ("thermal", 60.0, Land(Cover.FOREST, 0.9), Hour.NIGHT, "land.canopy"),
    ],
)
def test_a_table_is_never_stretched(sensor: str, height: float, land: Land, hour: Hour, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        sweep_widths_from_json(doc(row(), *FOREST)).width_m(sensor, height, land, hour)
    assert refused.value.field == field
    assert "measure" in refused.value.fix


def test_ones_own_rows_replace_the_assumed_ones() -> None:
    mine = sweep_widths_from_json(doc(row(width_m=33)))
    table = mine.over(assumed_widths([THERMAL]))
    assert table.width_m("thermal", 60.0, OPEN, Hour.NIGHT) == 33.0
    with pytest.raises(Malformed, match="measure there"):
        table.width_m("thermal", 100.0, OPEN, Hour.NIGHT)
    by_day = table.width_m("thermal", 100.0, OPEN, Hour.DAY)
    assert by_day == pytest.approx(assumed_width_m(THERMAL, 100.0, OPEN, Hour.DAY))
    assert table.source == f"our trials; else {ASSUMED_SOURCE}"
    assert mine.over(mine) == mine


def test_the_assumed_formula() -> None:
    """60 m: swath 49.71 m and 12.9 px/m (ANCHORS), so a person of 0.5 m has more than 4 px; at 120 m only 3.2."""
    assert assumed_width_m(THERMAL, 60.0, OPEN, Hour.NIGHT) == pytest.approx(49.71, abs=0.005)
    assert assumed_width_m(THERMAL, 60.0, OPEN, Hour.DAY) == pytest.approx(49.71 / 2, abs=0.005)
    assert assumed_width_m(THERMAL, 60.0, Land(Cover.BUSH), Hour.NIGHT) == pytest.approx(49.71 / 2, abs=0.005)
    assert assumed_width_m(THERMAL, 60.0, Land(Cover.FOREST, 0.7), Hour.NIGHT) == pytest.approx(0.3 * 49.71, abs=0.005)
    assert assumed_width_m(THERMAL, 120.0, OPEN, Hour.NIGHT) == pytest.approx(99.41 * 3.219 / 4, abs=0.05)
    assert assumed_width_m(SensorUse(Sensor.COLOUR, THERMAL_640), 60.0, OPEN, Hour.NIGHT) == 0.0
    lit = Assumptions(colour_night_share=0.25)
    colour = assumed_width_m(SensorUse(Sensor.COLOUR, THERMAL_640), 60.0, OPEN, Hour.NIGHT, lit)
    assert colour == pytest.approx(49.71 / 4, abs=0.005)


@FEW
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-90.0, -30.0))
def test_more_canopy_and_a_slanter_look_show_less(a: float, b: float, pitch: float) -> None:
    thin, dense = (Land(Cover.FOREST, c) for c in sorted((a, b)))
    assert 0.0 <= seen_through(dense, pitch) <= seen_through(thin, pitch) <= 1.0
    assert seen_through(thin, pitch) <= seen_through(thin, -90.0) + 1e-12
    assert seen_through(thin, -90.0) == pytest.approx(1.0 - thin.canopy)


@FEW
@given(
    st.floats(20.0, 120.0), st.sampled_from(Hour), st.sampled_from((OPEN, Land(Cover.BUSH), Land(Cover.FOREST, 0.6)))
)
def test_assumed_widths_never_exceed_the_swath(height: float, hour: Hour, land: Land) -> None:
    width = assumed_widths([THERMAL]).width_m("thermal", height, land, hour)
    assert 0.0 < width <= 49.71 / 60.0 * height + 0.01


@pytest.mark.parametrize(
    ("given_doc", "field"),
    [
        (None, "kind"),
        ({"kind": "other"}, "kind"),
        (doc(row(), source=""), "source"),
        (doc(row(), source=3), "source"),
        (doc(), "rows"),
        (doc(*[row()] * 2001), "rows"),
        (doc(row(), 7), "rows[1]"),
        (doc(row(), row()), "rows[1]"),
        (doc(row(sensor=None)), "rows[0].sensor"),
        (doc(row(sensor="")), "rows[0].sensor"),
        (doc(row(hour="dusk")), "rows[0].hour"),
        (doc(row(cover=["open"])), "rows[0].cover"),
        (doc(row(cover="forest")), "rows[0].canopy"),
        (doc(row(cover="forest", canopy=1.2)), "rows[0].canopy"),
        (doc(row(canopy=0.2)), "rows[0].canopy"),
        (doc(row(width_m="40")), "rows[0].width_m"),
        (doc(row(width_m=-1)), "rows[0].width_m"),
        (doc(row(width_m=math.nan)), "rows[0].width_m"),
        (doc(row(width_m=10**400)), "rows[0].width_m"),
        (doc(row(height_agl_m=0)), "rows[0].height_agl_m"),
        (doc(row(height_agl_m=True)), "rows[0].height_agl_m"),
    ],
)
def test_bad_tables_are_refused_by_name(given_doc: object, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        sweep_widths_from_json(given_doc)
    assert refused.value.field == field
    assert refused.value.fix


def test_values_are_checked_where_they_are_made() -> None:
    for call, field in (
        (lambda: Land(Cover.OPEN, 0.1), "land.canopy"),
        (lambda: Land(Cover.FOREST, math.nan), "land.canopy"),
        (lambda: Assumptions(bush_share=1.1), "assumptions.bush_share"),
        (lambda: Assumptions(person_m=0.0), "assumptions.person_m"),
        (lambda: SensorUse(Sensor.THERMAL, THERMAL_640, 0.0), "gimbal_pitch_deg"),
        (lambda: SweepWidthTable((), "nobody"), "rows"),
    ):
        with pytest.raises(Malformed) as refused:
            call()
        assert refused.value.field == field
