"""The practice desk, and what a stream says it will come to."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

import config
from channels.simulator import Store
from tests.cli.test_commands import run
from triage import passwords
from triage.db import db
from triage.demo import desk, plan, rows
from triage.models import Account, Match, Operator, Report
from triage.queries import inbox, ledger, people


def test_the_practice_desk_is_made_once_and_prints_its_log_ins_each_time(app: Flask) -> None:
    first = run(app, "demo-desk")
    assert first.exit_code == 0, first.output
    counted = db.session.scalar(select(func.count(Report.id)))
    again = run(app, "demo-desk")
    assert again.output == first.output
    assert db.session.scalar(select(func.count(Report.id))) == counted
    for person in desk.PEOPLE:
        assert desk.password(person.email) in first.output
        found = people.by_email(person.email)
        assert found is not None
        assert passwords.verify(desk.password(person.email), found.password_hash, "low")


def test_the_first_look_at_the_practice_desk_is_alive(app: Flask) -> None:
    run(app, "demo-desk")
    amina, zawadi = (people.by_email(email) for email in ("amina@demo.example", "zawadi@demo.example"))
    assert amina is not None
    assert zawadi is not None
    counts = inbox.counts(amina)
    assert counts["new"] >= 9
    assert counts["urgent"] >= 2
    assert inbox.counts(zawadi)["snoozed"] == 1
    book = ledger.ledger()
    assert (book.opened, book.joined, book.quarantined, book.pending, book.difference) == (19, 1, 0, 0, 0)
    languages = {one.language for one in db.session.scalars(select(Report)) if one.language}
    assert {"en", "fr", "es"} <= languages
    assert Store(app.config["SETTINGS"].simulator_path).pending() == 0


def test_a_newcomer_meets_copies_questions_and_what_only_looks_the_same(app: Flask) -> None:
    run(app, "demo-desk")
    linked = {one.channel for one in db.session.scalars(select(Report)) if one.status == "duplicate"}
    assert linked == {"web", "sms", "mastodon"}
    found = {(one.kind, one.state, one.why["reason"]) for one in db.session.scalars(select(Match))}
    assert found >= {("same_message", "linked", "alike"), ("same_message", "linked", "exact"),
                     ("same_message", "suggested", "exact"), ("same_incident", "suggested", "likeness")}
    amina = people.by_email("amina@demo.example")
    assert amina is not None
    first = inbox.page(amina, "next").rows[0]
    assert (first.priority, first.copy_count) == (0, 1)


def test_every_operator_of_the_practice_desk_has_accounts_of_their_own(app: Flask) -> None:
    run(app, "demo-desk")
    owners = db.session.scalars(select(Account.operator_id).where(Account.operator_id.is_not(None))).all()
    answering = [one.id for one in db.session.scalars(select(Operator)) if one.reads_reports]
    assert sorted(owners) == sorted(answering * 2)


def test_a_changed_password_is_left_alone(app: Flask) -> None:
    run(app, "demo-desk")
    run(app, "reset-password", "amina@demo.example", "--password-stdin", typed="correct horse battery staple")
    assert "(changed; see reset-password)" in run(app, "demo-desk").output


@pytest.mark.parametrize("settings", [{"demo": False}], indirect=True)
def test_a_real_desk_takes_nothing_made_up(app: Flask) -> None:
    for command in ("demo-desk", "demo"):
        said = run(app, command)
        assert said.exit_code == 1
        assert "This is a real desk" in said.output


# ---------------------------------------------------------------- streams


def test_the_same_seed_makes_the_same_plan_and_other_senders_are_all_new() -> None:
    said = rows.made_up(400, 7)
    first, second = plan.plan(said, 7), plan.plan(said, 7)
    assert first == second
    assert plan.plan(said, 8) != first
    senders = [one.sender for one in first.utterances if one.follows is None]
    assert len(senders) == len(set(senders))


def test_every_eighth_follows_and_every_fifth_goes_by_the_form() -> None:
    made = plan.plan(rows.made_up(400, 1), 1)
    expected = made.expected()
    assert expected.joined == 50
    assert expected.opened == 350
    assert expected.forms + expected.additions == 80
    assert expected.received == 400
    for one in made.utterances:
        if one.follows is not None:
            followed = made.utterances[one.follows]
            assert (followed.sender, followed.by, followed.follows) == (one.sender, one.by, None)


def test_stop_is_a_command_and_nobody_follows_it_up() -> None:
    made = plan.plan([rows.Row("STOP") if position % 2 == 0 else rows.Row("x") for position in range(40)], 1)
    expected = made.expected()
    assert expected.commands == sum(one.stops for one in made.utterances) > 0
    assert expected.opened + expected.joined + expected.commands == 40
    assert not any(made.utterances[one.follows].stops for one in made.utterances if one.follows is not None)


def test_rows_of_a_file_come_in_the_order_of_their_time(tmp_path: Path) -> None:
    file = tmp_path / "reports.csv.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write('day,hour,said\n2011-04-02,09:00,"third, with a\nline"\n2011-04-01,23:00,second\n'
                  "2011-04-01,08:00,first\n2011-04-03,01:00, \n")
    found = rows.of_file(file, "said", ["day", "hour"])
    assert [row.text for row in found] == ["first", "second", "third, with a\nline"]


@pytest.mark.parametrize("content, sentence", [
    (b"a,b\n1,2\n", "has no column 'text'"), (b"\xff\xfe\x00", "cannot be read as CSV"),
])
def test_a_file_that_cannot_be_played_is_one_sentence(
    app: Flask, tmp_path: Path, content: bytes, sentence: str,
) -> None:
    run(app, "demo-desk")
    file = tmp_path / "reports.csv"
    file.write_bytes(content)
    said = run(app, "demo", "--file", str(file))
    assert said.exit_code == 1
    assert sentence in said.output
    assert "Traceback" not in said.output


def test_a_practice_desk_has_a_database_of_its_own() -> None:
    keys = {"SECRET_KEY": "x" * 32, "TRIAGE_KEYS": "index:" + "A" * 43 + "=,k:" + "B" * 42 + "A="}
    assert config.load({**keys, "DEMO": "1"}).database_url != config.load(keys).database_url
