"""Sending by a gateway that we call: what is asked, what each answer means, and where no call may lead."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from channels import gateway_call
from channels.base import OutboundMessage, RemoteFile
from channels.errors import (
    AccountProblem,
    ChannelError,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Unreachable,
)
from channels.gateway_options import BadOptions, check
from tests.channels.gateway_bench import PERSON, TinyGateway, everlasting, gateway
from tests.servers import free_port

ASANTE = OutboundMessage(PERSON, "Asante. Kuna mtu aliyeumia?", "delivery-7")


@pytest.fixture
def tiny() -> TinyGateway:
    """A gateway that has been asked nothing yet."""
    found = everlasting()
    found.asked.clear()
    found.answers.clear()
    return found


def test_json_with_usual_names(tiny: TinyGateway) -> None:
    receipt = gateway(mode="call", url=tiny.url, auth="bearer", secret="key;pass").send(ASANTE)
    (asked,) = tiny.asked
    assert asked.json == {"id": "delivery-7", "to": PERSON, "text": ASANTE.text}
    assert (asked.method, asked.headers["Authorization"]) == ("POST", "Bearer pass")
    assert asked.headers["Idempotency-Key"] == "delivery-7"
    assert receipt.provider_id == "delivery-7"
    assert not receipt.delivered


def test_a_form_with_names_of_its_own_and_a_password_among_them(tiny: TinyGateway) -> None:
    sender = gateway(mode="call", url=tiny.url, format="form", to_field="dest", text_field="msg", id_field="ref",
                     field__user="desk", field__pass="{secret}", secret="key,old")
    sender.send(ASANTE)
    assert parse_qs(tiny.asked[0].body) == {"dest": [PERSON], "msg": [ASANTE.text], "ref": ["delivery-7"],
                                            "user": ["desk"], "pass": ["key"]}


def test_a_query_by_get_as_old_gateways_have_it(tiny: TinyGateway) -> None:
    gateway(mode="call", url=tiny.url + "?smsc=one", method="GET", format="query", field__username="desk").send(ASANTE)
    (asked,) = tiny.asked
    values = parse_qs(urlsplit(asked.path).query)
    assert (asked.method, values["smsc"], values["to"], values["username"]) == ("GET", ["one"], [PERSON], ["desk"])


def test_the_app_sms_gateway_for_android_is_called_as_it_wants_to_be(tiny: TinyGateway) -> None:
    tiny.answers.append((202, json.dumps({"id": "delivery-7", "state": "Pending"}), {}))
    sender = gateway(style="smsgate", mode="call", url=tiny.url, user="sms", secret="signing;word",
                     field__simNumber="2", field__withDeliveryReport="true")
    assert sender.send(ASANTE).provider_id == "delivery-7"
    assert tiny.asked[0].json == {"id": "delivery-7", "phoneNumbers": [PERSON], "textMessage": {"text": ASANTE.text},
                                  "simNumber": 2, "withDeliveryReport": True}
    login = base64.b64decode(tiny.asked[0].headers["Authorization"].removeprefix("Basic ")).decode()
    assert login == "sms:word"
    tiny.answers.append((409, "", {}))
    assert sender.send(ASANTE).provider_id == "delivery-7"
    assert sender.capabilities.idempotent_send


@pytest.mark.parametrize("path, answer, name", [
    ("id", {"id": "GW-1"}, "GW-1"),
    ("messages.0.messageId", {"messages": [{"messageId": 17}]}, "17"),
    ("id", {"other": 1}, "delivery-7"),
    ("id", {"id": {"a": 1}}, "delivery-7"),
    ("id", {"id": "x" * 500}, "delivery-7"),
    ("id", {"id": True}, "delivery-7"),
    ("0.1.2", [], "delivery-7"),
])
def test_the_gateways_own_name_where_it_says_one_else_ours(tiny: TinyGateway, path: str, answer: object,
                                                          name: str) -> None:
    tiny.answers.append((200, json.dumps(answer), {}))
    assert gateway(mode="call", url=tiny.url, id_path=path).send(ASANTE).provider_id == name


@pytest.mark.parametrize("said, error", [
    ((400, "", {}), Rejected), ((401, "", {}), AccountProblem), ((403, "", {}), AccountProblem),
    ((404, "", {}), AccountProblem), ((405, "", {}), AccountProblem), ((408, "", {}), Unreachable),
    ((409, "", {}), Rejected), ((422, "", {}), Rejected), ((429, "", {"Retry-After": "7"}), RetryLater),
    ((500, "", {}), OutcomeUnknown), ((502, "", {}), OutcomeUnknown), ((503, "", {}), Unreachable),
    ((504, "", {}), OutcomeUnknown), ((302, "", {"Location": "http://127.0.0.1:1/"}), AccountProblem),
    ("hangs up", OutcomeUnknown),
])
def test_what_each_answer_means(tiny: TinyGateway, said: object, error: type[ChannelError]) -> None:
    tiny.answers.append(said)
    with pytest.raises(error) as caught:
        gateway(mode="call", url=tiny.url).send(ASANTE)
    assert type(caught.value) is error
    assert PERSON not in str(caught.value)
    assert len(tiny.asked) == 1, "never repeated, never redirected"


def test_nobody_there_is_unreachable_and_silence_is_not() -> None:
    with pytest.raises(Unreachable):
        gateway(mode="call", url=f"http://127.0.0.1:{free_port()}/").send(ASANTE)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        sender = gateway(mode="call", url=f"http://127.0.0.1:{mute.getsockname()[1]}/", read_seconds="0.2")
        with pytest.raises(OutcomeUnknown):
            sender.send(ASANTE)


def test_a_yes_whose_words_are_cut_is_a_yes(tiny: TinyGateway) -> None:
    tiny.answers.append((200, "{", {"Content-Length": "900"}))
    assert gateway(mode="call", url=tiny.url, id_path="id", read_seconds="0.2").send(ASANTE).provider_id == "delivery-7"


def test_a_repetition_is_only_one_message_where_the_options_say_so() -> None:
    assert not gateway(mode="call", url="http://10.0.0.7/").capabilities.idempotent_send
    assert gateway(mode="call", url="http://10.0.0.7/", dedupes="yes").capabilities.idempotent_send


@pytest.mark.parametrize("message", [
    replace(ASANTE, text=" "), replace(ASANTE, text="a\0b"), replace(ASANTE, text="x" * 1001),
    replace(ASANTE, recipient="MPESA"), replace(ASANTE, recipient="+0"),
    replace(ASANTE, media=(RemoteFile("https://desk.example/a.png", "image/png"),)),
])
def test_what_no_telephone_could_send_is_refused_before_anybody_is_asked(tiny: TinyGateway,
                                                                        message: OutboundMessage) -> None:
    with pytest.raises(Rejected):
        gateway(mode="call", url=tiny.url).send(message)
    assert tiny.asked == []


def test_without_a_way_to_send_the_account_needs_somebody() -> None:
    with pytest.raises(AccountProblem):
        gateway().send(ASANTE)
    with pytest.raises(Unreachable):
        gateway(mode="collect").send(ASANTE)


# ---------------------------------------------------------------- where no call may lead

BARRED = (
    "ftp://10.0.0.7/", "file:///etc/passwd", "10.0.0.7/send", "http://", "https:///send", "gopher://10.0.0.7/",
    "http://169.254.169.254/latest/meta-data/", "http://169.254.0.1/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/",
    "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[fd00:ec2::254]/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://0.0.0.0/", "http://[::]/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://metadata.google.internal/", "http://METADATA.google.internal./",
    "http://2852039166/", "http://0xa9fea9fe/", "http://user:pass@10.0.0.7/", "http://user@10.0.0.7/",
    "http://10.0.0.7:99999/", "http://10.0.0.7/a b", "http://10.0.0.7/#a", "http://[10.0.0.7/", "",
)
FINE = ("http://192.168.1.20:8080/message", "https://gateway.example/send?to=", "http://127.0.0.1:13013/cgi-bin/sendsms",
        "http://[fd12:3456::7]/", "http://phone.local:8080/message", "http://10.0.0.7/")


@pytest.mark.parametrize("url", BARRED)
def test_an_address_that_is_none_of_a_gateway_is_refused_as_it_is_written(url: str) -> None:
    with pytest.raises(BadOptions):
        check({"mode": "call", "url": url})
    with pytest.raises(AccountProblem):
        gateway(mode="call", url=url).send(ASANTE)


@pytest.mark.parametrize("url", FINE)
def test_the_desks_own_network_and_this_machine_are_let(url: str) -> None:
    check({"mode": "call", "url": url})


def test_a_name_that_leads_to_a_barred_address_gets_a_connection_and_not_a_byte(
    monkeypatch: pytest.MonkeyPatch, tiny: TinyGateway
) -> None:
    monkeypatch.setattr(gateway_call.gateway_options, "barred", lambda address: str(address) == "127.0.0.1")
    port = urlsplit(tiny.url).port
    with pytest.raises(AccountProblem, match="leads to where no gateway is"):
        gateway(mode="call", url=f"http://localhost:{port}/send").send(ASANTE)
    assert tiny.asked == []


def test_no_proxy_of_the_machines_settings_is_asked(monkeypatch: pytest.MonkeyPatch, tiny: TinyGateway) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    gateway(mode="call", url=tiny.url).send(ASANTE)
    assert len(tiny.asked) == 1
