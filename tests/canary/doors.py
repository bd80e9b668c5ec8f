"""Everybody who brings secrets to a desk: citizens, operators, programs, strangers, and who sits at its terminal."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from contextlib import suppress
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests

import config
from channels.simulator import Behaviour, Carrier, Store, Written
from channels.simulator.signing import HEADER, sign
from tests.canary.planted import Canaries
from tests.conftest import environment
from tests.scene import INTAKE
from tests.served import Served
from tests.visitor import FIELD, TOKEN
from tests.web.citizens import ANSWERS, hidden
from triage.sealing import KeyRing

STEPS = ("start", "what", "where", "danger", "contact", "check")
OWN = re.compile(r"/desk/reports/(\d+)")


class Visitor:
    """One browser; what it is told to go to is kept."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._session = requests.Session()
        self._session.trust_env = False
        self.token = ""
        self.page = ""

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **more: Any) -> requests.Response:
        """Go there, following redirects."""
        data = {"csrf_token": self.token, **form} if form is not None else None
        answer = self._session.request(method, self._doors.address + path, data=data, timeout=30, **more)
        self._doors.addresses += [one.headers.get("Location", "") for one in answer.history]
        self.page = answer.text
        found = TOKEN.search(answer.text)
        self.token = unescape(found[1]) if found else self.token
        return answer


class Doors:
    """Every door of one running desk."""

    def __init__(self, served: Served, canaries: Canaries) -> None:
        self.served, self.canaries, self.address = served, canaries, served.address
        settings = served.settings
        self.secret = KeyRing(settings.triage_keys).blind("simulator", "webhook")
        self.store = Store(settings.simulator_path)
        self.carrier = Carrier(settings.simulator_path, self.secret, pause=0.1)
        self.addresses: list[str] = []
        self.pages: list[bytes] = []  # what strangers who said nothing were shown
        self.said: list[str] = []  # what commands wrote to standard error

    # ------------------------------------------------------------ outside

    def citizens(self, number: int = 12) -> None:
        """Messages with words, names and numbers, well and badly formed, signed and forged."""
        can = self.canaries
        for _ in range(number):
            self.store.write(Written("sms", can.phone(), INTAKE, can.words(), sender_name=can.name(),
                                     place=can.words("place")))
        self.store.write(Written("mastodon", f"@{can.name()}@social.example", "@harbour@social.example", can.words()))
        self.carrier.deliver_due(self.address)
        for body in self._malformed():
            self.hook(body)
            self.hook(body, signature="0" * 64)

    def _malformed(self) -> list[bytes]:
        can = self.canaries
        unknown = {"kind": "message", "channel": "sms", "id": can.secret("id"), "to": can.phone(), "from": can.phone(),
                   "text": can.words(), "sent_at": "2026-11-21T10:00:00+00:00"}
        return [
            json.dumps(unknown).encode(), json.dumps({**unknown, "to": INTAKE, "from": can.words() * 40}).encode(),
            json.dumps({**unknown, "to": INTAKE, "text": [can.words()]}).encode(),
            json.dumps({**unknown, "kind": can.words()}).encode(), can.words().encode(),
            json.dumps({**unknown, "sent_at": can.words()}).encode(), f'{{"text": "{can.words()}"'.encode(),
            b"\xff\xfe" + can.words().encode("utf-16"),
        ]

    def hook(self, body: bytes, signature: str = "") -> int:
        """A provider's request; the status."""
        url = f"{self.address}/hooks/simulator/sms"
        signed = {HEADER: signature or sign(self.secret, url, body), "Content-Type": "application/json"}
        return requests.post(url, data=body, headers=signed, timeout=30).status_code

    def form(self) -> str:
        """The citizens' form to its end; the receipt's code, "" where it was not shown."""
        can, visitor = self.canaries, Visitor(self)
        visitor.ask("GET", "/report")
        own = {"what": {"text": can.words()}, "where": {"place": can.words("place")},
               "contact": {"contact": "sms", "phone": can.phone()}}
        for step in STEPS:
            visitor.ask("POST", "/report", {**hidden(visitor.page), **ANSWERS[step], **own.get(step, {})})
        found = re.search(r'data-code="(\d+)"', visitor.page)
        return can.known("receipt code", found[1]) if found else ""

    def back(self, code: str) -> None:
        """Coming back: with wrong codes, with the right one, and saying more."""
        visitor = Visitor(self)
        for given in (self.canaries.code(), self.canaries.words(), code):
            visitor.ask("GET", "/back")
            visitor.ask("POST", "/back", {**hidden(visitor.page), "do": "open", "code": given})
        more = {"do": "answer", "code": code, "text": self.canaries.words()}
        visitor.ask("POST", "/back", {**hidden(visitor.page), **more})

    def strangers(self) -> None:
        """Addresses, headers and whole requests that hold what they should not."""
        can = self.canaries
        headers = {"User-Agent": can.words("header"), "Referer": f"https://x.example/{can.secret('referer')}",
                   "X-Forwarded-For": can.known("ip", f"2001:db8::{secrets.token_hex(4)}"),
                   "X-Request-Id": can.secret("header"),
                   "Cookie": f"triage={can.secret('cookie')}", "Authorization": f"Bearer {can.secret('token')}"}
        for path in (f"/nowhere/{can.secret('path')}", f"/back?code={can.code()}", f"/hooks/{can.secret('path')}/sms",
                     f"/api/v1/reports?q={can.secret('query')}", f"/invite/{can.secret('token')}", "/metrics"):
            requests.get(self.address + path, headers=headers, timeout=30)
        for line in (f"GET /{can.secret('path')} HTTP/9.9\r\n\r\n", f"{can.secret('path')}\r\n\r\n",
                     f"GET / HTTP/1.1\r\nBad {can.secret('header')}: x\r\n\r\n",
                     f"POST /report HTTP/1.1\r\nContent-Length: {can.secret('header')}\r\n\r\n"):
            self._raw(line.encode())
        self.look()

    def _raw(self, request: bytes) -> None:
        parts = urlsplit(self.address)
        with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=10) as line, suppress(OSError):
            line.sendall(request)
            line.recv(4096)

    def look(self) -> None:
        """A stranger who says nothing looks at what is there and at what is not."""
        for path in ("/login", "/report", "/back", "/desk", "/desk/reports/1", "/nowhere", "/readyz", "/api/v1/stats"):
            self.pages.append(requests.get(self.address + path, timeout=30).content)

    # ------------------------------------------------------------ inside

    def sign_in(self, email: str, password: str) -> Visitor:
        """With wrong passwords and then the right one."""
        visitor = Visitor(self)
        for given, secret in ((self.canaries.email(), self.canaries.secret("password")),
                              (email, self.canaries.secret("password")), (email, password)):
            visitor.ask("GET", "/login")
            visitor.ask("POST", "/login", {"email": given, "password": secret})
        assert "csrf_token" in visitor.page, visitor.page
        return visitor

    def works(self, visitor: Visitor, number: int = 5) -> list[int]:
        """Takes reports and writes: drafts, notes, answers that leave and answers that do not."""
        done = []
        for behaviour in (Behaviour.REFUSES, Behaviour.UNREACHABLE, Behaviour.CUTS_OFF_AFTER, Behaviour.ACCOUNT_PROBLEM,
                          Behaviour.WORKS)[:number]:
            self.store.script(behaviour, count=2)
            visitor.ask("GET", "/desk")
            found = OWN.search(visitor.ask("POST", "/desk/next", {}).url)
            assert found, visitor.page
            self.writes(visitor, int(found[1]))
            done.append(int(found[1]))
        return done

    def writes(self, visitor: Visitor, report: int) -> None:
        """One report: a draft, a note, an answer, an answer to a page of yesterday."""
        can, place = self.canaries, f"/desk/reports/{report}"
        visitor.ask("POST", f"{place}/draft", {"text": can.words("draft")})
        visitor.ask("POST", f"{place}/note", {"text": can.words("note")})
        visitor.ask("GET", place)
        fields = {name: unescape(value) for name, value in FIELD.findall(visitor.page)}
        reply = {name: fields[name] for name in ("assignment", "seen_seq", "key", "public") if name in fields}
        visitor.ask("POST", f"{place}/reply", {**reply, "text": can.words("answer"), "confirm": "yes"})
        visitor.ask("POST", f"{place}/reply", {**reply, "text": can.words("answer"), "confirm": "yes"})

    def programs(self, token: str, report: int) -> None:
        """The JSON API, with a good token and a bad one, with bodies that fit and bodies that do not."""
        can = self.canaries
        for shown in (token, can.secret("token")):
            headers = {"Authorization": f"Bearer {shown}", "Idempotency-Key": can.secret("id")}
            for path, body in ((f"/reports/{report}/replies", {"text": can.words(), "assignment": 1, "seen_seq": 1}),
                               (f"/reports/{report}/replies", {"txt": can.words()}), ("/claim-next", {}),
                               ("/reports", {"channel": "phone", "text": can.words(), "sender": can.phone()}),
                               ("/reports", {"channel": can.words(), can.secret("field"): can.phone()})):
                requests.post(f"{self.address}/api/v1{path}", json=body, headers=headers, timeout=30)
            requests.post(f"{self.address}/api/v1/reports", data=f'{{"text": "{can.words()}', timeout=30,
                          headers={**headers, "Content-Type": "application/json"})

    def invited(self, link: str) -> None:
        """Somebody chooses a password: one that is refused, then a good one."""
        visitor, path = Visitor(self), urlsplit(link).path
        self.canaries.known("invitation", path.rpartition("/")[2])
        for password in (self.canaries.secret("password")[:5], self.canaries.secret("password")):
            visitor.ask("GET", path)
            visitor.ask("POST", path, {"password": password, "again": password})

    # ------------------------------------------------------------ at the terminal

    def command(self, *words: str, typed: str = "") -> str:
        """`flask triage …`; what it printed. What it says about itself goes to `said`."""
        environ = {**os.environ, **environment(self.served.settings)}
        done = subprocess.run([sys.executable, "-m", "flask", "triage", *words], cwd=config.ROOT, input=typed,
                              text=True, capture_output=True, timeout=120, env=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        self.said.append(done.stderr)
        return done.stdout
