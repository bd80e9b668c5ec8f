"""Requests of the fake to the desk: signed as Twilio signs, sent now, later, several at once, or when a test says so.

Steps that are about the same message or call are taken one after the other, in the order of their time; whoever
wants two at once asks for `times`. A step is done when the desk was asked: a fake that was killed in between asks
again, when it is started anew.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit, urlunsplit

import requests

from tests.fakes.twilio import signing
from tests.fakes.twilio.description import FORM, Pairs
from tests.fakes.twilio.file import File, moment
from tests.fakes.twilio.ledger import enter

PATIENCE = 15.0  # seconds Twilio waits for a webhook
IDLE = 60.0
MOST_AT_ONCE = 32


@dataclass(frozen=True)
class Step:
    """Something that is due: `url` is asked, signed with `token`; before that the message gets its `status`."""

    about: str
    token: str
    url: str = ""
    pairs: Pairs = field(default_factory=list)
    method: str = "POST"
    as_json: bool = False
    times: int = 1
    fallback: str = ""
    status: str = ""
    code: int | None = None


@dataclass(frozen=True)
class Heard:
    """What the desk answered; without a status it did not, and `problem` says why."""

    status: int | None
    body: str = ""
    content_type: str = ""
    problem: str = ""


class Messenger:
    """Takes the steps that are due, in threads of its own."""

    def __init__(self, file: File, before: Callable[[Step], None], after: Callable[[Step, list[Heard]], None]) -> None:
        """`before` is called with each step before it leaves, `after` with what the desk answered to it."""
        self._file, self._before, self._after = file, before, after
        self._reach: dict[str, str] = {}
        self._wake, self._busy = threading.Event(), set[str]()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE)

    def start(self) -> None:
        """Begin to take steps."""
        threading.Thread(target=self._run, daemon=True).start()

    def leads(self, public: str, truly: str) -> None:
        """From now on requests to `public` go to `truly`, still signed for the public address."""
        self._reach[public] = truly

    def plan(self, step: Step, *, after: float = 0.0, held: bool = False) -> None:
        """Take this step in `after` seconds; held: when `release` says so."""
        with self._file.writing() as connection:
            connection.execute("INSERT INTO steps (due_at, about, held, taken, what) VALUES (?, ?, ?, 0, ?)",
                               (moment() + after, step.about, held, json.dumps(asdict(step))))
        self._wake.set()

    def release(self, about: str, times: int = 1) -> list[Heard]:
        """Take what is held about a sid, in order, now; what the desk answered."""
        found = self._file.rows("SELECT * FROM steps WHERE about = ? AND held = 1 AND taken = 0 ORDER BY n", about)
        heard: list[Heard] = []
        for row in found:
            heard += self.take(replace(_read(row["what"]), times=times))
            self._done(row["n"])
        return heard

    def take(self, step: Step) -> list[Heard]:
        """One step, now: what the desk answered to each of its `times` requests."""
        self._before(step)
        if not step.url:
            return []
        barrier = threading.Barrier(step.times)
        with ThreadPoolExecutor(step.times) as together:
            asked = [together.submit(self._ask, step, barrier) for _ in range(step.times)]
        heard = [one.result() for one in asked]
        self._after(step, heard)
        return heard

    def waiting(self) -> int:
        """How many steps are neither taken nor held."""
        return int(self._file.rows("SELECT count(*) FROM steps WHERE taken = 0 AND held = 0")[0][0])

    def _run(self) -> None:
        while True:
            self._wake.clear()
            self._wake.wait(self._begin_due())

    def _begin_due(self) -> float:
        """Begin what is due and about nobody who is busy; how long there is nothing to do."""
        now, busy = moment(), set(self._busy)  # before the steps are read: who is free by now has none left undone
        for row in self._file.rows("SELECT * FROM steps WHERE taken = 0 AND held = 0 ORDER BY due_at, n LIMIT 500"):
            if row["about"] in busy:
                continue
            if row["due_at"] > now:
                return float(min(IDLE, row["due_at"] - now))
            busy.add(row["about"])
            self._busy.add(row["about"])
            self._pool.submit(self._begun, row["n"], _read(row["what"]))
        return IDLE

    def _begun(self, number: int, step: Step) -> None:
        try:
            self.take(step)
        finally:
            self._done(number)
            self._busy.discard(step.about)
            self._wake.set()

    def _done(self, number: int) -> None:
        with self._file.writing() as connection:
            connection.execute("UPDATE steps SET taken = 1 WHERE n = ?", (number,))

    def _ask(self, step: Step, barrier: threading.Barrier) -> Heard:
        """Once, and again where the address's fragment or Twilio's own habit says so; then the fallback."""
        barrier.wait(PATIENCE)
        url, overrides = urldefrag(step.url)
        told = {name: values[0] for name, values in parse_qs(overrides).items()}
        token = str(uuid.uuid4())
        heard = self._send(step, url, step.pairs, token)
        for _ in range(int(told.get("rc", "1"))):
            if not _wanted_again(heard, told.get("rp", "ct").split(",")):
                break
            heard = self._send(step, url, step.pairs, token)
        if heard.status is None or heard.status >= 400:
            enter(self._file, "alarm", step.about, code=11200, url=url)
        if step.fallback and (heard.status is None or heard.status >= 400):
            more = [("ErrorCode", "11200"), ("ErrorUrl", url)]
            return self._send(step, step.fallback, [*step.pairs, *more], token)
        return heard

    def _send(self, step: Step, url: str, pairs: Pairs, token: str) -> Heard:
        signed, body, headers = _signed(step, url, pairs)
        number = enter(self._file, "hook", step.about, url=signed, method=step.method, pairs=pairs,
                       signature=headers[signing.HEADER])
        began = time.monotonic()
        heard = self._post(step.method, signed, body, {**headers, "I-Twilio-Idempotency-Token": token})
        enter(self._file, "heard", step.about, hook=number, seconds=time.monotonic() - began, **asdict(heard))
        return heard

    def _post(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Heard:
        parts = urlsplit(url)
        public = f"{parts.scheme}://{parts.netloc}"
        truly = urlsplit(self._reach.get(public, public))
        aim = urlunsplit(parts._replace(scheme=truly.scheme, netloc=truly.netloc))
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(method, aim, data=body or None, headers={**headers, "Host": parts.netloc},
                                         timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException as problem:
            return Heard(None, problem=type(problem).__name__)
        kind = answer.headers.get("Content-Type", "")
        if "charset=" not in kind.lower():
            answer.encoding = "utf-8"  # as XML is read; requests would take a text for Latin-1
        return Heard(answer.status_code, answer.text, kind)


def _read(what: str) -> Step:
    told = json.loads(what)
    return Step(**{**told, "pairs": [(name, value) for name, value in told["pairs"]]})


def _signed(step: Step, url: str, pairs: Pairs) -> tuple[str, bytes, dict[str, str]]:
    """The address, the body and the headers of a request, as Twilio makes them."""
    headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
    if step.as_json:
        body = json.dumps(dict(pairs)).encode()
        url = signing.with_hash(url, body)
        headers |= {"Content-Type": "application/json", signing.HEADER: signing.of_address(step.token, url)}
        return url, body, headers
    if step.method == "GET":
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(pairs))))))
        return url, b"", {**headers, signing.HEADER: signing.of_address(step.token, url)}
    headers |= {"Content-Type": f"{FORM}; charset=UTF-8", signing.HEADER: signing.of_form(step.token, url, pairs)}
    return url, urlencode(pairs).encode(), headers


def _wanted_again(heard: Heard, policies: list[str]) -> bool:
    if heard.status is None:
        silence = "rt" if heard.problem == "ReadTimeout" else "ct"
        return bool({silence, "all"} & set(policies))
    return heard.status >= 400 and bool({f"{heard.status // 100}xx", "all"} & set(policies))
