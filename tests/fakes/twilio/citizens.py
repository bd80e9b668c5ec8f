"""The citizens' side: what they write, and how Twilio brings it to the desk."""

from __future__ import annotations

import base64
from typing import Any
from xml.etree import ElementTree

from tests.fakes.twilio import resources, sending, shapes
from tests.fakes.twilio.description import Pairs
from tests.fakes.twilio.hooks import Heard, Step
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider
from tests.fakes.twilio.resources import Resource
from tests.fakes.twilio.sending import WHATSAPP

STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
START = {"start", "yes", "unstop"}
TWIML = ("text/xml", "application/xml", "text/html")


def write(provider: Provider, told: dict[str, Any]) -> dict[str, Any]:
    """A citizen writes `body` (and `media`) `from` an address `to` one of ours; the sid, and what the desk answered.

    `times`: the same webhook so often in parallel. `withheld`: it is only listed, until it is released. `wait` is
    false where nobody waits for the desk. `extra` are further fields, such as a position. `as_json`: a JSON body.
    """
    ours = resources.line(provider.file, told["to"])
    if ours is None:
        raise LookupError(f"no number of ours is {told['to']}")
    with provider.file.writing():
        message, files = _kept(provider, ours, told)
        _obey(provider, told)
        enter(provider.file, "citizen", message.sid, **{name: told.get(name) for name in ("from", "to", "body")})
    step = Step(message.sid, provider.token(ours.account), ours["sms_url"],
                _pairs(provider, message, files, told), as_json=told.get("as_json", False),
                times=told.get("times", 1), fallback=ours["sms_fallback_url"])
    if told.get("withheld") or not told.get("wait", True):
        provider.messenger.plan(step, held=told.get("withheld", False))
        return {"sid": message.sid, "heard": []}
    heard = provider.messenger.take(step)
    return {"sid": message.sid, "heard": [one.status for one in heard]}


def answered(provider: Provider, step: Step, heard: list[Heard]) -> None:
    """Send what the desk's answers say, as Twilio does: each <Message> of TwiML, and any plain text."""
    message = resources.find(provider.file, resources.MESSAGES, step.about)
    if message is None or message["direction"] != "inbound":
        return
    for one in heard:
        try:
            found = texts(one) if one.status and one.status < 300 else []
        except ElementTree.ParseError:
            enter(provider.file, "alarm", message.sid, code=12100, url=step.url)
            continue
        for text in found:
            sending.reply(provider, message.account, message["to"], message["from"], text)


def texts(heard: Heard) -> list[str]:
    """The messages in an answer: a plain text is one, every other kind of text is read as TwiML. Raises ParseError."""
    kind = heard.content_type.partition(";")[0].strip()
    if not heard.body.strip() or kind == "text/plain":
        return [heard.body] if heard.body.strip() else []
    if kind not in TWIML:
        return []
    root = ElementTree.fromstring(heard.body)  # noqa: S314 - the desk's own answer
    return ["".join(verb.itertext()) for verb in root.iter("Message")]


def _kept(provider: Provider, ours: Resource, told: dict[str, Any]) -> tuple[Resource, list[Resource]]:
    files, now = told.get("media") or [], provider.clock()
    own = told.get("sid") or shapes.sid("MM" if files else "SM")
    shown = shapes.message(
        own, ours.account, now, body=told.get("body", ""), to=told["to"], direction="inbound", status="received",
        date_sent=shapes.dated(now), num_media=str(len(files)), price=None,
        num_segments=str(shapes.segments(told.get("body", ""))), **{"from": told["from"]})
    message = resources.add(provider.file, Resource(resources.MESSAGES, own, ours.account, shown))
    return message, [_file(provider, message, one) for one in files]


def _file(provider: Provider, message: Resource, told: dict[str, str]) -> Resource:
    own = shapes.sid("ME")
    shown = shapes.media(own, message.account, message.sid, told["content_type"], provider.clock())
    return resources.add(provider.file, Resource(resources.MEDIA, own, message.account, shown, message.sid),
                         base64.b64decode(told["content"]))


def _obey(provider: Provider, told: dict[str, Any]) -> None:
    """STOP and START, which Twilio itself obeys, number by number."""
    word = told.get("body", "").strip().lower()
    with provider.file.writing() as connection:
        if word in STOP:
            connection.execute("INSERT OR IGNORE INTO blocked VALUES (?, ?)", (told["to"], told["from"]))
        elif word in START:
            connection.execute("DELETE FROM blocked WHERE ours = ? AND theirs = ?", (told["to"], told["from"]))


def _pairs(provider: Provider, message: Resource, files: list[Resource], told: dict[str, Any]) -> Pairs:
    """The form of the webhook. A country is named and a town is not, as with most numbers outside North America."""
    empty = ("ToState", "ToCity", "ToZip", "FromState", "FromCity", "FromZip")
    pairs = [("SmsMessageSid", message.sid), ("NumMedia", message["num_media"]), ("SmsSid", message.sid),
             ("SmsStatus", "received"), ("Body", message["body"]), ("To", message["to"]),
             ("NumSegments", message["num_segments"]), ("MessageSid", message.sid), ("AccountSid", message.account),
             ("From", message["from"]), ("ApiVersion", shapes.VERSION)]
    if message["from"].startswith(WHATSAPP):
        pairs += [("ProfileName", told.get("profile_name", "Somebody")), ("WaId", message["from"].split("+")[-1]),
                  ("MessageType", _kind(files))]
    else:
        pairs += [(name, "") for name in empty] + [("ToCountry", "KE"), ("FromCountry", "KE")]
    for place, one in enumerate(files):
        url = provider.base + one["uri"].removesuffix(".json")
        pairs += [(f"MediaContentType{place}", one["content_type"]), (f"MediaUrl{place}", url)]
    return pairs + list(told.get("extra", {}).items())


def _kind(files: list[Resource]) -> str:
    return files[0]["content_type"].partition("/")[0] if files else "text"
