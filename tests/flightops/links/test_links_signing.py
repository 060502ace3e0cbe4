"""Signed links: what is believed, what is not, and what stays so over a restart. Frames are signed by pymavlink."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega as mav

from core.errors import Fault, Malformed
from core.events import Order
from core.ids import DroneId
from core.io.files.signing import SpentTimes, read_key, write_key
from core.io.runtime import SystemClock
from core.io.settings import DroneSettings
from core.units import UtcSeconds
from flightops.links.air.frames import Writer, command_long
from flightops.links.air.signing import AHEAD_S, Signer, Wrong, units_at
from flightops.links.gateway import Gateway
from flightops.links.line import Line, Signing
from tests.flightops.links.conftest import settings_for
from tests.flightops.links.test_links_gateway import mission

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
NOW = UtcSeconds(1_800_000_000.0)
LINK = "udpin://127.0.0.1:23501"


def frame(at: float = NOW, key: bytes | None = KEY, system: int = 1, link_id: int = 7, command: int = 400) -> bytes:
    """An ARM's acknowledgement, signed at a time by pymavlink."""
    codec = mav.MAVLink(None, srcSystem=system, srcComponent=1)
    codec.signing.secret_key, codec.signing.link_id, codec.signing.timestamp = key, link_id, units_at(at)
    codec.signing.sign_outgoing = key is not None
    return bytes(mav.MAVLink_command_ack_message(command, 0).pack(codec))


def v1_frame() -> bytes:
    return bytes(mav.MAVLink_command_ack_message(400, 0).pack(mav.MAVLink(None, srcSystem=1), force_mavlink1=True))


def changed(whole: bytes, at: int, to: int) -> bytes:
    out = bytearray(whole)
    out[at] = to
    return bytes(out)


def after_restart(first: float, then: bytes) -> Wrong | None:
    before = Signer(KEY)
    assert before.wrong(frame(first), NOW) is None
    kept = before.to_keep()
    assert kept is not None
    return Signer(KEY, kept).wrong(then, NOW)


def heard_before(*frames: bytes) -> Signer:
    signer = Signer(KEY)
    for one in frames:
        assert signer.wrong(one, NOW) is None
    return signer


ATTACKS: dict[str, tuple[Callable[[], Wrong | None], Wrong]] = {
    "unsigned": (lambda: Signer(KEY).wrong(frame(key=None), NOW), Wrong.UNSIGNED),
    "MAVLink 1": (lambda: Signer(KEY).wrong(v1_frame(), NOW), Wrong.UNSIGNED),
    "signed flag and no signature": (
        lambda: Signer(KEY).wrong(changed(frame(key=None), 2, 1), NOW), Wrong.UNSIGNED),
    "signature with its flag cleared": (lambda: Signer(KEY).wrong(changed(frame(), 2, 0), NOW), Wrong.UNSIGNED),
    "wrong key": (lambda: Signer(KEY).wrong(frame(key=OTHER), NOW), Wrong.MARK),
    "signature of zeros": (lambda: Signer(KEY).wrong(frame()[:-6] + bytes(6), NOW), Wrong.MARK),
    "changed content": (lambda: Signer(KEY).wrong(changed(frame(), 10, 16), NOW), Wrong.MARK),
    "changed sender": (lambda: Signer(KEY).wrong(changed(frame(), 5, 2), NOW), Wrong.MARK),
    "changed time": (lambda: Signer(KEY).wrong(changed(frame(), -9, 0xFF), NOW), Wrong.MARK),
    "replayed": (lambda: heard_before(frame()).wrong(frame(), NOW), Wrong.REPLAYED),
    "older than one heard": (lambda: heard_before(frame()).wrong(frame(NOW - 1), NOW), Wrong.REPLAYED),
    "replayed after a restart": (lambda: after_restart(NOW, frame(NOW)), Wrong.OLD),
    "held back, sent after a restart": (lambda: after_restart(NOW, frame(NOW - 5)), Wrong.OLD),
    "on another link id after a restart": (lambda: after_restart(NOW, frame(NOW, link_id=9)), Wrong.OLD),
    "an hour ahead": (lambda: Signer(KEY).wrong(frame(NOW + 3600), NOW), Wrong.FUTURE),
    "an hour old on a new stream": (lambda: Signer(KEY).wrong(frame(NOW - 3600), NOW), Wrong.OLD),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_not_believed(attack: str) -> None:
    made, why = ATTACKS[attack]
    assert made() is why


@pytest.mark.parametrize("forged", [frame(NOW + 30, key=OTHER), frame(NOW + 3600), changed(frame(NOW + 30), -1, 1)])
def test_a_forged_frame_does_not_shut_honest_ones_out(forged: bytes) -> None:
    signer = heard_before(frame())
    assert signer.wrong(forged, NOW) is not None
    assert signer.wrong(frame(NOW + 0.1), NOW) is None


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=30), st.lists(st.integers(0, 29), max_size=10))
def test_each_time_is_believed_once_and_in_order_also_over_restarts(offsets: list[float], restarts: list[int]) -> None:
    signer, spent, disk = Signer(KEY), -1, 0
    for k, offset in enumerate(offsets):
        if k in restarts:
            signer, spent = Signer(KEY, disk), max(spent, disk)
        time = units_at(NOW + offset)
        believed = signer.wrong(frame(NOW + offset), NOW) is None
        assert believed == (time > spent)
        spent = max(spent, time)
        if (kept := signer.to_keep()) is not None:
            assert kept == signer.kept or kept > signer.kept
            signer.kept = disk = kept
        assert disk > spent or not believed


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_no_time_is_sent_twice_whatever_the_clock_does(jumps: list[float]) -> None:
    signer, sent = Signer(KEY), []
    for k, jump in enumerate(jumps):
        if k % 7 == 3 and (kept := signer.to_keep()) is not None:
            signer = Signer(KEY, kept)
        sent.append(signer.next_time(UtcSeconds(NOW + jump)))
    assert sent == sorted(set(sent))


def test_what_we_sign_pymavlink_believes() -> None:
    signer, writer = Signer(KEY), Writer(255, 190, KEY)
    reader = mav.MAVLink(None)
    reader.signing.secret_key = KEY
    for k in range(300):
        sent = writer.pack(command_long(1, 400, (0.0,) * 7), signer.next_time(UtcSeconds(NOW + k * 1e-6)))
        (message,) = reader.parse_buffer(sent)
        assert message.get_type() == "COMMAND_LONG"
    assert reader.signing.goodsig_count == 300


class _Clock:
    def __init__(self) -> None:
        self.time = float(NOW)

    def now(self) -> UtcSeconds:
        return UtcSeconds(self.time)

    def monotonic(self) -> float:
        return self.time


def line(tmp_path: Path, told: list[str], spend: Callable[[str, int], None] | None = None) -> Line:
    times = SpentTimes(tmp_path / "signing.json")
    signing = Signing(Signer(KEY, times.spent(LINK)), spend or times.spend)
    drones = (DroneSettings(id="d1", link=LINK, signing_key="k"),)
    return Line(LINK, drones, _Clock(), lambda _, text: told.append(text), signing)


def heartbeat(at: float) -> bytes:
    codec = mav.MAVLink(None, srcSystem=1, srcComponent=1)
    codec.signing.secret_key, codec.signing.timestamp, codec.signing.sign_outgoing = KEY, units_at(at), True
    return bytes(mav.MAVLink_heartbeat_message(2, 12, 0, 0, 4, 3).pack(codec))


def listen(one: Line, data: bytes) -> list[Any]:
    got: list[Any] = []
    one._on_message = lambda _, __, message: got.append(message)
    one.received(data, ("10.0.0.9", 14550))
    return got


def test_a_link_hears_only_what_is_signed_and_tells_each_fault_once(tmp_path: Path) -> None:
    told: list[str] = []
    one = line(tmp_path, told)
    assert listen(one, heartbeat(NOW))
    for k in range(5):
        assert not listen(one, frame(NOW + k, key=OTHER))
        assert not listen(one, frame(NOW + k, key=None))
    assert not listen(one, heartbeat(NOW))
    assert one.unbelieved == {"mark": 5, "unsigned": 5, "replayed": 1}
    assert len(told) == 3
    assert any("give the aircraft the key" in text.lower() for text in told)
    assert listen(line(tmp_path, told), heartbeat(NOW)) == [], "the file keeps what was spent"
    assert listen(line(tmp_path, told), heartbeat(NOW + AHEAD_S + 0.1))


def test_a_full_disk_is_told_once_and_does_not_stop_a_link(tmp_path: Path) -> None:
    told: list[str] = []
    tries: list[int] = []

    def full(_: str, time: int) -> None:
        tries.append(time)
        raise Fault("can't keep signing times in x: No space left on device")

    one = line(tmp_path, told, full)
    assert all(listen(one, heartbeat(NOW + k / 10)) for k in range(5))
    assert not listen(one, heartbeat(NOW)), "while it runs nothing is believed twice"
    assert one._packed(command_long(1, 176, (0.0,) * 7), 190), "HOLD leaves"
    assert len(tries) == 1, "not tried at every frame"
    assert len(told) == 2
    assert "No space" in told[0]


def signed_drone(tmp_path: Path, port: int, key: bytes = KEY) -> DroneSettings:
    path = tmp_path / f"{port}.key"
    if not path.exists():
        write_key(path, key)
    return DroneSettings(id="d1", link=f"udpin://127.0.0.1:{port}", signing_key=str(path))


@pytest.mark.slow
async def test_a_signed_link_flies_and_a_stranger_beside_it_changes_nothing(
    rig: Any, peer: Any, wait_for: Any, tmp_path: Path
) -> None:
    r, a = rig(signed_drone(tmp_path, 23511)), peer("ardupilot", key=KEY)
    await r.start((a, 23511))
    v = await wait_for(lambda: r.client.vehicle(DroneId("d1")))
    assert await v.upload(mission()) == mission().digest
    await v.fly()
    for stranger in (peer("ardupilot", lat=10.0), peer("ardupilot", lat=10.0, key=OTHER)):
        r.tasks.append(asyncio.create_task(stranger.fly(23511)))
    await wait_for(lambda: sum("is not believed" in text for _, text in r.warnings) >= 2)
    await asyncio.sleep(1.0)
    assert r.states["d1"].place.value.lat_deg == pytest.approx(45.0)
    assert not any("two vehicles" in text for _, text in r.warnings)
    assert (await r.client.order(DroneId("d1"), Order.HOLD)).done
    assert a.parser.signing.badsig_count == 0
    assert a.parser.signing.goodsig_count >= len(a.heard) > 20


@pytest.mark.slow
async def test_what_was_heard_before_a_restart_is_not_believed_after_it(
    rig: Any, peer: Any, wait_for: Any, tmp_path: Path
) -> None:
    r, a = rig(signed_drone(tmp_path, 23512)), peer("ardupilot", key=KEY)
    await r.start((a, 23512))
    await wait_for(lambda: r.states.get("d1"))
    await r.stop()
    recorded = a.last
    again = rig(signed_drone(tmp_path, 23512))
    await again.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(3):
            s.sendto(recorded, ("127.0.0.1", 23512))
    line = again.gateway._lines[0]
    await wait_for(lambda: line.unbelieved.get("old", 0) == 3)
    assert not again.states
    honest = peer("ardupilot", key=KEY)
    again.tasks.append(asyncio.create_task(honest.fly(23512)))
    await wait_for(lambda: again.states.get("d1"))


@pytest.mark.parametrize(
    ("drones", "says"),
    [
        ([{}], "no key is given"),
        ([{"signing_key": "k", "unsigned": True}], "said to be unsigned"),
        ([{"signing_key": "none.key"}], "can't read"),
        ([{"unsigned": True, "system_id": 1}, {"signing_key": "k", "system_id": 2}], "differ in signing"),
    ],
)
def test_a_link_says_its_key_or_that_it_has_none(tmp_path: Path, drones: list[dict[str, Any]], says: str) -> None:
    made = [DroneSettings(id=f"d{k}", link=LINK, **more) for k, more in enumerate(drones, start=1)]
    with pytest.raises(Malformed, match=says) as wrong:
        Gateway(settings_for(tmp_path, *made), SystemClock())
    assert wrong.value.field == "drones.d1.signing_key"


def test_keys_are_read_only_from_files_that_nobody_else_can_read(tmp_path: Path) -> None:
    path = tmp_path / "d1.key"
    with pytest.raises(Malformed, match="can't read"):
        read_key(path, "drones.d1.signing_key")
    write_key(path, KEY)
    assert read_key(path, "x") == KEY
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Malformed, match="never overwritten"):
        write_key(path, OTHER)
    for mode in (0o640, 0o604, 0o620, 0o666):
        os.chmod(path, mode)
        with pytest.raises(Malformed, match="others may read the key") as wrong:
            read_key(path, "x")
        assert KEY.hex() not in str(wrong.value)
    os.chmod(path, 0o600)
    for text in ("", "zz" * 32, KEY.hex()[:-2], "00" * 32, KEY.hex() + "00", "ü" * 64):
        path.write_text(text)
        with pytest.raises(Malformed):
            read_key(path, "x")


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"a": "b"}', b"\x00" * 9])
def test_damaged_times_are_told_not_forgotten(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "signing.json").write_bytes(damaged)
    with pytest.raises(Malformed, match="is damaged"):
        SpentTimes(tmp_path / "signing.json")
