"""What the writers share: degrees as text, rings turned one way, the same bytes for the same values."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from core.geo import LatLon
from flightops.planning.export.document import SectorLine

DECIMALS = 8
"""Of a degree: 1 mm; autopilots keep 7."""


def rounded_deg(value_deg: float) -> float:
    """Degrees to DECIMALS, never -0."""
    return round(value_deg, DECIMALS) + 0.0


def deg_text(value_deg: float) -> str:
    """Degrees as decimal text, never with an exponent."""
    return f"{rounded_deg(value_deg):.{DECIMALS}f}"


def turned(ring: tuple[LatLon, ...], clockwise: bool = False) -> tuple[LatLon, ...]:
    """The ring from its first corner, counter-clockwise seen from above with north up, or clockwise."""
    twice = sum(a.lon_deg * b.lat_deg - b.lon_deg * a.lat_deg for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))
    return ring if (twice < 0.0) == clockwise else (ring[0], *ring[:0:-1])


def summary(sector: SectorLine) -> str:
    """A sector in one line of words."""
    parts = [f"Drone {sector.drone}"]
    if sector.length_m is not None:
        parts.append(f"{sector.length_m:.0f} m")
    if sector.time_s is not None:
        parts.append(f"{sector.time_s:.0f} s")
    if sector.heights is not None:
        parts.append(f"{min(sector.heights.agl_m):.0f} to {max(sector.heights.agl_m):.0f} m above ground at its points")
    elif sector.height_agl_m is not None:
        parts.append(f"{sector.height_agl_m:g} m above ground")
    if sector.speed_mps is not None:
        parts.append(f"{sector.speed_mps:g} m/s")
    return ", ".join(parts)


def child(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    """A new last child of an element."""
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def xml_bytes(root: ElementTree.Element) -> bytes:
    """The tree as UTF-8, indented, with its declaration."""
    ElementTree.indent(root, "  ")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def json_bytes(value: Any) -> bytes:
    """JSON-ready values as UTF-8, keys sorted, indented. Raises ValueError for NaN."""
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2) + "\n").encode()
