"""What an account at a gateway is set to: how it speaks to us, how we send by it, and whom we may call for that.

Every option is a word or a line, none is a secret; `check` says in a sentence what is wrong with them. The secret
stands apart: one key or two with a comma between (both are believed, the first signs), and after a semicolon what the
gateway itself wants to hear, where that is another: `key,old key;password`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlsplit

STYLES = ("json", "smssync", "smsgate")
MODES = ("", "call", "collect")
METHODS = ("POST", "GET", "PUT")
FORMATS = ("json", "form", "query")
AUTHS = ("", "basic", "bearer", "header")
DEDUPES = ("", "yes", "409")

# How the app "SMS Gateway for Android" wants to be called: https://docs.sms-gate.app/features/sending-messages/
# A message with an id that it has is refused with 409, so that a repetition is never a second text.
SMSGATE = {"format": "json", "to_field": "phoneNumbers.0", "text_field": "textMessage.text", "id_field": "id",
           "id_path": "id", "auth": "basic", "dedupes": "409"}
USUAL = {"style": "json", "mode": "", "method": "POST", "format": "json", "to_field": "to", "text_field": "text",
         "id_field": "id", "id_path": "", "auth": "", "user": "", "auth_header": "", "dedupes": "",
         "url": "", "connect_seconds": "5", "read_seconds": "20"}
CHOICES = {"style": STYLES, "mode": MODES, "method": METHODS, "format": FORMATS, "auth": AUTHS, "dedupes": DEDUPES}
EXTRA = "field."

MOST_OPTIONS, MOST_VALUE, MOST_SECONDS = 30, 500, 30
FIELD = re.compile(r"[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,60}){0,5}")
HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
HEADERS_OF_HTTP = ("host", "content-length", "content-type", "transfer-encoding", "connection", "cookie")

# Where clouds hand out the keys of their machines: never a gateway, whoever asks. 169.254/16 and fe80::/10 are refused
# as a whole. Private networks and this machine are let: that is where a telephone in a drawer is.
METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data")
METADATA = tuple(map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")))
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadOptions(ValueError):
    """An account cannot be set like this; `str()` is a sentence."""


def whole(options: Mapping[str, str]) -> dict[str, str]:
    """The options with what is usual for the rest of them."""
    given = {name: value for name, value in options.items() if value}
    known = SMSGATE if given.get("style") == "smsgate" else {}
    return {**USUAL, **known, **given}


def check(options: Mapping[str, str]) -> None:
    """Raise BadOptions with a sentence unless an account can be set like this. Pure: asks nobody."""
    _shapes(options)
    given = whole(options)
    for name, allowed in CHOICES.items():
        if given[name] not in allowed:
            raise BadOptions(f"The option {name} is one of: {', '.join(filter(None, allowed))}.")
    if given["mode"] == "collect" and given["style"] == "smsgate":
        raise BadOptions("This app does not fetch what it sends: with style=smsgate the mode is call, or none.")
    if given["mode"] == "call":
        _callable(given)


def address_problem(url: str) -> str | None:
    """Why an address may not be called, None where it may. A name is looked up only when it is called."""
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "The address of the gateway cannot be read."
    if parts.scheme not in ("http", "https") or not host:
        return "The address of the gateway begins with http:// or https://."
    if parts.username is not None or parts.password is not None:
        return "No name and no password in the address: they belong in the secret."
    if not url.isprintable() or " " in url or parts.fragment:
        return "The address of the gateway cannot be read."
    return "This address is none of a gateway." if host in METADATA_NAMES or _barred_text(host) else None


def barred(address: Address) -> bool:
    """Whether nobody of ours may speak to an address, by whatever name it was found."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return barred(address.ipv4_mapped)
        if address in NAT64:
            return barred(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return (address.is_link_local or address.is_multicast or address.is_unspecified or address in METADATA
            or (address.version == 4 and address.is_reserved))


def keys(secret: str) -> tuple[str, ...]:
    """The keys in force by which a gateway shows who it is, ours to sign with first."""
    return tuple(key for key in secret.partition(";")[0].split(",") if key)


def password(secret: str) -> str:
    """What the gateway wants to hear from us: what stands after a semicolon, else the first key."""
    own, _, theirs = secret.partition(";")
    return theirs or own.partition(",")[0]


def extra_fields(options: Mapping[str, str]) -> dict[str, str]:
    """Fields that every call has beside recipient, text and id, as `field.<name>`; `{secret}` is the password."""
    return {name.removeprefix(EXTRA): value for name, value in options.items() if name.startswith(EXTRA)}


def _barred_text(host: str) -> bool:
    try:
        return barred(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return host.isdecimal() or host.lower().startswith("0x")  # numbers that resolvers take for an address


def _shapes(options: Mapping[str, object]) -> None:
    if len(options) > MOST_OPTIONS:
        raise BadOptions(f"There are at most {MOST_OPTIONS} options.")
    for name, value in options.items():
        if name not in USUAL and not (name.startswith(EXTRA) and FIELD.fullmatch(name.removeprefix(EXTRA))):
            raise BadOptions("There is no such option. See docs/gateway.md for all of them.")
        if not isinstance(value, str) or len(value) > MOST_VALUE or not value.isprintable():
            raise BadOptions(f"The option {name} is one line of at most {MOST_VALUE} characters.")


def _callable(given: Mapping[str, str]) -> None:
    problem = address_problem(given["url"])
    if problem is not None:
        raise BadOptions(problem)
    if given["method"] == "GET" and given["format"] != "query":
        raise BadOptions("With method=GET the fields stand in the address: format=query.")
    _provable(given)
    names = [given["to_field"], given["text_field"], given["id_field"]]
    if not all(map(FIELD.fullmatch, names)):
        raise BadOptions("to_field, text_field and id_field are fields' names, with dots where one is inside another.")
    if _clash([*extra_fields(given), *names]):
        raise BadOptions("Two fields have one name, or one is inside the other.")
    if not all(SECONDS.fullmatch(each) and float(each) <= MOST_SECONDS
               for each in (given["connect_seconds"], given["read_seconds"])):
        raise BadOptions(f"connect_seconds and read_seconds are numbers of seconds, at most {MOST_SECONDS}.")


def _provable(given: Mapping[str, str]) -> None:
    if given["auth"] == "basic" and (not given["user"] or ":" in given["user"]):
        raise BadOptions("With auth=basic the option user names who we are there.")
    name = given["auth_header"]
    if given["auth"] == "header" and (not HEADER.fullmatch(name) or name.lower() in HEADERS_OF_HTTP):
        raise BadOptions("With auth=header the option auth_header names the header, such as X-API-Key.")


def _clash(names: list[str]) -> bool:
    ways = sorted(f"{name}." for name in names)
    return any(after.startswith(before) for before, after in pairwise(ways))
