"""The ledger: what was handed to the desk and what the desk sent, for tests and for people who doubt."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from channels.simulator.file import File
from channels.simulator.records import Accepted, Counts, Request

TWICE = "SELECT idempotency_key, count(*) FROM accepted GROUP BY channel, idempotency_key HAVING count(*) > 1"
STANDING = """
SELECT count(*) AS written, coalesce(sum(taken > 0), 0) AS handed_over,
       coalesce(sum(taken = 0 AND wanted > 0), 0) AS waiting, coalesce(sum(wanted = 0), 0) AS lost
FROM hooks WHERE kind = 'message'
"""


class Ledger(File):
    """Reads only: the tables' triggers refuse to forget."""

    def requests(self) -> list[Request]:
        """Every send request of the desk in order, answered or not."""
        return [_request(row) for row in self.rows("SELECT * FROM requests ORDER BY n")]

    def accepted(self) -> list[Accepted]:
        """Every message of the desk that was accepted, in order."""
        return [_accepted(row) for row in self.rows("SELECT * FROM accepted ORDER BY n")]

    def sent_to(self, recipient: str) -> list[Accepted]:
        """Every message that reached `recipient`, in order."""
        return [_accepted(row) for row in self.rows("SELECT * FROM accepted WHERE recipient = ? ORDER BY n", recipient)]

    def accepted_twice(self) -> dict[str, int]:
        """Idempotency keys under which more than one message was accepted, with how many. Must be empty."""
        return {row[0]: row[1] for row in self.rows(TWICE)}

    def received(self) -> list[str]:
        """The ids of the citizens' messages that the desk took (answered 2xx), in the order they were written."""
        found = self.rows("SELECT key FROM hooks WHERE kind = 'message' AND taken > 0 ORDER BY n")
        return [row["key"] for row in found]

    def pending(self) -> int:
        """Hand-overs the desk has not said yes to: messages and statuses, duplicates included."""
        return self.number("SELECT coalesce(sum(wanted - taken), 0) FROM hooks WHERE taken < wanted")

    def ledger_counts(self) -> Counts:
        """The ledger in figures, true at one moment each."""
        standing = self.rows(STANDING)[0]
        return Counts(
            **dict(standing),
            tries=self.number("SELECT count(*) FROM hook_tries"),
            statuses_waiting=self.number("SELECT count(*) FROM hooks WHERE kind = 'status' AND taken < wanted"),
            requests=self.number("SELECT count(*) FROM requests"),
            accepted=self.number("SELECT count(*) FROM accepted"),
            sent_twice=len(self.accepted_twice()),
        )


def _request(row: sqlite3.Row) -> Request:
    return Request(row["channel"], row["account"], row["recipient"], row["text"], row["in_reply_to"],
                   row["idempotency_key"], row["behaviour"], row["answer"], datetime.fromtimestamp(row["at"], UTC))


def _accepted(row: sqlite3.Row) -> Accepted:
    return Accepted(row["id"], row["channel"], row["account"], row["recipient"], row["text"], row["in_reply_to"],
                    row["idempotency_key"], datetime.fromtimestamp(row["accepted_at"], UTC))
