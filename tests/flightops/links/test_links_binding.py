"""Who is who on a link: bindings, strangers, two vehicles with one system id."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Malformed
from core.ids import DroneId
from core.io.settings import DroneSettings
from flightops.links.air.binding import CLASH_HELD_S, SETTLE_S, Heard, Interleaving, LinkRoll, Seat

LINK = "udpin://127.0.0.1:1"
A, B = ("10.0.0.1", 14550), ("10.0.0.2", 14550)


class Log:
    def __init__(self) -> None:
        self.said: list[tuple[DroneId | None, str]] = []

    def __call__(self, drone: DroneId | None, text: str) -> None:
        self.said.append((drone, text))


def roll(*ids: int | None) -> tuple[LinkRoll, Log]:
    log = Log()
    drones = tuple(DroneSettings(id=f"d{k}", link=LINK, system_id=i, unsigned=True) for k, i in enumerate(ids, start=1))
    return LinkRoll(LINK, drones, log), log


def beat(system: int, seq: int = 0, now: float = 0.0, source: tuple[str, int] = A, kind: int = 2) -> Heard:
    return Heard(source, system, seq % 256, now, kind=kind, autopilot=12)


def frame(
    seq: int,
    now: float,
    source: tuple[str, int] = A,
    uptime: float | None = None,
    place: tuple[float, float] | None = None,
) -> Heard:
    return Heard(source, 1, seq % 256, now, uptime_s=uptime, place=place)


def test_named_ids_get_their_seats_and_others_the_first_free() -> None:
    r, log = roll(None, 7)
    seven, other = r.hear(beat(7)), r.hear(beat(3))
    assert seven is not None
    assert other is not None
    assert (seven.drone, other.drone) == ("d2", "d1")
    assert not log.said


def test_telemetry_before_a_heartbeat_binds_nobody() -> None:
    r, _ = roll(None)
    assert r.hear(frame(1, 0.0)) is None
    assert r.hear(beat(1)) is not None
    assert r.hear(frame(2, 0.1)) is not None


def test_a_stranger_is_named_once_and_refused() -> None:
    r, log = roll(None)
    r.hear(beat(1))
    assert r.hear(beat(2)) is None
    assert r.hear(beat(2, 1, 1.0)) is None
    assert len(log.said) == 1
    assert "unknown vehicle with system id 2" in log.said[0][1]


def test_a_plane_is_refused() -> None:
    r, log = roll(None)
    assert r.hear(beat(1, kind=1)) is None
    assert "rotary wing" in log.said[0][1]


@pytest.mark.parametrize("ids", [(1, 1), (300,), (0,)])
def test_impossible_settings_are_refused(ids: tuple[int, ...]) -> None:
    with pytest.raises(Malformed, match="system_id"):
        roll(*ids)


def test_an_address_that_alternates_is_two_vehicles() -> None:
    r, log = roll(1)
    seat = r.hear(beat(1, 0, 0.0, A))
    assert seat is not None
    r.hear(beat(1, 9, 0.5, B))
    assert not seat.commandable(0.5)
    assert r.hear(beat(1, 1, 1.0, A)) is None
    assert not seat.commandable(60.0 - 51.0)
    assert len(log.said) == 1
    assert "two vehicles answer with system id 1" in log.said[0][1]
    assert "two addresses" in log.said[0][1]


def test_an_address_that_moves_once_is_one_vehicle() -> None:
    r, log = roll(1)
    seat = r.hear(beat(1, 0, 0.0, A))
    assert seat is not None
    for k in range(1, 50):
        assert r.hear(frame(k, 0.1 * k, B)) is seat
    assert not seat.commandable(0.1 + SETTLE_S - 0.01)
    assert seat.commandable(0.1 + SETTLE_S)
    assert not log.said


def test_a_clash_ends_when_one_is_left() -> None:
    r, log = roll(1)
    seat = r.hear(beat(1, 0, 0.0, A))
    assert seat is not None
    for k in range(1, 6):
        r.hear(beat(1, k, k * 0.2, (A, B)[k % 2]))
    assert seat.clash(1.0)
    last = 1.0
    for k in range(6, 200):
        last = k * 0.2
        r.hear(frame(k, last, B))
    assert seat.commandable(last)
    assert [("again" in text) for _, text in log.said] == [False, True]
    assert last > CLASH_HELD_S


def two(
    seqs: tuple[int, int], uptimes: tuple[float | None, float | None], places: tuple[tuple[float, float] | None, ...]
) -> Seat:
    """Two vehicles behind one address, three bursts a second each."""
    r, _ = roll(1)
    seat = r.hear(beat(1))
    assert seat is not None
    now = 0.0
    for burst in range(30):
        for who in (0, 1):
            for k in range(3):
                now += 0.02
                up, place = uptimes[who], places[who]
                r.hear(frame(seqs[who] + 3 * burst + k, now, A, None if up is None else up + now, place))
    return seat


def test_two_counters_behind_one_address_are_two_vehicles() -> None:
    assert two((0, 100), (None, None), (None, None)).clash_at is not None


def test_two_uptimes_behind_one_address_are_two_vehicles() -> None:
    assert two((0, 0), (100.0, 900.0), (None, None)).clash_at is not None


def test_two_places_behind_one_address_are_two_vehicles() -> None:
    assert two((0, 0), (5.0, 5.5), ((45.0, 13.0), (45.001, 13.0))).clash_at is not None


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 40), min_size=20, max_size=100),
    st.integers(0, 255),
    st.data(),
)
def test_one_vehicle_with_loss_and_reordering_is_never_two(gaps: list[int], start: int, data: st.DataObject) -> None:
    seqs, seq = [], start
    for gap in gaps:
        seq += 1 + (gap if gap > 30 else 0)
        seqs.append(seq)
    for k in range(len(seqs) - 1):
        if data.draw(st.integers(0, 4)) == 0:
            seqs[k], seqs[k + 1] = seqs[k + 1], seqs[k]
    detector = Interleaving()
    assert not any(detector.saw(s % 256, 0.02 * k) for k, s in enumerate(seqs))


@settings(deadline=None, max_examples=60)
@given(st.integers(20, 120), st.integers(0, 255), st.integers(1, 5), st.integers(0, 15))
def test_two_interleaved_counters_are_always_seen(apart: int, start: int, burst: int, loss_percent: int) -> None:
    detector = Interleaving()
    rng = iter(range(10**9))
    seen = False
    for k in range(40):
        for base in (start, start + apart):
            for j in range(burst):
                if (next(rng) * 7919) % 100 >= loss_percent:
                    seen |= detector.saw((base + k * burst + j) % 256, 0.05 * k)
    assert seen


def test_a_reboot_is_one_vehicle() -> None:
    r, log = roll(1)
    seat = r.hear(beat(1))
    for k in range(1, 100):
        assert r.hear(frame(k, k * 0.1, A, uptime=500 + k * 0.1)) is seat
    for k in range(1, 100):
        assert r.hear(frame(k, 13 + k * 0.1, A, uptime=1 + k * 0.1)) is seat
    assert not log.said
