"""A telephone in a drawer, played: brings texts, fetches what it shall send, and keeps a ledger of what it radioed.

`SmsSync` does what SMSSync does, `Script` what docs/gateway.md asks of a script. Both speak real HTTP by `over_http`,
or to an application in the test's own process by `in_process`. It dies and stutters where a test says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests
from flask import Flask

from channels.gateway_signing import SIGNATURE, TIMESTAMP, sign

FORM = "application/x-www-form-urlencoded"
PATIENCE = 15.0


class Said(NamedTuple):
    """An answer of the desk."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The answer read as JSON."""
        return json.loads(self.text)


Ask = Callable[[str, str, bytes, Mapping[str, str]], Said]  # method, path with its query, body, headers


def over_http(address: str) -> Ask:
    """The telephone's own network. No answer, or none in time, is status 0."""
    def ask(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Said:
        try:
            answer = requests.request(method, address + path, data=body, headers=dict(headers), timeout=PATIENCE)
        except requests.RequestException:
            return Said(0, "")
        return Said(answer.status_code, answer.text)

    return ask


def in_process(app: Flask) -> Ask:
    """Straight to an application."""
    def ask(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Said:
        answer = app.test_client(use_cookies=False).open(path, method=method, data=body, headers=dict(headers))
        return Said(answer.status_code, answer.text)

    return ask


class Radioed(NamedTuple):
    """A text that left by the antenna: the desk's name of it, to whom, and the words."""

    name: str
    to: str
    text: str


@dataclass
class Phone:
    """What both have. `url` is the address the desk is known by, `clock` the telephone's own."""

    ask: Ask
    account_id: int
    key: str
    url: str = "http://127.0.0.1:8000"
    radioed: list[Radioed] = field(default_factory=list)
    clock: Callable[[], float] = time.time

    @property
    def hook(self) -> str:
        """Where the desk is called."""
        return f"/hooks/gateway/{self.account_id}"

    def turn(self) -> int:
        """One round: fetch, say so, send what is ours to send; how many."""
        messages = self.fetches()
        ours = self.confirms(messages) if messages else []
        self.radio([each for each in messages if each.name in ours])
        return len(ours)

    def fetches(self) -> list[Radioed]:
        """What the desk wants sent."""
        raise NotImplementedError

    def confirms(self, messages: list[Radioed]) -> list[str]:
        """Says that it has them; which of them are its to send."""
        raise NotImplementedError

    def radio(self, messages: list[Radioed]) -> None:
        """They are in the air, and nobody takes them back."""
        self.radioed += messages


class SmsSync(Phone):
    """SMSSync with its Message Results API on."""

    def brings(self, name: str, sender: str, text: str, **changed: str) -> Said:
        """A text has come to the telephone."""
        values = {"from": sender, "message": text, "message_id": name, "sent_to": sender, "secret": self.key,
                  "device_id": "1", "sent_timestamp": str(int(self.clock() * 1000)), **changed}
        return self.ask("POST", self.hook, urlencode(values).encode(), {"Content-Type": FORM})

    def task(self, task: str, values: object = None, *, method: str = "GET", secret: str | None = None) -> Said:
        """One of the app's requests about tasks; `sent` shows no secret."""
        query = {"task": task} if task == "sent" else {"task": task, "secret": secret or self.key}
        body = b"" if values is None else json.dumps(values).encode()
        return self.ask(method, f"{self.hook}?{urlencode(query)}", body, {"Content-Type": "application/json"})

    def fetches(self) -> list[Radioed]:
        """What the desk wants sent; nothing unless it shows our own secret."""
        said = self.task("send")
        payload = said.json["payload"] if said.status == 200 else {}
        if payload.get("secret") != self.key or payload.get("task") != "send":
            return []
        return [Radioed(each["uuid"], each["to"], each["message"]) for each in payload["messages"]]

    def confirms(self, messages: list[Radioed]) -> list[str]:
        """Says that it has them; which of them are its to send."""
        said = self.task("sent", {"queued_messages": [each.name for each in messages]}, method="POST")
        return list(said.json["message_uuids"]) if said.status == 200 else []

    def reports(self, sent: int = 0, delivered: int = 0) -> Said:
        """What became of those the desk asks about."""
        names = self.task("result").json["message_uuids"]
        lines = [{"uuid": name, "sent_result_code": sent, "sent_result_message": "", "delivered_result_code": delivered,
                  "delivered_result_message": ""} for name in names]
        return self.task("result", {"message_result": json.dumps(lines)}, method="POST")


class Script(Phone):
    """A few lines of somebody's own, signed."""

    def signed(self, path: str, values: object, *, key: str | None = None, ago: float = 0) -> Said:
        """One request in JSON; with another key or an older signature where a forger is played."""
        body = b"" if values is None else json.dumps(values).encode()
        stamp = str(int(self.clock() - ago))
        headers = {"Content-Type": "application/json", TIMESTAMP: stamp,
                   SIGNATURE: sign(self.key if key is None else key, stamp, self.url + path, body)}
        return self.ask("POST", path, body, headers)

    def brings(self, name: str, sender: str, text: str, **changed: Any) -> Said:
        """A text has come to the telephone."""
        values = {"id": name, "from": sender, "text": text, "sent_at": int(self.clock())}
        return self.signed(self.hook, values, **changed)

    def fetches(self) -> list[Radioed]:
        """What the desk wants sent."""
        said = self.signed(f"{self.hook}/outbox", None)
        messages = said.json["messages"] if said.status == 200 else []
        return [Radioed(each["id"], each["to"], each["text"]) for each in messages]

    def confirms(self, messages: list[Radioed], state: str = "taken") -> list[str]:
        """Says what became of them; which of them are its to send."""
        results = [{"id": each.name, "state": state} for each in messages]
        said = self.signed(f"{self.hook}/results", {"results": results})
        return list(said.json["confirmed"]) if said.status == 200 else []

    def reports(self, state: str = "delivered") -> Said:
        """What became of everything that was radioed."""
        results = [{"id": each.name, "state": state} for each in self.radioed]
        return self.signed(f"{self.hook}/results", {"results": results})
