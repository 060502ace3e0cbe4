"""A fleet's flights as JSON-ready values: what `airground plan` writes beside the sectors.

Way points are [longitude, latitude, height, time]: degrees WGS-84, metres above home (the ground is taken as level),
seconds from the search's start. Flown straight and evenly from one to the next, a drone is never farther than WITHIN_M
from where the proved flight is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from core.geo import Floats, LocalFrame
from flightops.planning.airspace.energy import RESERVE, RETURN_MARGIN
from flightops.planning.airspace.timed import Flight
from flightops.planning.area import CheckedArea
from flightops.planning.fleet.flights import TURNAROUND_S, Air, FleetFlights, Flown, Share
from flightops.planning.fleet.shares import Division
from flightops.planning.paths.timing import STILL, length_m

WITHIN_M = 0.25
DEGREES, METRES, SECONDS = 8, 2, 3
"""Decimals written."""


def flights_document(air: Air, made: FleetFlights) -> dict[str, Any]:
    """`flights`, and `fleet` with the figures of them together."""
    apart, near = air.sky.apart, made.nearest
    proof = {
        "horizontal_m": apart.horizontal_m,
        "vertical_m": apart.vertical_m,
        "least_horizontal_m": _rounded(near.horizontal_m),
        "least_vertical_m": _rounded(near.vertical_m),
    }
    battery = {"return_factor": RETURN_MARGIN, "reserve": RESERVE, "turnaround_s": TURNAROUND_S}
    known = all(f.left is not None for f in made.flights)
    wind = made.shares[0].drone.wind_mps
    air_kept = {} if wind == STILL else {"wind": {"mps": list(wind), "speeds": "through the air, held on every leg"}}
    together = {
        "makespan_s": round(made.makespan_s, 1),
        "balance": round(made.balance, 4),
        "height": "m above home, the ground taken as level",
        "proof": proof,
        "battery": battery if known else "not judged: no endurance was given",
        **air_kept,
    }
    return {"flights": [_flight(air.transits.frame, made.shares, f) for f in made.flights], "fleet": together}


def sectors_document(ground: CheckedArea, made: FleetFlights, division: Division) -> dict[str, Any]:
    """The sectors of a plan: paths are sweeps alone, each with its drone's own figures. `division`: where the shares
    flown come from."""
    shares = made.shares
    sectors = [
        {
            "path": ground.frame.to_lonlat_many(s.path).tolist(),
            "drone": s.drone.name,
            "home": [s.drone.home.lon_deg, s.drone.home.lat_deg],
            "length_m": round(length_m(s.path), 1),
            "time_s": round(s.time_s, 1),
            "swath_m": s.drone.swath_m,
            "speed_mps": s.drone.speed_mps,
            "height_agl_m": s.drone.height_agl_m,
            "flights": made.flights_of(k),
        }
        for k, s in enumerate(shares)
    ]
    swept = sum(length_m(s.path) * s.drone.swath_m for s in shares)
    in_time = sum(s.time_s * s.drone.speed_mps * s.drone.swath_m for s in shares)
    return {
        "sectors": sectors,
        "cover": round(division.cover, 6),
        "in_reach": round(division.in_reach, 6),
        "makespan_s": round(max(s.time_s for s in shares), 1),
        "length_ratio": round(swept / ground.polygon.area, 4),
        "time_ratio": round(in_time / ground.polygon.area, 4),
        "pattern": division.pattern,
        "cells": division.cells,
    }


def _flight(frame: LocalFrame, shares: tuple[Share, ...], flown: Flown) -> dict[str, Any]:
    drone, flight, waits = shares[flown.share].drone, flown.flight, flown.waits
    return {
        "drone": drone.name,
        "flight": flown.number,
        "sector": flown.share + 1,
        "start_s": round(flight.start_s, SECONDS),
        "end_s": round(flight.end_s, SECONDS),
        "waits_s": {"entry": waits.entry_s, "exit": waits.exit_s},
        "transit_height_m": flown.transit_m,
        "battery_left": None if flown.left is None else round(flown.left, 4),
        "way_points": _way_points(frame, flight),
    }


def _way_points(frame: LocalFrame, flight: Flight) -> list[list[float]]:
    times = _times(flight)
    place = flight.at(times)
    lonlat = frame.to_lonlat_many(place[:, :2])
    return [
        [round(lon, DEGREES), round(lat, DEGREES), round(height, METRES), round(at, SECONDS)]
        for (lon, lat), height, at in zip(lonlat.tolist(), place[:, 2].tolist(), times.tolist(), strict=True)
    ]


def _times(flight: Flight) -> Floats:
    """Times (n,) s between which the flight is straight and even to WITHIN_M."""
    track = flight.track
    bent = np.sqrt((track.accel**2).sum(axis=1))
    lasts = np.diff(track.t_s)
    parts = np.maximum(np.ceil(lasts * np.sqrt(bent / (8.0 * WITHIN_M))), 1.0).astype(int)
    inner = [np.linspace(a, b, n, endpoint=False) for (a, b), n in zip(pairwise(track.t_s), parts, strict=True)]
    return np.concatenate([*inner, track.t_s[-1:]])


def _rounded(metres: float | None) -> float | None:
    return None if metres is None else round(metres, METRES)
