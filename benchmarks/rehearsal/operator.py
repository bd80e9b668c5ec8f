"""One scripted operator: a browser without script that signs in, takes, answers, discards and closes."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import requests

OWN = "/desk?view=mine"
REPORT = re.compile(r"/desk/reports/(\d+)(?=[/?#\"]|$)")
ANSWERS = (
    "Thank you for writing. Are you at the polling station now, and is anybody hurt?",
    "We have passed this on to the observers nearby. Can you tell us the number on the door?",
    "Thank you. Please keep away from the crowd; we have written down what you saw.",
)
REASONS = ("spam", "off_topic", "test", "thanks", "other")
BY_SCRIPT = {"X-Requested-With": "fetch", "Accept": "text/html, application/json"}


@dataclass
class Diary:
    """What one operator did and how long the desk took to answer. `replies` were accepted by the desk."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    take_seconds: list[float] = field(default_factory=list)
    reply_seconds: list[float] = field(default_factory=list)


class Refused(Exception):
    """The desk said no; `str()` is its code."""


class Operator:
    """Works at `address` as `email`. The same seed, the same habits."""

    def __init__(self, address: str, email: str, password: str, seed: int) -> None:
        """Open nothing yet."""
        self._address, self._email, self._password = address, email, password
        self._chance = random.Random(f"{seed}:{email}")  # noqa: S311 - habits
        self._session = requests.Session()
        self._session.trust_env = False
        self._csrf, self._page = "", ""
        self.diary = Diary()

    def sign_in(self) -> None:
        """Through the door, as everybody."""
        page = self._ask("GET", "/login")
        fields = {"email": self._email, "password": self._password}
        self._csrf = _Form(page.text, "").fields["csrf_token"]
        landed = self._ask("POST", "/login", **fields)
        if "/login" in landed.url:
            raise RuntimeError(f"{self._email} could not sign in")
        self._csrf = _Form(self._ask("GET", "/desk").text, "").fields["csrf_token"]

    def work(self) -> bool:
        """One turn: take something and deal with it. Whether there was anything to do."""
        try:
            return self._turn()
        except Refused as problem:
            self.diary.refused[str(problem)] += 1
            return True
        except requests.RequestException as problem:
            self.diary.broken.append(f"{type(problem).__name__}: {problem}"[:200])
            return True

    def rest(self) -> None:
        """Let go of the connections: the server closes idle ones, and a request may not meet that moment."""
        self._session.close()

    def _turn(self) -> bool:
        if self._chance.random() < 0.1:
            return self._deal_with(self._take_from_list())
        try:
            taken = self._take_next()
        except Refused as problem:
            if str(problem) != "at_capacity":
                raise
            self.diary.refused["at_capacity"] += 1
            taken = None
        return self._deal_with(taken) or self._deal_with(self._own(), fresh=False)

    def _take_next(self) -> str | None:
        """Press "Take next" and read what it leads to: the report's number."""
        began = time.monotonic()
        there = REPORT.search(self._ask("POST", "/desk/next", follow=False).headers.get("Location", ""))
        if there is None:
            return None
        self._read(there[1])
        self.diary.take_seconds.append(time.monotonic() - began)
        self.diary.done["taken"] += 1
        return there[1]

    def _take_from_list(self) -> str | None:
        """Press Take on one of the first rows: others are after it too."""
        numbers = list(dict.fromkeys(REPORT.findall(self._ask("GET", "/desk?view=new").text)))
        if not numbers:
            return None
        wanted = self._chance.choice(numbers[:6])
        self._page = self._ask("POST", f"/desk/reports/{wanted}/claim").text
        self.diary.done["taken from the list"] += 1
        return wanted

    def _own(self) -> str | None:
        """Something this operator holds already: not closed yet, or somebody wrote again."""
        numbers = list(dict.fromkeys(REPORT.findall(self._ask("GET", OWN).text)))
        wanted = self._chance.choice(numbers) if numbers else None
        if wanted is not None:
            self._read(wanted)
        return wanted

    def _read(self, number: str) -> None:
        self._page = self._ask("GET", f"/desk/reports/{number}/thread").text

    def _deal_with(self, number: str | None, *, fresh: bool = True) -> bool:
        """Answer it, answer and close it, discard it, close it, or give a fresh one back. Whether there was one."""
        if number is None:
            return False
        what = self._chance.random()
        if what < 0.40:
            self._reply(number)
            if what < 0.25:
                self._close(number)
        elif what < 0.65:
            self._do(number, "discard", reason=self._chance.choice(REASONS))
        elif what < 0.97 or not fresh:  # giving back what one answered a moment ago would take the answer back
            self._close(number)
        else:
            self._do(number, "release", reason="somebody nearer should take this")
        return True

    def _close(self, number: str) -> None:
        self._do(number, "close", outcome=self._chance.choice(("actionable", "no_answer")))

    def _do(self, number: str, verb: str, **fields: str) -> None:
        self._ask("POST", f"/desk/reports/{number}/{verb}", follow=False, **fields)
        self.diary.done[verb] += 1

    def _reply(self, number: str) -> None:
        """Answer what the page shows; where something was said meanwhile, read again and answer once more."""
        for _ in range(3):
            form = _Form(self._page, "reply").fields
            if "assignment" not in form:
                raise Refused("not_mine")
            began = time.monotonic()
            try:
                self._ask("POST", f"/desk/reports/{number}/reply",
                          **{**form, "text": self._chance.choice(ANSWERS), "confirm": "yes"})
            except Refused as problem:
                if str(problem) != "conversation_moved_on":
                    raise
                self.diary.refused[str(problem)] += 1
                self._read(number)
                continue
            self.diary.reply_seconds.append(time.monotonic() - began)
            self.diary.done["reply"] += 1
            return

    def _ask(self, method: str, path: str, *, follow: bool = True, **fields: str) -> requests.Response:
        if method == "POST":
            fields["csrf_token"] = self._csrf
        answer = self._session.request(method, self._address + path, data=fields, headers=BY_SCRIPT, timeout=60,
                                       allow_redirects=follow)
        if answer.ok:
            return answer
        if answer.status_code >= 500:
            self.diary.broken.append(f"{answer.status_code} {path}")
        raise Refused(_code(answer))


def _code(answer: requests.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"http_{answer.status_code}"


class _Form(HTMLParser):
    """The hidden fields of the form with `id` (empty: of the whole page, the first of each name)."""

    def __init__(self, html: str, own_id: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._wanted, self._inside = own_id, not own_id
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self._wanted:
            self._inside = given.get("id") == self._wanted
        if tag == "input" and given.get("type") == "hidden" and self._inside:
            self.fields.setdefault(given["name"], given.get("value", ""))
