"""What arrives: a seeded stream of signed webhooks and posted forms, with near-duplicates and exact retries."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.bench import load
from benchmarks.bench.sites import HANDLE, NUMBER, Desk
from channels.simulator.signing import HEADER, sign
from triage import connections
from triage.web import form_token

SENDERS = 500
# Shares of the whole. The fifteen per cent of e-mail in the design stand with the texts until there is e-mail.
FORMS, POSTS = 0.10, 0.05
NEAR, AGAIN = 0.20, 0.02
WORDS = [f"{first}{second}" for first in ("vote", "gate", "queue", "seal", "ballot", "clerk", "north", "school")
         for second in ("", "s", "ing", "ed", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9", "-hall", "-room")]
WEIGHTS = [1 / (rank + 1) for rank in range(len(WORDS))]  # Zipf


@dataclass(frozen=True)
class Stream:
    """Requests to send, and how many of them are retries of earlier ones."""

    requests: Sequence[bytes]
    retries: int

    @property
    def fresh(self) -> int:
        """How many messages there are when every retry is known as one."""
        return len(self.requests) - self.retries


def stream(desk: Desk, count: int, seed: int) -> Stream:
    """`count` requests of one seed. No two seeds share a sender or an id."""
    with desk.app.app_context():
        return _Writer(desk, seed, connections.simulator_secret()).write(count)


class _Writer:
    def __init__(self, desk: Desk, seed: int, secret: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - made-up people
        self._seed, self._secret = seed, secret
        self._address = f"http://127.0.0.1:{desk.port}"
        self._texts: list[str] = []

    def write(self, count: int) -> Stream:
        made: list[bytes] = []
        retries = 0
        for number in range(count):
            if made and self._chance.random() < AGAIN:
                made.append(self._chance.choice(made))
                retries += 1
            else:
                made.append(self._fresh(number))
        return Stream(made, retries)

    def _fresh(self, number: int) -> bytes:
        kind, text = self._chance.random(), self._text()
        if kind < FORMS:
            return self._form(text)
        sender = self._chance.randrange(SENDERS)
        if kind < FORMS + POSTS:
            return self._hook("mastodon", f"https://social.example/{self._seed}/{number}", HANDLE,
                              f"@voice_{self._seed}_{sender}", text)
        return self._hook("sms", f"SM{self._seed}-{number}", NUMBER, f"+25471{self._seed % 100:02}{sender:05}", text)

    def _text(self) -> str:
        if self._texts and self._chance.random() < NEAR:
            return f"RT {self._chance.choice(self._texts)}"[:450]
        text = " ".join(self._chance.choices(WORDS, WEIGHTS, k=self._chance.randint(6, 30)))
        self._texts.append(text)
        return text

    def _hook(self, channel: str, own: str, to: str, sender: str, text: str) -> bytes:
        path = f"/hooks/simulator/{channel}"
        body = json.dumps({"kind": "message", "channel": channel, "id": own, "to": to, "from": sender,
                           "text": text}).encode()
        return load.post(path, body, **{HEADER: sign(self._secret, self._address + path, body)})

    def _form(self, text: str) -> bytes:
        told = {"form": form_token.mint("report"), "step": "check", "text": text, "place": "Mill Road School",
                "when": "now", "danger": "no", "contact": "no", "checked": "1"}
        return load.post("/report", urlencode(told).encode(), "application/x-www-form-urlencoded")
