from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Malformed
from core.io.files import maps


def test_a_feature_collection_is_read(tmp_path: Path) -> None:
    file = tmp_path / "roads.geojson"
    file.write_text('{"type": "FeatureCollection", "features": []}')
    assert maps.read_geojson(file, "map.roads")["features"] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "Feature"}', '{"type": "FeatureCollection"}', "[" * 10**5,
                                  '{"type": "FeatureCollection", "features": [NaN]}'])  # fmt: skip
def test_anything_else_is_refused_by_setting_and_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "roads.geojson"
    file.write_text(text)
    with pytest.raises(Malformed, match=r"map\.roads: .*roads\.geojson"):
        maps.read_geojson(file, "map.roads")


def test_missing_and_too_large_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed, match="No such file"):
        maps.read_geojson(tmp_path / "none", "map.roads")
    with pytest.raises(Malformed, match="No such file"):
        maps.read_toml(tmp_path / "none", "sites")
    monkeypatch.setattr(maps, "MAX_BYTES", 3)
    file = tmp_path / "big"
    file.write_text("12345")
    with pytest.raises(Malformed, match="over"):
        maps.read_geojson(file, "map.roads")


def test_toml_is_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('id = "a"')
    assert maps.read_toml(file, "sites") == {"id": "a"}
    file.write_text("id = ")
    with pytest.raises(Malformed, match="not TOML"):
        maps.read_toml(file, "sites")
