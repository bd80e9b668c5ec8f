"""The API as Twilio has it, under /2010-04-01: every request is written down and held against the description first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.twilio import paging, resources, scripts, sending
from tests.fakes.twilio.description import Asked
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider
from tests.fakes.twilio.resources import CALLS, MEDIA, MESSAGES, NUMBERS, RECORDINGS
from tests.fakes.twilio.scripts import Behaviour, Script
from tests.fakes.twilio.wire import Answer, credentials, missing, refusal

HOLD_SECONDS = 60.0
LISTS = "|".join((MESSAGES, CALLS, RECORDINGS, NUMBERS))
SID = "[A-Z]{2}[0-9a-f]{32}"
PATH = re.compile(
    rf"/2010-04-01/Accounts/(?P<account>{SID})(/(?P<kind>{LISTS})(/(?P<sid>{SID}))?"
    rf"(/(?P<inner>Media|Recordings)(/(?P<part>{SID}))?)?)?(?P<ending>\.json|\.mp3|\.wav|)")
SOUNDS = {".mp3": "audio/mpeg", ".wav": "audio/x-wav", "": "audio/x-wav"}
REMOVABLE = (MESSAGES, MEDIA, RECORDINGS)
PATIENT = (Behaviour.HANGS_BEFORE, Behaviour.HANGS_AFTER)


@dataclass(frozen=True)
class Aim:
    """What a path names: a kind of resource, one of them where there is a sid, whose parent is `parent`."""

    account: str
    kind: str
    sid: str
    parent: str | None
    ending: str

    @property
    def content(self) -> bool:
        """Whether the bytes are meant and not the resource: these paths stand in no description."""
        return self.ending != ".json" and self.kind in (MEDIA, RECORDINGS) and bool(self.sid)


def aim(path: str) -> Aim | None:
    """What a path names; None where it is none of those that are served."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    kind, sid, inner = found["kind"] or resources.ACCOUNTS, found["sid"] or "", found["inner"]
    if inner is None:
        return Aim(found["account"], kind, sid or ("" if found["kind"] else found["account"]), None, found["ending"])
    return Aim(found["account"], inner, found["part"] or "", sid, found["ending"])


def answer(provider: Provider, asked: Asked) -> Answer:
    """Treat one request. It stands in the ledger before anything is done, its answer before it leaves."""
    aimed = aim(asked.path)
    problems = [] if aimed and aimed.content and asked.method == "GET" else provider.description.problems(asked)
    script = scripts.chosen(provider.file, asked)
    request = enter(provider.file, "request", aimed.account if aimed else "", method=asked.method, path=asked.path,
                    query=asked.query, form=asked.form, problems=problems, behaviour=script.behaviour)
    said = _decided(provider, asked, aimed, problems, script, request)
    enter(provider.file, "answered", said.sid, request=request, status=None if said.cut else said.status,
          code=said.body.get("code") if isinstance(said.body, dict) else None)
    return said


def _decided(provider: Provider, asked: Asked, aimed: Aim | None, problems: list[str], script: Script,
             request: int) -> Answer:
    if problems:
        return refusal(400, 20001, f"the fake refuses this: {'; '.join(problems)}")
    if aimed is None:
        return missing(asked.path)
    stopped = _stranger(provider, asked, aimed) or _stopped(script)
    return stopped or _spoilt(script, _done(provider, asked, aimed, script, request))


def _stranger(provider: Provider, asked: Asked, aimed: Aim) -> Answer | None:
    account = provider.account(aimed.account)
    if account is None or credentials(asked) != (account.sid, account["auth_token"]):
        return refusal(401, 20003, **{"WWW-Authenticate": 'Basic realm="Twilio API"'})
    if account["status"] != "active" and asked.method != "GET":
        return refusal(403, 20005)
    return None


def _stopped(script: Script) -> Answer | None:
    """The answer to a request of which nothing is done; None where something is."""
    patience = {} if script.seconds is None else {"Retry-After": f"{script.seconds:g}"}
    hold = HOLD_SECONDS if script.seconds is None else script.seconds
    said: dict[Behaviour, Callable[[], Answer]] = {
        Behaviour.THROTTLES: lambda: refusal(429, 20429, **patience),
        Behaviour.FAILS: lambda: refusal(script.status, 20404 if script.status == 404 else 20500),
        Behaviour.REFUSES: lambda: refusal(400, script.code),
        Behaviour.REVOKED: lambda: refusal(401, 20003),
        Behaviour.HANGS_BEFORE: lambda: Answer(0, hold=hold, cut=True),
        Behaviour.CUTS_BEFORE: lambda: Answer(0, cut=True),
    }
    return said[script.behaviour]() if script.behaviour in said else None


def _spoilt(script: Script, said: Answer) -> Answer:
    """The answer to what was done, as it is scripted to be lost or broken."""
    if said.status >= 400:
        return said
    if script.behaviour in (Behaviour.HANGS_AFTER, Behaviour.CUTS_AFTER):
        hold = HOLD_SECONDS if script.seconds is None else script.seconds
        return Answer(0, hold=hold if script.behaviour in PATIENT else 0.0, cut=True, sid=said.sid)
    if script.behaviour is Behaviour.MALFORMED:
        whole = said.content
        body = whole[:len(whole) // 2] if script.body is None else script.body.encode()
        return Answer(said.status, body, sid=said.sid)
    return said


# ---------------------------------------------------------------- what is done


def _done(provider: Provider, asked: Asked, aimed: Aim, script: Script, request: int) -> Answer:
    if asked.method == "POST" and aimed.kind == MESSAGES and not aimed.sid:
        return sending.create(provider, aimed.account, asked, script, request)
    if asked.method == "GET" and not aimed.sid:
        return _listed(provider, asked, aimed)
    found = resources.find(provider.file, aimed.kind, aimed.sid)
    if found is None or found.account != aimed.account or aimed.parent not in (None, found.parent):
        return missing(asked.path)
    if asked.method != "GET":
        return _changed(provider, found, asked)
    return _content(provider, found, aimed) if aimed.content else Answer(200, found.shown, sid=found.sid)


def _changed(provider: Provider, found: resources.Resource, asked: Asked) -> Answer:
    """Deleted, or a message left without its words: all that Twilio lets be changed of what was said."""
    if asked.method == "DELETE" and found.kind in REMOVABLE:
        resources.remove(provider.file, found.sid)
        return Answer(204, sid=found.sid)
    if found.kind != MESSAGES or asked.form != [("Body", "")]:
        return refusal(405, 20004, "the fake does not do this")
    resources.change(provider.file, found.sid, body="")
    return Answer(200, {**found.shown, "body": ""}, sid=found.sid)


def _listed(provider: Provider, asked: Asked, aimed: Aim) -> Answer:
    parent = {MEDIA: MESSAGES, RECORDINGS: CALLS}.get(aimed.kind) if aimed.parent else None
    if parent and resources.find(provider.file, parent, aimed.parent or "") is None:
        return missing(asked.path)
    found = resources.newest_first(provider.file, aimed.kind, aimed.account, aimed.parent)
    return Answer(200, paging.page(found, asked, aimed.kind))


def _content(provider: Provider, found: resources.Resource, aimed: Aim) -> Answer:
    if provider.cdn:
        return Answer(307, headers={"Location": f"{provider.cdn}/_cdn/{found.sid}"}, sid=found.sid)
    kind = SOUNDS[aimed.ending] if found.kind == RECORDINGS else found["content_type"]
    return Answer(200, resources.content(provider.file, found.sid), {"Content-Type": kind}, sid=found.sid)
