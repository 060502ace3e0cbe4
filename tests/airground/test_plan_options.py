"""`airground plan` by pattern, camera and terrain: good runs in every format, and every bad option named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.geo import LatLon, LocalFrame
from core.io.files.terrain import save_terrain
from core.terrain import GridTerrain
from tests.airground.test_cli import SQUARE, Done, airground, polygon

FRAME = LocalFrame(LatLon(28.8895, 120.038))
TRAIL = {"type": "LineString", "coordinates": [[120.036, 28.888], [120.039, 28.890], [120.041, 28.889]]}
FORMATS = ("json", "plan", "kml", "gpx", "geojson")


def plan(folder: Path, *more: str, doc: Any = None) -> tuple[Done, Path]:
    area, out = folder / "area.geojson", folder / "plan.out"
    area.write_text(json.dumps(polygon(SQUARE) if doc is None else doc))
    return airground("plan", str(area), "--out", str(out), "--effort", "first", *more), out


def dem(folder: Path, relief_m: float = 40.0) -> str:
    at = np.arange(-1200.0, 1201.0, 20.0)
    x, y = np.meshgrid(at, at)
    heights = 200.0 + relief_m * np.sin(x / 160.0) * np.cos(y / 190.0) + 0.05 * x
    save_terrain(folder / "dem.npz", GridTerrain(FRAME, -1200.0, -1200.0, 20.0, heights))
    return str(folder / "dem.npz")


def tile(folder: Path) -> str:
    """A 3-arc-second SRTM tile that rises northwards by 1000 m and has hills."""
    row, column = np.mgrid[0:1201, 0:1201]
    heights = (1000.0 - row / 1.2 + 10.0 * np.sin(column / 3.0)).round().astype(">i2")
    path = folder / "N28E120.hgt"
    path.write_bytes(heights.tobytes())
    return str(path)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("--pattern", "parallel", "--bearing", "30"), "parallel"),
        (("--pattern", "creeping"), "creeping"),
        (("--pattern", "expanding-square", "--datum", "120.0385,28.8893"), "expanding-square"),
        (("--pattern", "sector"), "sector"),
        (("--pattern", "orbit", "--speed", "8"), "orbit"),
        (("--pattern", "s"), "lines"),
    ],
)
def test_patterns_by_name(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    done, out = plan(tmp_path, "--swath", "30", *words)
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    assert doc["pattern"] == name
    assert doc["cover_asked"] == 0.995
    less = doc["cover"] < doc["cover_asked"]
    assert ("asked 99.5 %" in " ".join(done.stderr.split())) == less
    assert less == (name in ("sector", "orbit", "expanding-square"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_route_is_written_in_every_format(tmp_path: Path, form: str) -> None:
    words = ("--swath", "30", "--pattern", "route", "--corridor", "120", "--dem", dem(tmp_path), "--format", form)
    done, out = plan(tmp_path, *words, doc=TRAIL)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 500
    if form == "json":
        doc = json.loads(out.read_text())
        assert doc["pattern"] == "route"
        assert doc["area"]["type"] == "Polygon"
        assert doc["cover"] > 0.99


def test_contours_over_a_terrain_file(tmp_path: Path) -> None:
    done, out = plan(tmp_path, "--swath", "30", "--pattern", "contour", "--dem", dem(tmp_path))
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    (sector,) = doc["sectors"]
    assert doc["pattern"] == "contour"
    assert len(sector["height_amsl_m"]) == len(sector["path"])


def test_the_swath_comes_from_the_camera(tmp_path: Path) -> None:
    done, out = plan(tmp_path, "--hfov", "45", "--person-px", "6", "--drones", "2")
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    assert doc["swath_m"] == pytest.approx(0.9 * 49.71, abs=0.01)
    assert doc["camera"]["person_px_far"] == pytest.approx(6.44, abs=0.01)
    assert doc["camera"]["person_m"] == 0.5
    done, out = plan(tmp_path, "--hfov", "45", "--vfov", "36", "--pitch", "-60", "--sidelap", "0")
    assert json.loads(out.read_text())["swath_m"] == pytest.approx(48.33, abs=0.05)


@pytest.mark.parametrize("made", [dem, tile])
def test_terrain_is_followed(tmp_path: Path, made: Any) -> None:
    done, out = plan(tmp_path, "--hfov", "45", "--dem", made(tmp_path), "--climb", "4", "--home", "120.035,28.887")
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    (sector,) = doc["sectors"]
    assert len(sector["height_amsl_m"]) == len(sector["path"])
    assert 48.0 <= sector["least_agl_m"] <= sector["most_agl_m"]
    assert doc["swath_m"] <= doc["full_swath_m"]
    assert doc["climb_mps"] == 4.0
    assert len(doc["home"]) == 3
    assert "above ground" in " ".join(done.stderr.split())


ORBIT_BY_ONE = (
    *("--swath", "30", "--pattern", "orbit", "--speed", "8"),
    *("--home", "120.0358,28.8878", "--endurance", "20"),
)


def test_an_orbit_is_watched_by_turns(tmp_path: Path) -> None:
    done, out = plan(tmp_path, *ORBIT_BY_ONE, "--drones", "2", "--watch", "40", "--overlap", "20")
    assert done.returncode == 0, done.stderr
    assert "0 s of it unwatched" in " ".join(done.stderr.split())
    doc = json.loads(out.read_text())
    assert doc["pattern"] == "orbit"
    assert [t["drone"] for t in doc["watch"]["turns"]] == ["1", "2", "1", "2"][: len(doc["flights"])]
    assert doc["watch"]["least_overlap_s"] >= 20.0
    assert all(f["battery_left"] >= 0.15 for f in doc["flights"])
    for form in ("plan", "gpx"):
        done, out = plan(
            tmp_path, *ORBIT_BY_ONE, "--drones", "2", "--watch", "40", "--overlap", "20", "--format", form
        )  # fmt: skip
        assert (done.returncode == 0) == (form != "plan")
        assert form != "plan" or "a .plan holds one" in done.stderr


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no swath": ((), "--swath: neither a swath nor a camera"),
    "swath over what is seen": (("--hfov", "45", "--swath", "60"), "--swath: 60 m is more than the camera shows"),
    "swath not a number": (("--hfov", "45", "--swath", "nan"), "swath"),
    "a person too small": (("--hfov", "45", "--person-px", "8"), "fly at 48.2 m or lower"),
    "pixels without a camera": (("--swath", "30", "--person-px", "8"), "--person-px: it says nothing"),
    "pitch without a camera": (("--swath", "30", "--pitch", "-60"), "--pitch: it says nothing"),
    "pitch up": (("--hfov", "45", "--pitch", "60"), "--pitch"),
    "view to the horizon": (("--hfov", "45", "--pitch", "-20"), "--pitch: at -20 the view reaches the horizon"),
    "hfov not a number": (("--hfov", "nan"), "--hfov"),
    "vfov huge": (("--hfov", "45", "--vfov", "179"), "--vfov"),
    "image of one pixel": (("--hfov", "45", "--image-width", "1"), "--image-width"),
    "sidelap of all": (("--hfov", "45", "--sidelap", "1"), "--sidelap"),
    "unknown pattern": (("--swath", "30", "--pattern", "zigzag"), "--pattern: 'zigzag' is none"),
    "bearing of best": (("--swath", "30", "--bearing", "10"), "--bearing: the pattern best takes none"),
    "bearing not a number": (("--swath", "30", "--pattern", "parallel", "--bearing", "nan"), "--bearing: nan"),
    "datum in words": (("--swath", "30", "--pattern", "sector", "--datum", "here"), "--datum: 'here' is not LON,LAT"),
    "datum off the earth": (("--swath", "30", "--pattern", "sector", "--datum", "120,95"), "--datum: lat_deg 95"),
    "datum elsewhere": (("--swath", "30", "--pattern", "sector", "--datum", "12,8"), "--datum: it lies outside"),
    "route of a polygon": (("--swath", "30", "--pattern", "route", "--corridor", "50"), "a Polygon is no route"),
    "route without width": (("--swath", "30", "--pattern", "route"), "--corridor: a route search needs"),
    "contour without heights": (("--swath", "30", "--pattern", "contour"), "--dem: a contour search needs"),
    "two about a datum": (("--swath", "30", "--pattern", "sector", "--drones", "2"), "--drones: one drone flies"),
    "watch without an orbit": (("--swath", "30", "--watch", "60"), "--watch: what is watched is an orbit"),
    "watch by nobody": (("--swath", "30", "--pattern", "orbit", "--watch", "60"), "--watch: turns need batteries"),
    "watch of no time": (("--swath", "30", "--pattern", "orbit", "--watch", "0"), "--watch"),
    "overlap of no watch": (("--swath", "30", "--pattern", "orbit", "--overlap", "9"), "--overlap: it says nothing"),
    "overlap below none": (("--swath", "30", "--pattern", "orbit", "--watch", "9", "--overlap", "-1"), "--overlap"),
    "watch by one": ((*ORBIT_BY_ONE, "--watch", "60"), "drones leave the point unwatched; it takes 2"),
    "no such terrain": (("--swath", "30", "--dem", "none.npz"), "--dem: can't read none.npz"),
    "terrain of another kind": (("--swath", "30", "--dem", "none.tif"), "--dem: none.tif is no terrain file"),
    "no climb": (("--swath", "30", "--climb", "0"), "--climb"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_named_and_leave_no_file(tmp_path: Path, case: str) -> None:
    words, says = BAD[case]
    done, out = plan(tmp_path, *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_terrain_elsewhere_and_terrain_with_a_gap_are_refused(tmp_path: Path) -> None:
    elsewhere = polygon([[10.0 + a, 50.0 + b] for a, b in ((0, 0), (0.003, 0), (0.003, 0.003), (0, 0))])
    done, _ = plan(tmp_path, "--swath", "30", "--dem", tile(tmp_path), doc=elsewhere)
    assert done.returncode == 2
    assert "--dem: the area lies outside the tile" in done.stderr
    heights = np.ones((121, 121))
    heights[60, 60] = math.nan
    save_terrain(tmp_path / "gap.npz", GridTerrain(FRAME, -1200.0, -1200.0, 20.0, heights))
    done, _ = plan(tmp_path, "--swath", "30", "--dem", str(tmp_path / "gap.npz"))
    assert done.returncode == 2
    assert "--dem: no ground height is known" in done.stderr


def test_junk_for_an_area_is_refused_with_terrain_too(tmp_path: Path) -> None:
    for doc in ([], {}, [[1e9, 5]], {"a": [True, None]}, polygon([])):
        done, out = plan(tmp_path, "--swath", "30", "--dem", tile(tmp_path), doc=doc)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert not out.exists()


def test_batteries_are_judged_in_the_wind_that_is_told(tmp_path: Path) -> None:
    words = ("--swath", "30", "--home", "120.036,28.887", "--endurance", "20")
    left = []
    for more in ((), ("--wind", "8,270"), ("--wind", "8,270", "--margin", "5")):
        done, out = plan(tmp_path, *words, *more)
        assert done.returncode == 0, done.stderr
        doc = json.loads(out.read_text())
        assert all(f["battery_left"] >= 0.15 for f in doc["flights"])
        left.append(sum(1.0 - f["battery_left"] for f in doc["flights"]))
        assert ("wind" in doc["fleet"]) == bool(more)
    assert left[1] > left[0]


def test_batteries_are_not_silently_left_unjudged(tmp_path: Path) -> None:
    for more in (("--dem", dem(tmp_path)), ("--dem", dem(tmp_path), "--wind", "4,270")):
        done, out = plan(tmp_path, "--swath", "30", "--home", "120.036,28.887", "--endurance", "20", *more)
        assert done.returncode == 2
        assert "--endurance: batteries are judged over level ground (leave it out, or leave out --dem)" in done.stderr
        assert not out.exists()
