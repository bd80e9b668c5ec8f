"""What the desk sends, and what the carrier was told to do with it."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from channels.errors import AccountProblem, ChannelError, OutcomeUnknown, Rejected, RetryLater, Unreachable
from channels.simulator.citizens import hand_over, new_id, root_of
from channels.simulator.file import File, moment
from channels.simulator.records import POSTS, Behaviour, Offer

TRANSIT_SECONDS = 1.0  # from acceptance to "delivered"
MOST_SLOWNESS = 30.0
USUAL_SECONDS = {Behaviour.SLOW: 5.0, Behaviour.THROTTLES: 30.0}
ACCEPTING = (Behaviour.WORKS, Behaviour.SLOW, Behaviour.FAILS_LATER, Behaviour.CUTS_OFF_AFTER)

# A word about one recipient counts more than one about an account, and that more than one about everybody.
APPLIES = """
SELECT * FROM scripts WHERE account IN ('', ?) AND recipient IN ('', ?)
ORDER BY recipient <> '' DESC, account <> '' DESC LIMIT 1
"""


@dataclass(frozen=True)
class _Script:
    behaviour: Behaviour
    seconds: float = 0.0


class Carriage(File):
    """The carrier's side that the desk talks to."""

    def script(self, behaviour: Behaviour, *, account: str = "", recipient: str = "", count: int | None = None,
               seconds: float | None = None) -> None:
        """From now on treat sends from `account` to `recipient` (left out: all) like this, for the next `count` only.

        `seconds` is how slow, or how much patience is asked for. WORKS without a count takes an earlier word back.
        """
        chosen = USUAL_SECONDS.get(behaviour, 0.0) if seconds is None else seconds
        with self.writing() as connection:
            connection.execute("DELETE FROM scripts WHERE account = ? AND recipient = ?", (account, recipient))
            if (behaviour is not Behaviour.WORKS or count is not None) and count != 0:
                connection.execute(
                    "INSERT INTO scripts (account, recipient, behaviour, seconds, remaining) VALUES (?, ?, ?, ?, ?)",
                    (account, recipient, behaviour, chosen, count),
                )

    def behaviours(self) -> dict[str, Behaviour]:
        """What the carrier does with sends to single recipients, where that is not simply: works."""
        found = self.rows("SELECT recipient, behaviour FROM scripts WHERE recipient <> '' AND account = ''")
        return {row["recipient"]: Behaviour(row["behaviour"]) for row in found}

    def take(self, offer: Offer, *, idempotent: bool, reports: bool) -> str:
        """Treat one send as scripted; the provider's id of what was accepted. Raises the ChannelError it is told to.

        `idempotent`: a key seen before gets the same answer and nothing is sent again. `reports`: a status follows.
        """
        with self.writing() as connection:
            script = _next(connection, offer)
            request = _enter(connection, offer, script)
        if script.behaviour is Behaviour.SLOW:
            time.sleep(min(script.seconds, MOST_SLOWNESS))
        with self.writing() as connection:
            known = _known(connection, offer) if idempotent else None
            answer, provider_id = _decide(connection, offer, script, request, known)
            if reports and answer == "accepted":
                _promise_status(connection, offer, script, provider_id)
            connection.execute("UPDATE requests SET answer = ?, answered_at = ? WHERE n = ?",
                               (answer, moment(), request))
        trouble = _trouble(script)
        if trouble is not None:
            raise trouble
        return provider_id


def _next(connection: sqlite3.Connection, offer: Offer) -> _Script:
    row = connection.execute(APPLIES, (offer.account, offer.recipient)).fetchone()
    if row is None:
        return _Script(Behaviour.WORKS)
    if row["remaining"] == 1:
        connection.execute("DELETE FROM scripts WHERE n = ?", (row["n"],))
    elif row["remaining"] is not None:
        connection.execute("UPDATE scripts SET remaining = remaining - 1 WHERE n = ?", (row["n"],))
    return _Script(Behaviour(row["behaviour"]), row["seconds"])


def _enter(connection: sqlite3.Connection, offer: Offer, script: _Script) -> int:
    """The request stands in the ledger before anything else happens to it."""
    entered = connection.execute(
        "INSERT INTO requests (at, channel, account, recipient, text, in_reply_to, idempotency_key, behaviour)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (moment(), offer.channel, offer.account, offer.recipient, offer.text, offer.in_reply_to,
         offer.idempotency_key, script.behaviour),
    )
    return int(entered.lastrowid or 0)


def _known(connection: sqlite3.Connection, offer: Offer) -> str | None:
    row = connection.execute("SELECT id FROM accepted WHERE channel = ? AND account = ? AND idempotency_key = ?",
                             (offer.channel, offer.account, offer.idempotency_key)).fetchone()
    return str(row["id"]) if row else None


def _decide(connection: sqlite3.Connection, offer: Offer, script: _Script, request: int,
            known: str | None) -> tuple[str, str]:
    """What the ledger says about the request, and the provider's id where there is one."""
    if script.behaviour not in ACCEPTING:
        return script.behaviour.value, ""
    if known is not None:
        return "repeated", known
    return "accepted", _accept(connection, offer, request)


def _accept(connection: sqlite3.Connection, offer: Offer, request: int) -> str:
    own = new_id(offer.channel, offer.account)
    root = root_of(connection, offer.in_reply_to) or own if offer.channel == POSTS else None
    connection.execute(
        "INSERT INTO accepted (id, request, channel, account, recipient, text, in_reply_to, root, idempotency_key,"
        " accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (own, request, offer.channel, offer.account, offer.recipient, offer.text, offer.in_reply_to, root,
         offer.idempotency_key, moment()),
    )
    return own


def _promise_status(connection: sqlite3.Connection, offer: Offer, script: _Script, provider_id: str) -> None:
    failed = script.behaviour is Behaviour.FAILS_LATER
    payload: dict[str, object] = {
        "kind": "status", "channel": offer.channel, "to": offer.account, "id": provider_id,
        "status": "failed" if failed else "delivered", "error": "number unreachable" if failed else None,
    }
    hand_over(connection, "status", provider_id, offer.channel, payload, after=TRANSIT_SECONDS)


def _trouble(script: _Script) -> ChannelError | None:
    """What the asker hears instead of an answer."""
    return {
        Behaviour.THROTTLES: RetryLater(script.seconds),
        Behaviour.REFUSES: Rejected("the carrier refuses this recipient"),
        Behaviour.ACCOUNT_PROBLEM: AccountProblem("the carrier has switched this account off"),
        Behaviour.UNREACHABLE: Unreachable("the carrier could not be reached"),
        Behaviour.CUTS_OFF_BEFORE: OutcomeUnknown("the connection was cut"),
        Behaviour.CUTS_OFF_AFTER: OutcomeUnknown("the connection was cut"),
    }.get(script.behaviour)
