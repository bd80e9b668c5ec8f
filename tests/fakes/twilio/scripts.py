"""What the fake was told to do wrong, and with which requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tests.fakes.twilio.description import Asked
from tests.fakes.twilio.file import File


class Behaviour(StrEnum):
    """How a request is treated."""

    WORKS = "works"  # with callbacks of one's own choice
    THROTTLES = "throttles"  # 429, with Retry-After where `seconds` says so
    FAILS = "fails"  # 500, or another `status`; nothing was taken
    REFUSES = "refuses"  # 400 and Twilio's error `code`
    REVOKED = "revoked"  # 401, 20003: the token is not, or no longer, good
    HANGS_BEFORE = "hangs before"  # nothing is taken, and no answer comes for `seconds`
    HANGS_AFTER = "hangs after"  # it is taken, callbacks and all, and no answer comes for `seconds`
    CUTS_BEFORE = "cuts before"  # the connection ends without an answer; nothing was taken
    CUTS_AFTER = "cuts after"  # it is taken, and the connection ends without an answer
    MALFORMED = "malformed"  # it is taken, and the 201 has a body that nobody can read: `body`, or half of the true one


@dataclass(frozen=True)
class Callback:
    """One status of a message, and when its callback leaves: `after` seconds behind the one before.

    `times`: that many in parallel. `withheld`: not before the test says so. `before_answer`: the desk hears of it
    before it has the answer to its own request.
    """

    status: str
    after: float = 0.05
    code: int | None = None
    times: int = 1
    withheld: bool = False
    before_answer: bool = False


@dataclass(frozen=True)
class Script:
    """How requests are treated that fit: of an account, from or to a number, with a method, at a resource.

    What is left empty fits all. `count`: only the next so many.
    """

    behaviour: Behaviour
    account: str = ""
    number: str = ""
    method: str = ""
    resource: str = ""
    count: int | None = None
    seconds: float | None = None
    status: int = 500
    code: int = 30008
    body: str | None = None
    callbacks: tuple[Callback, ...] | None = None

    def fits(self, asked: Asked) -> bool:
        """Whether it is about this request."""
        numbers = (asked.value("To"), asked.value("From"))
        return (self.account in asked.path and self.method in ("", asked.method)
                and (not self.resource or f"/{self.resource}" in asked.path)
                and (not self.number or self.number in numbers))


def read(told: Mapping[str, Any]) -> Script:
    """A script as the control interface is given it."""
    steps = told.get("callbacks")
    callbacks = None if steps is None else tuple(Callback(**step) for step in steps)
    return Script(**{**told, "behaviour": Behaviour(told["behaviour"]), "callbacks": callbacks})


def written(script: Script) -> dict[str, Any]:
    """A script as the control interface is given it."""
    return asdict(script)


def tell(file: File, script: Script) -> None:
    """Treat what fits like this from now on. The newest word counts."""
    with file.writing() as connection:
        connection.execute("INSERT INTO scripts (remaining, told) VALUES (?, ?)",
                           (script.count, json.dumps(written(script))))


def forget(file: File) -> None:
    """Everything works again."""
    with file.writing() as connection:
        connection.execute("DELETE FROM scripts")


def chosen(file: File, asked: Asked) -> Script:
    """How to treat this request; one of its `count` is used up."""
    with file.writing() as connection:
        for row in connection.execute("SELECT * FROM scripts ORDER BY n DESC").fetchall():
            script = read(json.loads(row["told"]))
            if script.fits(asked):
                connection.execute("UPDATE scripts SET remaining = remaining - 1 WHERE n = ?", (row["n"],))
                connection.execute("DELETE FROM scripts WHERE remaining <= 0")
                return script
    return Script(Behaviour.WORKS)
