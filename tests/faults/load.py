"""Citizens and a network that write to a real server at a steady pace, and remember what they were told."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from flask import Flask

from channels.simulator import signing
from tests.scene import INTAKE
from tests.served import Served
from tests.web.hooks import body_of
from triage import connections
from triage.web import form_token

PACE = 20.0  # items a second
SENDERS = 8
ASIDE = 5  # every so many items one is a form


@dataclass
class Told:
    """One answer: to which words, the status (None: nobody answered), how long it took, and when."""

    words: str
    status: int | None
    seconds: float
    at: float


@dataclass
class Load:
    """Webhooks and forms. Whoever hears no yes says the same again, as providers and patient people do."""

    served: Served
    app: Flask
    told: list[Told] = field(default_factory=list)
    recovered: float = 0.0  # seconds from the end of the load until nothing waited outside the database

    def __post_init__(self) -> None:
        """Nothing is sent yet."""
        self._numbers = itertools.count(1)
        self._ending = threading.Event()
        self._lock = threading.Lock()
        with self.app.app_context():
            self._secret = connections.simulator_secret()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """In the background, until the block ends and everything begun was heard with a yes."""
        threads = [threading.Thread(target=self._run, args=(place,)) for place in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in threads:
                thread.join()

    def _run(self, place: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._ending.wait(SENDERS / PACE):
                self.send(session, f"report {next(self._numbers)} of {place}")

    def send(self, session: requests.Session, words: str, *, tries: int = 120) -> None:
        """Say something until it is heard."""
        number = int(words.split()[1])
        path, data, headers = self._form(words) if number % ASIDE == 0 else self._hook(words, number)
        for _ in range(tries):
            if self._try(session, words, path, data, headers) == 200:
                return
            time.sleep(1)

    def _try(self, session: requests.Session, words: str, path: str, data: bytes | dict[str, str],
             headers: dict[str, str]) -> int | None:
        begun = time.monotonic()
        try:
            status: int | None = session.post(self.served.address + path, data=data, headers=headers,
                                              timeout=30).status_code
        except requests.RequestException:
            status = None
        with self._lock:
            self.told.append(Told(words, status, time.monotonic() - begun, begun))
        return status

    def _hook(self, words: str, number: int) -> tuple[str, bytes, dict[str, str]]:
        path, body = "/hooks/simulator/sms", body_of(f"LOAD{number}", words, sender=f"+2547{number:08}", to=INTAKE)
        signature = signing.sign(self._secret, self.served.address + path, body)
        return path, body, {signing.HEADER: signature, "Content-Type": "application/json"}

    def _form(self, words: str) -> tuple[str, dict[str, str], dict[str, str]]:
        with self.app.app_context():
            token = form_token.mint("report")
        fields = {"step": "check", "checked": "1", "text": words, "place": "Mill Road School", "when": "unknown",
                  "danger": "yes", "contact": "no", form_token.FIELD: token}
        return "/report", fields, {}

    # what was said

    def yes(self) -> list[str]:
        """Words that were said to be kept, once for each yes."""
        return [one.words for one in self.told if one.status == 200]

    def statuses(self) -> dict[int | None, int]:
        """How often each status was heard."""
        heard = [one.status for one in self.told]
        return {status: heard.count(status) for status in set(heard)}

    def slowest(self, share: float, since: float = 0.0) -> float:
        """The time within which this share of the answers came, in seconds."""
        taken = sorted(one.seconds for one in self.told if one.at >= since)
        return taken[min(len(taken) - 1, int(len(taken) * share))]
