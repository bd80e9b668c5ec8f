"""Accounts at a gateway from the command line and on their page: settings, and where the gateway calls."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.cli.test_commands import run
from tests.scene import Scene
from tests.visitor import sign_in
from tests.web.phones import at_gateway, phone
from triage import connections, doors
from triage.actions import accounts
from triage.db import db
from triage.errors import BadInput
from triage.models import Account

NUMBER = "+254700000150"
COLLECT = ("--provider", "gateway", "--option", "mode=collect", "--option", "style=smssync")


def account() -> Account:
    """The one at a gateway."""
    return db.session.scalars(select(Account).where(Account.provider == "gateway")).one()


def test_an_account_at_a_gateway_says_where_the_gateway_calls(app: Flask, scene: Scene) -> None:
    said = run(app, "add-account", "sms", NUMBER, "--send", *COLLECT, "--secret-stdin", typed="a long key\n")
    assert said.exit_code == 0, said.output
    added = account()
    assert f"/hooks/gateway/{added.id} " in said.output
    assert "a long key" not in said.output
    assert added.options == {"mode": "collect", "style": "smssync"}
    assert connections.settings_of(added).secret == "a long key"


@pytest.mark.parametrize("options, why", [
    (("--provider", "gateway", "--option", "mode=fetch"), "The option mode is one of: call, collect."),
    (("--provider", "gateway", "--option", "mode=call", "--option", "url=http://169.254.169.254/"), "of a gateway"),
    (("--provider", "gateway", "--option", "collect"), "name=value"),
    (("--provider", "simulator", "--option", "mode=call"), "no options"),
])
def test_settings_that_cannot_be_are_refused_in_a_sentence(
    app: Flask, scene: Scene, options: tuple[str, ...], why: str
) -> None:
    said = run(app, "add-account", "sms", NUMBER, *options)
    assert said.exit_code == 1
    assert why in said.output
    assert db.session.scalars(select(Account).where(Account.address == NUMBER)).all() == []


def test_nobody_gets_a_gateway_without_asking_for_one(app: Flask, scene: Scene) -> None:
    assert connections.providers("sms")[0] != "gateway"
    assert connections.key_count(at_gateway(scene, key="new,old")) == 2


def test_the_page_shows_the_address_and_takes_settings(
    app: Flask, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "FRESH", 0.0)
    added = at_gateway(scene)
    visitor = sign_in(app, scene.operator("Zawadi", "coordinator"))
    page = visitor.get(f"/accounts/{added.id}")
    assert f"/hooks/gateway/{added.id}</code>" in page.text
    assert "<svg" in page.text
    refused = visitor.post(f"/accounts/{added.id}/options", options="mode=call\nurl=ftp://x/")
    assert refused.status_code == 422
    assert "begins with http:// or https://" in refused.text
    assert "ftp://x/" in refused.text
    assert "It has not fetched anything yet." in visitor.post(
        f"/accounts/{added.id}/options", options=" mode = collect \r\n\r\nstyle=smssync\r\n").text
    db.session.rollback()
    assert account().options == {"mode": "collect", "style": "smssync"}
    assert phone(app, account()).brings("1", "+254711000523", "hello").status == 200
    assert "/hooks/gateway/" not in visitor.get(f"/accounts/{scene.intake.id}").text


def test_the_gateways_own_password_stays_while_a_key_is_replaced(app: Flask, scene: Scene) -> None:
    added, boss = at_gateway(scene, key="old;theirs, with a comma"), scene.operator("Zawadi", "coordinator")
    scene.do(lambda: accounts.replace_secret(added.id, "new", boss, keep_old=True))
    assert connections.settings_of(added).secret == "new,old;theirs, with a comma"
    assert connections.key_count(added) == 2
    scene.do(lambda: accounts.forget_old_secret(added.id, boss))
    assert connections.settings_of(added).secret == "new;theirs, with a comma"
    with pytest.raises(BadInput):
        scene.do(lambda: accounts.replace_secret(added.id, "newer;word", boss, keep_old=True))
