"""The whole story in small, headless, by the command a stranger runs; both autopilot personalities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.theatre import SMALL

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(500)]


@pytest.mark.parametrize("autopilot", ["px4", "ardupilot"])
def test_a_person_is_found_and_a_unit_led_there(tmp_path: Path, autopilot: str) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "airground", "demo", "--headless", "--scenario", str(SMALL)]
    command += ["--autopilot", autopilot, "--report", str(report), "--folder", str(tmp_path / "stage")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=480)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    told = json.loads(report.read_text())
    assert told["person_found"] is True
    assert told["unit_arrived"] is True
    assert told["false_incidents"] == 0
    assert told["autopilot"] == autopilot
    assert ("4.5.5" if autopilot == "ardupilot" else "1.17.0") in told["autopilot_version"]
    # seen on the way in, a person is found before the sector is entered
    assert told["time_from_sector_entry_to_sighting_s"] < told["time_to_sighting_s"] < told["time_to_arrival_s"]
    assert told["time_to_sighting_s"] > 0
    assert told["sighting_error_m"] < 15
