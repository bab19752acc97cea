"""The file behind ``--state``: one table of JSON records in SQLite."""

import collections
import dataclasses
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, key))
"""
UPSERT = """
INSERT INTO record (kind, key, body) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""


class Store:
    """Records by kind and key, each change durable when ``save`` returns."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        # WAL: a killed process loses nothing that was committed.
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute(SCHEMA)

    def load(self) -> dict[str, list[Any]]:
        """``{kind: [record]}`` in the order in which they came; empty when new."""
        records = collections.defaultdict(list)
        rows = self.connection.execute("SELECT kind, body FROM record ORDER BY number")
        for kind, body in rows:
            records[kind].append(json.loads(body))
        return records

    def save(self, records: Mapping[tuple[str, str], object]) -> None:
        """Write ``{(kind, key): record}`` in one transaction."""
        rows = [(kind, key, _json(record)) for (kind, key), record in records.items()]
        self.connection.execute("BEGIN")
        self.connection.executemany(UPSERT, rows)
        self.connection.execute("COMMIT")

    def clear(self) -> None:
        self.connection.execute("DELETE FROM record")

    def close(self) -> None:
        self.connection.close()


def _json(record: object) -> str:
    if dataclasses.is_dataclass(record):
        record = vars(record)
    return json.dumps(record)
