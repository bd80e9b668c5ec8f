"""Sending by a gateway that we call: one HTTP request, its address, fields and proof of who we are by the options.

Whoever may manage accounts chooses the address, so it is looked at twice: as it is written (`gateway_options`), and
here, where the connection stands, before a byte is sent: what a name leads to is known only then.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from collections.abc import Mapping
from typing import Any, cast

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from channels import gateway_options, http
from channels.base import AccountSettings, OutboundMessage, Receipt
from channels.errors import AccountProblem, OutcomeUnknown, Rejected
from channels.fields import BROKEN

RECIPIENT = re.compile(r"\+[1-9][0-9]{1,14}|[0-9]{3,8}")
MOST_ANSWER = 64 * 1024
MOST_ID = 120
PLAIN = re.compile(r"true|false|-?(?:0|[1-9][0-9]{0,8})")
# From a gateway nobody knows: who fails while working may have sent it. 503 says that nothing was begun.
MAY_HAVE_SENT = (500, 502, 504)
NOT_THERE = (404, 405, 410)


def refuse_misfits(message: OutboundMessage, most: int) -> None:
    """What no telephone could send, or would cut, is refused here. The reason quotes nothing."""
    if not RECIPIENT.fullmatch(message.recipient):
        raise Rejected("This is not a telephone number that can be written to.")
    if not message.text.strip():
        raise Rejected("There is nothing to send.")
    if len(message.text) > most:
        raise Rejected(f"The text is longer than {most} characters.")
    if BROKEN.search(message.text):
        raise Rejected("The text holds broken characters.")
    if message.media:
        raise Rejected("A gateway carries no files.")


def send(account: AccountSettings, options: Mapping[str, str], message: OutboundMessage) -> Receipt:
    """Hand one message to the gateway. Raises a ChannelError.

    What it answers with 2xx it has; its own name of the message where it says one, else ours.
    """
    problem = gateway_options.address_problem(options["url"])
    if problem is not None:
        raise AccountProblem(problem)
    answer = _ask(account, options, message)
    name = _named(answer, options["id_path"]) if options["id_path"] else None
    return Receipt(name or message.idempotency_key)


def _ask(account: AccountSettings, options: Mapping[str, str], message: OutboundMessage) -> bytes:
    """The gateway's yes. A message it says it has already is one, where it promises to say so."""
    asked = _request(account, options, message)
    with _session(options) as session:
        try:
            with session.request(**asked) as response:
                return _read(response, options)
        except requests.RequestException as problem:
            raise http.silence(problem) from problem


def _read(response: requests.Response, options: Mapping[str, str]) -> bytes:
    status = response.status_code
    if status in MAY_HAVE_SENT:
        raise OutcomeUnknown(f"the gateway answered {status}")
    if status in NOT_THERE:
        raise AccountProblem(f"nothing takes messages at the gateway's address (it answered {status})")
    if status == 409 and options["dedupes"] == "409":
        return b""
    error = http.refusal(response)
    if error is not None:
        raise error
    try:
        return next(response.iter_content(MOST_ANSWER), b"")
    except requests.RequestException:
        return b""  # the yes has come, only its words have not


def _request(account: AccountSettings, options: Mapping[str, str], message: OutboundMessage) -> dict[str, Any]:
    """The parameters of the library's call."""
    secret = gateway_options.password(account.secret)
    headers = {"Idempotency-Key": message.idempotency_key, **_proof(options, secret)}
    login = (options["user"].encode(), secret.encode()) if options["auth"] == "basic" else None
    asked = {"method": options["method"], "url": options["url"], "headers": headers, "auth": login,
             "allow_redirects": False, "stream": True}
    values = _values(options, message, secret)
    if options["format"] == "json":
        return {**asked, "json": _nested(values)}
    return {**asked, "data" if options["format"] == "form" else "params": values}


def _values(options: Mapping[str, str], message: OutboundMessage, secret: str) -> dict[str, object]:
    extra = {name: _constant(value, options["format"], secret)
             for name, value in gateway_options.extra_fields(options).items()}
    return {**extra, options["id_field"]: message.idempotency_key, options["to_field"]: message.recipient,
            options["text_field"]: message.text}


def _constant(value: str, form: str, secret: str) -> object:
    """What every call says: in JSON a whole number, true and false are such."""
    if form == "json" and PLAIN.fullmatch(value):
        return json.loads(value)
    return value.replace("{secret}", secret)


def _proof(options: Mapping[str, str], secret: str) -> dict[str, str]:
    if options["auth"] not in ("bearer", "header"):
        return {}
    if not secret or not secret.isascii() or not secret.isprintable():
        raise AccountProblem("The account's secret is missing, or cannot stand in a header.")
    if options["auth"] == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    return {options["auth_header"]: secret}


def _nested(values: Mapping[str, object]) -> object:
    """`textMessage.text` inside an object, `phoneNumbers.0` inside a list."""
    whole: dict[str, Any] = {}
    for path, value in values.items():
        *way, last = path.split(".")
        at = whole
        for step in way:
            at = at.setdefault(step, {})
        at[last] = value
    return _lists(whole)


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if inner and all(name == str(place) for place, name in enumerate(inner)):
        return list(inner.values())
    return inner


def _named(answer: bytes, path: str) -> str | None:
    """The gateway's own name of the message, at `path` in its answer; None where there is none."""
    try:
        at: Any = json.loads(answer)
        for step in path.split("."):
            at = at[int(step)] if isinstance(at, list) else at[step]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    name = str(at) if isinstance(at, str | int) and not isinstance(at, bool) else ""
    return name if 0 < len(name) <= MOST_ID and name.isprintable() else None


# ---------------------------------------------------------------- where the call may lead


def _session(options: Mapping[str, str]) -> requests.Session:
    """A session that looks whom it is connected to, and takes no proxy and no password from the machine's settings."""
    made = http.session(connect=float(options["connect_seconds"]), read=float(options["read_seconds"]))
    made.trust_env = False
    for adapter in made.adapters.values():
        manager = cast(Any, adapter).poolmanager
        manager.pool_classes_by_scheme = {"http": _LookingPool, "https": _LookingSecurePool}
    return made


def _look(connected: socket.socket) -> socket.socket:
    if gateway_options.barred(ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])):
        connected.close()
        raise AccountProblem("The gateway's address leads to where no gateway is.")
    return connected


class _Looking(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _look(super()._new_conn())


class _LookingSecure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _look(super()._new_conn())


class _LookingPool(HTTPConnectionPool):
    ConnectionCls = _Looking


class _LookingSecurePool(HTTPSConnectionPool):
    ConnectionCls = _LookingSecure
