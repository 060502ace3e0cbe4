"""Map data from disk: GeoJSON feature collections (basemap, roads) and TOML documents (sites)."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from core.errors import Malformed

MAX_BYTES = 256 * 1024 * 1024
"""Larger map files are refused: they would not fit a browser either."""


def read_geojson(path: Path, field: str) -> dict[str, Any]:
    """The FeatureCollection in a file. `field` names the setting in errors. Raises Malformed."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Malformed(field, f"{path} is over {MAX_BYTES // 2**20} MiB", "cut it to your area")
        doc = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except OSError as e:
        raise Malformed(
            field, f"can't read {path}: {e.strerror}", "check the path, counted from the settings file"
        ) from e
    except (ValueError, RecursionError) as e:
        raise Malformed(field, f"{path} is not JSON: {e}", "a GeoJSON FeatureCollection is wanted") from e
    if not isinstance(doc, dict) or doc.get("type") != "FeatureCollection" or not isinstance(doc.get("features"), list):
        raise Malformed(field, f"{path} is not a FeatureCollection", "a GeoJSON FeatureCollection is wanted")
    return doc


def read_toml(path: Path, field: str) -> dict[str, Any]:
    """The document in a TOML file. `field` names the setting in errors. Raises Malformed."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise Malformed(
            field, f"can't read {path}: {e.strerror}", "check the path, counted from the settings file"
        ) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise Malformed(field, f"{path} is not TOML: {e}") from e


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
