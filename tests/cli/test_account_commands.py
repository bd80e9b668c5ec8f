"""Accounts from the command line: terms, the list, rules, prices, and a test that is sent at once."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from sqlalchemy import select

from channels.simulator.store import Store
from tests.cli.test_commands import run
from tests.scene import INTAKE, Scene
from triage import clock, context
from triage.actions import accounts
from triage.db import db
from triage.models import Account, Contact, DeliveryAttempt, Price
from triage.queries import sending

OURS = "+254799000001"


def added(address: str) -> Account:
    """The account with this address."""
    return db.session.scalars(select(Account).where(Account.address == address)).one()


def test_an_account_is_added_with_its_terms(app: Flask) -> None:
    said = run(app, "add-account", "sms", "+254700000777", "--send", "--limit", "7/60", "--limit", "150/3600",
               "--budget", "2.50", "--stop-at", "4", "--label", "The Harbour")
    assert said.exit_code == 0, said.output
    one = added("+254700000777")
    assert (one.limits, one.label) == ([[7, 60], [150, 3600]], "The Harbour")
    assert (one.budget_micros, one.ceiling_micros) == (2_500_000, 4_000_000)


@pytest.mark.parametrize("more, sentence", [
    (("--limit", "ten"), "such as 7/300"), (("--limit", "0/60"), "both above 0"),
    (("--budget", "much"), "amount in figures"), (("--budget", "3", "--stop-at", "2"), "below the budget"),
])
def test_wrong_terms_are_refused_with_one_sentence(app: Flask, more: tuple[str, ...], sentence: str) -> None:
    said = run(app, "add-account", "sms", "+254700000777", *more)
    assert said.exit_code == 1
    assert sentence in said.output
    assert db.session.scalars(select(Account)).all() == []


def test_a_sender_name_is_added_one_way(app: Flask) -> None:
    said = run(app, "add-account", "sms", "HARBOUR")
    assert "HARBOUR (sms at simulator), shared, sends." in said.output
    assert "cannot answer it" in said.output


def test_the_list_says_how_each_fares(app: Flask, scene: Scene) -> None:
    scene.operator("Amina", number="+254700000201")
    boss = scene.operator("Zawadi", "coordinator")
    scene.do(lambda: accounts.pause(scene.intake.id, boss))

    def spoil() -> None:
        one = db.session.get_one(Account, added("+254700000201").id)
        one.trouble, one.needs_attention, one.troubled_at = "suspended", "Shut by the provider.", clock.now()
        db.session.add(Contact(address_kind="phone", address_key="k", address_sealed=b"x", hint="…1",
                               opted_out_at=clock.now(), opted_out_account_id=one.id, created_at=clock.now()))

    scene.do(spoil)
    said = run(app, "accounts").output
    assert f"sms {INTAKE} (simulator), shared: paused; 0 sent, 0 waiting, 0 said STOP" in said
    assert "Amina <amina@desk.example>: suspended, Shut by the provider.; 0 sent, 0 waiting, 1 said STOP" in said


def test_an_empty_list_says_what_to_do(app: Flask) -> None:
    assert "add-account" in run(app, "accounts").output


def test_a_rule_is_set(app: Flask, scene: Scene) -> None:
    assert run(app, "set-rule", "sms", "pool").output == "sms: pool.\n"
    assert sending.rule("sms") == "pool"
    assert run(app, "set-rule", "pigeon", "pool").exit_code == 1


def test_a_price_is_set_and_a_wrong_one_refused(app: Flask) -> None:
    assert run(app, "set-price", "sms", "simulator", "ke", "0.032").output == "sms by simulator to KE: 0.032 USD.\n"
    assert db.session.scalars(select(Price.micros)).one() == 32_000
    assert "amount in figures" in run(app, "set-price", "sms", "simulator", "KE", "cheap").output


def test_a_test_is_sent_at_once_and_its_number_is_in_no_log(
    app: Flask, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = str(scene.intake.id)
    said = run(app, "test-account", number, OURS)
    assert (said.exit_code, said.output) == (0, "The provider took it.\n")
    (entry,) = Store(context.settings().simulator_path).accepted()
    assert (entry.account, entry.recipient) == (INTAKE, OURS)
    assert db.session.scalars(select(DeliveryAttempt.account_id)).all() == [int(number)]
    assert OURS[-8:] not in caplog.text
    assert run(app, "test-account", number, "-", typed=f"{OURS}\n").exit_code == 0


def test_a_test_that_cannot_leave_says_so(app: Flask, scene: Scene) -> None:
    number = scene.intake.id
    scene.do(lambda: setattr(db.session.get_one(Account, number), "limits", [[1, 3600]]))
    for expected in ("The provider took it.", "It waits for its account."):
        assert expected in run(app, "test-account", str(number), OURS).output
    assert run(app, "test-account", "999", OURS).exit_code == 1


def test_no_test_to_who_said_stop(app: Flask, scene: Scene) -> None:
    number = str(scene.intake.id)
    for text in ("No ink", "STOP"):
        scene.sms(text, OURS)
    said = run(app, "test-account", number, OURS)
    assert said.exit_code == 1
    assert "said STOP" in said.output
