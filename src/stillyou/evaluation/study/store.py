"""Participants and answers: SQLite with a write-ahead log, and a journal beside it (`journal`).

A participant is a random code that the server makes up, and the number in which they came. Nothing else is kept of
anybody: no name, address, browser or time of day.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillyou.errors import StillYouError
from stillyou.evaluation.study.journal import Entry, Journal
from stillyou.evaluation.study.plan import SIDES, Side

DATABASE = "answers.sqlite"
MOST = 10_000
"""Participants of a study. In a full one, whoever has answered nothing makes room: a robot that joins without end keeps
nobody out."""
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS participant (participant TEXT PRIMARY KEY, slot INTEGER UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
    participant TEXT NOT NULL REFERENCES participant, trial INTEGER NOT NULL, done TEXT NOT NULL, keeps TEXT NOT NULL,
    seconds REAL, repeated INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (participant, trial));
"""


@dataclass(frozen=True)
class GivenAnswer:
    """What somebody answered to one trial.

    Attributes:
        slot: The participant, by the number in which they came.
        trial: Its number in their session, from 0.
        done: Side that is better done.
        keeps: Side that keeps the person better.
        seconds: From the trial being shown to its answer; None where the server was started again between them.
        repeated: How often it was answered again; the first answer counts.
    """

    slot: int
    trial: int
    done: Side
    keeps: Side
    seconds: float | None
    repeated: int


class Store:
    """The answers of one study.

    Args:
        folder: The study's.
        digest: Of its plan: answers to another one are refused.

    Attributes:
        notes: What a person should know: a damaged database that was made again, lines that were lost.

    Raises:
        StillYouError: Answers of another study, or a folder that cannot be written.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self.notes: list[str] = []
        self._lock = threading.Lock()
        self._journal = Journal(folder)
        self._path = folder / DATABASE
        self._connection = self._opened()
        try:
            self._check_plan(digest)
            self._replay()
        except Exception:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def join(self) -> str | None:
        """Take on a participant; returns their code, None if the study is full."""
        with self._changing() as database:
            slot = self._free_slot(database)
            if slot is None:
                return None
            code = secrets.token_hex(8)
            entry = {"kind": "join", "participant": code, "slot": slot}
            self._journal.add(entry)
            _apply(database, entry)
            return code

    def _free_slot(self, database: sqlite3.Connection) -> int | None:
        """Return the next participant's number, the oldest idle one's if need be; None if everybody has answered."""
        slot = int(database.execute("SELECT COALESCE(MAX(slot) + 1, 0) FROM participant").fetchone()[0])
        if slot < MOST:
            return slot
        idle = "SELECT participant, slot FROM participant WHERE participant NOT IN (SELECT participant FROM answer)"
        found = database.execute(f"{idle} ORDER BY rowid LIMIT 1").fetchone()
        if found is None:
            return None
        self._forget(database, found[0])
        return int(found[1])

    def slot(self, code: str) -> int | None:
        """Return the number in which a participant came; None if there is no such code."""
        row = self._one("SELECT slot FROM participant WHERE participant = ?", code)
        return None if row is None else int(row[0])

    def answered(self, code: str) -> set[int]:
        """Return the trials that a participant has answered."""
        return {row[0] for row in self._all("SELECT trial FROM answer WHERE participant = ?", code)}

    def answer(self, code: str, trial: int, done: Side, keeps: Side, seconds: float | None = None) -> bool:
        """Keep an answer; returns False if the trial was answered before, or if the participant has withdrawn.

        The first answer counts.
        """
        entry = {"kind": "answer", "participant": code, "trial": trial, "done": done, "keeps": keeps}
        entry["seconds"] = None if seconds is None else round(seconds, 2)
        with self._changing() as database:
            again = "UPDATE answer SET repeated = repeated + 1 WHERE participant = ? AND trial = ?"
            if database.execute(again, (code, trial)).rowcount:
                return False
            if database.execute("SELECT 1 FROM participant WHERE participant = ?", (code,)).fetchone() is None:
                return False  # withdrawn meanwhile: nothing of them may come back
            self._journal.add(entry)
            _apply(database, entry)
            return True

    def withdraw(self, code: str) -> None:
        """Forget a participant and all that they answered."""
        with self._changing() as database:
            self._forget(database, code)

    def _forget(self, database: sqlite3.Connection, code: str) -> None:
        self._journal.forget(code)
        database.execute("DELETE FROM answer WHERE participant = ?", (code,))
        database.execute("DELETE FROM participant WHERE participant = ?", (code,))

    def answers(self) -> list[GivenAnswer]:
        """Return all answers, by participant and trial."""
        query = (
            "SELECT slot, trial, done, keeps, seconds, repeated FROM answer JOIN participant USING (participant)"
            " ORDER BY slot, trial"
        )
        return [GivenAnswer(*row) for row in self._all(query)]

    def participants(self) -> list[int]:
        """Return the numbers of all participants."""
        return [row[0] for row in self._all("SELECT slot FROM participant ORDER BY slot")]

    def _opened(self) -> sqlite3.Connection:
        """Open the database; a damaged one is put aside, and a new one takes its place."""
        try:
            return _connect(self._path)
        except sqlite3.DatabaseError as error:
            if not self._path.is_file() or _busy(error):
                raise StillYouError(f"cannot open {self._path}: {error}", "Check space and permissions.") from error
        aside = _free_name(self._path)
        self._path.rename(aside)
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        self.notes.append(f"{self._path.name} was damaged: it lies aside as {aside.name}, and was made again")
        return _connect(self._path)

    def _check_plan(self, digest: str) -> None:
        row = self._one("SELECT value FROM about WHERE key = 'plan'")
        if row is not None and row[0] != digest:
            remedy = "Restore study.json, or make a new study in a new folder."
            raise StillYouError(f"{self._path} holds answers to another study", remedy)
        with self._changing() as database:
            database.execute("INSERT OR IGNORE INTO about VALUES ('plan', ?)", (digest,))

    def _replay(self) -> None:
        """Bring in what the journal has and the database lacks."""
        entries, unreadable = self._journal.read()
        before = len(self.answers())
        with self._changing() as database:
            for entry in entries:
                _apply(database, entry)
        if missing := len(self.answers()) - before:
            self.notes.append(f"{missing} answers were brought back from the journal")
        if unreadable:
            self.notes.append(f"{unreadable} lines of the journal cannot be read and are passed over")

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Change the database in one transaction, alone."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Any:
        with self._lock:
            return self._connection.execute(query, values).fetchone()


def _connect(path: Path) -> sqlite3.Connection:
    """Open a whole database, made if it is not there; raises sqlite3.DatabaseError for a damaged one."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # whoever withdraws leaves nothing behind
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
        connection.executescript(_TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def _busy(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error)


def _free_name(path: Path) -> Path:
    return next(p for n in range(1, 10_000) if not (p := path.with_name(f"{path.name}.damaged-{n}")).exists())


def _apply(database: sqlite3.Connection, entry: Entry) -> None:
    """Bring an entry of the journal into the database, unless it is there; one that makes no sense is passed over."""
    code, slot, trial, seconds = (entry.get(key) for key in ("participant", "slot", "trial", "seconds"))
    if entry.get("kind") == "join" and _whole(slot):
        database.execute("INSERT OR IGNORE INTO participant VALUES (?, ?)", (code, slot))
    elif entry.get("kind") == "answer" and _whole(trial) and isinstance(seconds, (int, float, type(None))):
        row = (code, trial, entry.get("done"), entry.get("keeps"), None if seconds is None else float(seconds))
        if row[2] in SIDES and row[3] in SIDES:
            database.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?, ?, 0)", row)


def _whole(number: Any) -> bool:
    """Tell whether a number can be that of a participant or trial."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < MOST
