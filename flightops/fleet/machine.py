"""What a drone is doing, as a table: TABLE[phase, sign] is the next phase (DESIGN rule 6).

A sign is what telemetry shows or what was decided. Signs that are no news in a phase keep it. `sign_of` reads
telemetry; a field that was never heard gives no sign, so an unknown is never taken for "on the ground".
Mode and in_air come in messages of their own, so a drone that starts its mission is seen in the air in its old mode
for up to a second: in UPLOADING and TAKING_OFF that reads as taking off.
"""

from __future__ import annotations

from enum import StrEnum

from core.drone import DroneState, FlightMode
from core.events import Order, Phase
from flightops.fleet.state import OnBoard
from flightops.missions.items import TAKE_OFF_ITEM, sweep_range


class Sign(StrEnum):
    """What can move a drone from phase to phase, in the order of TABLE's columns."""

    UPLOAD = "its mission is being uploaded"
    NOT_FLOWN = "its mission was not started"
    LIFTING = "it is taking off"
    ON_WAY = "it is flying its mission"
    AT_SWEEP = "it sweeps its sector"
    PAST_SWEEP = "its sector is behind it"
    HOLDS = "it hovers"
    BY_HAND = "it is flown by hand or by another station"
    RETURNS = "it is flying home"
    LANDS = "it is landing"
    ON_GROUND = "it is on the ground, disarmed"
    HOLD = "HOLD was ordered"
    RETURN = "RETURN was ordered"
    BREACH_HOLD = "a safety rule says HOLD"
    BREACH_RETURN = "a safety rule says RETURN"


G, U, T, X = Phase.GROUNDED, Phase.UPLOADING, Phase.TAKING_OFF, Phase.TRANSIT
S, H, R, L = Phase.SWEEPING, Phase.HOLDING, Phase.RETURNING, Phase.LANDING

# columns as in Sign: UPLOAD NOT_FLOWN LIFTING ON_WAY AT_SWEEP PAST_SWEEP HOLDS BY_HAND RETURNS LANDS ON_GROUND
#                     HOLD RETURN BREACH_HOLD BREACH_RETURN
_ROWS: dict[Phase, tuple[Phase, ...]] = {
    G: (U, G, T, X, S, R, H, H, R, L, G, G, G, G, G),
    U: (U, G, T, X, S, R, T, T, R, L, U, G, G, G, G),
    T: (T, H, T, X, S, R, T, T, R, L, G, H, R, H, R),
    X: (X, X, X, X, S, R, H, H, R, L, G, H, R, H, R),
    S: (S, S, S, X, S, R, H, H, R, L, G, H, R, H, R),
    H: (H, H, H, X, S, R, H, H, R, L, G, H, R, H, R),
    R: (R, R, R, X, S, R, H, H, R, L, G, H, R, R, R),
    L: (L, L, L, X, S, R, H, H, R, L, G, H, R, L, L),
}
TABLE: dict[tuple[Phase, Sign], Phase] = {
    (phase, sign): after for phase, row in _ROWS.items() for sign, after in zip(Sign, row, strict=True)
}

ORDERED: dict[Order, Sign] = {Order.HOLD: Sign.HOLD, Order.RETURN: Sign.RETURN}
BREACHED: dict[Order, Sign] = {Order.HOLD: Sign.BREACH_HOLD, Order.RETURN: Sign.BREACH_RETURN}

_BY_MODE: dict[FlightMode, Sign] = {
    FlightMode.OTHER: Sign.BY_HAND,
    FlightMode.MANUAL: Sign.BY_HAND,
    FlightMode.GUIDED: Sign.BY_HAND,
    FlightMode.HOLD: Sign.HOLDS,
    FlightMode.TAKE_OFF: Sign.LIFTING,
    FlightMode.RETURN: Sign.RETURNS,
    FlightMode.LAND: Sign.LANDS,
}


def sweep_of(mission: OnBoard) -> tuple[int, int]:
    """First and last item (0-based, inclusive) that fly the sector."""
    return mission.sweep or sweep_range(mission.items)


def item_of(state: DroneState, mission: OnBoard | None) -> int | None:
    """The item of `mission` being flown, 0-based as uploaded; None unless it was heard after the upload."""
    if mission is None or state.mission is None or state.mission.at < mission.at:
        return None
    return state.mission.value.current


def sign_of(state: DroneState, mission: OnBoard | None) -> Sign | None:
    """What telemetry shows; None when mode, arming or in_air were never heard, or when it is armed and idle."""
    if state.mode is None or state.in_air is None or state.armed is None:
        return None
    mode, in_air = state.mode.value, state.in_air.value
    if not in_air and not state.armed.value:
        return Sign.ON_GROUND
    if mode is FlightMode.MISSION:
        return _mission_sign(in_air, item_of(state, mission), mission)
    if not in_air and mode is not FlightMode.TAKE_OFF:
        return None
    return _BY_MODE[mode]


def _mission_sign(in_air: bool, item: int | None, mission: OnBoard | None) -> Sign:
    if not in_air or (item is not None and item <= TAKE_OFF_ITEM):
        return Sign.LIFTING
    if item is None or mission is None:
        return Sign.ON_WAY
    first, last = sweep_of(mission)
    if item < first:
        return Sign.ON_WAY
    return Sign.AT_SWEEP if item <= last else Sign.PAST_SWEEP
