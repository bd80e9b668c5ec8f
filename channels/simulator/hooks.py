"""What must still be handed to the desk, and every try. A real provider repeats until it hears yes; so does this."""

from __future__ import annotations

from datetime import UTC, datetime

from channels.simulator.file import File, moment
from channels.simulator.records import Hook, Try

LEASE_SECONDS = 60.0  # a carrier that dies in the middle leaves its hooks to the next one after this
LONGEST_PAUSE = 60.0

LEASE = """
UPDATE hooks SET due_at = ? WHERE n IN (
    SELECT n FROM hooks WHERE taken < wanted AND due_at <= ? ORDER BY due_at, n LIMIT ?
) RETURNING n, channel, body
"""
TRIES = """
SELECT hook_tries.at, status, problem FROM hook_tries JOIN hooks ON hooks.n = hook_tries.hook
WHERE hooks.key = ? ORDER BY hook_tries.n
"""


class Hooks(File):
    """The queue between the network and the desk."""

    def lease(self, limit: int) -> list[Hook]:
        """Up to `limit` hooks that are due, in order; no other carrier gets them for a while."""
        now = moment()
        with self.writing() as connection:
            found = connection.execute(LEASE, (now + LEASE_SECONDS, now, limit)).fetchall()
        return [Hook(row["n"], row["channel"], row["body"].encode()) for row in sorted(found, key=lambda row: row["n"])]

    def note_try(self, hook: Hook, status: int | None, problem: str | None, *, pause: float) -> bool:
        """Write down one try; whether the desk took it. After a no the next one waits, each time twice as long."""
        taken, now = status is not None and 200 <= status < 300, moment()
        with self.writing() as connection:
            connection.execute("INSERT INTO hook_tries (hook, at, status, problem) VALUES (?, ?, ?, ?)",
                               (hook.n, now, status, problem))
            if taken:
                connection.execute("UPDATE hooks SET taken = taken + 1, tries = 0, due_at = ? WHERE n = ?",
                                   (now, hook.n))
            else:
                connection.execute(
                    "UPDATE hooks SET tries = tries + 1, due_at = ? + min(?, ? * (1 << min(tries, 10))) WHERE n = ?",
                    (now, LONGEST_PAUSE, pause, hook.n),
                )
        return taken

    def hurry(self) -> None:
        """Everything that waits is due now: the network's pauses are over."""
        with self.writing() as connection:
            connection.execute("UPDATE hooks SET due_at = ? WHERE taken < wanted", (moment(),))

    def tries(self, key: str) -> list[Try]:
        """Every attempt to hand over a message (by its id) or the status of a send (by its provider id)."""
        return [Try(datetime.fromtimestamp(row["at"], UTC), row["status"], row["problem"])
                for row in self.rows(TRIES, key)]
