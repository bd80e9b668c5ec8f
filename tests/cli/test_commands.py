"""The other commands, run in a desk of the test's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

import config
from tests.conftest import dispose, make_settings
from tests.scene import Scene
from triage import passwords
from triage.app import create_app
from triage.db import db
from triage.models import Account, Operator
from triage.queries import people

PASSWORD = "correct horse battery staple"


def run(app: Flask, *arguments: str, typed: str = "") -> Result:
    """`flask triage …` in this process, with a fresh look at the database afterwards."""
    done = app.test_cli_runner().invoke(args=["triage", *arguments], input=typed)
    db.session.remove()
    return done


def find(email: str) -> Operator:
    """The person with this address."""
    found = people.by_email(email)
    assert found is not None
    return found


def test_add_operator_prints_a_link_that_opens_an_invitation(app: Flask) -> None:
    said = run(app, "add-operator", "Maya@Desk.example", "--name", "Maya", "--role", "operator", "--role",
               "coordinator", "--languages", "en,sw", "--capacity", "3", "--needs-approval")
    assert said.exit_code == 0, said.output
    token = re.search(r"/invite/(\S+)", said.output)
    assert token is not None
    maya = find("maya@desk.example")
    assert (maya.roles, maya.languages, maya.capacity) == ({"operator", "coordinator"}, {"en", "sw"}, 3)
    assert maya.needs_approval
    invited = people.open_invitation(passwords.fingerprint(token[1]))
    assert invited is not None
    assert invited.id == maya.id


def test_add_operator_takes_a_password_from_standard_input_and_never_shows_it(app: Flask) -> None:
    said = run(app, "add-operator", "ben@desk.example", "--name", "Ben", "--role", "operator", "--password-stdin",
               typed=PASSWORD + "\n")
    assert said.exit_code == 0, said.output
    assert PASSWORD not in said.output
    assert "/invite/" not in said.output
    assert passwords.verify(PASSWORD, find("ben@desk.example").password_hash, "low")


def test_a_refused_person_is_one_sentence(app: Flask, scene: Scene) -> None:
    scene.operator("Amina")
    said = run(app, "add-operator", "AMINA@desk.example", "--name", "A", "--role", "operator")
    assert said.exit_code == 1
    assert said.output.strip() == "Error: Somebody with the address amina@desk.example is on this desk already."


def test_add_operators_names_refused_rows_and_the_sheet_is_private(app: Flask, tmp_path: Path) -> None:
    file, sheet = tmp_path / "people.csv", tmp_path / "sheet.html"
    file.write_text("Email,name,roles,capacity\na@desk.example,<Ada>,operator coordinator,4\nnobody,B,operator,\n"
                    "c@desk.example,C,king,\nd@desk.example,D,operator,many\n\xefa@desk.example,A,operator,\n", "utf-8")
    said = run(app, "add-operators", str(file), "--sheet", str(sheet))
    assert said.exit_code == 1
    for line in ("line 3: nobody: This is not an e-mail address", "line 4: c@desk.example: There is no role",
                 "line 5: d@desk.example: How many reports", "2 added, 3 refused."):
        assert line in said.output
    assert sheet.stat().st_mode & 0o777 == 0o600
    page = sheet.read_text("utf-8")
    assert "&lt;Ada&gt;" in page
    assert page.count("<svg") == 2
    again = run(app, "add-operators", str(file), "--sheet", str(sheet))
    assert "is there already" in again.output


def test_add_operators_refuses_a_file_of_another_kind(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,name\nx@desk.example,X\n")
    assert "lacks the column roles" in run(app, "add-operators", str(file)).output


def test_add_operators_without_a_sheet_draws_codes(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,name,roles\nx@desk.example,X,operator\n")
    said = run(app, "add-operators", str(file))
    assert said.exit_code == 0, said.output
    assert "/invite/" in said.output
    assert "█" in said.output


def test_reset_password(app: Flask, scene: Scene) -> None:
    scene.operator("Amina")
    assert "/invite/" in run(app, "reset-password", "amina@desk.example").output
    assert run(app, "reset-password", "amina@desk.example", "--password-stdin", typed=PASSWORD).exit_code == 0
    assert passwords.verify(PASSWORD, find("amina@desk.example").password_hash, "low")
    unknown = run(app, "reset-password", "nobody@desk.example")
    assert unknown.output == "Error: Nobody here has the address nobody@desk.example.\n"


@pytest.mark.parametrize("more, receives, sends, own", [
    ([], True, False, False), (["--send"], True, True, False), (["--send", "--no-receive"], False, True, False),
    (["--operator", "amina@desk.example"], True, True, True),
])
def test_an_account_is_shared_or_somebodys_own(
    app: Flask, scene: Scene, more: list[str], *, receives: bool, sends: bool, own: bool,
) -> None:
    amina = scene.operator("Amina")
    number = amina.id
    said = run(app, "add-account", "sms", "+254 700 000 777", *more, "--secret-stdin", typed="the key\n")
    assert said.exit_code == 0, said.output
    assert "the key" not in said.output
    account = db.session.scalars(select(Account).where(Account.address == "+254700000777")).one()
    assert (account.can_receive, account.can_send, account.operator_id) == (receives, sends, number if own else None)
    assert account.secret_sealed is not None
    assert b"the key" not in account.secret_sealed


@pytest.mark.parametrize("arguments, sentence", [
    (["fax", "1"], "There is no channel called fax"), (["sms", "+25470O0777"], "This is not a telephone number"),
    (["sms", "+254700000777", "--no-receive"], "must receive, send, or both"),
    (["sms", "+254700000777", "--provider", "x"], "cannot be carried by x"),
    (["sms", "+254700000777", "--operator", "x@y.example"], "Nobody here has the address"),
])
def test_a_wrong_account_is_one_sentence(app: Flask, scene: Scene, arguments: list[str], sentence: str) -> None:
    said = run(app, "add-account", *arguments)
    assert said.exit_code == 1
    assert sentence in said.output


def test_doctor_says_when_all_is_well_and_when_nobody_is_admin(app: Flask, scene: Scene) -> None:
    assert "WRONG people: 0 active, 0 of them admin" in run(app, "doctor").output
    scene.operator("Zawadi", "coordinator", "admin")
    scene.sms("The doors are locked.")
    said = run(app, "doctor").output
    assert "ok    keys: 1 sealing, 1 index; they open what the database holds" in said
    assert "ok    migrations: at" in said
    assert "ok    integrity: " in said
    assert "ok    people: 1 active, 1 of them admin" in said


@pytest.mark.only("postgresql")
def test_doctor_looks_at_the_server_and_finds_a_trigger_that_is_switched_off(app: Flask, scene: Scene) -> None:
    scene.operator("Zawadi", "coordinator", "admin")
    said = run(app, "doctor").output
    assert "ok    integrity: every constraint and trigger in force" in said
    assert "note  durability: fsync is off, synchronous_commit is off" in said
    assert "ok    connections: room for 200; each process of the desk takes up to 32" in said
    db.session.execute(text("ALTER TABLE events DISABLE TRIGGER events_no_change"))
    db.session.commit()
    assert "WRONG integrity: not in force: events_no_change" in run(app, "doctor").output


def test_doctor_knows_another_desks_keys(
    app: Flask, scene: Scene, settings: config.Settings, tmp_path: Path
) -> None:
    scene.sms("The doors are locked.")
    others = {"triage_keys": {"k1": b"x" * 32, "index": b"y" * 32}, "database_url": settings.database_url}
    other = create_app(make_settings(tmp_path, **others))
    with other.app_context():
        said = run(other, "doctor")
        dispose(other)
    assert said.exit_code == 1
    assert "does not open what this database holds" in said.output


def test_sweep_once_sends_what_is_due(app: Flask, scene: Scene) -> None:
    amina = scene.operator("Amina")
    scene.sms("The doors are locked.")
    assert amina.id
    assert run(app, "sweep", "--once").exit_code == 0
    assert "delivery.started" in scene.kinds()
