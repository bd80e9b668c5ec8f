"""Settings: one sentence for each mistake."""

from __future__ import annotations

import base64

import pytest

import config

KEY, INDEX = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
GOOD = {"SECRET_KEY": "s" * 32, "TRIAGE_KEYS": f"k1:{KEY},index:{INDEX}"}


def test_good_values_give_the_documented_defaults() -> None:
    settings = config.load(GOOD)
    assert (settings.undo_seconds, settings.lease_minutes, settings.reopen_hours, settings.capacity) == (8, 20, 72, 8)
    assert settings.database_url.startswith("sqlite:///")
    assert settings.public_url == "http://127.0.0.1:8000"
    assert not settings.demo


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("TRIAGE_KEYS", "", "must hold an `index` key"),
        ("TRIAGE_KEYS", f"k1:{KEY}", "must hold an `index` key"),
        ("TRIAGE_KEYS", "k1:notbase64,index:x", "not 32 bytes in base64"),
        ("TRIAGE_KEYS", f"k1:{KEY},index:{KEY}", "the same key twice"),
        ("UNDO_SECONDS", "31", "whole number from 0 to 30"),
        ("UNDO_SECONDS", "-1", "whole number from 0 to 30"),
        ("CAPACITY", "many", "whole number from 1"),
        ("LEASE_MINUTES", "0", "whole number from 1"),
        ("DEMO", "yes", "one of 0, 1"),
        ("PUBLIC_URL", "desk.example", "http:// or https://"),
        ("PUBLIC_URL", "ftp://desk.example", "http:// or https://"),
        ("STAFF_URL", "http://[", "is not an address"),
        ("DEFAULT_REGION", "KEN", "two-letter country code"),
        ("CURRENCY", "US$", "three letters such as USD"),
        ("DESK_LANGUAGES", "en,,e5", "language codes"),
        ("PASSWORD_COST", "none", "one of standard, low"),
        ("TWILIO_ACCOUNT_SID", "AC12", "AC and 32 digits"),
        ("TWILIO_ACCOUNT_SID", f"AC{'0' * 32}", "belong together"),
        ("TWILIO_AUTH_TOKEN", "0" * 32, "belong together"),
        ("TWILIO_API_BASE", "api.twilio.com", "start with http"),
    ],
)
def test_a_wrong_value_is_refused_with_one_sentence(name: str, value: str, sentence: str) -> None:
    with pytest.raises(config.ConfigError, match=sentence) as refusal:
        config.load({**GOOD, name: value})
    assert str(refusal.value).count(". ") == 0


def test_cookies_and_origins_follow_the_staff_address() -> None:
    https = config.load({**GOOD, "PUBLIC_URL": "https://reports.example", "STAFF_URL": "https://desk.example:8443"})
    assert https.secure
    assert https.origins == ("https://desk.example:8443",)
    loopback = config.load(GOOD)
    assert not loopback.secure
    assert loopback.origins == ("http://localhost:8000", "http://127.0.0.1:8000")


@pytest.mark.parametrize("address", ["http://desk.example:99999", "http://desk.example:port"])
def test_a_port_that_cannot_be_is_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(config.ConfigError, match="PUBLIC_URL has a port"):
        config.load({**GOOD, "PUBLIC_URL": address})


def test_twilio_may_have_two_tokens_while_one_is_replaced() -> None:
    old, new = "1" * 32, "2" * 32
    settings = config.load({**GOOD, "TWILIO_ACCOUNT_SID": f"AC{'0' * 32}", "TWILIO_AUTH_TOKEN": f"{new}, {old} ,"})
    assert settings.twilio_auth_token == f"{new},{old}"
    for wrong in (f"{new},{old},{'3' * 32}", "short", f"{new},é"):
        with pytest.raises(config.ConfigError, match="as Twilio shows it"):
            config.load({**GOOD, "TWILIO_ACCOUNT_SID": f"AC{'0' * 32}", "TWILIO_AUTH_TOKEN": wrong})
