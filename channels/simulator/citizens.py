"""The citizens: their phones and handles, and what they write."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from channels.simulator.file import File, moment
from channels.simulator.payload import mended
from channels.simulator.records import POSTS, Line, Person, Post, Written

SITE = "https://social.example"

OWN_LINES = """
SELECT messages.*, hooks.wanted, hooks.taken, hooks.tries,
       (SELECT status FROM hook_tries WHERE hook = hooks.n ORDER BY hook_tries.n DESC LIMIT 1) AS status,
       (SELECT count(*) FROM messages AS copy WHERE copy.repost_of = messages.id) AS reposts
FROM messages JOIN hooks ON hooks.kind = 'message' AND hooks.key = messages.id
WHERE messages.channel = ? AND messages.sender = ? ORDER BY messages.n DESC LIMIT ?
"""
THEIR_LINES = """
SELECT accepted.*, hooks.taken, json_extract(hooks.body, '$.status') AS told
FROM accepted LEFT JOIN hooks ON hooks.kind = 'status' AND hooks.key = accepted.id
WHERE accepted.channel = ? AND accepted.recipient = ? ORDER BY accepted.n DESC LIMIT ?
"""
LATEST_POSTS = """
SELECT id, author, text FROM (
    SELECT id, sender AS author, text, sent_at AS at FROM messages WHERE channel = ? AND repost_of IS NULL
    UNION ALL SELECT id, account, text, accepted_at FROM accepted WHERE channel = ?
) ORDER BY at DESC LIMIT ?
"""
STRANGERS = """
SELECT channel, sender AS address, max(n), coalesce(nullif(sender_name, ''), sender) AS name FROM messages
WHERE (channel, sender) NOT IN (SELECT channel, address FROM people)
GROUP BY channel, sender ORDER BY max(n) DESC LIMIT ?
"""


class Citizens(File):
    """What people outside have and do."""

    def add_person(self, channel: str, address: str, name: str) -> Person:
        """A phone or handle for the page; one that is there keeps its place and takes the new name."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO people VALUES (?, ?, ?, ?) "
                "ON CONFLICT (channel, address) DO UPDATE SET name = excluded.name",
                (channel, address, mended(name), moment()),
            )
        return Person(channel, address, name)

    def put_away(self, channel: str, address: str) -> None:
        """Take a phone off the page. What it wrote stays."""
        with self.writing() as connection:
            connection.execute("DELETE FROM people WHERE channel = ? AND address = ?", (channel, address))

    def people(self) -> list[Person]:
        """Every phone and handle on the page, the oldest first."""
        found = self.rows("SELECT channel, address, name FROM people ORDER BY added_at, rowid")
        return [Person(*row) for row in found]

    def strangers(self, limit: int = 12) -> list[Person]:
        """Who wrote last and has no phone on the page."""
        return [Person(row["channel"], row["address"], row["name"]) for row in self.rows(STRANGERS, limit)]

    def write(self, written: Written) -> str:
        """Send what a citizen wrote on its way to the desk; its id."""
        return self.write_many([written])[0]

    def write_many(self, messages: Iterable[Written]) -> list[str]:
        """The same for many, all or none; their ids in order. An id that is there already is not written again."""
        with self.writing() as connection:
            return [_write(connection, written) for written in messages]

    def conversation(self, channel: str, address: str, limit: int = 50) -> list[Line]:
        """The newest lines on a phone, the oldest of them first."""
        own = [_own(row) for row in self.rows(OWN_LINES, channel, address, limit)]
        theirs = [_theirs(row) for row in self.rows(THEIR_LINES, channel, address, limit)]
        return sorted(own + theirs, key=lambda line: line.at)[-limit:]

    def posts(self, limit: int = 10) -> list[Post]:
        """The newest public posts, citizens' and the desk's."""
        return [Post(*row) for row in self.rows(LATEST_POSTS, POSTS, POSTS, limit)]


def new_id(channel: str, author: str, key: str | None = None) -> str:
    """A name for a message as its network gives them; the same `key` gives the same name."""
    made = uuid.uuid4() if key is None else uuid.uuid5(uuid.NAMESPACE_URL, f"{author} {key}")
    if channel == POSTS:
        return f"{SITE}/{author}/{made.int % 10**18:018}"
    return f"SM{made.hex}"


def root_of(connection: sqlite3.Connection, target: str | None) -> str | None:
    """The post a thread began with, for whatever answers or repeats `target`."""
    if target is None:
        return None
    for table in ("messages", "accepted"):
        row = connection.execute(f"SELECT root FROM {table} WHERE id = ?", (target,)).fetchone()  # noqa: S608 - one of two tables of our own
        if row is not None:
            return str(row["root"] or target)
    return target


def _write(connection: sqlite3.Connection, written: Written) -> str:
    own = written.id or new_id(written.channel, written.sender)
    at = written.sent_at.timestamp() if written.sent_at else moment()
    root = root_of(connection, written.in_reply_to or written.repost_of) or own
    text = written.text or _text_of(connection, written.repost_of)
    new = connection.execute(
        "INSERT INTO messages (id, channel, sender, sender_name, recipient, text, sent_at,"
        " in_reply_to, root, repost_of, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (own, written.channel, written.sender, mended(written.sender_name or ""), written.to, mended(text), at,
         written.in_reply_to, root if written.channel == POSTS else None, written.repost_of,
         mended(written.place or "")),
    ).rowcount
    if new:
        hand_over(connection, "message", own, written.channel, _payload(written, own, text, root, at),
                  times=written.times)
    return own


def _text_of(connection: sqlite3.Connection, post: str | None) -> str:
    row = connection.execute("SELECT text FROM messages WHERE id = ?", (post,)).fetchone()
    return str(row["text"]) if row else ""


def _payload(written: Written, own: str, text: str, root: str, at: float) -> dict[str, object]:
    return {
        "kind": "message", "channel": written.channel, "id": own, "to": written.to, "from": written.sender,
        "from_name": written.sender_name, "text": text, "sent_at": datetime.fromtimestamp(at, UTC).isoformat(),
        "in_reply_to": written.in_reply_to, "root": root if written.channel == POSTS else None,
        "repost_of": written.repost_of, "place": written.place,
    }


def hand_over(connection: sqlite3.Connection, kind: str, key: str, channel: str, payload: dict[str, object],
              *, times: int = 1, after: float = 0.0) -> None:
    """Queue something for the desk, due `after` seconds from now. Its bytes are fixed here, for every try."""
    connection.execute(
        "INSERT INTO hooks (kind, key, channel, body, due_at, wanted) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, key, channel, json.dumps(payload), moment() + after, times),
    )


def _own(row: sqlite3.Row) -> Line:
    if row["wanted"] == 0:
        state = "lost"
    elif row["taken"]:
        state = "taken"
    else:
        state = "troubled" if row["tries"] else "waiting"
    return Line(row["id"], True, row["recipient"], row["text"], datetime.fromtimestamp(row["sent_at"], UTC), state,
                row["status"], row["reposts"], row["repost_of"])


def _theirs(row: sqlite3.Row) -> Line:
    state = row["told"] if row["taken"] else "arrived"
    return Line(row["id"], False, row["account"], row["text"], datetime.fromtimestamp(row["accepted_at"], UTC), state)
