"""The real MAVSDK flies a simulated vehicle of each personality over UDP, by itself (no gateway between).

Each flight has its own process: MAVSDK wants one instance a process, and its threads end with it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

FLIGHT = Path(__file__).with_name("fly_mavsdk.py")


@pytest.mark.slow
@pytest.mark.parametrize(("who", "port"), [("px4", 21201), ("ardupilot", 21202)])
async def test_mavsdk_flies_it(who: str, port: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FLIGHT), who, str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(110):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = out.decode(errors="replace")
    assert process.returncode == 0, text[-4000:]
    for step in ("uploaded", "read back", "armed", "mission", "paused", "resumed", "returning", "landed"):
        assert f"STEP {step}\n" in text, text[-4000:]
