"""The checker itself: silent on a sound desk, and every rule of it finds its planted violation, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

import config
from tests import checker
from tests.scene import Scene
from triage.actions import copies, replies
from triage.db import db

pytestmark = pytest.mark.races

SECOND_HOLDER = (
    "INSERT INTO assignments (report_id, operator_id, started_at, last_active_at, ended_at, end_reason) "
    "SELECT report_id, operator_id, started_at, started_at, {ended}, {why} FROM assignments WHERE id = 1"
)
SECOND_ATTEMPT = (
    "INSERT INTO delivery_attempts (delivery_id, started_at, finished_at, outcome) "
    "SELECT delivery_id, started_at, {finished}, {outcome} FROM delivery_attempts WHERE delivery_id = 3 LIMIT 1"
)
OPEN_ATTEMPT = SECOND_ATTEMPT.format(finished="NULL", outcome="NULL")
ENTRY = "INSERT INTO events (kind, report_id, data, occurred_at) VALUES ('{kind}', {report}, '{data}', '2030-01-01')"
AGAIN = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = 1"


def entry(kind: str, data: str = "{}", report: str = "NULL") -> str:
    """A line of the history that nobody wrote."""
    return ENTRY.format(kind=kind, data=data.replace(":", r"\:"), report=report)


# Report 1 is claimed as assignment 1, acknowledged by delivery 1 and answered by delivery 3. Report 2 is a copy of it.
PLANTED = {
    "I1 the ledger's difference is 0": "UPDATE inbound SET state = 'mislaid'",
    "I1 every item that became a message is named by exactly one entry of the history":
        entry("report.opened", '{"item": 1}'),
    "I1 what was kept is read, or has a time at which it will be": "UPDATE inbound SET state = 'received'",
    "I2 there are as many inbound messages as items that became one": "DELETE FROM messages WHERE direction = 'in'",
    "I2 every report was opened by exactly one entry of the history": entry("report.opened", report="1"),
    "I3 an item is kept once":
        AGAIN.format(table="inbound", columns="provider, external_key, raw_sealed, received_at, state"),
    "I3 a message is stored once":
        AGAIN.format(table="messages", columns="report_id, channel, direction, body, recorded_at, dedupe_key"),
    "I3 a person is known once":
        AGAIN.format(table="contacts", columns="address_kind, address_key, address_sealed, hint, created_at"),
    "I3 a thread has at most one live report":
        AGAIN.format(table="reports", columns="channel, thread_key, status, priority, received_at"),
    "I3 what a copy belongs to is no copy, and live while the copy is":
        "UPDATE reports SET status = 'closed' WHERE id = 1",
    "I3 an incident is open exactly while two matters belong to it":
        "INSERT INTO incidents (id, title, state, operator_id, created_at) "
        "VALUES (1, '', 'open', 1, '2026-01-01')",
    "I3 two that a line says are linked are one matter":
        "UPDATE reports SET status = 'open', duplicate_of = NULL WHERE id = 2",
    "I3 a line says of every copy that it is linked": "UPDATE matches SET state = 'suggested'",
    "I4 a report has at most one open assignment": SECOND_HOLDER.format(ended="NULL", why="NULL"),
    "I4 assignments of a report never overlap": SECOND_HOLDER.format(ended="started_at", why="'closed'"),
    "I4 a report is assigned exactly while somebody holds it": "UPDATE reports SET status = 'open'",
    "I4 every assignment was begun by exactly one entry of the history":
        entry("report.claimed", '{"assignment": 1}'),
    "I5 a delivery has at most one open attempt": f"{OPEN_ATTEMPT};{OPEN_ATTEMPT}",
    "I5 a delivery is sending exactly while an attempt is open": OPEN_ATTEMPT,
    "I5 a delivery is accepted at most once": SECOND_ATTEMPT.format(finished="started_at", outcome="'accepted'"),
    "I6 every outbound message has its deliveries": "DELETE FROM deliveries WHERE purpose = 'reply'",
    "I6 what waits has a time, what ended has none": "UPDATE deliveries SET state = 'queued'",
    "I6 every answer is under way or in one end state": "UPDATE deliveries SET settled_at = NULL",
    "I7 no attempt begins for a holder who lost the report":
        "UPDATE assignments SET ended_at = started_at, end_reason = 'linked'",
    "I7 no attempt begins after somebody else closed the report":
        ";".join(["UPDATE assignments SET ended_at = started_at, end_reason = 'closed'",
                  entry("report.closed", report="1"),
                  "UPDATE events SET operator_id = 99 WHERE kind = 'report.closed'"]),
    "I9 a conversation stands in the order of the history":
        "UPDATE messages SET id = 98 WHERE id = 1;UPDATE events SET data = '{\"message\"\\: 98}' "
        "WHERE report_id = 1 AND kind = 'report.opened'",
    "I10 every attempt was begun by exactly one entry of the history": "DELETE FROM delivery_attempts",
    "I10 every answer was accepted by exactly one entry of the history":
        "DELETE FROM events WHERE kind = 'reply.accepted'",
    "I10 the history has no holes": "DELETE FROM events WHERE seq = 2",
    "unanswered_since is what the messages say": "UPDATE reports SET unanswered_since = received_at",
    "began after STOP": entry("contact.stopped", '{"contact": 1}') + ";" + entry("delivery.started", '{"delivery": 3}'),
    "is started after sent": entry("delivery.started", '{"delivery": 3}'),
    "is open, the history says duplicate":
        "UPDATE reports SET status = 'open', duplicate_of = NULL WHERE status = 'duplicate'",
    "was duplicate and is reopened": entry("report.reopened", report="2"),
    "was duplicate and is claimed": entry("report.claimed", report="2"),
}
WALKS = {"began after STOP": "stop_is_obeyed", "is started after sent": "states_move_forward",
         "is open, the history says duplicate": "reports_are_as_told",
         "was duplicate and is reopened": "reports_are_as_told",
         "was duplicate and is claimed": "reports_are_as_told"}


@pytest.fixture
def answered(scene: Scene, settings: config.Settings) -> config.Settings:
    """A desk on which one message was claimed, answered and sent, and another was linked to it as a copy."""
    maya = scene.operator("Maya")
    report, other = scene.sms("The doors are locked"), scene.sms("The doors are locked", "+254711000777")
    fence = scene.claim(report, maya).id
    scene.do(lambda: copies.link(other.id, report.id, maya))
    scene.do(lambda: replies.reply(report.id, maya, fence, scene.head(), "We are on our way.", "answer-1"))
    scene.carry()
    db.session.remove()
    return settings


def test_a_sound_desk_has_no_problems(answered: config.Settings) -> None:
    checker.check(answered)


def test_every_rule_has_a_planted_violation() -> None:
    assert set(checker.RULES) == set(PLANTED) - set(WALKS)
    assert {walk.__name__ for walk in checker.WALKS} == set(WALKS.values())


def defenceless(connection: Connection) -> None:
    """Take every promise out of a scratch database: indexes, triggers, CHECKs, keys."""
    if connection.dialect.name == "sqlite":
        for table in ("inbound", "messages", "contacts"):  # what is UNIQUE there is part of the table
            connection.exec_driver_sql(f"CREATE TABLE plain AS SELECT * FROM {table}")  # noqa: S608 - our own name
            connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql(f"ALTER TABLE plain RENAME TO {table}")
        promises = "SELECT type, name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        for kind, name in connection.exec_driver_sql(promises).fetchall():
            connection.exec_driver_sql(f"DROP {kind} {name}")
        return
    connection.exec_driver_sql("SET session_replication_role = replica")  # no triggers, no foreign keys
    for table in inspect(connection).get_table_names():
        own = "SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u') AND conrelid = to_regclass(%s)"
        for (name,) in connection.exec_driver_sql(own, (table,)).fetchall():
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for index in inspect(connection).get_indexes(table):
            connection.exec_driver_sql(f"DROP INDEX {index['name']}")


def test_every_rule_finds_its_planted_violation(answered: config.Settings) -> None:
    engine = create_engine(answered.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # before a transaction begins, in which they would say nothing
            for pragma in ("ignore_check_constraints = ON", "foreign_keys = OFF", "legacy_alter_table = ON"):
                connection.connection.driver_connection.execute(f"PRAGMA {pragma}")
        blind = [rule for rule in PLANTED if not found(connection, rule)]
    assert blind == [rule for rule in checker.SQLITE_ONLY if engine.dialect.name != "sqlite"]


def found(connection: Connection, rule: str) -> bool:
    """Whether the checker finds this violation, planted in a transaction that is rolled back."""
    defenceless(connection)
    for statement in PLANTED[rule].split(";"):
        connection.execute(text(statement.replace("'2030-01-01'", "'2030-01-01 00\\:00\\:00.000000'")))
    said = checker.problems_on(connection)
    connection.rollback()
    return any(rule in one for one in said)
