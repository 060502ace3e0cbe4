"""Event log and trail in SQLite: WAL, synchronous=FULL, group commit. Nothing to install.

One writer thread takes all that waits, writes it in one transaction and answers every caller only after the
commit. A batch that fails (full disk) is rolled back whole: each of its callers gets a Fault, nothing is half kept.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from pathlib import Path

from core.errors import Fault
from core.events import Fact, Recorded
from core.io import wire
from core.units import UtcSeconds

_SCHEMA = "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, at REAL NOT NULL, fact BLOB NOT NULL) STRICT"
_TRAIL = "CREATE TABLE IF NOT EXISTS trail (subject TEXT PRIMARY KEY, at REAL NOT NULL, payload BLOB NOT NULL) STRICT"
QUEUE_LENGTH = 10_000
"""Appends that may wait for the disk; past it `append` raises Fault at once (events never drop silently)."""
BATCH = 500

_Job = tuple[float, list[bytes], "Future[int]"]


def _open(path: Path, synchronous: str) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={synchronous}")
    except sqlite3.Error as e:
        raise Fault(f"can't open {path}: {e}; is the folder there, writable, and not full?") from e
    return db


class SqliteLog:
    """EventLog in one file. One process may have it open for writing (a lock file is held: the second gets a Fault)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._write = _open(path, "FULL")
        try:
            self._write.execute("PRAGMA locking_mode=NORMAL")
            self._write.execute(_SCHEMA)
        except sqlite3.Error as e:
            raise Fault(f"can't use {path}: {e}") from e
        self._lock = _open_owner(path)
        self._read = _open(path, "FULL")
        self._last = int(self._read.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()[0])
        self._jobs: queue.Queue[_Job | None] = queue.Queue(QUEUE_LENGTH)
        self._followers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._guard = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="event-log", daemon=True)
        self._thread.start()

    async def append(self, now: UtcSeconds, *facts: Fact) -> int:
        if self._closed:
            raise Fault(f"{self._path} is closed")
        if not facts:
            return self._last
        done: Future[int] = Future()
        try:
            self._jobs.put_nowait((now, [wire.encode(f) for f in facts], done))
        except queue.Full:
            raise Fault(f"{self._path}: {QUEUE_LENGTH} appends wait for the disk") from None
        return await asyncio.wrap_future(done)

    async def read(self, after: int, limit: int = 1000) -> tuple[Recorded, ...]:
        query = "SELECT seq, at, fact FROM log WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._read.execute(query, (after, limit)).fetchall()
        return tuple(Recorded(seq, UtcSeconds(at), wire.decode(blob)) for seq, at, blob in rows)

    def last_seq(self) -> int:
        return self._last

    async def follow(self, after: int) -> AsyncIterator[Recorded]:
        grown = asyncio.Event()
        entry = (asyncio.get_running_loop(), grown)
        with self._guard:
            self._followers.add(entry)
        try:
            while True:
                grown.clear()
                batch = await self.read(after)
                for record in batch:
                    yield record
                    after = record.seq
                if not batch:
                    if self._closed:
                        return
                    await grown.wait()
        finally:
            with self._guard:
                self._followers.discard(entry)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._wake()
        self._write.close()
        self._lock.close()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            batch: list[_Job] = []
            while job is not None:
                batch.append(job)
                if len(batch) >= BATCH or self._jobs.empty():
                    break
                job = self._jobs.get_nowait()
            if batch:
                self._commit(batch)
            if job is None:
                return

    def _commit(self, batch: list[_Job]) -> None:
        seq, answers = self._last, []
        try:
            self._write.execute("BEGIN IMMEDIATE")
            for at, blobs, done in batch:
                rows = [(seq + i + 1, at, blob) for i, blob in enumerate(blobs)]
                self._write.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
                seq += len(blobs)
                answers.append((done, seq))
            self._write.execute("COMMIT")
        except sqlite3.Error as e:
            if self._write.in_transaction:
                self._write.execute("ROLLBACK")
            for _, _, done in batch:
                done.set_exception(Fault(f"{self._path}: {e}; nothing of this was kept (free some disk?)"))
            return
        self._last = seq
        for done, number in answers:
            done.set_result(number)
        self._wake()

    def _wake(self) -> None:
        with self._guard:
            followers = list(self._followers)
        for loop, grown in followers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(grown.set)


def _open_owner(path: Path) -> sqlite3.Connection:
    """Hold an exclusive lock in a side file for as long as the process lives (a kill frees it)."""
    owner = sqlite3.connect(f"{path}.owner", isolation_level=None, timeout=0.2, check_same_thread=False)
    try:
        owner.execute("PRAGMA locking_mode=EXCLUSIVE")
        owner.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as e:
        owner.close()
        raise Fault(f"{path} is in use by another airground process; end that one or use another data_dir") from e
    return owner


class SqliteTrail:
    """Trail in its own file, written out once a second by whoever pushes (not durable to the last second)."""

    def __init__(self, path: Path, every_s: float = 1.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = _open(path, "NORMAL")
        self._db.execute(_TRAIL)
        rows = self._db.execute("SELECT subject, at, payload FROM trail").fetchall()
        self._newest: dict[str, tuple[UtcSeconds, bytes]] = {s: (UtcSeconds(a), p) for s, a, p in rows}
        self._dirty: set[str] = set()
        self._written = UtcSeconds(0.0)
        self._every_s = every_s

    def push(self, subject: str, at: UtcSeconds, payload: bytes) -> None:
        old = self._newest.get(subject)
        if old is not None and old[0] > at:
            return
        self._newest[subject] = (at, payload)
        self._dirty.add(subject)
        if at - self._written >= self._every_s:
            self._written = at
            self._flush()

    def newest(self) -> Mapping[str, tuple[UtcSeconds, bytes]]:
        return dict(self._newest)

    def close(self) -> None:
        self._flush()
        self._db.close()

    def _flush(self) -> None:
        rows = [(s, *self._newest[s]) for s in self._dirty]
        self._dirty.clear()
        try:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO trail VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            # the trail is no record: a full disk must not stop telemetry; the log tells of the disk
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
