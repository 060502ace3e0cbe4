"""Starting, finding and ending the gateway process of a data folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import structlog

from core.errors import Fault
from core.io.settings import Settings
from flightops.links.control import Door, read_door

log = structlog.get_logger()


def running_gateway(data_dir: Path) -> Door | None:
    """The door of the gateway that listens there; None when none does."""
    try:
        door = read_door(data_dir)
        with socket.create_connection(("127.0.0.1", door.control_port), timeout=0.5):
            return door
    except (Fault, OSError):
        return None


def ensure_gateway(settings: Settings, config: Path) -> None:
    """Start the gateway in a session of its own unless one answers: it outlives the coordinator."""
    data = settings.path(settings.data_dir)
    if running_gateway(data) is not None:
        log.info("gateway is already running")
        return
    with (data / "gateway.log").open("ab") as out:
        command = [sys.executable, "-m", "airground", "gateway", "--config", str(config)]
        subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)


def stop_gateway(data_dir: Path) -> bool:
    """Ask the gateway of a data folder to end; whether there was one."""
    door = running_gateway(data_dir)
    if door is None:
        return False
    os.kill(door.pid, signal.SIGTERM)
    return True
