"""What an account at a gateway can be set to: a sentence for each mistake, and no secret among it."""

from __future__ import annotations

import pytest

from channels.gateway_options import BadOptions, check, keys, password, whole

CALL = {"mode": "call", "url": "http://192.168.1.20/send"}


@pytest.mark.parametrize("options", [
    {}, {"style": "smssync"}, {"style": "smsgate"}, {"mode": "collect"}, {"mode": "collect", "style": "smssync"}, CALL,
    {**CALL, "style": "smsgate", "user": "sms"}, {**CALL, "method": "GET", "format": "query"},
    {**CALL, "auth": "header", "auth_header": "X-API-Key"}, {**CALL, "field.sim": "1", "field.auth.pass": "{secret}"},
    {**CALL, "dedupes": "yes", "id_path": "messages.0.id", "connect_seconds": "2.5"},
])
def test_what_can_be_set(options: dict[str, str]) -> None:
    check(options)


@pytest.mark.parametrize("options", [
    {"style": "xml"}, {"mode": "push"}, {"colour": "red"}, {"field.": "x"}, {"field.a b": "x"}, {"mode": "call"},
    {"style": "smsgate", "mode": "collect"}, {**CALL, "method": "DELETE"}, {**CALL, "method": "GET"},
    {**CALL, "format": "xml"}, {**CALL, "auth": "basic"}, {**CALL, "auth": "basic", "user": "a:b"},
    {**CALL, "auth": "header"}, {**CALL, "auth": "header", "auth_header": "Host"},
    {**CALL, "auth": "header", "auth_header": "X Y"}, {**CALL, "style": "smsgate"}, {**CALL, "to_field": "a..b"},
    {**CALL, "to_field": "text"}, {**CALL, "to_field": "text.to"}, {**CALL, "field.to": "x"},
    {**CALL, "read_seconds": "99"}, {**CALL, "read_seconds": "soon"}, {**CALL, "dedupes": "maybe"},
    {**CALL, "id_path": "a\nb"}, {**CALL, "user": "x" * 501}, {f"field.a{n}": "x" for n in range(31)},
    {**CALL, "user": 7}, {**CALL, "user": None},
])
def test_what_cannot_is_said_in_a_sentence(options: dict[str, str]) -> None:
    with pytest.raises(BadOptions) as caught:
        check(options)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 160


def test_a_password_in_the_address_is_told_where_it_belongs() -> None:
    with pytest.raises(BadOptions, match="they belong in the secret"):
        check({**CALL, "url": "http://sms:hidden@192.168.1.20/send"})


def test_what_is_not_said_is_usual_and_an_empty_word_is_none() -> None:
    assert whole({"style": ""})["style"] == "json"
    assert whole({"style": "smsgate"})["to_field"] == "phoneNumbers.0"
    assert whole({"style": "smsgate", "to_field": "to"})["to_field"] == "to"


def test_keys_and_the_password_of_the_gateway() -> None:
    assert (keys("new,old"), password("new,old")) == (("new", "old"), "new")
    assert (keys("new,old;theirs;x"), password("new,old;theirs;x")) == (("new", "old"), "theirs;x")
    assert (keys(""), password("")) == ((), "")
    assert (keys(";theirs"), password(";theirs")) == ((), "theirs")
