"""Small files that must be whole and on disk before anything counts on them."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import Fault


def keep(path: Path, data: bytes, what: str) -> None:
    """Write, sync, replace, sync the folder; readable by its owner only. Raises Fault naming `what`."""
    draft = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as e:
        raise Fault(f"can't keep {what} in {path}: {e.strerror}") from e
