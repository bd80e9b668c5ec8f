"""A desk with one of everything, and a word planted in every text: who may read which word is known.

Each person has a browser that is signed in through the real form. After a request that changed
something the database is put back, so that every request meets the same desk.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape

from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

import config
from channels.base import InboundMessage
from tests.scene import Scene
from tests.visitor import PASSWORD, TOKEN
from tests.web.door import Browser
from triage import clock, context, passwords
from triage.actions import (
    answering,
    closing,
    copies,
    drafts,
    incidents,
    ingest,
    journal,
    notes,
    prices,
    replies,
    sessions,
    teams,
    tokens,
)
from triage.actions.recipients import Recipient, ToMany
from triage.db import db
from triage.models import (
    ApiToken,
    Attachment,
    Delivery,
    InboundItem,
    Match,
    Message,
    Operator,
    Price,
    Report,
    StaffSession,
)

COOKIE = "triage"
# Actor of the matrix -> the person's name, roles, team.
CAST: Mapping[str, tuple[str, tuple[str, ...], str | None]] = {
    "operator": ("Maya", ("operator",), "North"),
    "foreigner": ("Zuri", ("operator",), "Coast"),
    "coordinator": ("Cora", ("coordinator",), None),
    "admin": ("Adam", ("admin",), None),
    "auditor": ("Aude", ("auditor",), None),
    "inactive": ("Otto", ("operator",), None),
    "both": ("Opal", ("operator", "admin"), "North"),
}
ACTORS = ("nobody", *CAST)
EXTRAS = {"Ben": ("operator",), "Cleo": ("coordinator",), "Axel": ("admin",)}
READERS = frozenset({"operator", "foreigner", "coordinator", "both"})
OF_TEAM = {"North": frozenset({"operator", "both", "coordinator"}), "Coast": frozenset({"foreigner", "coordinator"})}
REPORTS = ("own", "others", "open", "closed", "foreign", "foreign_held", "foreign_closed", "missing")
MISSING = 987_654_321
PLANTED = re.compile(r"zq[a-z]+\d+qz|7119\d{5}")


@dataclass(frozen=True)
class Matter:
    """The numbers of one report and of what hangs on it."""

    report: int
    message: int
    held_delivery: int = MISSING
    doubtful_delivery: int = MISSING
    assignment: int = MISSING
    file: int = MISSING


NOTHING = Matter(MISSING, MISSING)


@dataclass(frozen=True)
class Ask:
    """One request: `body` as a form, or as JSON where `json`; `by` is `cookie`, `token` or neither."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    by: str = "cookie"
    json: bool = False
    headers: Mapping[str, str] | None = None


class Stage:
    """Build it inside an application context; `ask` sends a request as an actor."""

    def __init__(self, app: Flask, settings: config.Settings) -> None:
        self.app, self.settings = app, settings
        self.scene = Scene()
        self.words: dict[str, frozenset[str]] = {}  # planted word -> the actors who may read it
        self.people: dict[str, Operator] = {}
        self.teams: dict[str, int] = {}
        self.matters: dict[str, Matter] = {}
        self.sessions: dict[str, int] = {}
        self.tokens: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        self.items: dict[str, int] = {}
        self._cookies: dict[str, tuple[str, str]] = {}
        self._client = app.test_client(use_cookies=False)
        self._people()
        self._reports()
        self._quarantine()
        self._sign_in()
        self.accounts = {"shared": self.scene.intake.id, "somebodys": self._account_of("Ben"), "missing": MISSING}
        self.prices = {"listed": self._price(), "missing": MISSING}
        self.names = {name: one.id for name, one in self.people.items()}
        self.seq = self.scene.head()
        db.session.remove()
        self._kept = self._copy()

    # ------------------------------------------------------------ who there is

    def _people(self) -> None:
        for number, (name, roles) in enumerate([*((n, r) for n, r, _ in CAST.values()), *EXTRAS.items()]):
            self.people[name] = self.scene.operator(name, *roles, number=f"+25472200{number:04d}", capacity=50)
        for team in OF_TEAM:
            self.teams[team] = self.scene.do(lambda named=team: teams.add_team(named).id)
        for name, _roles, team in CAST.values():
            if team is not None:
                self.scene.do(lambda one=name, t=team: teams.join_team(self.teams[t], self.people[one].id))

    def _account_of(self, name: str) -> int:
        one = self.people[name]
        return self.scene.account("sms", "+254733000999", can_send=True, operator=one).id

    def _price(self) -> int:
        self.scene.do(lambda: prices.set_price("sms", "simulator", "*", 30_000))
        return db.session.scalars(select(Price.id)).one()

    def plant(self, kind: str, readers: frozenset[str]) -> str:
        """A word that stands nowhere else, with who may read it."""
        word = f"zq{kind}{len(self.words):03d}qz"
        self.words[word] = readers
        return word

    # ------------------------------------------------------------ what there is

    def _reports(self) -> None:
        everybody = READERS
        for actor in ("operator", "foreigner", "coordinator", "both"):
            name, _roles, team = CAST[actor]
            self.matters[f"own {actor}"] = self._matter(team, name, frozenset({actor}))
        self.matters["others"] = self._matter(None, "Ben", frozenset())
        self.matters["open"] = self._matter(None, None, everybody)
        self.matters["closed"] = self._closed(None)
        for team in OF_TEAM:
            self.matters[f"open {team}"] = self._matter(team, None, everybody)
            self.matters[f"closed {team}"] = self._closed(team)
        self._copy_of("others", "Coast")
        self._copy_of("own foreigner", None)
        self.matches = {"held": self._alike("own operator", "open North"), "free": self._alike("others", "open"),
                        "missing": MISSING}
        held = self._matter(None, "Maya", frozenset({"operator"})), self._matter("Coast", None, READERS)
        free = self._matter("Coast", None, READERS), self._matter("Coast", None, READERS)
        self.incidents = {"held": self._incident(*held), "free": self._incident(*free), "missing": MISSING}
        self.answers = {"shared": self._to_many("own operator"), "missing": MISSING}

    def _incident(self, one: Matter, other: Matter) -> int:
        """Two reports tell of the same."""
        cora = self.people["Cora"]
        linked = self.scene.do(lambda: incidents.link(one.report, other.report, cora).incident_id)
        return int(linked)

    def _to_many(self, which: str) -> int:
        """Maya answers, as one of many, whoever told of a matter of hers; the number of that answer."""
        matter, maya = self.matters[which], self.people["Maya"]
        text, seen = f"To all of you {self.plant('many', OF_TEAM['North'])}", self.scene.head()
        asked = ToMany([Recipient(matter.report, matter.assignment)], seen, text, "many-0001")
        self.scene.do(lambda: answering.answer_all(asked, maya))
        number = self.scene.head()
        self.scene.do(lambda: drafts.save(matter.report, maya, self.plant("draft", frozenset({"operator"}))))
        return number

    def _copy_of(self, primary: str, team: str | None) -> None:
        """A report of one team is a copy of one of another: each is still told to its own readers alone."""
        copy, cora = self._matter(team, None, READERS), self.people["Cora"]
        self.scene.do(lambda: copies.link(copy.report, self.matters[primary].report, cora))
        self.matters[f"copy of {primary}"] = copy

    def _alike(self, one: str, other: str) -> int:
        """Two reports that may be the same message, as the desk would ask."""
        earlier, later = sorted((self.matters[one].report, self.matters[other].report))
        asked = Match(report_id=later, other_id=earlier, kind="same_message", state="suggested", score=1.0, rules=1,
                      why={"reason": "exact"}, found_at=clock.now())
        self.scene.do(lambda: db.session.add(asked))
        return int(asked.id)

    def _matter(self, team: str | None, holder: str | None, drafts_of: frozenset[str]) -> Matter:
        readers = OF_TEAM[team] if team else READERS
        report, second = self._arrive(readers)
        if team is not None:
            self.scene.do(lambda: setattr(report, "team_id", self.teams[team]))
        file = self._file(second, readers)
        if holder is None:
            return Matter(report.id, second, file=file)
        one = self.people[holder]
        held = self.scene.claim(report, one).id
        self.scene.do(lambda: notes.add(report.id, one, self.plant("note", readers)))
        doubtful = self._answer(report, one, held, readers)
        self.scene.do(lambda: self._doubt(doubtful))
        waiting = self._answer(report, one, held, readers)
        self.scene.do(lambda: drafts.save(report.id, one, self.plant("draft", drafts_of)))
        return Matter(report.id, second, waiting, doubtful, held, file)

    def _file(self, message: int, readers: frozenset[str]) -> int:
        """A sound, which was written down."""
        name, now = context.files().put(self.plant("sound", readers).encode()), clock.now()
        made = Attachment(
            message_id=message, place=0, state="kept", kind="audio", content_type="audio/mpeg", size=9, sha256="0" * 64,
            original=name, clean=name, clean_type="audio/mpeg", created_at=now, transcribed_at=now,
            transcript=self.plant("said", readers), transcribed_by=self.people["Ben"].id)
        self.scene.do(lambda: db.session.add(made))
        return int(made.id)

    def _closed(self, team: str | None) -> Matter:
        matter = self._matter(team, "Ben" if team is None else {"North": "Maya", "Coast": "Zuri"}[team], frozenset())
        holder = self.people["Ben" if team is None else {"North": "Maya", "Coast": "Zuri"}[team]]
        self.scene.do(lambda: drafts.clear(matter.report, holder.id))
        self.scene.do(lambda: closing.close(matter.report, holder, "actionable"))
        return matter

    def _arrive(self, readers: frozenset[str]) -> tuple[Report, int]:
        """Two text messages of a person of their own; the number of the second message."""
        number = f"+2547119{len(self.words):05d}"
        self.words[number[4:]] = frozenset()  # nobody of the desk ever sees a whole number
        for part in ("text", "more"):
            words = f"They turn people away {self.plant(part, readers)}"
            message = self.scene.message(words, number)
            report = self.scene.arrives(replace(message, sender_name=self.plant("name", readers)))
        newest = select(Message.id).where(Message.report_id == report.id, Message.direction == "in")
        return report, db.session.scalars(newest.order_by(Message.id.desc()).limit(1)).one()

    def _answer(self, report: Report, one: Operator, fence: int, readers: frozenset[str]) -> int:
        text, seen = f"We are on it {self.plant('reply', readers)}", self.scene.seen(report, one)
        return self.scene.do(lambda: replies.reply(report.id, one, fence, seen, text, f"key-{text[-8:]}").id)

    def _doubt(self, number: int) -> None:
        delivery = db.session.get_one(Delivery, number)
        delivery.state, delivery.next_attempt_at = "uncertain", None

    def _quarantine(self) -> None:
        def unreadable() -> list[InboundMessage]:
            raise ValueError("not ours")

        word = self.plant("raw", frozenset({"coordinator"}))
        arrival = journal.Arrival("simulator", "sms", "broken", word.encode())
        self.scene.do(lambda: ingest.receive(arrival, unreadable))
        read = select(InboundItem.id).where(InboundItem.state == "ingested").limit(1)
        self.items = {"quarantined": self.scene.item().id, "read": db.session.scalars(read).one(), "missing": MISSING}

    # ------------------------------------------------------------ who asks

    def _sign_in(self) -> None:
        visitor = Browser(self.app)
        visitor.get("/login")
        self._cookies["nobody"] = (visitor.client.get_cookie(COOKIE).value, visitor.token)
        for actor, (name, _roles, _team) in CAST.items():
            one = self.people[name]
            visitor = Browser(self.app)
            assert visitor.sign_in(one, PASSWORD).status_code == 302
            page = visitor.get("/me")
            found = TOKEN.search(page.text)
            assert found is not None
            self._cookies[actor] = (visitor.client.get_cookie(COOKIE).value, unescape(found.group(1)))
            mine = select(StaffSession.id).where(StaffSession.operator_id == one.id)
            self.sessions[actor] = db.session.scalars(mine).one()
            self.secrets[actor], self.tokens[actor] = self._token(one.id)
        other = passwords.fingerprint("another browser")
        self.sessions["others"] = self.scene.do(lambda: sessions.open(self.people["Ben"].id, other, "x").id)
        self.tokens["others"] = self._token(self.people["Ben"].id)[1]
        self.scene.do(self._nobody_is_noticed)

    def _token(self, operator_id: int) -> tuple[str, int]:
        """A new API token: what it says, and its number."""
        secret = self.scene.do(lambda: tokens.make(operator_id, "matrix"))
        return secret, db.session.scalars(select(func.max(ApiToken.id))).one()

    def _nobody_is_noticed(self) -> None:
        """Asking alone writes nothing: everybody was seen a moment after now. And Otto was switched off."""
        soon = clock.now() + timedelta(hours=1)
        for model, column in ((StaffSession, "last_seen_at"), (ApiToken, "last_used_at"), (Operator, "last_seen_at")):
            db.session.execute(update(model).values({column: soon}))
        db.session.get_one(Operator, self.people["Otto"].id).active = False

    def cookie(self, actor: str) -> str:
        """The session cookie of an actor."""
        return self._cookies[actor][0]

    def ask(self, actor: str, ask: Ask) -> TestResponse:
        """Send it as `actor`; nothing is followed. The brakes on trying often are let go first."""
        self.app.extensions.pop("triage_paces", None)
        for counter in self.app.extensions["sign_in_counters"]:
            counter.limiter.storage.reset()
        cookie, csrf = self._cookies[actor]
        headers = {"Idempotency-Key": "matrix-0001", **(ask.headers or {})}
        if ask.by == "cookie":
            headers["Cookie"] = f"{COOKIE}={cookie}"
        elif ask.by == "token" and actor != "nobody":
            headers["Authorization"] = f"Bearer {self.secrets[actor]}"
        body: dict[str, object] = {}
        if ask.json:
            body = {"json": ask.body} if ask.method == "POST" else {}
        elif ask.method != "GET":
            body = {"data": {"csrf_token": csrf, **(ask.body or {})}}
        return self._client.open(ask.path, method=ask.method, headers=headers, **body)

    def matter(self, actor: str, which: str) -> Matter:
        """The matter that is `which` (one of REPORTS) for this actor."""
        if which == "missing":
            return NOTHING
        if which == "own":
            return self.matters[f"own {actor}" if f"own {actor}" in self.matters else "own operator"]
        theirs = "North" if actor == "foreigner" else "Coast"
        foreign = {
            "foreign": f"open {theirs}", "foreign_closed": f"closed {theirs}",
            "foreign_held": "own operator" if actor == "foreigner" else "own foreigner",
        }
        return self.matters[foreign.get(which, which)]

    def leaks(self, actor: str, answer: TestResponse) -> list[str]:
        """Planted words in an answer, or in its headers, that this actor may not read."""
        said = answer.text + str(answer.headers)
        return [word for word in self.found(said) if actor not in self.words[word]]

    def found(self, said: str) -> list[str]:
        """The planted words in a text."""
        return [word for word in sorted(set(PLANTED.findall(said))) if word in self.words]

    def soon(self) -> datetime:
        """Half an hour from now."""
        return clock.now() + timedelta(minutes=30)

    # ------------------------------------------------------------ the same desk for every request

    def _copy(self) -> sqlite3.Connection | None:
        if not self.settings.database_url.startswith("sqlite:///"):
            return None
        path = self.settings.database_url.removeprefix("sqlite:///")
        self._live = sqlite3.connect(path)
        kept = sqlite3.connect(":memory:")
        self._live.backup(kept)
        self._version = self._data_version()
        return kept

    def _data_version(self) -> int:
        return self._live.execute("PRAGMA data_version").fetchone()[0]

    def changed(self) -> bool:
        """Whether anything was written since the desk was last put back."""
        return self._kept is not None and self._data_version() != self._version

    def put_back(self) -> None:
        """The desk is as it was."""
        db.session.remove()
        assert self._kept is not None
        self._kept.backup(self._live)
        self._version = self._data_version()
