"""The record under kill -9 and a full disk, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from core.io.log.sqlite import SqliteLog

WRITER = """
import asyncio, sys
from pathlib import Path
from core.events import DroneWarned
from core.ids import DroneId
from core.io.log.sqlite import SqliteLog

async def main():
    log = SqliteLog(Path(sys.argv[1]))
    async def write(w):
        for n in range(100_000):
            seq = await log.append(float(n), DroneWarned(DroneId(f"w{w}"), "x" * 200))
            print(seq, flush=True)
    await asyncio.gather(*(write(w) for w in range(4)))

asyncio.run(main())
"""

FULL = """
import asyncio, resource, sys
from pathlib import Path
from core.errors import Fault
from core.events import DroneWarned
from core.ids import DroneId
from core.io.log.sqlite import SqliteLog

async def main():
    log = SqliteLog(Path(sys.argv[1]))
    await log.append(1.0, DroneWarned(DroneId("d"), "before"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    kept = 1
    try:
        for n in range(1000):
            await log.append(2.0, *(DroneWarned(DroneId("d"), "x" * 5000) for _ in range(5)))
            kept += 5
    except Fault as e:
        print("FAULT", e)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    seq = await log.append(3.0, DroneWarned(DroneId("d"), "after"))
    print("KEPT", kept, "SEQ", seq)
    await log.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("run", range(3))
def test_nothing_acknowledged_is_lost_to_kill_9(tmp_path: Path, run: int) -> None:
    path = tmp_path / "log.db"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(100 + 57 * run)]
    child.kill()
    acknowledged += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()

    async def read_back() -> int:
        log = SqliteLog(path)
        last = log.last_seq()
        assert len(await log.read(0, limit=last + 10)) == last
        await log.close()
        return last

    assert asyncio.run(read_back()) >= max(acknowledged)


def test_a_full_disk_is_a_fault_keeps_batches_whole_and_heals(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "log.db")], capture_output=True, text=True, check=True
    )
    assert "FAULT" in run.stdout
    assert "nothing of this was kept" in run.stdout
    words = run.stdout.split("KEPT", 1)[1].split()
    assert int(words[2]) == int(words[0]) + 1
