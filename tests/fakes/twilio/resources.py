"""Everything the API can show: messages, media, calls, recordings, numbers, accounts."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.twilio.file import File, moment
from tests.fakes.twilio.shapes import Shape, dated

ACCOUNTS, MESSAGES, MEDIA, CALLS = "Accounts", "Messages", "Media", "Calls"
RECORDINGS, NUMBERS, SENDERS, SERVICES = "Recordings", "IncomingPhoneNumbers", "Senders", "Services"


@dataclass(frozen=True)
class Resource:
    """One resource: what the API shows of it, what only the fake knows, and its place in time (`n`).

    `parent` is the message of a file, the call of a recording, the address of a number or sender.
    """

    kind: str
    sid: str
    account: str
    shown: Shape
    parent: str = ""
    hidden: Shape = field(default_factory=dict)
    n: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.shown[name]


def add(file: File, one: Resource, content: bytes | None = None) -> Resource:
    """Keep a new resource."""
    with file.writing() as connection:
        connection.execute(
            "INSERT INTO resources (sid, kind, account, parent, shown, hidden, content) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (one.sid, one.kind, one.account, one.parent, json.dumps(one.shown), json.dumps(one.hidden), content))
    return one


def find(file: File, kind: str, sid: str) -> Resource | None:
    """A resource by its sid; None where there is none, or none any more."""
    rows = file.rows("SELECT * FROM resources WHERE kind = ? AND sid = ?", kind, sid)
    return _resource(rows[0]) if rows else None


def newest_first(file: File, kind: str, account: str, parent: str | None = None) -> list[Resource]:
    """Every resource of a kind in an account; of one parent only, where that is given."""
    found = "SELECT * FROM resources WHERE kind = ? AND account = ? AND (? IS NULL OR parent = ?) ORDER BY n DESC"
    return [_resource(row) for row in file.rows(found, kind, account, parent, parent)]


def line(file: File, address: str) -> Resource | None:
    """The number or sender of ours that has this address."""
    rows = file.rows("SELECT * FROM resources WHERE kind IN (?, ?) AND parent = ? ORDER BY n DESC LIMIT 1",
                     NUMBERS, SENDERS, address)
    return _resource(rows[0]) if rows else None


def content(file: File, sid: str) -> bytes:
    """The bytes of a file or a recording."""
    rows = file.rows("SELECT content FROM resources WHERE sid = ?", sid)
    return bytes(rows[0]["content"] or b"") if rows else b""


def change(file: File, sid: str, **shown: Any) -> None:
    """Show something else of a resource from now on; nothing happens where it is gone."""
    with file.writing() as connection:
        rows = connection.execute("SELECT shown FROM resources WHERE sid = ?", (sid,)).fetchall()
        for row in rows:
            now = {**json.loads(row["shown"]), "date_updated": dated(moment()), **shown}
            connection.execute("UPDATE resources SET shown = ? WHERE sid = ?", (json.dumps(now), sid))


def hide(file: File, sid: str, **hidden: Any) -> None:
    """Note something that the API does not show."""
    with file.writing() as connection:
        row = connection.execute("SELECT hidden FROM resources WHERE sid = ?", (sid,)).fetchone()
        connection.execute("UPDATE resources SET hidden = ? WHERE sid = ?",
                           (json.dumps({**json.loads(row["hidden"]), **hidden}), sid))


def remove(file: File, sid: str) -> None:
    """Forget a resource and what belongs to it. The ledger does not forget that there was one."""
    with file.writing() as connection:
        connection.execute("DELETE FROM resources WHERE sid = ? OR parent = ?", (sid, sid))


def _resource(row: sqlite3.Row) -> Resource:
    return Resource(row["kind"], row["sid"], row["account"], json.loads(row["shown"]), row["parent"],
                    json.loads(row["hidden"]), row["n"])
