"""A hundred thousand forged requests are kept out, and every spelling of an address that Twilio signs comes in.

Each forgery is one of Twilio's own requests with something changed that its signature covers, or with a signature
that somebody without the token could make. FORGERIES says how many are tried.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

import pytest

from channels.base import WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.twilio_sms import TwilioSms
from tests.channels.twilio_bench import (
    DESK,
    FORM,
    PERSON,
    SID,
    SMS_URL,
    STATUS_URL,
    TOKEN,
    VOICE_URL,
    Pairs,
    account,
    call,
    sms,
    status,
)
from tests.fakes.twilio import signing

FORGERIES = int(os.environ.get("FORGERIES", "100000"))
SHARES = 4
OLD = "9f" * 16
DESKS = [TwilioSms(account(address="", secret=secret)) for secret in (TOKEN, f"{TOKEN},{OLD}", f"{OLD},{TOKEN}")]


@dataclass(frozen=True)
class Sent:
    """What Twilio sends: an address and the fields, as a form or as JSON."""

    url: str
    pairs: Pairs
    json: bool = False

    def signed(self, token: str = TOKEN) -> WebhookRequest:
        """The request as it comes, signed by an implementation of our own."""
        if not self.json:
            return request(self.url, self.pairs, signing.of_form(token, self.url, self.pairs))
        body = json.dumps(dict(self.pairs)).encode()
        url = signing.with_hash(self.url, body)
        headers = {"Content-Type": "application/json", signing.HEADER: signing.of_address(token, url)}
        return WebhookRequest(url, headers, {}, body)


def request(url: str, pairs: Pairs, signature: str) -> WebhookRequest:
    """A form."""
    return WebhookRequest(url, {"Content-Type": FORM, signing.HEADER: signature}, {}, urlencode(pairs).encode())


SENT = [
    Sent(SMS_URL, [*sms().items()]),
    Sent(SMS_URL, [*sms(Body="🗳️ wамефунга\n+ & = % \u202eabc", NumMedia="1", MediaUrl0="https://x.example/1").items()]),
    Sent(SMS_URL, [*sms(From=f"whatsapp:{PERSON}", To=f"whatsapp:{DESK}", ProfileName="Neema", Body="").items()]),
    Sent(STATUS_URL + "?ref=delivery-7.", [*status("delivered").items()]),
    Sent(STATUS_URL + "?ref=delivery-8.", [*status("undelivered", ErrorCode="30005").items()]),
    Sent(VOICE_URL + "?step=chosen&language=sw", [*call("in-progress", Digits="1").items()]),
    Sent(SMS_URL, [*sms().items()], json=True),
]
FORMS = [one for one in SENT if not one.json]


def let_in(given: WebhookRequest, desk: TwilioSms) -> bool:
    """Whether the desk takes a request for Twilio's; any other error fails the test."""
    try:
        desk.verify(given)
    except BadSignature:
        return False
    return True


# ---------------------------------------------------------------- forgeries


def altered(text: str, dice: random.Random) -> str:
    """A text with one letter changed, added or taken away."""
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(("", "~", "é", "0", "\0")) + text[at + dice.randrange(2):]


def of_fields(dice: random.Random) -> WebhookRequest:
    """The signature of other fields."""
    sent = dice.choice(FORMS)
    while True:
        pairs = changed(sent.pairs, dice)
        if written(pairs) != written(sent.pairs):
            return request(sent.url, pairs, signing.of_form(TOKEN, sent.url, sent.pairs))


def changed(pairs: Pairs, dice: random.Random) -> Pairs:
    """Fields with one of them changed, renamed, dropped, doubled with another value, or added; or two exchanged."""
    pairs, at, other = [*pairs], dice.randrange(len(pairs)), dice.randrange(len(pairs))
    name, value = pairs[at]
    rest = pairs[:at] + pairs[at + 1:]
    swapped = [*pairs]
    swapped[at], swapped[other] = (name, pairs[other][1]), (pairs[other][0], value)
    return dice.choice([
        [*rest, (name, altered(value, dice))], [*rest, (altered(name, dice) or "x", value)], rest,
        [*pairs, (name, altered(value, dice))], [*pairs, (f"X{dice.random()}", "1")], swapped,
    ])


def written(pairs: Pairs) -> str:
    """What of the fields is signed."""
    return "".join(name + value for name, value in sorted(set(pairs)))


def of_address(dice: random.Random) -> WebhookRequest:
    """The signature of another address."""
    sent = dice.choice(SENT)
    given = sent.signed()
    elsewhere = [given.url.replace("https", "http"), given.url.replace("desk", f"desk{dice.randrange(10**6)}"),
                 given.url.replace("/hooks", f"/{dice.randrange(10**6)}/hooks"), given.url + altered("?x=1", dice),
                 given.url.replace("/twilio/", "/twilio//"), given.url + f"#{dice.random()}",
                 given.url.replace("desk.example", "someone@desk.example"), given.url[:-dice.randrange(1, 9)]]
    aim = dice.choice(elsewhere)
    return replace(given, url=aim if aim != given.url else aim + "/")


def of_signature(dice: random.Random) -> WebhookRequest:
    """A signature that was spoilt, cut, prolonged, or is another request's."""
    given = dice.choice(SENT).signed()
    right, other = given.headers[signing.HEADER], Sent(SMS_URL, [*sms(Body=str(dice.random())).items()]).signed()
    spoilt = dice.choice([
        altered(right, dice), right[:dice.randrange(len(right))], right + dice.choice(("=", "\n", " ", right)),
        right.swapcase(), right[::-1], "sha1=" + right, base64.b64decode(right).hex(), "",
        base64.b64encode(dice.randbytes(20)).decode(), other.headers[signing.HEADER],
    ])
    return replace(given, headers={**given.headers, signing.HEADER: spoilt if spoilt != right else ""})


def of_token(dice: random.Random) -> WebhookRequest:
    """Signed well, with something else than a token in force."""
    tokens = ("", SID, TOKEN[:-1], TOKEN + "0", TOKEN.upper(), altered(TOKEN, dice), dice.randbytes(16).hex(),
              f"{TOKEN},{OLD}", base64.b64encode(TOKEN.encode()).decode())
    token = dice.choice(tokens).rstrip("\0")  # HMAC fills a short key up with zeros: they make no other key
    return dice.choice(SENT).signed(token if token not in (TOKEN, OLD) else "")


def of_algorithm(dice: random.Random) -> WebhookRequest:
    """Signed with the right token, by another algorithm, which the request may ask for; or by none."""
    sent = dice.choice(FORMS)
    text, algorithm = (sent.url + written(sent.pairs)).encode(), dice.choice(("sha256", "md5", "sha512", "none"))
    plain = hashlib.sha1(TOKEN.encode() + text, usedforsecurity=False)
    made = plain if algorithm == "none" else hmac.new(TOKEN.encode(), text, algorithm)
    asked = f"key={dice.random()},algorithm={dice.choice(('HMAC_SHA256', 'none', ''))}"
    headers = {"Content-Type": FORM, signing.HEADER: base64.b64encode(made.digest()).decode(),
               "X-Twilio-Webhooks-Signature-Settings": asked}
    return WebhookRequest(sent.url, headers, {}, urlencode(sent.pairs).encode())


def of_json(dice: random.Random) -> WebhookRequest:
    """JSON whose body is another, whose hash is missing, doubled or another; or what is passed off as JSON."""
    given, at = SENT[-1].signed(), dice.randrange(200)
    bare = signing.of_address(TOKEN, SMS_URL)
    body = given.body[:at] + b"~" + given.body[at + dice.randrange(2):]
    form = dice.choice(FORMS).signed()
    return dice.choice([
        replace(given, body=body), replace(given, body=b""), replace(given, body=b"{}"),
        replace(given, body=body, url=signing.with_hash(SMS_URL, body)),
        replace(given, url=SMS_URL, headers={**given.headers, signing.HEADER: bare}),
        replace(given, body=body, url=signing.with_hash(given.url, body)),
        replace(given, headers={**given.headers, "Content-Type": dice.choice((FORM, "text/plain", ""))}),
        replace(form, headers={**form.headers, "Content-Type": "application/json"}),
    ])


def of_noise(dice: random.Random) -> WebhookRequest:
    """Nothing of Twilio's but perhaps its signature."""
    given = dice.choice(SENT).signed()
    elsewhere = {"X-Signature": given.headers[signing.HEADER]}
    headers = dice.choice([given.headers, {}, {signing.HEADER: "é\0\ud800"}, elsewhere])
    return WebhookRequest(dice.choice((given.url, "", "http://[", "https://desk.example:99999/")), headers, {},
                          dice.randbytes(dice.randrange(200)))


WAYS: list[Callable[[random.Random], WebhookRequest]] = [
    of_fields, of_address, of_signature, of_token, of_algorithm, of_json, of_noise]


@pytest.mark.parametrize("share", range(SHARES))
def test_forgeries_are_kept_out(share: int) -> None:
    dice, tried = random.Random(20261121 + share), FORGERIES // SHARES
    for number in range(tried):
        way = WAYS[number % len(WAYS)]
        forged = way(dice)
        assert not let_in(forged, dice.choice(DESKS)), (way.__name__, forged)


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.url.rpartition("/")[2])
def test_what_the_forgeries_are_made_of_is_let_in(sent: Sent) -> None:
    assert all(let_in(sent.signed(), desk) for desk in DESKS)
    assert [let_in(sent.signed(OLD), desk) for desk in DESKS] == [False, True, True]


# ---------------------------------------------------------------- addresses

HOSTS = ("desk.example", "Desk.Example", "a-b.desk.example", "xn--dsk-hoa.example", "127.0.0.1", "localhost")
PATHS = ("/hooks/twilio/sms", "/", "", "/hooks/twilio/status/", "/a%20b/%C3%A9", "/hooks//sms", "/~desk/(1)")
QUERIES = ("", "?ref=delivery-7.", "?a=1&b=2&a=3", "?ref=a+b%26c", "?empty=&x", "?q=%F0%9F%97%B3", "?u=https://x/y?z")
PORTS = {"https": 443, "http": 80}


def spelt(dice: random.Random) -> tuple[str, str]:
    """An address as it is configured, and as Twilio may sign it: with its port or without."""
    scheme, host = dice.choice(("https", "http")), dice.choice(HOSTS)
    rest = dice.choice(PATHS) + dice.choice(QUERIES) + dice.choice(("", f"&n={quote(str(dice.random()))}"))
    rest = rest if "?" in rest else rest.replace("&", "?")
    usual, port = PORTS[scheme], dice.choice((8000, 8443, 65535))
    bare, full, other = (f"{scheme}://{host}{ending}{rest}" for ending in ("", f":{usual}", f":{port}"))
    return dice.choice([(bare, bare), (bare, full), (full, bare), (full, full), (other, other), (other, bare)])


@pytest.mark.parametrize("number", range(200))
def test_every_spelling_of_an_address_is_let_in(number: int) -> None:
    dice = random.Random(number)
    ours, theirs = spelt(dice)
    pairs = [*sms(Body="".join(dice.choices("aé+&= %\nш🗳", k=dice.randrange(30)))).items()]
    for desk in DESKS:
        assert let_in(request(ours, pairs, signing.of_form(TOKEN, theirs, pairs)), desk)
        assert not let_in(request(ours, pairs, signing.of_form(TOKEN, theirs + "x", pairs)), desk)


# ---------------------------------------------------------------- the border between a name and its value


def refitted(pairs: Pairs, dice: random.Random) -> Pairs:
    """The same letters, sorted as Twilio signs them, with another border between the fields or within one."""
    pairs = sorted(pairs)
    at = dice.randrange(len(pairs) - 1)
    (name, value), (after, last) = pairs[at], pairs[at + 1]
    cut, end = sorted((dice.randrange(len(value) + 1), dice.randrange(len(value) + 1)))
    border = dice.randrange(1, len(name + value))
    merged = [(name, value + after + last), *pairs[at + 2:]]
    split = [(name, value[:cut]), (value[cut:end], value[end:]), *pairs[at + 1:]]
    moved = [((name + value)[:border], (name + value)[border:]), *pairs[at + 1:]]
    return [*pairs[:at], *dice.choice([merged, split, moved])]


def test_twilio_signs_no_borders_and_moving_them_changes_neither_who_wrote_nor_to_whom_nor_what_it_is_called() -> None:
    dice, sent, passed = random.Random(20261121), Sent(SMS_URL, [*sms(Body="Kura Chache, Dunia Evyote").items()]), 0
    (whole,) = DESKS[0].parse(sent.signed())
    for _ in range(5_000):
        given = replace(sent.signed(), body=urlencode(refitted(sent.pairs, dice)).encode())
        if not let_in(given, DESKS[0]):
            continue
        passed += 1
        try:
            (found,) = DESKS[0].parse(given)
        except Unreadable:
            continue
        assert (found.account_address, vars(found)["external_id"], vars(found)["sender"]) == (
            whole.account_address, vars(whole)["external_id"], vars(whole)["sender"])
    assert passed > 100
