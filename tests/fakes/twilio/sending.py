"""What becomes of a message the desk sends: refused, or taken, and then its way through the network."""

from __future__ import annotations

import re
import threading
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from tests.fakes.twilio import resources, shapes
from tests.fakes.twilio.description import Asked, Pairs
from tests.fakes.twilio.hooks import Step
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider
from tests.fakes.twilio.resources import Resource
from tests.fakes.twilio.scripts import Callback, Script
from tests.fakes.twilio.shapes import Shape
from tests.fakes.twilio.wire import Answer, refusal

WHATSAPP = "whatsapp:"
WINDOW_SECONDS = 24 * 3600
MOST_LETTERS, MOST_FILES = 1600, 10
ADDRESS = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}")
USUAL = (Callback("sent"), Callback("delivered"))

_turn = threading.Lock()
_free_at: dict[str, float] = {}


def create(provider: Provider, account: str, asked: Asked, script: Script, request: int) -> Answer:
    """Take a message or refuse it. What was taken stands in the ledger as accepted, before anybody hears of it."""
    sender = asked.value("From") or _from_service(provider, account, asked)
    code = _refused(provider, account, asked, sender)
    if code is not None:
        return refusal(400, code)
    with provider.file.writing():
        taken = _taken(provider, account, asked)
        enter(provider.file, "accepted", taken.sid, request=request, sender=sender,
              **{name: asked.value(name) for name in ("To", "From", "MessagingServiceSid", "Body", "StatusCallback")},
              media=asked.values("MediaUrl"))
        early = _plan(provider, taken, sender, asked, script)
    for step in early:
        provider.messenger.take(step)
    return Answer(201, taken.shown, sid=taken.sid)


def reply(provider: Provider, account: str, ours: str, theirs: str, text: str) -> None:
    """A message that the desk wrote into its answer to a webhook: it goes out as any other, and counts as sent."""
    now = provider.clock()
    own = shapes.sid("SM")
    shown = shapes.message(own, account, now, body=text, to=theirs, direction="outbound-reply", status="delivered",
                           date_sent=shapes.dated(now), **{"from": ours})
    with provider.file.writing():
        resources.add(provider.file, Resource(resources.MESSAGES, own, account, shown))
        enter(provider.file, "accepted", own, request=None, sender=ours, To=theirs, From=ours, MessagingServiceSid="",
              Body=text, StatusCallback="", media=[])


def status_pairs(shown: Shape, sender: str, status: str, code: int | None) -> Pairs:
    """The form of a status callback."""
    pairs = [("SmsSid", shown["sid"]), ("SmsStatus", status), ("MessageStatus", status), ("To", shown["to"]),
             ("MessageSid", shown["sid"]), ("AccountSid", shown["account_sid"]), ("From", sender),
             ("ApiVersion", shapes.VERSION)]
    if shown["messaging_service_sid"]:
        pairs.append(("MessagingServiceSid", shown["messaging_service_sid"]))
    if shown["to"].startswith(WHATSAPP):
        pairs += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", shown["to"].removeprefix(WHATSAPP))]
    return pairs + ([("ErrorCode", str(code))] if code is not None else [])


# ---------------------------------------------------------------- refused


def _refused(provider: Provider, account: str, asked: Asked, sender: str) -> int | None:
    """Twilio's error code for a message it does not take; None where it takes it."""
    return _bad_address(provider, account, asked, sender) or _bad_content(asked) or _bad_callback(asked)


def _bad_address(provider: Provider, account: str, asked: Asked, sender: str) -> int | None:
    to = asked.value("To")
    if not sender:
        return 21703 if asked.value("MessagingServiceSid") else 21603
    if not ADDRESS.fullmatch(to):
        return 21211
    if to == sender:
        return 21266
    if to.startswith(WHATSAPP) != sender.startswith(WHATSAPP):
        return 21910
    line = resources.line(provider.file, sender)
    if line is None or line.account != account:
        return 63007 if sender.startswith(WHATSAPP) else 21606
    return 21610 if blocked(provider, sender, to) else None


def blocked(provider: Provider, ours: str, theirs: str) -> bool:
    """Whether a person has told one number of ours to stop."""
    return bool(provider.file.rows("SELECT 1 FROM blocked WHERE ours = ? AND theirs = ?", ours, theirs))


def _bad_content(asked: Asked) -> int | None:
    files = asked.values("MediaUrl")
    if len(files) > MOST_FILES:
        return 21623
    if len(asked.value("Body")) > MOST_LETTERS:
        return 21617
    return None if asked.value("Body") or files or asked.value("ContentSid") else 21602


def _bad_callback(asked: Asked) -> int | None:
    url = asked.value("StatusCallback")
    return 21609 if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname) else None


def _from_service(provider: Provider, account: str, asked: Asked) -> str:
    """The number a messaging service sends from: always the same for the same person."""
    service = resources.find(provider.file, resources.SERVICES, asked.value("MessagingServiceSid"))
    pool = service.shown["numbers"] if service and service.account == account else []
    return str(pool[sum(asked.value("To").encode()) % len(pool)]) if pool else ""


# ---------------------------------------------------------------- taken


def _taken(provider: Provider, account: str, asked: Asked) -> Resource:
    files = asked.values("MediaUrl")
    own, now, service = shapes.sid("MM" if files else "SM"), provider.clock(), asked.value("MessagingServiceSid")
    shown = shapes.message(
        own, account, now, body=asked.value("Body"), to=asked.value("To"), num_media=str(len(files)),
        num_segments="0" if service else str(shapes.segments(asked.value("Body"))),
        status="accepted" if service else "queued", messaging_service_sid=service or None,
        **{"from": asked.value("From") or None})
    taken = resources.add(provider.file, Resource(resources.MESSAGES, own, account, shown))
    for url in files:
        media = shapes.sid("ME")
        resources.add(provider.file, Resource(
            resources.MEDIA, media, account, shapes.media(media, account, own, "application/octet-stream", now), own,
            {"url": url}))
    return taken


def _plan(provider: Provider, taken: Resource, sender: str, asked: Asked, script: Script) -> list[Step]:
    """Plan what becomes of it; those steps are given back that are to be taken before the answer."""
    token, due, early = provider.token(taken.account), _wait(provider, taken.account, sender), []
    for callback in _callbacks(provider, taken, sender, asked, script):
        step = Step(taken.sid, token, asked.value("StatusCallback"),
                    status_pairs(taken.shown, sender, callback.status, callback.code), times=callback.times,
                    status=callback.status, code=callback.code)
        if callback.before_answer:
            early.append(step)
            continue
        due += callback.after
        provider.messenger.plan(step, after=due, held=callback.withheld)
    return early


def _callbacks(provider: Provider, taken: Resource, sender: str, asked: Asked, script: Script) -> tuple[Callback, ...]:
    if script.callbacks is not None:
        return script.callbacks
    if sender.startswith(WHATSAPP) and not asked.value("ContentSid") and not _window_open(provider, taken, sender):
        return (Callback("failed", code=63016),)
    return (Callback("queued"), *USUAL) if taken["messaging_service_sid"] else USUAL


def _window_open(provider: Provider, taken: Resource, sender: str) -> bool:
    """Whether the person wrote to this sender within a day: WhatsApp's condition for a free answer."""
    messages = resources.newest_first(provider.file, resources.MESSAGES, taken.account)
    since = provider.clock() - WINDOW_SECONDS
    return any(one["direction"] == "inbound" and one["from"] == taken["to"] and one["to"] == sender
               and parsedate_to_datetime(one["date_sent"]).timestamp() > since for one in messages)


def _wait(provider: Provider, account: str, sender: str) -> float:
    """Seconds until the number is free again: at its own pace it sends one message after the other."""
    found = provider.account(account)
    pace = float(found.hidden.get("seconds_per_message", 0.0)) if found else 0.0
    now = provider.clock()
    with _turn:
        begin = max(now, _free_at.get(sender, now))
        _free_at[sender] = begin + pace
    return begin - now
