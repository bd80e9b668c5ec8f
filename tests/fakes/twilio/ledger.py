"""The ledger: everything the fake was asked, what it did, what it sent, and what the desk said to that.

Entries are written once, in order, and are on the disk before anything is answered. Their kinds:

    request   what was asked, as it came, with everything that is wrong with it by the official description
    accepted  a message of the desk that was taken: this is what counts as sent
    answered  what was answered to a request
    told      what a test told the fake to do
    citizen   what a citizen did: wrote, called, spoke
    hook      a request of the fake to the desk, before it leaves
    heard     what the desk answered to it, or why it did not
    alarm     what Twilio would show a desk's administrator: 11200 no good answer, 12100 an answer that is no TwiML
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tests.fakes.twilio.file import File, moment


@dataclass(frozen=True)
class Entry:
    """One line: its number, when, what kind, which sid or number it is about, and the rest by name."""

    n: int
    at: float
    kind: str
    about: str
    data: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


def enter(file: File, kind: str, about: str, **data: object) -> int:
    """Write one entry; its number. On the disk when this returns, or when the transaction around it ends."""
    with file.writing() as connection:
        written = connection.execute("INSERT INTO entries (at, kind, about, data) VALUES (?, ?, ?, ?)",
                                     (moment(), kind, about, json.dumps(data)))
        return int(written.lastrowid or 0)


class Ledger:
    """The ledger as a test reads it, in its own process, also after the fake has died."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Nothing is opened yet."""
        self.path = str(path)

    def entries(self, kind: str, about: str | None = None) -> list[Entry]:
        """Every entry of a kind in order; of one sid or number only, where that is given."""
        found = "SELECT * FROM entries WHERE kind = ? AND (? IS NULL OR about = ?) ORDER BY n"
        with closing(sqlite3.connect(self.path, timeout=30.0)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(found, (kind, about, about)).fetchall()
        return [Entry(row["n"], row["at"], row["kind"], row["about"], json.loads(row["data"])) for row in rows]

    def requests(self) -> list[Entry]:
        """Everything that was asked of the API, answered or not."""
        return self.entries("request")

    def problems(self) -> list[str]:
        """Everything in our requests that the official description does not allow. Must be empty."""
        return [f"{one['method']} {one['path']}: {problem}" for one in self.requests() for problem in one["problems"]]

    def accepted(self, to: str | None = None) -> list[Entry]:
        """Every message of the desk that was taken, `about` its sid; of one recipient, where that is given."""
        return [one for one in self.entries("accepted") if to in (None, one["To"])]

    def accepted_twice(self) -> dict[str, int]:
        """Status-callback addresses under which more than one message was taken, with how many.

        Twilio has no idempotency key: a sender knows its own message again by the name it put into that address.
        """
        names = [one["StatusCallback"] for one in self.accepted() if one["StatusCallback"]]
        return {name: names.count(name) for name in names if names.count(name) > 1}

    def alarms(self, about: str | None = None) -> list[int]:
        """The codes of Twilio's alarms, in order."""
        return [one["code"] for one in self.entries("alarm", about)]

    def hooks(self, about: str | None = None) -> list[Entry]:
        """Every request to the desk, duplicates each for itself."""
        return self.entries("hook", about)

    def heard(self, about: str | None = None) -> list[int | None]:
        """What the desk answered to each of them, None where it did not answer, in the order of the answers."""
        return [one["status"] for one in self.entries("heard", about)]
