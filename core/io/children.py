"""Child processes that must not outlive the process they serve."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
BACKGROUND = 10
"""Niceness of work that nobody waits for."""


def die_with_parent() -> None:
    """Call in a child: the kernel ends it when its parent dies, however it dies (Linux; elsewhere it does nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)


def in_background() -> None:
    """`die_with_parent`, and only what other processes leave of the processor."""
    die_with_parent()
    os.nice(BACKGROUND)
