"""What a decoding process may use: decoders meet bytes from the network (FACTS: CVE-2026-40962)."""

from __future__ import annotations

import os
import resource

import cv2

MEMORY_BYTES = 2 << 30
"""Address space of a decoding process; a 640 x 512 stream uses well under half of it."""
THREAD_SETTINGS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def confine() -> None:
    """Limit this process: memory, no core dumps, one thread for cv2 and the maths libraries loaded from here on."""
    os.environ.update(THREAD_SETTINGS)
    cv2.setNumThreads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
