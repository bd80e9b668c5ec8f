"""Telephones of the test's own desk: their accounts, and the telephones themselves."""

from __future__ import annotations

from flask import Flask

from tests.fakes.phone import Phone, Script, SmsSync, in_process
from tests.scene import Scene
from triage import context
from triage.models import Account, Operator

NUMBER = "+254700000150"
KEY = "key of the telephone"
KINDS: dict[str, type[Phone]] = {"smssync": SmsSync, "json": Script}


def at_gateway(scene: Scene, address: str = NUMBER, *, key: str = KEY, operator: Operator | None = None,
               limits: list[list[int]] | None = None, **options: str) -> Account:
    """An account at a gateway that sends, with its key sealed."""
    account = scene.account("sms", address, can_send=True, provider="gateway", operator=operator, limits=limits)

    def furnish() -> None:
        account.options = options
        account.secret_sealed = context.keyring().seal(key, account.secret_context)

    scene.do(furnish)
    return account


def phone(app: Flask, account: Account, key: str = KEY) -> Phone:
    """The telephone of an account, in this process."""
    style = (account.options or {}).get("style", "json")
    return KINDS.get(style, Script)(in_process(app), account.id, key, app.config["SETTINGS"].public_url)
