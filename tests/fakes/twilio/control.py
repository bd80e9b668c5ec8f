"""The way in for tests, under /_control: no part of Twilio, and held against no description."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from tests.fakes.twilio import calls, citizens, resources, scripts, shapes
from tests.fakes.twilio.ledger import enter
from tests.fakes.twilio.provider import Provider
from tests.fakes.twilio.resources import Resource
from tests.fakes.twilio.wire import Answer

Told = dict[str, Any]
Order = Callable[[Provider, Told], Any]
CITIZENS = ("write", "ring", "press", "speak", "wait", "hang_up")  # their own words stand in the ledger


def obey(provider: Provider, name: str, body: bytes) -> Answer:
    """Do what a test says; 400 and a sentence where that cannot be done."""
    told: Told = json.loads(body or b"{}")
    order = ORDERS.get(name)
    if order is None:
        return Answer(404, {"problem": f"no such order: {name}"})
    if name not in (*CITIZENS, "ready", "waiting"):
        enter(provider.file, "told", name, told=told)
    try:
        return Answer(200, order(provider, told))
    except (LookupError, TypeError, ValueError) as problem:
        return Answer(400, {"problem": f"{type(problem).__name__}: {problem}"})


def _ready(provider: Provider, told: Told) -> Told:
    return {"pid": os.getpid()}


def _account(provider: Provider, told: Told) -> Told:
    """A new account; or another token for one, or another state: `token` revoked is simply another token."""
    sid, token = told["sid"], told["token"]
    if provider.account(sid) is None:
        shown = shapes.account(sid, told.get("name", "A desk"), token, provider.clock())
        resources.add(provider.file, Resource(resources.ACCOUNTS, sid, sid, shown))
    resources.change(provider.file, sid, auth_token=token, status=told.get("status", "active"))
    return {"sid": sid}


def _pace(provider: Provider, told: Told) -> Told:
    """From now on each number of an account sends a message only every so many seconds."""
    resources.hide(provider.file, told["sid"], seconds_per_message=told["seconds"])
    return {}


def _number(provider: Provider, told: Told) -> Told:
    """A number of an account, or a sender where the address names a channel; or other hooks for one there is."""
    address, account = told["address"], told["account"]
    hooks = {name: value for name, value in told.items() if name not in ("address", "account")}
    known = resources.line(provider.file, address)
    if known is not None:
        resources.change(provider.file, known.sid, **hooks)
        return {"sid": known.sid}
    kind, own = (resources.SENDERS, shapes.sid("XE")) if ":" in address else (resources.NUMBERS, shapes.sid("PN"))
    shown = shapes.number(own, account, address, provider.clock(), **hooks)
    resources.add(provider.file, Resource(kind, own, account, shown, address))
    return {"sid": own}


def _service(provider: Provider, told: Told) -> Told:
    own = shapes.sid("MG")
    shown = {"sid": own, "numbers": told["numbers"]}
    resources.add(provider.file, Resource(resources.SERVICES, own, told["account"], shown))
    return {"sid": own}


def _script(provider: Provider, told: Told) -> Told:
    scripts.tell(provider.file, scripts.read(told))
    return {}


def _works(provider: Provider, told: Told) -> Told:
    scripts.forget(provider.file)
    return {}


def _leads(provider: Provider, told: Told) -> Told:
    provider.messenger.leads(told["public"], told["truly"])
    return {}


def _release(provider: Provider, told: Told) -> Told:
    heard = provider.messenger.release(told["about"], told.get("times", 1))
    return {"heard": [one.status for one in heard]}


def _waiting(provider: Provider, told: Told) -> Told:
    return {"steps": provider.messenger.waiting()}


def _cdn(provider: Provider, told: Told) -> Told:
    """From now on the bytes of files lie at another host, to which whoever asks for them is sent on."""
    provider.cdn = told["base"]
    return {}


def _of_call(order: Callable[[Provider, str, Told], Told]) -> Order:
    return lambda provider, told: order(provider, told["call"], told)


ORDERS: dict[str, Order] = {
    "ready": _ready, "account": _account, "pace": _pace, "number": _number, "service": _service, "script": _script,
    "works": _works, "leads": _leads, "release": _release, "waiting": _waiting, "cdn": _cdn,
    "write": citizens.write, "ring": calls.ring, "press": _of_call(calls.press), "speak": _of_call(calls.speak),
    "wait": _of_call(calls.wait), "hang_up": _of_call(calls.hang_up),
}
