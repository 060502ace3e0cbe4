"""The planning bench judges by hand-computed figures, chooses candidates fairly and survives peers that fail."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest
from shapely import Polygon

from bench.planning.areas import BenchArea, areas_from
from bench.planning.children import Failed, answer
from bench.planning.judged import best_of, scored
from bench.planning.roster import PEERS, Peer, installed
from bench.planning.table import Entry, Row, document, markdown, ratios, spread, table
from core.errors import Malformed

FIELD = BenchArea("field", 20.0, Polygon([(0, 0), (200, 0), (200, 40), (0, 40)]))
"""Two swaths wide: LB 400 m, 33.33 s."""
LAWN = [(0, 10), (200, 10), (200, 30), (0, 30)]
HOLED = BenchArea(
    "holed",
    20.0,
    Polygon([(0, 0), (200, 0), (200, 40), (0, 40)], [[(90, 20), (110, 20), (110, 30), (90, 30)]]),
)


def test_a_lawn_by_hand() -> None:
    """Two lines of 200 m at 200 / 12 + 4 s, a link of 20 m, too short to reach 12 m/s, at 2 sqrt(20 / 3); two turns."""
    score = scored(FIELD, [LAWN])
    assert score is not None
    assert score.length_m == pytest.approx(420.0)
    assert score.time_s == pytest.approx(2 * (200 / 12 + 4) + 2 * math.sqrt(20 / 3) + 2 * 2.0)
    assert score.length_ratio == pytest.approx(1.05)
    assert score.time_ratio == pytest.approx(score.time_s / (400 / 12))
    assert score.cover == pytest.approx(1.0, abs=1e-9)
    assert (score.outside_m, score.hole_m, score.safe) == (0.0, 0.0, True)


def test_half_a_lawn_covers_half_and_its_round_ends() -> None:
    """One line to 150 m: the strip of 150 by 20 m and half a disc beyond it, 24 segments a quarter circle."""
    score = scored(FIELD, [[(0, 10), (150, 10)]])
    assert score is not None
    disc = 48 * 0.5 * 100 * math.sin(math.pi / 48)
    assert score.cover == pytest.approx((150 * 20 + disc) / 8000, abs=1e-6)


def test_metres_astray_by_hand() -> None:
    score = scored(HOLED, [[(0, 25), (220, 25)]])
    assert score is not None
    assert score.outside_m == pytest.approx(20.0 - 0.05)
    assert score.hole_m == pytest.approx(20.0 - 2 * 0.05)
    assert not score.safe


def test_the_very_edge_is_no_trespass() -> None:
    """Along the border, off by less than the tolerance of 0.05 m: rounding, not flight."""
    for y in (0.0, -0.04, 40.04):
        score = scored(FIELD, [[(0, y), (200, y)]])
        assert score is not None
        assert score.outside_m == 0.0
    beyond = scored(FIELD, [[(0, -0.06), (200, -0.06)]])
    assert beyond is not None
    assert beyond.outside_m == pytest.approx(200.0)


def test_shallow_bends_are_flown_through_and_sharp_ones_are_not() -> None:
    """A bend of 2 degrees between legs of 100 m: its arc is far wider than 48 m; a right angle costs a stop."""
    bent = math.radians(2.0)
    shallow = scored(FIELD, [[(0, 1), (100, 1), (100 + 100 * math.cos(bent), 1 + 100 * math.sin(bent))]])
    sharp = scored(FIELD, [[(0, 1), (30, 1), (30, 31)]])
    assert shallow is not None
    assert sharp is not None
    assert shallow.time_s == pytest.approx(200 / 12 + 4, abs=1e-3)
    assert sharp.time_s == pytest.approx(2 * 2 * math.sqrt(30 / 3) + 2)


def test_two_drones_share_by_hand() -> None:
    score = scored(FIELD, [[(0, 10), (200, 10)], [(0, 30), (140, 30)]])
    assert score is not None
    long, short = 200 / 12 + 4, 140 / 12 + 4
    assert score.times_s == pytest.approx((long, short))
    assert score.balance == pytest.approx(long / ((long + short) / 2))
    assert score.makespan_ratio(2) == pytest.approx(long / (400 / 12 / 2))


def test_repeated_points_and_paths_of_none_count_for_nothing() -> None:
    assert scored(FIELD, []) is None
    assert scored(FIELD, [[(5, 5), (5, 5)], []]) is None
    assert scored(FIELD, [[(5, 5), (math.nan, 5)]]) is None
    twice, once = scored(FIELD, [[LAWN[0], *LAWN]]), scored(FIELD, [LAWN])
    assert twice == once


def test_the_quickest_safe_candidate_that_covers_enough_is_chosen() -> None:
    quick, slow, astray = [(0, 10), (200, 10)], [*LAWN, (0, 35)], [(0, 10), (260, 10)]
    best = best_of(FIELD, [quick, slow, LAWN, astray])
    assert best == scored(FIELD, [LAWN])
    assert best_of(FIELD, [quick, astray]) == scored(FIELD, [quick]), "the least bad when none is valid"
    assert best_of(FIELD, [[], [(1, 1)]]) is None


def test_ratios_compare_where_both_are_valid() -> None:
    lawn, half, more = (scored(FIELD, [p]) for p in (LAWN, LAWN[:2], [*LAWN, (0, 35)]))
    ours = Entry("ours", (Row("a", lawn), Row("b", lawn), Row("c", lawn)), True)
    theirs = Entry("theirs", (Row("a", more), Row("b", half), Row("c", None, "no path")))
    assert lawn is not None
    assert more is not None
    assert ratios(ours, [theirs]) == pytest.approx([lawn.time_s / more.time_s])
    assert ratios(ours, [theirs, ours]) == pytest.approx([1.0, 1.0, 1.0]), "the best of them counts, area by area"
    drawn = table([ours, theirs], 1).splitlines()
    assert len(drawn) == 4
    assert len({line.count("|") for line in drawn}) == 1
    assert "2/3" in drawn[3]
    figures = json.loads(json.dumps(document([ours, theirs], 1)))["planners"]["theirs"]
    assert figures["c"] == {"error": "no path"}
    assert figures["a"]["time_s"] == pytest.approx(more.time_s)


def test_a_planner_with_no_path_at_all_still_has_a_line() -> None:
    entry = Entry("none", (Row("a", None, "not installed"),))
    assert "0/1" in table([entry], 1)
    assert "makespan" in table([Entry("ours", (Row("a", scored(FIELD, [LAWN]), seconds=1.0),), True)], 3)
    assert spread([None, None]) == "-"
    assert markdown([["a"], ["bc"]]) == "| a  |\n|----|\n| bc |"


def feature(name: str, ring: list[list[float]], swath: float = 20.0) -> dict[str, object]:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"id": name, "swath_m": swath}, "geometry": geometry}


def test_areas_are_read_and_chosen(tmp_path: Path) -> None:
    square = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]
    file = tmp_path / "areas.geojson"
    file.write_text(json.dumps({"features": [feature("d01_a", square), feature("d02_b", square, 40.0)]}))
    assert [a.name for a in areas_from(file)] == ["d01_a", "d02_b"]
    (only,) = areas_from(file, ("d02",))
    assert only.least_m == pytest.approx(250.0)
    assert only.rings == [[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]]
    with pytest.raises(Malformed, match="d01_a, d02_b"):
        areas_from(file, ("d03",))
    file.write_text(json.dumps({"features": [feature("bow", [[0, 0], [9, 9], [9, 0], [0, 9], [0, 0]])]}))
    with pytest.raises(Malformed, match="bow"):
        areas_from(file)
    file.write_text("[]")
    with pytest.raises(Malformed, match="--areas"):
        areas_from(file)


def test_a_missing_areas_file_names_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Malformed, match="--areas FILE"):
        areas_from(None)


def test_a_planner_in_a_process_may_fail_in_any_way() -> None:
    def said(code: str, limit_s: float = 20.0) -> object:
        return answer([sys.executable, "-c", code], {"swath_m": 20}, limit_s)

    assert said("import sys, json; print(json.dumps({'got': json.load(sys.stdin)['swath_m']}))") == {"got": 20}
    assert said("raise ValueError('no such field')") == Failed("ValueError: no such field")
    assert said("print('hello')") == Failed("its answer is not JSON")
    assert said("print('[]')") == Failed("its answer is no object")
    assert said("import time; time.sleep(30)", 0.3) == Failed("no answer within 0.3 s")


def test_the_host_runs_a_script_named_like_the_library_it_imports(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(
        "import json\n\ndef plan(rings, swath_m):\n    print('chatter')\n    return [json.loads('[[0, 0], [1, 2]]')]\n"
    )
    peer = PEERS[0]
    command = [*peer.command(Path(sys.executable))[:-1], str(tmp_path / "json.py")]
    made = answer(command, {"rings": [[[0, 0], [1, 0], [0, 1]]], "swath_m": 2}, 20.0)
    assert isinstance(made, dict), made
    assert made["candidates"] == [[[0.0, 0.0], [1.0, 2.0]]]
    assert {"import_s", "seconds", "cpu_s"} <= set(made)


def test_every_peer_is_pinned_and_has_its_script() -> None:
    for peer in PEERS:
        assert peer.script.exists()
        assert all(pin.count("==") == 1 for pin in peer.pins)
        assert peer.pins[0].split("==")[0] == peer.name


@pytest.mark.slow
def test_a_peer_that_cannot_be_installed_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    made = installed(Peer("airground-no-such-planner", "-", "-", ("airground-no-such-planner==0",)), tmp_path)
    assert isinstance(made, Failed)
    assert made.why.startswith("not installed: ")
    assert not (tmp_path / "airground-no-such-planner" / "pins.txt").exists()
