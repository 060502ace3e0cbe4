"""The command line as a stranger meets it: good runs, and every bad input named with its field and fix."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av
import cv2
import numpy as np
import pytest

from airground.cli import main

SQUARE = [[120.036, 28.888], [120.040, 28.888], [120.040, 28.891], [120.036, 28.891], [120.036, 28.888]]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def airground(*words: str) -> Done:
    """The command, in this process; what a process of its own would have printed and returned."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["airground", *words]):
        try:
            main()
        except SystemExit as e:
            code = int(e.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def test_the_installed_command_is_the_same() -> None:
    run = subprocess.run([sys.executable, "-m", "airground", "plan", "no-such", "--swath", "3", "--out", "x"],
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode == 2
    assert "no-such" in run.stderr
    assert "Traceback" not in run.stderr


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": list(rings)}}


def plan(folder: Path, doc: Any, *more: str) -> tuple[Done, Path]:
    area, out = folder / "area.geojson", folder / "plan.json"
    area.write_text(doc if isinstance(doc, str) else json.dumps(doc))
    return airground("plan", str(area), "--swath", "30", "--out", str(out), *more), out


def test_a_plan_is_written_with_its_figures(tmp_path: Path) -> None:
    done, out = plan(tmp_path, polygon(SQUARE), "--drones", "2", "--home", "120.036,28.887")
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    assert len(doc["sectors"]) == 2
    assert all(len(s["path"]) > 4 for s in doc["sectors"])
    assert doc["cover"] > 0.99
    assert doc["planning_s"] > 0


def test_a_plan_says_how_soon_it_finds(tmp_path: Path) -> None:
    near = tmp_path / "where.json"
    near.write_text(json.dumps({"kind": "rings", "point": SQUARE[0], "rings": [{"within_m": 100, "probability": 0.9}]}))
    done, out = plan(tmp_path, polygon(SQUARE), "--probability", str(near), "--effort", "first", "--minutes", "3")
    assert done.returncode == 0, done.stderr
    told = json.loads(out.read_text())["probability"]
    assert 0 <= told["pos_plain"] <= told["pos"] <= told["in_area"]
    assert told["pos"] > 0
    assert told["minutes"] == 3.0
    lone, _ = plan(tmp_path, polygon(SQUARE), "--minutes", "3")
    assert lone.returncode == 2
    assert "--minutes" in lone.stderr
    assert "--probability" in lone.stderr


BAD_AREAS: dict[str, tuple[Any, str]] = {
    "not json": ("{", "JSON"),
    "not a polygon": ({"type": "Point", "coordinates": [120, 28]}, "Polygon"),
    "empty": (polygon([]), "coordinates"),
    "self-crossing": (polygon([[120, 28], [120.01, 28.01], [120.01, 28], [120, 28.01], [120, 28]]), "cross"),
    "at the pole": (polygon([[0, 89.5], [1, 89.5], [1, 89.6], [0, 89.5]]), "latitude"),
    "not a number": (json.dumps(polygon(SQUARE)).replace("28.891", "NaN"), "coordinates"),
    "hole outside": (polygon(SQUARE, [[121, 28], [121.1, 28], [121.1, 28.1], [121, 28]]), "hole"),
}


@pytest.mark.parametrize("case", BAD_AREAS)
def test_bad_areas_are_refused_in_one_line_and_leave_no_file(tmp_path: Path, case: str) -> None:
    doc, says = BAD_AREAS[case]
    done, out = plan(tmp_path, doc)
    assert done.returncode == 2
    assert says.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
    assert not out.exists()


@pytest.mark.slow
def test_a_hundred_thousand_corners_end_in_a_plan_or_a_clear_refusal(tmp_path: Path) -> None:
    turns = np.linspace(0, 2 * math.pi, 100_000, endpoint=False)
    ring = [[120 + 0.01 * math.cos(t), 28.9 + 0.01 * math.sin(t)] for t in turns]
    done, out = plan(tmp_path, polygon([*ring, ring[0]]))
    assert "Traceback" not in done.stderr
    assert (done.returncode == 0) == out.exists()


def test_an_unwritable_plan_names_the_file(tmp_path: Path) -> None:
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(polygon(SQUARE)))
    done = airground("plan", str(area), "--swath", "30", "--out", str(tmp_path / "no" / "plan.json"))
    assert done.returncode == 2
    assert "plan.json" in done.stderr


def test_detections_have_the_scorers_format(tmp_path: Path) -> None:
    image = np.full((512, 640), 60, np.uint8)
    cv2.circle(image, (300, 200), 7, 190, -1, cv2.LINE_AA)
    (tmp_path / "frames").mkdir()
    cv2.imwrite(str(tmp_path / "frames" / "1_60_90_0_00001.jpg"), cv2.GaussianBlur(image, (5, 5), 1))
    done = airground("detect", str(tmp_path / "frames"), "--out", str(tmp_path / "det.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "det.json").read_text())
    assert rows
    assert set(rows[0]) == {"image", "category", "bbox", "score"}
    x, y, w, h = rows[0]["bbox"]
    assert abs(x + w / 2 - 300) < 4
    assert abs(y + h / 2 - 200) < 4


def clip(path: Path) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 512, "yuv420p"
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((768, 640), 90, np.uint8), format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def test_a_truncated_video_and_junk_end_with_a_word_not_a_crash(tmp_path: Path) -> None:
    clip(tmp_path / "whole.mp4")
    data = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    (tmp_path / "junk.mp4").write_bytes(b"\0\1\2" * 5000)
    for name in ("cut.mp4", "junk.mp4"):
        done = airground("detect", str(tmp_path / name), "--out", str(tmp_path / "det.json"))
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 2)
        assert done.returncode == 0 or name in done.stderr


def test_a_dead_stream_is_said(tmp_path: Path) -> None:
    done = airground("watch", "udp://127.0.0.1:28999")
    assert done.returncode == 2
    assert "28999" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("serve", "--config", "no-such.toml"), "no-such.toml"),
        (("demo", "--scenario", "no-such"), "forest"),
        (("demo", "--autopilot", "betaflight"), "px4 or ardupilot"),
        (("demo", "--footage", "no-such-folder"), "footage"),
        (("detect", "no-such-folder", "--out", "x.json"), "no-such-folder"),
        (("watch", "ftp://example"), "ftp"),
        (("hold", "d1", "--server", "http://127.0.0.1:9"), "AIRGROUND_USER"),
    ],
)
def test_wrong_words_are_answered_with_the_fix(words: tuple[str, ...], says: str) -> None:
    done = airground(*words)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_server_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRGROUND_TOKEN", "x")
    done = airground("return", "--server", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "airground serve" in done.stderr


def test_help_lists_every_command() -> None:
    done = airground("--help")
    for command in ("demo", "serve", "gateway", "plan", "detect", "watch", "search", "hold", "return"):
        assert command in done.stdout


def test_a_signing_key_is_written_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "d1.key"
    assert airground("signing-key", str(path)).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert len(bytes.fromhex(text)) == 32
    again = airground("signing-key", str(path))
    assert (again.returncode, path.read_text()) == (2, text)
    assert "never overwritten" in again.stderr


HAWK = '[[drone]]\nname = "hawk"\nhome = [120.0358, 28.8878]\nspeed_mps = 12\nendurance_min = 25\n'
KITE = '[[drone]]\nname = "kite"\nhome = [120.036, 28.8878]\nspeed_mps = 9\nendurance_min = 30\nswath_m = 40\n'


def fleet(folder: Path, text: str, *more: str) -> tuple[Done, Path]:
    (folder / "fleet.toml").write_text(text)
    return plan(folder, polygon(SQUARE), "--fleet", str(folder / "fleet.toml"), "--effort", "first", *more)


def test_a_fleets_plan_has_its_flights(tmp_path: Path) -> None:
    done, out = fleet(tmp_path, HAWK + KITE)
    assert done.returncode == 0, done.stderr
    assert "proved" in done.stderr
    doc = json.loads(out.read_text())
    assert {s["drone"] for s in doc["sectors"]} == {f["drone"] for f in doc["flights"]} == {"hawk", "kite"}
    assert all(f["battery_left"] >= 0.15 for f in doc["flights"])


@pytest.mark.slow
def test_the_documents_example_is_a_fleet(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "fleet.toml"
    done, out = fleet(tmp_path, example.read_text())
    assert done.returncode == 0, done.stderr
    doc = json.loads(out.read_text())
    assert {s["drone"] for s in doc["sectors"]} <= {"hawk", "kite", "wren"}
    assert all(f["transit_height_m"] >= 90.0 for f in doc["flights"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "drone"),
        ("drone = []", "holds no drone"),
        ("[[drone", "not TOML"),
        (HAWK.replace("= 12", "= nan"), "fleet.hawk.speed_mps"),
        (HAWK.replace("= 12", '= "fast"'), "speed_mps"),
        (HAWK + "wings = 2\n", "wings"),
        (HAWK + HAWK, "'hawk' is the name of more than one"),
        (HAWK.replace("[120.0358, 28.8878]", "[28.8878, 120.0358]"), "swapped"),
        (HAWK.replace("[120.0358, 28.8878]", "[120.0358]"), "home"),
        (HAWK.replace("= 25", "= 0"), "fleet.hawk.endurance_s"),
        (HAWK.replace("= 25", "= 3"), "fleet.hawk"),
    ],
)
def test_bad_fleets_are_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    done, out = fleet(tmp_path, text)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_fleet_replaces_drones_home_speed_and_endurance(tmp_path: Path) -> None:
    for option in (("--drones", "2"), ("--home", "120.036,28.887"), ("--speed", "9"), ("--endurance", "20")):
        done, out = fleet(tmp_path, HAWK, *option)
        assert done.returncode == 2
        assert f"replaces {option[0]}" in done.stderr
        assert not out.exists()
    done, _ = plan(tmp_path, polygon(SQUARE), "--fleet", str(tmp_path / "none.toml"))
    assert "none.toml" in done.stderr
    done, _ = plan(tmp_path, polygon(SQUARE), "--endurance", "20")
    assert "--home" in done.stderr


def test_a_fleet_takes_wind_margin_and_plain_lines(tmp_path: Path) -> None:
    done, out = fleet(tmp_path, HAWK + KITE)
    assert done.returncode == 0, done.stderr
    still = json.loads(out.read_text())
    assert "wind" not in still["fleet"]
    done, out = fleet(tmp_path, HAWK + KITE, "--wind", "5,270", "--margin", "25", "--pattern", "s")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "25 m inside" in told
    assert "can't be seen from inside the margin" in told
    assert "in 5.0 m/s of wind from 270" in told
    assert "a battery lands with" in told
    doc = json.loads(out.read_text())
    assert (doc["margin_m"], doc["wind_mps"]) == (25.0, [5.0, 0.0])
    assert doc["fleet"]["wind"]["mps"] == [5.0, 0.0]
    assert doc["fleet"]["makespan_s"] > still["fleet"]["makespan_s"]
    assert doc["cover_asked"] * doc["in_reach"] <= doc["cover"] <= doc["in_reach"] < 1.0
    assert all(f["battery_left"] >= 0.15 for f in doc["flights"])


def test_the_margin_of_a_fleet_is_that_of_the_drone_that_needs_most(tmp_path: Path) -> None:
    done, out = fleet(tmp_path, HAWK.replace("= 12", "= 6") + KITE, "--margin", "auto", "--wind", "2,0")
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["margin_m"] == pytest.approx(3.0 + (9.0 + 2.0) ** 2 / 6.0, abs=0.05)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--wind", "8,270"),
            "fleet.kite.speed_mps: 9 m/s through the air is too slow against 8.0 m/s of wind (fly kite",
        ),
        (("--wind", "8,270", "--margin", "auto"), "fleet.kite.speed_mps"),
        (("--wind", "60,270"), "wait until the wind is under"),
        (("--wind", "nan,270"), "--wind"),
        (("--margin", "nan"), "--margin"),
        (("--margin", "-1"), "--margin"),
        (("--margin", "wide"), "--margin"),
        (("--margin", "400"), "--margin: 400 m leaves nothing to fly in (take a smaller margin"),
        (("--pattern", "parallel"), "--pattern: a fleet of unlike drones can't be planned with it (leave one"),
        (("--pattern", "orbit"), "--pattern"),
    ],
)
def test_what_a_fleet_cannot_fly_is_refused_by_name(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done, out = fleet(tmp_path, HAWK + KITE, *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_share_of_several_flights_is_no_single_qgroundcontrol_plan(tmp_path: Path) -> None:
    done, out = fleet(tmp_path, HAWK.replace("= 25", "= 6"), "--format", "plan")
    assert done.returncode == 2
    assert "flights" in done.stderr
    assert not out.exists()
