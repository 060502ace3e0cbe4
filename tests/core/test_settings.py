from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Malformed
from core.io import settings

GOOD = """
data_dir = "var"
[map]
centre = { lat_deg = 28.9, lon_deg = 120.0 }
[[drones]]
id = "d1"
link = "udpin://127.0.0.1:14550"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "airground.toml"
    path.write_text(text)
    return path


def test_defaults_and_paths_from_the_file(tmp_path: Path) -> None:
    made = settings.load(written(tmp_path, GOOD))
    assert made.drones[0].camera.hfov_deg == 45.0
    assert made.server.host == "127.0.0.1"
    assert made.path("roads.geojson") == tmp_path / "roads.geojson"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace('id = "d1"', 'id = "d1"\nfaces = true'), "faces"),
        (GOOD.replace('link = "udpin://127.0.0.1:14550"', ""), "link"),
        (GOOD.replace("28.9", '"north"'), "lat_deg"),
        ("data_dir = [", "not TOML"),
    ],
)
def test_wrong_settings_name_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        settings.load(written(tmp_path, text))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no-such"):
        settings.load(tmp_path / "no-such.toml")
