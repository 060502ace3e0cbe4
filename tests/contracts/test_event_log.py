"""Contract of core.log.EventLog, run on every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from core.errors import Fault
from core.events import DroneLinkRestored, DroneWarned, Fact, Recorded
from core.ids import DroneId
from core.io.log.memory import MemoryLog
from core.io.log.sqlite import SqliteLog
from core.log import EventLog
from core.units import UtcSeconds

T0 = UtcSeconds(1_000.0)


@pytest.fixture(params=["memory", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventLog]:
    made: EventLog = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "log.db")
    yield made
    await made.close()


def fact(n: int) -> Fact:
    return DroneWarned(DroneId("d1"), f"warning {n}")


async def test_numbers_rise_from_one_without_gaps(log: EventLog) -> None:
    assert log.last_seq() == 0
    assert await log.append(T0, fact(1), fact(2)) == 2
    assert await log.append(T0, fact(3)) == 3
    assert log.last_seq() == 3
    records = await log.read(0)
    assert records == tuple(Recorded(n, T0, fact(n)) for n in (1, 2, 3))


async def test_appending_nothing_changes_nothing(log: EventLog) -> None:
    assert await log.append(T0) == 0
    assert await log.read(0) == ()


async def test_read_pages(log: EventLog) -> None:
    await log.append(T0, *(fact(n) for n in range(10)))
    assert [r.seq for r in await log.read(3, limit=4)] == [4, 5, 6, 7]
    assert await log.read(10) == ()


async def test_many_writers_keep_batches_whole_and_lose_nothing(log: EventLog) -> None:
    async def write(writer: int) -> None:
        for n in range(20):
            await log.append(T0, fact(writer * 1000 + n), DroneLinkRestored(DroneId(f"w{writer}")))

    await asyncio.gather(*(write(w) for w in range(8)))
    records = await log.read(0)
    assert [r.seq for r in records] == list(range(1, 321))
    for first, second in zip(records[::2], records[1::2], strict=True):
        assert isinstance(first.fact, DroneWarned)
        assert isinstance(second.fact, DroneLinkRestored)


async def test_followers_get_what_was_and_what_comes_once_in_order(log: EventLog) -> None:
    await log.append(T0, fact(1), fact(2))
    seen: list[int] = []

    async def follow() -> None:
        async for record in log.follow(1):
            seen.append(record.seq)
            if record.seq == 200:
                return

    task = asyncio.create_task(follow())
    for n in range(3, 201):
        await log.append(T0, fact(n))
    await asyncio.wait_for(task, 10)
    assert seen == list(range(2, 201))


async def test_close_ends_followers_and_refuses_appends(log: EventLog) -> None:
    async def follow() -> list[Recorded]:
        return [r async for r in log.follow(0)]

    await log.append(T0, fact(1))
    task = asyncio.create_task(follow())
    await asyncio.sleep(0.05)
    await log.close()
    assert len(await asyncio.wait_for(task, 5)) == 1
    with pytest.raises(Fault):
        await log.append(T0, fact(2))


Case = Callable[[Path], Awaitable[None]]


async def test_sqlite_keeps_records_over_a_restart(tmp_path: Path) -> None:
    first = SqliteLog(tmp_path / "log.db")
    await first.append(T0, fact(1), fact(2))
    await first.close()
    second = SqliteLog(tmp_path / "log.db")
    assert second.last_seq() == 2
    assert [r.fact for r in await second.read(0)] == [fact(1), fact(2)]
    assert await second.append(T0, fact(3)) == 3
    await second.close()


async def test_sqlite_has_one_owner(tmp_path: Path) -> None:
    first = SqliteLog(tmp_path / "log.db")
    with pytest.raises(Fault, match="in use by another airground process"):
        SqliteLog(tmp_path / "log.db")
    await first.close()
    second = SqliteLog(tmp_path / "log.db")
    await second.close()
